// The phases of a step in words and formulas.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPriced } from './methods';
import { phasesOf, plainPhases } from './phases';
import { description, record } from '../testing/samples';
import type { Values } from '../protocol/messages';

const LEARNED: Values = { method: 'vrpge', fill_budget: 'true', budget_unit: 'units' };
const found = (title: string, values: Values, numbers = false): string[] => {
  const of = { record: record(3, { sum_scores: 4.5, threshold: -0.25 }), values, description: description(), kept: Uint32Array.of(2, 1, 3), differ: 0 };
  return (numbers ? phasesOf(of, null) : plainPhases(values)).find(([name]) => name === title)?.slice(1) ?? [];
};

test('the projection lowers all scores alike, or each by the price of its unit', () => {
  assert.deepEqual(found('Project', LEARNED), ['s ← clamp(s − v, 0, 1)', 'onto the budget: Σs = K']);
  assert.deepEqual(found('Project', LEARNED, true), ['s ← clamp(s − v, 0, 1)', 'v = −0.25, raised, Σs = 4.5 < K = 5.0']);
  const priced = { ...LEARNED, budget_unit: 'multiply-adds' };
  assert.deepEqual(found('Project', priced), ['s ← clamp(s − v p, 0, 1)', 'onto the budget: Σps = K']);
  assert.deepEqual(found('Project', priced, true), ['s ← clamp(s − v p, 0, 1)', 'v = −0.25, raised, Σps = 4.5 < K = 5.0']);
});

test('a chosen mask tells its units, and with prices what they take of the budget', () => {
  assert.deepEqual(found('Choose', { method: 'magnitude', budget_unit: 'units' }, true).at(-1), '3 units, K = 5.0');
  assert.deepEqual(found('Choose', { method: 'magnitude', budget_unit: 'multiply-adds' }, true).at(-1), '3 units, Σp = 4.5, K = 5.0');
});

test('only methods whose masks depend on it count at prices', () => {
  const of = (method: string): boolean => isPriced({ method, budget_unit: 'multiply-adds' });
  assert.deepEqual(['vrpge', 'rigl', 'static', 'small-dense', 'dense'].map(of), [true, true, false, false, false]);
  assert(!isPriced(LEARNED));
});
