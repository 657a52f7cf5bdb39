// What differs between runs, in words.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differences } from './differences';
import type { Values } from '../protocol/messages';

const BASE: Values = {
  model: 'mlp-32',
  dataset: 'planted',
  keep_ratio: '0.25',
  seed: '1',
  method: 'vrpge',
  scores_rate: '0.05',
  allocation: '',
  pins: '',
  learning_rate: '0.1',
};
const run = (values: Values = {}, replaced: Values = {}): { values: Values; replaced: Values } => ({ values: { ...BASE, ...values }, replaced });

test('no run and one run differ in nothing', () => {
  assert.deepEqual(differences([]), { differing: [], equal: [], labels: [] });
  assert.deepEqual(differences([run()]), { differing: [], equal: ['mlp-32', 'planted', 'keep 0.25', 'seed 1'], labels: [[]] });
});

test('settings that differ are named with the values that occur, each once; a run is labelled by its own', () => {
  const found = differences([run({ scores_rate: '0.2' }), run(), run({ scores_rate: '0.2', seed: '3' })]);
  assert.deepEqual(found.differing, [
    ['seed', ['1', '3']],
    ['scores_rate', ['0.2', '0.05']],
  ]);
  assert.deepEqual(found.labels, [
    ['1', '0.2'],
    ['1', '0.05'],
    ['3', '0.2'],
  ]);
  assert.deepEqual(found.equal, ['mlp-32', 'planted', 'keep 0.25'], 'what differs is not equal');
});

test('what means nothing to a method is no difference to it', () => {
  const found = differences([run(), run({ method: 'dense', scores_rate: '0.7', keep_ratio: '0.9' })]);
  assert.deepEqual(found.differing, [['method', ['vrpge', 'dense']]]);
  assert.deepEqual(found.labels, [['vrpge'], ['dense']]);
  assert.deepEqual(found.equal, ['mlp-32', 'planted', 'keep 0.25', 'seed 1'], 'the keep ratio is that of the run that has one');
});

test('no run that has a setting, no words of it', () => {
  assert.deepEqual(differences([run({ method: 'dense' })]).equal, ['mlp-32', 'planted', 'seed 1']);
});

test('of a setting that was changed on the way, all that it was is said', () => {
  const found = differences([run({ keep_ratio: '0.1' }, { keep_ratio: '0.25' }), run()]);
  assert.deepEqual(found.differing, [['keep_ratio', ['0.25 → 0.1', '0.25']]]);
  assert.deepEqual(differences([run({}, { keep_ratio: '0.25' }), run()]).differing, [], 'changed and changed back is as it was');
});

test('nothing has a name where others are something', () => {
  const found = differences([run({ method: 'static', allocation: '12,4' }), run({ method: 'static' })]);
  assert.deepEqual(found.differing, [['allocation', ['12,4', 'alike in each layer']]]);
  assert.deepEqual(differences([run({ pins: '2on' }), run()]).differing, [['pins', ['2on', 'none']]]);
});
