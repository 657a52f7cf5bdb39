// The worth of a unit is measured on as many batches as there is time for.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batchesFor, UnitCosts } from './unit-costs';
import { fakeSession, opened } from '../testing/engine';

test('more batches where a step is quick, never so few that they say nothing', () => {
  assert.equal(batchesFor(0), 32);
  assert.equal(batchesFor(1), 32);
  assert.equal(batchesFor(50), 15);
  assert.equal(batchesFor(10_000), 4);
});

test('the last unit that was asked for is measured; a refusal is told in the words of the engine', async () => {
  const asked: [number, number][] = [];
  const unit_cost = async (unit: number, batches: number) => {
    asked.push([unit, batches]);
    if (unit === 9) throw new Error('there is no such unit');
    return { unit, difference: 1, error: 0, on: 2, off: 1, batches };
  };
  const { run, reports } = opened({ session: fakeSession({ unit_cost }) });
  const costs = new UnitCosts(run);
  run.step_ms = 50;
  await costs.answer();
  costs.ask(3);
  costs.ask(4);
  assert(costs.isAsked);
  await costs.answer();
  await costs.answer();
  costs.ask(9);
  await costs.answer();
  assert.deepEqual(asked, [
    [4, 15],
    [9, 15],
  ]);
  assert.deepEqual(reports, [
    { kind: 'cost', run: 1, unit: 4, cost: { unit: 4, difference: 1, error: 0, on: 2, off: 1, batches: 15 }, refused: null },
    { kind: 'cost', run: 1, unit: 9, cost: null, refused: 'there is no such unit' },
  ]);
});
