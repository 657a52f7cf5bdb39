// The layout of the groups of a fully connected network.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Group } from '../../protocol/messages';
import { chance, group } from '../../testing/samples';
import { DIGITS, arrangeGrids, shape } from './grids';

const network = (...sizes: number[]): Group[] => [
  group({ name: 'inputs', size: 784, width: 28, height: 28 }),
  ...sizes.map((size, index) => group({ name: `hidden ${index + 1}`, size })),
  group({ name: 'classes', size: 10, gated: false }),
];

test('a group with an order in space has its own shape, any other full columns but for the last', () => {
  assert.deepEqual(shape(group({ size: 784, width: 28, height: 28 }), 5), [28, 28]);
  assert.deepEqual(shape(group({ size: 32 }), 10), [4, 10]);
  assert.deepEqual(shape(group({ size: 3 }), 10), [1, 3]);
  for (let size = 1; size < 60; size++) {
    for (let rows = 1; rows < 70; rows++) {
      const [across, down] = shape(group({ size }), rows);
      assert(across * down >= size && (across - 1) * down < size && down <= rows, `${size} in ${rows} rows: ${across} × ${down}`);
    }
  }
});

/** Whether the lines hold all groups in order, within the space. */
function assertFits(groups: Group[], width: number, height: number, dpr: number): void {
  const { lines, cell } = arrangeGrids(groups, width, height, dpr);
  const which = `${groups.map(({ size }) => size).join('-')} in ${width} × ${height} at ${dpr}: cells of ${cell}`;
  assert.deepEqual(
    lines.flatMap((line) => line.groups),
    groups,
    which,
  );
  assert(Number.isInteger(cell) && cell >= 1, which);
  const side = cell / dpr;
  for (const line of lines) {
    const across = line.groups.reduce((sum, each) => sum + shape(each, line.rows)[0] * side, 0) + (2.2 * (line.groups.length - 1) + DIGITS) * side;
    assert(across <= width + 1e-9, `${which}: ${across} wide`);
    for (const each of line.groups) assert(shape(each, line.rows)[1] <= line.rows, which);
  }
  assert(lines.reduce((sum, { rows }) => sum + rows * side, 0) <= height, which);
}

test('networks fit the room that a desk, a laptop and a phone have', () => {
  for (const [width, height] of [
    [1440 - 400, 520],
    [1024 - 380, 420],
    [358, 560],
  ] as const) {
    for (const dpr of [1, 1.5, 2, 3]) {
      for (const sizes of [[32], [64], [512, 256], [1024, 1024], [300, 100, 50]]) assertFits(network(...sizes), width, height, dpr);
    }
  }
});

test('networks of any sizes fit', () => {
  const next = chance(9);
  for (let turn = 0; turn < 60; turn++) {
    const sizes = Array.from({ length: 1 + Math.floor(next() * 3) }, () => 1 + Math.floor(next() * 600));
    assertFits(network(...sizes), 350 + Math.floor(next() * 900), 400 + Math.floor(next() * 400), 1 + Math.floor(next() * 3));
  }
});

test('where nothing fits there is a picture all the same', () => {
  const { lines, cell } = arrangeGrids(network(1024, 1024), 20, 20, 1);
  assert.deepEqual([lines.length, cell], [1, 1]);
});
