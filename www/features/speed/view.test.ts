// The comparison of a step with a dense one, in words.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verdict } from './view';

test('a sparse step is faster, as fast or slower, and slower while nearly everything is kept for a reason', () => {
  const cases: [ratio: number, share: number, kind: string, words: RegExp][] = [
    [3.2, 0.1, 'faster', /faster than dense per training step, just now/],
    [1.05, 0.1, 'faster', /just now/],
    [1.049, 0.1, 'even', /as fast as dense/],
    [0.951, 0.9, 'even', /as fast/],
    [0.95, 0.9, 'slower', /while nearly every unit is still kept/],
    [0.3, 0.8, 'slower', /slower than dense at this size/],
  ];
  for (const [ratio, share, kind, words] of cases) {
    const [found, said] = verdict(ratio, 'vrpge', share);
    assert.equal(found, kind, `${ratio} at ${share}`);
    assert.match(said, words);
  }
});

test('methods that are not sparse are not told of as such', () => {
  for (const ratio of [0.5, 1, 2]) assert.deepEqual(verdict(ratio, 'dense', 1), ['even', 'this run is the dense one']);
  assert.match(verdict(0.8, 'ste', 0.1)[1], /every unit is computed, whatever the mask/);
  assert.equal(verdict(1, 'ste', 0.1)[0], 'even');
  assert.match(verdict(2, 'small-dense', 1)[1], /by being narrower/);
});
