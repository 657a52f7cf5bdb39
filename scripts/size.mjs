// What a visitor downloads before the first training step: wasm, JavaScript and style sheets as a server would send them, gzipped. What the
// page asks for later, charts and panels, is told beside it.

import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { Explained, root } from './command.mjs';

const dist = path.join(root, 'dist');
const limit = 300_000;
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} KB`;

const named = (text, pattern) => [...text.matchAll(pattern)].map(([, name]) => path.basename(name));

/** How files name others. A module of the page that is imported by a call is not waited for; what the worker names is. */
const STATIC = /(?:\bimport|\bfrom|\bnew URL\(|\bsrc=|\bhref=)\s*["'`]([^"'`]+)["'`]/g;
const ANY = /["'`]([^"'`\s]+\.(?:js|wasm))["'`]/g;

/** The files of dist/ that the first step waits for: what the page names, and what these name in turn. */
function firstFiles(files) {
  const [needed, left] = [new Set(), [['index.html', STATIC]]];
  while (left.length > 0) {
    const [name, pattern] = left.pop();
    const file = files.find((each) => path.basename(each) === name);
    if (!file || needed.has(file)) continue;
    needed.add(file);
    if (!/\.(html|js)$/.test(name)) continue;
    const inner = name.startsWith('worker-') ? ANY : pattern;
    left.push(...named(readFileSync(path.join(dist, file), 'utf8'), inner).map((each) => [each, inner]));
  }
  return needed;
}

export function checkSize() {
  const files = readdirSync(dist, { recursive: true });
  const first = firstFiles(files);
  const totals = { wasm: 0, js: 0, css: 0 };
  let later = 0;
  for (const file of files) {
    const kind = path.extname(file).slice(1);
    if (!(kind in totals)) continue;
    const bytes = gzipSync(readFileSync(path.join(dist, file)), { level: 9 }).length;
    if (first.has(file)) totals[kind] += bytes;
    else later += bytes;
  }
  const whole = totals.wasm + totals.js + totals.css;
  const parts = Object.entries(totals).map(([kind, bytes]) => `${kind} ${kilobytes(bytes)}`).join(', ');
  const words = `${kilobytes(whole)} gzipped of ${kilobytes(limit)} (${parts}), ${kilobytes(later)} later`;
  if (Object.values(totals).some((bytes) => bytes === 0)) throw new Explained(`dist/ is not a whole page: ${parts}`);
  if (whole > limit) throw new Explained(`The page is too large: ${words}`);
  return words;
}
