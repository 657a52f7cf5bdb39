// The engine alone, without the page around it: is what it computes in a browser right, and the same as natively?

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { run } from '../../scripts/command.mjs';
import { program } from '../../scripts/wasm.mjs';
import { PATIENCE_MS, launch, serve } from './harness.mjs';

let server;
let browser;
let page;

before(async () => {
  server = await serve();
  browser = await launch();
  page = await browser.newPage();
  await page.goto(`${server.origin}/tests/engine.html`);
});

after(async () => {
  await browser?.close();
  await server?.close();
});

/** Trains the experiment of a link to its end, inside the browser. */
const trainInBrowser = (query) =>
  page.evaluate(async (link) => {
    const engine = await import('/engine/lacuna.js');
    await engine.default();
    const session = await engine.Session.open(link, () => {});
    const records = [];
    let snapshot;
    do {
      snapshot = await session.advance(8);
      records.push(...snapshot.records);
    } while (!snapshot.finished && !snapshot.halted);
    const evaluation = await session.evaluate(1000);
    const { halted, scores, mask } = snapshot;
    session.free();
    // The protocol between browser and test carries no typed arrays.
    return { records, halted, scores: [...scores], mask: [...mask], evaluation };
  }, query);

/** Every tensor of a safetensors file as plain numbers: 8 bytes of header length, the header as JSON, the tensors. */
function readSafetensors(file) {
  const bytes = readFileSync(file);
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + length));
  const kinds = { F32: Float32Array, U32: Uint32Array, I32: Int32Array, U8: Uint8Array, F64: Float64Array };
  const tensors = {};
  for (const [name, { dtype, data_offsets: [from, to] }] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    // Copied, because a typed array must start at a multiple of its element's size.
    tensors[name] = [...new kinds[dtype](new Uint8Array(bytes.subarray(8 + length + from, 8 + length + to)).buffer)];
  }
  return tensors;
}

async function trainNatively(query, steps) {
  const folder = mkdtempSync(path.join(tmpdir(), 'lacuna-'));
  try {
    const [log, trace] = [path.join(folder, 'run.jsonl'), path.join(folder, 'trace')];
    await run(program('lacuna'), ['train', '--url', `http://localhost/?${query}`, '--log', log, '--trace', trace, '--trace-steps', String(steps)]);
    const lines = readFileSync(log, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
    return { records: lines.filter((line) => 'loss' in line && 'step' in line), end: lines.at(-1), trace };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const largestDifference = (a, b) => a.reduce((largest, value, index) => Math.max(largest, Math.abs(value - b[index])), 0);

test('every kernel agrees with its twin on the adapter of this browser, masks bit for bit', { timeout: 5 * PATIENCE_MS }, async () => {
  const results = await page.evaluate(async () => {
    const engine = await import('/engine/lacuna.js');
    await engine.default();
    return engine.check(() => {});
  });
  assert(results.length > 0, 'the check tested nothing');
  const wrong = results.filter(({ passed }) => !passed).map(({ name, worst, tolerance }) => `${name}: ${worst} off, ${tolerance} allowed`);
  assert.deepEqual(wrong, []);
});
