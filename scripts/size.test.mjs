// Which file of the built page is counted in which part.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstFiles, overBudget, sortIntoParts, tableOf } from './size.mjs';

const built = {
  'index.html': '<script src="./assets/index-a1.js"></script><link href="./assets/index-a1.css"><img src="./icon.svg">',
  'icon.svg': '',
  'assets/index-a1.js': 'import"./words-b2.js";new Worker(new URL("worker-c3.js",import.meta.url));import("./panel-d4.js")',
  'assets/index-a1.css': '',
  'assets/words-b2.js': '',
  'assets/worker-c3.js': 'const load=()=>import("./lacuna-e5.js");const other=()=>import("./lacuna_cpu-f6.js")',
  'assets/lacuna-e5.js': 'var wasm="/assets/lacuna_bg-e5.wasm"',
  'assets/lacuna_bg-e5.wasm': '',
  'assets/lacuna_cpu-f6.js': 'var wasm="/assets/lacuna_cpu_bg-f6.wasm"',
  'assets/lacuna_cpu_bg-f6.wasm': '',
  'assets/panel-d4.js': '',
  'data/mnist/images.gz': '',
};
const files = Object.keys(built);
const read = (file) => built[file];

test('the first step waits for what page and worker name, not for what is imported by a call or belongs to a part of its own', () => {
  const first = [...firstFiles(files, read, (name) => name.startsWith('lacuna_cpu'))].sort();
  assert.deepEqual(first, [
    'assets/index-a1.css',
    'assets/index-a1.js',
    'assets/lacuna-e5.js',
    'assets/lacuna_bg-e5.wasm',
    'assets/words-b2.js',
    'assets/worker-c3.js',
    'icon.svg',
    'index.html',
  ]);
});

test('every file of code is in one part, and one that is in none is refused by name', () => {
  const sorted = sortIntoParts(files, read);
  assert.deepEqual(sorted['engine without WebGPU'].sort(), ['assets/lacuna_cpu-f6.js', 'assets/lacuna_cpu_bg-f6.wasm']);
  assert.deepEqual(sorted['charts and panels'], ['assets/panel-d4.js']);
  assert.equal(sorted['first step'].length, 6);
  assert.throws(() => sortIntoParts([...files, 'assets/stray.wasm'], (file) => built[file] ?? ''), /stray\.wasm belongs to no part/);
});

test('a part over its budget is named', () => {
  const table = [
    { name: 'a', budget: 1 },
    { name: 'b', budget: 2 },
  ];
  assert.deepEqual(overBudget({ a: 1000, b: 2001 }, table), ['b']);
  assert.match(tableOf({ a: 1000, b: 2001 }, table), /a +1\.0 KB of 1\nb +2\.0 KB of 2, too much/);
});
