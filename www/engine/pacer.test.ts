// The pacer limits the steps per second.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pacer } from './pacer';
import { FakeClock } from '../testing/engine';

test('steps follow one another at the distance that is asked for', () => {
  const clock = new FakeClock();
  clock.ms = 10_000;
  const pace = { steps_per_second: 0 };
  const pacer = new Pacer(pace, clock.now);
  assert(!pacer.isLimited());
  pace.steps_per_second = 10;
  assert(pacer.isLimited());
  assert(pacer.rest_ms() <= 0);
  pacer.begin();
  pacer.begin();
  assert.equal(pacer.rest_ms(), 100);
  clock.ms += 100;
  pacer.begin();
  // After a step that took longer than its interval, the next step is on time.
  clock.ms += 130;
  pacer.begin();
  assert.equal(pacer.rest_ms(), 70);
});

test('after a long pause steps that were missed are not made up for', () => {
  const clock = new FakeClock();
  const pacer = new Pacer({ steps_per_second: 10 }, clock.now);
  pacer.begin();
  clock.ms = 60_000;
  pacer.begin();
  pacer.begin();
  assert.equal(pacer.rest_ms(), 100);
});

test('a pace that is let go while a step waits is forgotten, and the next one holds again', () => {
  const clock = new FakeClock();
  const pace = { steps_per_second: 10 };
  const pacer = new Pacer(pace, clock.now);
  pacer.begin();
  pacer.begin();
  pace.steps_per_second = 0;
  pacer.begin();
  assert(pacer.rest_ms() <= 0);
  pace.steps_per_second = 20;
  clock.ms = 1000;
  pacer.begin();
  pacer.begin();
  assert.equal(pacer.rest_ms(), 50);
});
