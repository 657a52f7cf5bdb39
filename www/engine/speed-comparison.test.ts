// How long a comparison with a dense step is expected to take, and when one is due.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ComparisonCost, ComparisonSchedule, expectedDenseMs, SpeedComparison } from './speed-comparison';
import { FakeClock, opened } from '../testing/engine';
import { description, record, snapshot } from '../testing/samples';

const PLAN = description();
/** One forward pass of the whole network: 6 · 4 + 4 · 3. */
const DENSE = 36;
const whole = Uint32Array.of(6, 4, 3);
const half = Uint32Array.of(3, 2, 3);
/** And of the half: 3 · 2 + 2 · 3. */
const HALF = 12;

test('half of a step’s time is taken to grow with its multiply-adds', () => {
  const one_loss = [record(1, { probe_loss: Number.NaN })];
  assert.equal(expectedDenseMs(PLAN, snapshot(2, { step_ms: 10, kept: whole, records: one_loss })), 10);
  assert.equal(expectedDenseMs(PLAN, snapshot(2, { step_ms: 10, kept: half, records: one_loss })), 5 * (1 + DENSE / HALF));
  // A second loss is a fourth forward pass.
  const two_losses = expectedDenseMs(PLAN, snapshot(2, { step_ms: 10, kept: half, probe_kept: half }));
  assert.equal(two_losses, 5 * (1 + (3 * DENSE) / (4 * HALF)));
  // Nothing is kept: no division by zero.
  assert(Number.isFinite(expectedDenseMs(PLAN, snapshot(2, { step_ms: 10 }))));
});

test('what a comparison costs follows from the quickest of the first steps, without the very first', () => {
  const cost = new ComparisonCost(PLAN);
  const observe = (step: number, step_ms: number): void => cost.observe(snapshot(step, { step_ms, kept: whole, probe_kept: new Uint32Array(3) }));
  observe(1, 1);
  assert.equal(cost.expected_ms(), null);
  assert(!cost.isHigh());
  observe(2, 700);
  assert.equal(cost.expected_ms(), 5 * (700 + 700));
  assert(cost.isHigh());
  observe(3, 600);
  assert.equal(cost.expected_ms(), 6000);
  assert(!cost.isHigh());
  observe(31, 1);
  cost.observe(snapshot(4, { step_ms: 1, records: [] }));
  assert.equal(cost.expected_ms(), 6000);
});

test('a dense network of more than 512 MB is not opened unasked', () => {
  assert(!new ComparisonCost(description({ dense_bytes: 2 ** 29 })).isHigh());
  assert(new ComparisonCost(description({ dense_bytes: 2 ** 29 + 1 })).isHigh());
});

test('the speed is measured every ten seconds, or after one where the kept units changed by a fifth', async () => {
  const clock = new FakeClock();
  const schedule = new ComparisonSchedule(clock.now);
  assert(schedule.isDue(100));
  await schedule.spend(100, async () => void (clock.ms += 10));
  clock.ms += 999;
  assert(!schedule.isDue(50));
  clock.ms += 1;
  assert(schedule.isDue(50) && schedule.isDue(121));
  assert(!schedule.isDue(120) && !schedule.isDue(80));
  clock.ms += 9000;
  assert(schedule.isDue(100));
});

test('a comparison takes at most 15 % of the time', async () => {
  const clock = new FakeClock();
  const schedule = new ComparisonSchedule(clock.now);
  await schedule.spend(100, async () => void (clock.ms += 3000));
  clock.ms += 16_900;
  assert(!schedule.isDue(100));
  clock.ms += 101;
  assert(schedule.isDue(100));
});

test('the first comparison is made after thirty steps, or a moment after the first where steps are slow', async () => {
  const { run, reports, clock } = opened();
  const comparison = new SpeedComparison(run);
  const step = async (number: number, step_ms: number): Promise<number> => {
    clock.ms += step_ms;
    run.step = number;
    comparison.observe(snapshot(number, { step_ms, kept: whole }));
    await comparison.measureIfDue();
    return reports.filter(({ kind }) => kind === 'speed').length;
  };
  const made: number[] = [];
  for (let number = 1; number <= 30; number++) made.push(await step(number, 10));
  assert.deepEqual([made.indexOf(1), made.at(-1)], [29, 1]);

  const slow = opened();
  const other = new SpeedComparison(slow.run);
  const speeds = (): number => slow.reports.filter(({ kind }) => kind === 'speed').length;
  other.observe(snapshot(1, { step_ms: 400, kept: whole }));
  slow.clock.ms += 1500;
  // The very first step does not tell what a comparison costs.
  await other.measureIfDue();
  assert.equal(speeds(), 0);
  other.observe(snapshot(2, { step_ms: 400, kept: whole }));
  await other.measureIfDue();
  assert.equal(speeds(), 1);
});

test('that a comparison costs much is said once; it is made when it is asked for', async () => {
  const { run, reports } = opened();
  const comparison = new SpeedComparison(run);
  comparison.warn();
  comparison.observe(snapshot(2, { step_ms: 1000, kept: whole }));
  comparison.warn();
  comparison.warn();
  await comparison.measureIfDue();
  await comparison.measureAtEnd();
  await comparison.answer();
  assert.deepEqual(reports, [{ kind: 'costly', run: 1, ms: 10_000, bytes: 800 }]);
  comparison.ask();
  assert(comparison.isAsked);
  await comparison.answer();
  await comparison.answer();
  assert.deepEqual(
    reports.slice(1).map(({ kind }) => kind),
    ['busy', 'busy', 'speed'],
  );
});
