// The runs of a tab are stored for a reload.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { MOST_RUNS } from '../model/runs';
import { storeRuns, storedRuns } from './tab-storage';
import { description, record, rows, run } from '../testing/samples';

class Store {
  kept = new Map<string, string>();
  getItem = (key: string): string | null => this.kept.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.kept.set(key, value);
  removeItem = (key: string): void => void this.kept.delete(key);
}
let store: Store;
beforeEach(() => {
  store = new Store();
  Object.defineProperty(globalThis, 'sessionStorage', { value: store, configurable: true });
});
afterEach(() => void Reflect.deleteProperty(globalThis, 'sessionStorage'));

test('runs come back as they were, curves and all; which inputs carry the class is not kept', () => {
  const kept = run(3, {}, { description: description({ informative: Uint8Array.of(1, 0, 1, 0, 0, 0) }) });
  kept.curves.take({ from: 0, rows: rows(Array.from({ length: 1000 }, (_, step) => record(step, { loss: 1 / (step + 1), probe_loss: NaN }))) });
  assert.equal(storeRuns([kept, run(4)]), null);
  const [first, second, ...others] = storedRuns();
  assert.deepEqual(others, []);
  assert.deepEqual(first?.curves.losses(), kept.curves.losses());
  assert.deepEqual({ ...first, curves: null }, { ...kept, description: description(), curves: null });
  assert.equal(second?.number, 4);
});

test('no run leaves nothing behind', () => {
  storeRuns([run(1)]);
  assert.equal(store.kept.size, 1);
  storeRuns([]);
  assert.equal(store.kept.size, 0);
  assert.deepEqual(storedRuns(), []);
});

test('the newest eight are taken', () => {
  storeRuns(Array.from({ length: MOST_RUNS + 3 }, (_, number) => run(number)));
  assert.deepEqual(
    storedRuns().map(({ number }) => number),
    [3, 4, 5, 6, 7, 8, 9, 10],
  );
});

test('what this page does not understand is nothing to it', () => {
  storeRuns([run(1)]);
  const [key = ''] = store.kept.keys();
  for (const text of ['', 'no JSON', '7', '{}', '[{}]', 'null']) {
    store.kept.set(key, text);
    assert.deepEqual(storedRuns(), [], text);
  }
});

test('where the browser keeps nothing, it says why in its own words, and nothing is found', () => {
  store.setItem = () => {
    throw new DOMException('The quota has been exceeded.', 'QuotaExceededError');
  };
  store.getItem = () => {
    throw new Error('denied');
  };
  assert.equal(storeRuns([run(1)]), 'The quota has been exceeded.');
  assert.deepEqual(storedRuns(), []);
});
