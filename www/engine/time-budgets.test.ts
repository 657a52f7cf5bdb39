// Work other than training stays within its share of the time.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TimeBudget } from './time-budgets';
import { FakeClock } from '../testing/engine';

const QUARTER = { share: 0.25, interval_ms: 100 };
const lasting = (clock: FakeClock, ms: number) => async (): Promise<string> => {
  clock.ms += ms;
  return 'done';
};

test('the first time is free, and the next one waits until the work stays within its share', async () => {
  const clock = new FakeClock();
  const budget = new TimeBudget(QUARTER, clock.now);
  assert.equal(budget.idle_ms(), Number.POSITIVE_INFINITY);
  assert(budget.isDue());
  assert.equal(await budget.spend(lasting(clock, 200)), 'done');
  // 200 ms are a quarter of 800.
  clock.ms += 599;
  assert(!budget.isAffordable() && !budget.isDue());
  clock.ms += 1;
  assert(budget.isAffordable() && budget.isDue());
  assert.equal(budget.idle_ms(), 600);
});

test('what the work cost the last time counts, not what it cost before', async () => {
  const clock = new FakeClock();
  const budget = new TimeBudget(QUARTER, clock.now);
  await budget.spend(lasting(clock, 1000));
  await budget.spend(lasting(clock, 10));
  clock.ms += 30;
  assert(budget.isAffordable());
});

test('cheap work waits for its interval', async () => {
  const clock = new FakeClock();
  const budget = new TimeBudget(QUARTER, clock.now);
  await budget.spend(lasting(clock, 1));
  clock.ms += 99;
  assert(budget.isAffordable() && !budget.isDue());
  clock.ms += 1;
  assert(budget.isDue());
});

test('a first time that is expected to cost much waits for it from the beginning of the run', () => {
  const clock = new FakeClock();
  clock.ms = 5000;
  const budget = new TimeBudget(QUARTER, clock.now);
  assert(!budget.isAffordable(200));
  clock.ms += 599;
  assert(!budget.isAffordable(200));
  clock.ms += 1;
  assert(budget.isAffordable(200));
});

test('work that fails has cost its time too', async () => {
  const clock = new FakeClock();
  const budget = new TimeBudget(QUARTER, clock.now);
  const failing = async (): Promise<never> => {
    clock.ms += 200;
    throw new Error('it broke');
  };
  await assert.rejects(budget.spend(failing), { message: 'it broke' });
  clock.ms += 100;
  assert(!budget.isAffordable());
});
