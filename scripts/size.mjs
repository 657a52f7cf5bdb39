// The size of what a visitor downloads: the files of dist/ in parts, each with a budget. Sizes are gzipped, as a server sends them.

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { Explained, root } from './command.mjs';

const FIRST = 'first step';

/**
 * The parts of the page. `files`: a pattern of names in dist/. The first part has the files that the first training step waits for.
 * `budget`: kilobytes, gzipped.
 */
export const parts = [
  { name: FIRST, budget: 417 },
  // Of these a visitor downloads one, or none in English.
  { name: 'three languages', files: /^(de|es|zh-Hans)-.*\.js$/, budget: 150 },
  {
    name: 'charts and panels',
    files: /^(?!(?:de|es|zh-Hans)-|self_check|check-worker|own_files|dataset-worker|animation-worker|lacuna_cpu).*\.(js|css)$/,
    budget: 180,
  },
  { name: 'self-check', files: /^(self_check|check-worker).*\.(js|wasm)$/, budget: 170 },
  { name: 'own files, animation', files: /^(own_files|dataset-worker|animation-worker).*\.(js|wasm)$/, budget: 440 },
  { name: 'engine without WebGPU', files: /^lacuna_cpu.*\.(js|wasm)$/, budget: 430 },
  { name: 'pictures', files: /\.(png|svg|webp)$/, budget: 420 },
];

/** Files that must belong to a part. Others, such as the data sets and index.html, need not. */
const CODE = /\.(js|wasm|css)$/;
const DATA = /^data\//;

/** The patterns by which a file names others. Dynamic imports are not among them. */
const STATIC = /(?:\bimport|\bfrom|\bnew URL\(|\bsrc=|\bhref=)\s*["'`]([^"'`]+)["'`]/g;
const ANY = /["'`]([^"'`\s]+\.(?:js|wasm))["'`]/g;

const named = (text, pattern) => [...text.matchAll(pattern)].map(([, name]) => path.posix.basename(name));

/**
 * The files that the first step waits for: those that the page names, and those that these name in turn. The page does not wait for its dynamic
 * imports. The engine's worker does, except for those that `isLater` matches.
 */
export function firstFiles(files, read, isLater = () => false) {
  const [needed, left] = [new Set(), [['index.html', false]]];
  while (left.length > 0) {
    const [name, inWorker] = left.pop();
    const file = files.find((each) => path.posix.basename(each) === name);
    if (!file || needed.has(file)) continue;
    needed.add(file);
    if (!/\.(html|js)$/.test(name)) continue;
    const inner = inWorker || name.startsWith('worker-');
    const text = read(file);
    const called = inner ? named(text, ANY).filter((each) => !isLater(each)) : [];
    left.push(...[...named(text, STATIC), ...called].map((each) => [each, inner]));
  }
  return needed;
}

/**
 * Which files belong to which part: `{ part: [file, …] }`. `files`: all of dist/, with `/`; `read(file)` answers with its text. A file of two
 * parts, and code of none, is an error: its bytes would be counted twice, or not at all.
 */
export function sortIntoParts(files, read, table = parts) {
  const base = (file) => path.posix.basename(file);
  const later = table.filter((part) => part.files);
  // What is left over of charts and panels is code that the first step may wait for: only parts with files of their own are exempt.
  const own = later.filter(({ files: pattern }) => !pattern.test('any.js'));
  const first = firstFiles(files, read, (name) => own.some(({ files: pattern }) => pattern.test(name)));
  const sorted = Object.fromEntries(table.map(({ name }) => [name, []]));
  for (const file of files.filter((each) => !DATA.test(each))) {
    const counted = CODE.test(file);
    const found = (first.has(file) ? own : later).filter(({ files: pattern }) => pattern.test(base(file))).map(({ name }) => name);
    if (counted && first.has(file)) found.unshift(FIRST);
    if (found.length > 1) throw new Explained(`${file} belongs to ${found.join(' and to ')}: change the table of scripts/size.mjs, or what imports the file.`);
    if (found.length === 1) sorted[found[0]].push(file);
    else if (counted) throw new Explained(`${file} belongs to no part of the page: give it one in the table of scripts/size.mjs.`);
  }
  return sorted;
}

const kilobytes = (bytes) => (bytes / 1000).toFixed(1);

/** A line for each part: its size and its budget. `sizes`: bytes by part. */
export function tableOf(sizes, table = parts) {
  const wide = Math.max(...table.map(({ name }) => name.length));
  return table
    .map(({ name, budget }) => `${name.padEnd(wide)}  ${kilobytes(sizes[name]).padStart(6)} KB of ${budget}${sizes[name] > budget * 1000 ? ', too much' : ''}`)
    .join('\n');
}

/** The parts above their budget. */
export const overBudget = (sizes, table = parts) => table.filter(({ name, budget }) => sizes[name] > budget * 1000).map(({ name }) => name);

/** Fails where a part is over its budget. `folder`: the built page. */
export function checkSize(folder = path.join(root, 'dist')) {
  if (!existsSync(path.join(folder, 'index.html'))) throw new Explained('There is no built page in dist/: build it first (npm run build:page).');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, '/'));
  const read = (file) => readFileSync(path.join(folder, file), 'utf8');
  const sorted = sortIntoParts(files, read);
  for (const kind of ['.js', '.wasm', '.css']) {
    if (!sorted[FIRST].some((file) => file.endsWith(kind))) throw new Explained(`dist/ is not a whole page: its first step waits for no ${kind} file.`);
  }
  const packed = (file) => gzipSync(readFileSync(path.join(folder, file)), { level: 9 }).length;
  const sizes = Object.fromEntries(Object.entries(sorted).map(([name, of]) => [name, of.reduce((sum, file) => sum + packed(file), 0)]));
  const over = overBudget(sizes);
  if (over.length > 0) throw new Explained(`Too large, gzipped: ${over.join(' and ')}\n${tableOf(sizes)}`);
  return Object.entries(sizes)
    .map(([name, bytes]) => `${name} ${kilobytes(bytes)} KB`)
    .join(', ');
}
