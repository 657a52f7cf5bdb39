// The formulas of the estimators.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { record } from '../testing/samples';
import { FORMULAS, formulaOf, hasControl } from './estimators';

test('each estimator has its numerator in symbols and with the losses of a step', () => {
  const step = record(3, { loss: 0.5, probe_loss: 0.25 });
  const shown = Object.entries(FORMULAS).map(([name, { numbers }]) => [name, numbers(step)]);
  assert.deepEqual(shown, [
    ['two-sided', '½ · (0.250) · (m − m′)'],
    ['one-sided', '(0.250) · (m − s)'],
    ['plain', '0.500 · (m − s)'],
  ]);
  assert.equal(formulaOf('plain'), 'L (m − s) / (s(1−s))^(1−α)');
  assert.equal(formulaOf('ste'), '(s(1−s))^α ∂L/∂m, the chain rule');
  assert.match(formulaOf('two-sided, c'), /^½\(L − L′ − Σ c\(m − m′\)\)\(m − m′\) .* \+ c /);
  for (const name of ['first order', 'second order']) assert.match(formulaOf(name), /\/ s.*biased$/);
});

test('only a method that reads the setting has a control variate', () => {
  const has = (method: string, control_variate: string): boolean => hasControl({ method, control_variate });
  assert.deepEqual([has('vrpge', 'true'), has('vrpge', 'false'), has('fisher', 'true'), hasControl({ control_variate: 'true' })], [true, false, false, true]);
});
