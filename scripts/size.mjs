// What a visitor downloads before the first image: wasm, JavaScript and style sheets as a server would send them, gzipped.

import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { Explained, root } from './command.mjs';

const limit = 300_000;
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} KB`;

export function checkSize() {
  const dist = path.join(root, 'dist');
  const totals = { wasm: 0, js: 0, css: 0 };
  for (const file of readdirSync(dist, { recursive: true })) {
    const kind = path.extname(file).slice(1);
    if (kind in totals) totals[kind] += gzipSync(readFileSync(path.join(dist, file)), { level: 9 }).length;
  }
  const whole = totals.wasm + totals.js + totals.css;
  const parts = Object.entries(totals).map(([kind, bytes]) => `${kind} ${kilobytes(bytes)}`).join(', ');
  const words = `${kilobytes(whole)} gzipped of ${kilobytes(limit)} (${parts})`;
  if (Object.values(totals).some((bytes) => bytes === 0)) throw new Explained(`dist/ is not a whole page: ${parts}`);
  if (whole > limit) throw new Explained(`The page is too large: ${words}`);
  return words;
}
