// Imports between the modules of the page run in one direction.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { root } from './command.mjs';

/** The folders of www/, from the lowest: a module imports from its own folder and from lower ones. */
const LAYERS = ['words', 'protocol', 'model', 'offline', 'engine', 'ui', 'features', 'app'];

const sources = path.join(root, 'www');
const isModule = (file) => file.endsWith('.ts') && !file.endsWith('.d.ts') && !file.endsWith('.test.ts');
const files = readdirSync(sources, { recursive: true })
  .map((file) => file.replaceAll(path.sep, '/'))
  .filter((file) => isModule(file) && !/^(pkg|testing)\//.test(file));

/** The imports of a source, including types and dynamic imports. */
const specifiers = (source) =>
  [...source.matchAll(/(?:^import\s|^export\s[^;]*?\bfrom\s|\bfrom\s|\bimport\(|\bnew URL\()\s*['"](\.[^'"]*)['"]/gm)].map(([, name]) => name);

/** The modules that a module imports, by their paths in www/. */
function importsOf(file) {
  const folder = path.posix.dirname(file);
  return specifiers(readFileSync(path.join(sources, file), 'utf8'))
    .map((name) => path.posix.join(folder, name))
    .flatMap((name) => [name, `${name}.ts`, `${name}/index.ts`].filter((each) => files.includes(each)));
}

const graph = new Map(files.map((file) => [file, importsOf(file)]));
const layer = (file) => LAYERS.indexOf(file.split('/')[0]);

test('imports are found in every way of writing them', () => {
  const source =
    "import './a.css';\nimport { b } from './b';\nimport type {\n  C,\n} from '../c';\nexport { d } from './d';\nconst e = () => import('./e');\nnew URL('./f.ts', import.meta.url);\nimport g from 'g';";
  assert.deepEqual(specifiers(source), ['./a.css', './b', '../c', './d', './e', './f.ts']);
  assert.ok(graph.get('app/start.ts').includes('engine/client.ts') && graph.get('engine/client.ts').includes('engine/worker.ts'));
});

test('a module of the page imports from its own folder and from lower ones', () => {
  const wrong = files.filter((file) => layer(file) < 0).map((file) => `${file} is in no layer`);
  for (const [file, imports] of graph) {
    wrong.push(...imports.filter((other) => layer(other) > layer(file)).map((other) => `${file} imports ${other}`));
  }
  assert.deepEqual(wrong, []);
});

test('a feature imports no other feature', () => {
  const feature = (file) => (file.startsWith('features/') ? file.split('/')[1] : null);
  const wrong = [...graph].flatMap(([file, imports]) =>
    imports.filter((other) => feature(file) && feature(other) && feature(file) !== feature(other)).map((other) => `${file} imports ${other}`),
  );
  assert.deepEqual(wrong, []);
});

test('workers do not import the words of the page, which wait for a table', () => {
  const reached = (file, seen = new Set()) => {
    if (seen.has(file)) return seen;
    seen.add(file);
    // A type is erased: what is imported from `../ui/page` as a type is not loaded.
    const source = readFileSync(path.join(sources, file), 'utf8').replace(/^import type [^;]*;$/gm, '');
    const folder = path.posix.dirname(file);
    const names = specifiers(source).map((name) => path.posix.join(folder, name));
    for (const other of names.flatMap((name) => [`${name}.ts`, name]).filter((each) => files.includes(each))) reached(other, seen);
    return seen;
  };
  const workers = files.filter((file) => /worker\.ts$/.test(file));
  assert.ok(workers.length >= 4, workers.join());
  assert.deepEqual(
    workers.filter((file) => reached(file).has('words/words.ts')),
    [],
  );
});

test('no modules of the page import one another in a circle', () => {
  // Removes modules without imports, and modules that nobody imports, until there are none of either. The rest is in circles or between two circles.
  const left = new Set(files);
  const leads = (file) => graph.get(file).some((other) => other !== file && left.has(other));
  const isLed = (file) => [...left].some((other) => other !== file && graph.get(other).includes(file));
  for (let free = true; free; ) {
    free = [...left].find((file) => !leads(file) || !isLed(file));
    if (free) left.delete(free);
  }
  assert.deepEqual([...left], []);
});
