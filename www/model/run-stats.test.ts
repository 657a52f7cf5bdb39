// Counts and rates of a run.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rate, differing, gatedKept, plannedSteps, planted, settles, undecided } from './run-stats';
import { GROUPS, description } from '../testing/samples';

test('kept units are those of gated groups alone', () => {
  assert.equal(gatedKept(GROUPS, Uint32Array.of(5, 2, 3)), 7);
  assert.equal(gatedKept(GROUPS, Uint32Array.of()), 0, 'of a group without a count none');
});

test('a unit is undecided strictly between 0 and what counts as certain', () => {
  assert.equal(undecided([0, 1e-9, 0.5, 0.999, 1], 1), 3);
  assert.equal(undecided([0, 0.5, 0.995, 0.999], 0.99), 1);
  assert.equal(undecided(Uint8Array.of(0, 1, 254, 255), 255), 2);
});

test('masks differ where one keeps a unit and the other does not', () => {
  assert.equal(differing(Uint8Array.of(0, 1, 2, 3, 1)), 3);
  assert.equal(differing(new Uint8Array()), 0);
});

test('informative inputs are counted under the mask, and only for planted data', () => {
  const informative = Uint8Array.of(1, 0, 1, 1, 0, 0);
  assert.deepEqual(planted(description({ informative }), Uint8Array.of(1, 1, 3, 2, 0, 1, 3, 3, 3, 3)), { kept: 2, of: 3 });
  assert.equal(planted(description(), new Uint8Array(10)), null);
  const [inputs, ...others] = GROUPS;
  assert(inputs);
  assert.equal(
    planted(description({ informative, groups: [{ ...inputs, gated: false }, ...others] }), new Uint8Array(10)),
    null,
    'inputs that are not gated have no mask',
  );
  assert.deepEqual(
    planted(description({ informative, groups: [{ ...inputs, first_unit: 4 }, ...others] }), Uint8Array.of(0, 0, 0, 0, 1, 1, 0, 1, 0, 0)),
    { kept: 2, of: 3 },
    'from the first unit of the group on',
  );
});

test('fine-tuning is no part of the planned steps', () => {
  assert.equal(plannedSteps(description(), null), 100);
  assert.equal(plannedSteps(description(), { finetune_epochs: '3' }), 70);
});

test('a budget settles where it falls, and only there', () => {
  const falling = { method: 'vrpge', schedule: 'cubic', anneal_fraction: '0.25' };
  assert.equal(settles(falling, 1000), 250);
  assert.equal(settles({ ...falling, anneal_fraction: '0.3333' }, 100), 33);
  assert.equal(settles({ ...falling, schedule: 'constant' }, 1000), null);
  assert.equal(settles({ ...falling, method: 'static' }, 1000), null, 'a method that does not start whole has nothing that falls');
});

test('steps a second are those of the last seconds, and none are told where nothing moved', () => {
  const rate = new Rate();
  assert(Number.isNaN(rate.steps_per_second));
  rate.note(0, 1000);
  assert(Number.isNaN(rate.steps_per_second), 'one arrival is no pace');
  rate.note(10, 1500);
  assert.equal(rate.steps_per_second, 20);
  // Twice as fast from here on: steps before the window do not count.
  for (let at = 2000, step = 30; at <= 6000; at += 500, step += 20) rate.note(step, at);
  assert.equal(rate.steps_per_second, 40);
  rate.note(190, 60_000);
  assert(rate.steps_per_second < 40, 'a long wait is part of the pace');
  rate.forget();
  assert(Number.isNaN(rate.steps_per_second));
});
