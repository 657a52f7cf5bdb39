// Axes: their ticks and how far they reach.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ticks } from '../features/checkpoints/picture';
import { accuracyScale, lossScale, roundTicks } from './charts';

test('round values are few, begin at 0 and stay below the most', () => {
  assert.deepEqual(roundTicks(0, 10, false), [0, 2, 4, 6, 8, 10]);
  assert.deepEqual(roundTicks(0, 1, false), [0, 0.2, 0.4, 0.6000000000000001, 0.8, 1]);
  assert.deepEqual(roundTicks(0, 700, false), [0, 100, 200, 300, 400, 500, 600, 700]);
  for (let most = 0.013; most < 1e9; most *= 1.37) {
    const found = roundTicks(0, most, false);
    assert.equal(found[0], 0);
    assert(found.length >= 5 && found.length <= 11, `${most}: ${found}`);
    assert((found.at(-1) ?? Infinity) <= most * (1 + 1e-9));
  }
});

test('on a logarithmic axis they are powers of ten, and where these are too few their half and fifth too', () => {
  assert.deepEqual(roundTicks(0.5, 2000, true), [1, 10, 100, 1000]);
  assert.deepEqual(roundTicks(1, 60, true), [1, 2, 5, 10, 20, 50]);
  for (const found of [roundTicks(3e-4, 0.02, true), roundTicks(1, 2, true)])
    assert(found.length >= 2 && found.every((tick, index) => index === 0 || tick > (found[index - 1] ?? Infinity)));
});

test('steps on the picture that is taken away are round, at most seven', () => {
  assert.deepEqual(ticks(100), [0, 20, 40, 60, 80, 100]);
  assert.deepEqual(ticks(4212), [0, 1000, 2000, 3000, 4000]);
  assert.deepEqual(ticks(3), [0, 1, 2, 3]);
  for (let last = 1; last < 1e7; last = Math.ceil(last * 1.3)) {
    const found = ticks(last);
    assert(found.length >= 2 && found.length <= 7 && (found.at(-1) ?? Infinity) <= last, `${last}: ${found}`);
    assert(Number(String(found[1]).replace(/0+$/, '')) <= 5, `${found[1]} is round`);
  }
});

const range = (scale: typeof lossScale, min: number | null, max: number | null): number[] => {
  assert(typeof scale.range === 'function');
  return scale.range(null as never, min as never, max as never, 'y') as number[];
};

test('the axis of the loss holds what was reached, but for a run that diverges', () => {
  for (const [least, most] of [
    [0.01, 2.3],
    [1e-3, 0.2],
    [2, 2.4],
  ] as const) {
    const [low = NaN, high = NaN] = range(lossScale, least, most);
    assert(low > 0 && low < least && high > most, `${low} to ${high}`);
  }
  assert.equal(range(lossScale, 0.1, 1e30)[1], 30);
  assert(range(lossScale, 0, 0)[0] === 1e-4, 'a logarithm needs a floor');
  assert(range(lossScale, null, null).every(Number.isFinite));
});

test('the axis of the accuracy is stretched towards 1, and there and back is the same', () => {
  const { fwd, bwd } = accuracyScale;
  assert(fwd && bwd);
  let before = -Infinity;
  for (let accuracy = 0; accuracy <= 1; accuracy += 0.01) {
    const at = fwd(accuracy);
    assert(Number.isFinite(at) && at > before);
    assert(Math.abs(bwd(at) - accuracy) < 1e-9);
    before = at;
  }
  assert(fwd(0.99) - fwd(0.9) > 3 * (fwd(0.59) - fwd(0.5)));
  for (const most of [0.2, 0.5, 0.7, 0.9, 0.97, 0.995, 1]) {
    const [low = NaN, high = NaN] = range(accuracyScale, 0.1, most);
    assert(low <= 0.1 && high >= Math.min(most, 0.9985), `${most}: ${low} to ${high}`);
  }
  assert.equal(range(accuracyScale, 0.1, 0.55)[1], range(accuracyScale, 0.1, 0.51)[1], 'it does not move with every point');
});
