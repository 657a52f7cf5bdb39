// A drawing prepared as the digits of MNIST were.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SIDE, prepared } from './digit';
import { chance } from '../../testing/samples';

/** Ink where `is` says so. */
function drawing(width: number, height: number, is: (x: number, y: number) => number): Uint8ClampedArray {
  return Uint8ClampedArray.from({ length: width * height }, (_, index) => is(index % width, Math.floor(index / width)));
}
const made = (ink: Uint8ClampedArray, width: number, height: number): Uint8Array => prepared(ink, width, height) ?? assert.fail('nothing is drawn');

function boxOf(image: Uint8Array): { left: number; top: number; width: number; height: number } {
  const at = [...image.keys()].filter((index) => (image[index] ?? 0) > 0);
  const [xs, ys] = [at.map((index) => index % SIDE), at.map((index) => Math.floor(index / SIDE))];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return { left, top, width: Math.max(...xs) - left + 1, height: Math.max(...ys) - top + 1 };
}

test('nothing drawn is no image, nor is what is too faint', () => {
  assert.equal(prepared(new Uint8ClampedArray(100), 10, 10), null);
  assert.equal(prepared(new Uint8ClampedArray(100).fill(7), 10, 10), null);
  assert.notEqual(prepared(new Uint8ClampedArray(100).fill(8), 10, 10), null);
});

test('the larger side becomes twenty pixels, the other keeps the proportion', () => {
  const tall = made(
    drawing(100, 200, (x, y) => (x >= 20 && x < 40 && y >= 60 && y < 160 ? 255 : 0)),
    100,
    200,
  );
  assert.deepEqual(boxOf(tall), { left: 12, top: 4, width: 4, height: 20 });
  const wide = made(
    drawing(200, 100, (x, y) => (x >= 7 && x < 107 && y >= 20 && y < 70 ? 255 : 0)),
    200,
    100,
  );
  assert.deepEqual(boxOf(wide), { left: 4, top: 9, width: 20, height: 10 });
});

test('a drawing of any size becomes an image within the frame', () => {
  const next = chance(5);
  for (let turn = 0; turn < 60; turn++) {
    const [width, height] = [1 + Math.floor(next() * 90), 1 + Math.floor(next() * 90)];
    const ink = drawing(width, height, () => (next() < 0.1 ? 255 : 0));
    const image = prepared(ink, width, height);
    assert.equal(
      image === null,
      ink.every((value) => value === 0),
    );
    if (!image) continue;
    assert.equal(image.length, SIDE * SIDE);
    const box = boxOf(image);
    assert(box.width <= 20 && box.height <= 20, JSON.stringify(box));
  }
});

test('the centre of mass comes to the middle, as far as whole pixels go', () => {
  // A lens with more ink at its right.
  const image = made(
    drawing(120, 120, (x, y) => ((x - 50) ** 2 + (y - 70) ** 2 < 30 ** 2 ? (x > 50 ? 255 : 90) : 0)),
    120,
    120,
  );
  let [mass, sumX, sumY] = [0, 0, 0];
  image.forEach((value, index) => {
    mass += value;
    sumX += value * ((index % SIDE) + 0.5);
    sumY += value * (Math.floor(index / SIDE) + 0.5);
  });
  assert(Math.abs(sumX / mass - SIDE / 2) <= 0.51 && Math.abs(sumY / mass - SIDE / 2) <= 0.51, `${sumX / mass}, ${sumY / mass}`);
  assert(boxOf(image).left < 4, 'so that the box itself does not stand in the middle');
});

test('scaling keeps the ink: its mass shrinks by the scale of both sides', () => {
  const ink = drawing(40, 40, (x, y) => ((x + y) % 3 === 0 ? 200 : 50));
  const image = made(ink, 40, 40);
  const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((total, value) => total + value, 0);
  assert(Math.abs(sum(image) - sum(ink) / 4) < 0.01 * sum(image));
});

test('the same drawing elsewhere on the surface is the same image', () => {
  const stroke = (left: number, top: number): Uint8ClampedArray =>
    drawing(80, 80, (x, y) => (Math.abs(x - left - (y - top) / 2) < 4 && y >= top && y < top + 30 ? 255 : 0));
  assert.deepEqual(made(stroke(10, 5), 80, 80), made(stroke(40, 45), 80, 80));
});
