// A comparison: the order of its entrants, and the settings of each.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Values } from '../protocol/messages';
import { begun, ended, entrantOf, next } from './comparison';
import { type Comparison, type Controls, initialState } from './state';
import { entrant, evaluation, setting } from '../testing/samples';

const controls: Controls = {
  ...initialState.controls,
  settings: [setting('learning_rate', '0.1'), setting('scores_rate', '0.05'), setting('method', 'vrpge')],
};
const BASE: Values = { method: 'static', learning_rate: '0.1', scores_rate: '0.05', seed: '3', pins: '', allocation: '' };

const ALL = [
  entrant('vrpge', { presets: { learning_rate: '0.2', scores_rate: '0.03' } }),
  entrant('vrpge-one-sided', { method: 'vrpge', made_by: { estimator: 'one-sided' } }),
  entrant('static', { presets: { learning_rate: '0.4' } }),
  entrant('static-allocated', { method: 'static', is_allocated: true }),
  entrant('dense'),
];

type Found = { values: Values } | { refused: string };
/** All runs of a comparison, in order; each ends with these numbers of kept units in each group. */
function asked(begins: Comparison, kept: number[] | null): { name: string; found: Found }[] {
  const all = [];
  for (let at = next(begins, controls); at !== null; ) {
    all.push({ name: entrantOf(at.comparison).entrant, found: at.asked });
    at = next(kept && 'values' in at.asked ? ended(at.comparison, evaluation({ kept })) : at.comparison, controls);
  }
  return all;
}
const KEPT = [3, 1];

test('baselines come first, then the learned entrants, then those that need the result of another', () => {
  assert.deepEqual(
    asked(begun(ALL, BASE, false), KEPT).map(({ name }) => name),
    ['dense', 'static', 'vrpge-one-sided', 'vrpge', 'static-allocated'],
  );
});

test('where it is can be told', () => {
  const first = begun(ALL.slice(0, 3), BASE, false);
  assert.deepEqual(entrantOf(first), { run: 0, of: 3, entrant: '' });
  assert.deepEqual(entrantOf(next(first, controls)?.comparison ?? assert.fail()), { run: 1, of: 3, entrant: 'static' });
});

test('all have what they have in common, and what makes each the one it is', () => {
  const by = Object.fromEntries(asked(begun(ALL, BASE, false), KEPT).map(({ name, found }) => [name, 'values' in found ? found.values : null]));
  assert.deepEqual(by['dense'], { ...BASE, method: 'dense' });
  assert.deepEqual(by['vrpge'], { ...BASE, method: 'vrpge' });
  assert.deepEqual(by['vrpge-one-sided'], { ...BASE, method: 'vrpge', estimator: 'one-sided' });
});

test('presets apply where that is wanted, except to settings that were chosen by hand', () => {
  const by = Object.fromEntries(
    asked(begun(ALL, { ...BASE, learning_rate: '0.03' }, true), KEPT).map(({ name, found }) => [name, 'values' in found ? found.values : null]),
  );
  assert.deepEqual([by['vrpge']?.['learning_rate'], by['vrpge']?.['scores_rate']], ['0.03', '0.03']);
  assert.deepEqual([by['static']?.['learning_rate'], by['static']?.['scores_rate']], ['0.03', '0.05'], 'nothing of the one before');
  assert.equal(asked(begun(ALL.slice(2, 3), BASE, true), null)[0]?.name, 'static');
});

test('who keeps as many units as VR-PGE ended with is asked for just these', () => {
  const [last] = asked(begun(ALL, BASE, false), KEPT).slice(-1);
  assert.deepEqual(last?.found, { values: { ...BASE, method: 'static', allocation: '3,1' } });
});

test('without a run of VR-PGE that ended, its division is refused in words', () => {
  const [last] = asked(begun(ALL, BASE, false), null).slice(-1);
  assert.deepEqual(last?.found, { refused: 'static-allocated divides the budget like the result of vrpge, and that run did not end.' });
});

test('pins go with the scores that they belong to', () => {
  const by = Object.fromEntries(
    asked(begun(ALL, { ...BASE, method: 'vrpge', pins: '2on' }, false), KEPT).map(({ name, found }) => [name, 'values' in found ? found.values['pins'] : null]),
  );
  assert.deepEqual(by, { dense: '', static: '', 'vrpge-one-sided': '2on', vrpge: '2on', 'static-allocated': '' });
});

test('a convolutional network has the presets that were found with one', () => {
  const both = [entrant('static', { presets: { learning_rate: '0.2' }, convolutional_presets: { learning_rate: '0.4' } })];
  for (const [model, rate] of [
    ['mlp-32', '0.2'],
    ['vgg16', '0.4'],
  ] as const) {
    const [run] = asked(begun(both, { ...BASE, model }, true), null);
    assert.deepEqual(run?.found, { values: { ...BASE, model, learning_rate: rate } });
  }
});
