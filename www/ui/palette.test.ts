// Colours as numbers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Colour, type Palette, css, mixed, shade } from './palette';

const [black, white]: [Colour, Colour] = [
  [0, 0, 0],
  [255, 255, 255],
];
const palette = { off: [240, 235, 220], kept: [20, 40, 60] } as unknown as Palette;

test('a mixture lies between its two colours, at the ends it is one of them', () => {
  assert.deepEqual(mixed(black, white, 0), black);
  assert.deepEqual(mixed(black, white, 1), white);
  assert.deepEqual(mixed([10, 20, 30], [20, 40, 0], 0.5), [15, 30, 15]);
});

test('a colour is written as style sheets have it', () => {
  assert.equal(css([1, 2, 3]), 'rgb(1 2 3)');
  assert.equal(css([1, 2, 3], 0.5), 'rgb(1 2 3 / 0.5)');
});

test('a unit that is off is shaded by its score, and never comes near a kept one', () => {
  assert.deepEqual(shade(palette, 0), palette.off);
  let before = Infinity;
  for (let score = 0; score <= 1; score += 0.05) {
    const [red] = shade(palette, score);
    assert(red <= before);
    before = red;
  }
  const way = ([red]: Colour): number => (red - palette.off[0]) / (palette.kept[0] - palette.off[0]);
  assert(Math.abs(way(shade(palette, 1)) - 0.55) < 0.01, 'just over half of the way');
  assert(way(shade(palette, 0.5)) > 0.2, 'yet ½ is told from 0');
});
