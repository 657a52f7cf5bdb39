// The choice and the order of the visitor's files.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ending, inTurn, isPicture, isTable, isText, lastOf } from './files';
import { chance } from '../../testing/samples';

const sorted = (...paths: string[]): string[] => inTurn(paths.map((path) => ({ path }))).map(({ path }) => path);

test('a file’s ending is that of its name, whatever its folders are called, and of a packed file the one before', () => {
  const endings: [string, string][] = [
    ['a.csv', 'csv'],
    ['a.CSV', 'csv'],
    ['a.csv.gz', 'csv'],
    ['x.y/a.tsv', 'tsv'],
    ['x.csv/a', ''],
    ['a', ''],
    ['a.gz', 'gz'],
    ['a.b.c.png', 'png'],
    ['a.', ''],
    ['train-images-idx3-ubyte.gz', 'gz'],
    ['', ''],
  ];
  for (const [path, wanted] of endings) assert.equal(ending(path), wanted, path);
  assert.equal(lastOf('a/b/c.png'), 'c.png');
  assert.equal(lastOf('c.png'), 'c.png');
});

test('pictures, tables and texts are told apart by their endings', () => {
  const kinds = (path: string): boolean[] => [isPicture, isTable, isText].map((is) => is({ path }));
  for (const path of ['a/1.png', '1.JPG', '1.jpeg', '1.webp', '1.gif', '1.bmp', '1.avif']) assert.deepEqual(kinds(path), [true, false, false], path);
  for (const path of ['a.csv', 'a.tsv', 'a.csv.gz', 'a/B.TSV.GZ']) assert.deepEqual(kinds(path), [false, true, false], path);
  for (const path of ['a.txt', 'a.txt.gz']) assert.deepEqual(kinds(path), [false, false, true], path);
  for (const path of ['labels.idx', 'png', 'a.svg', 't10k-images-idx3-ubyte.gz']) assert.deepEqual(kinds(path), [false, false, false], path);
});

test('files come folder by folder, each folder’s by their names, as numbers of bytes go', () => {
  assert.deepEqual(sorted('b/2.png', 'a/10.png', 'b/1.png', 'a/9.png', 'a/1.png'), ['a/1.png', 'a/10.png', 'a/9.png', 'b/1.png', 'b/2.png']);
  assert.deepEqual(sorted('a-b/1.png', 'a/1.png'), ['a/1.png', 'a-b/1.png'], 'a folder’s name ends before any letter');
  assert.deepEqual(sorted('a/b/1.png', 'a/c.png', 'a/b.png'), ['a/b/1.png', 'a/b.png', 'a/c.png']);
  assert.deepEqual(sorted('B.png', 'a.png'), ['B.png', 'a.png'], 'capitals first');
});

test('the order does not depend on the order in which files are given', () => {
  const next = chance(6);
  const part = (): string => ['a', 'b', 'a-b', 'ab', '1', '10', '9'][Math.floor(next() * 7)] ?? '';
  for (let turn = 0; turn < 100; turn++) {
    const paths = [...new Set(Array.from({ length: 20 }, () => Array.from({ length: 1 + Math.floor(next() * 3) }, part).join('/')))];
    const shuffled = paths
      .map((path) => ({ path, at: next() }))
      .sort((a, b) => a.at - b.at)
      .map(({ path }) => path);
    assert.deepEqual(sorted(...shuffled), sorted(...paths));
  }
});

test('what systems and editors hide is not read', () => {
  assert.deepEqual(sorted('pond/.DS_Store', 'pond/frog/.1.png', 'pond/.cache/toad/1.png', 'pond/frog/1.png'), ['pond/frog/1.png']);
});
