// Whether two data sets are the same.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OwnData, Plan } from '../protocol/messages';
import { isSame, identityOf } from './dataset-identity';

const own: OwnData = {
  name: 'ants.csv',
  words: '',
  notes: [],
  columns: [],
  train: 206,
  test: 34,
  has_test: false,
  is_image: true,
  classes: ['ant', 'bee'],
  sum: '0a1b',
};
const dataset: Plan['dataset'] = { name: 'own', train: 206, test: 34, classes: 2, channels: 1, width: 8, height: 8, own };
const written = identityOf(dataset);
const other = (more: Partial<OwnData>, shape: Partial<Plan['dataset']> = {}): Plan['dataset'] => ({ ...dataset, ...shape, own: { ...own, ...more } });

test('own data are shown by the name of their files and their sum, known ones by their own name', () => {
  assert.deepEqual([written.name, written.sum], ['ants.csv', '0a1b']);
  const known = identityOf({ ...dataset, name: 'mnist', own: null });
  assert.deepEqual([known.name, known.sum], ['mnist', null]);
});

test('where a sum is known it alone tells data apart', () => {
  assert(isSame(written, dataset));
  assert(isSame(written, other({ name: 'renamed.csv' })), 'a file may be renamed');
  assert(!isSame(written, other({ sum: 'ffff' })));
});

test('without a sum, the name of the files and every size have to agree', () => {
  const before = { ...written, sum: null };
  assert(isSame(before, dataset));
  assert(!isSame(before, other({ name: 'bees.csv' })));
  for (const shape of [{ width: 4, height: 16 }, { train: 200 }, { test: 33 }, { channels: 3 }, { classes: 3 }])
    assert(!isSame(before, other({}, shape)), JSON.stringify(shape));
});
