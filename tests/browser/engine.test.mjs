// The engine alone, without the page around it: is what it computes in a browser right, and the same as natively?

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { run } from '../../scripts/command.mjs';
import { program } from '../../scripts/wasm.mjs';
import { PATIENCE_MS, launch, serve } from './harness.mjs';

/** Short and small, and everything in it: gated inputs, a falling budget, two masks, the clip. */
const LINK = 'dataset=planted&model=mlp-32&gate_inputs=true&steps=60';
/**
 * Between two software adapters the losses agree to 1e-7 and the scores to 2e-6 at the end; a GPU that rounds
 * otherwise may draw a unit otherwise once, and the tolerance leaves room for that.
 */
const LOSS_TOLERANCE = 0.01;
const SCORE_TOLERANCE = 0.01;

const limit = { timeout: 5 * PATIENCE_MS };

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
const trainInBrowser = (query, submit) =>
  page.evaluate(async ({ link, most }) => {
    const engine = await import('/engine/lacuna.js');
    await engine.default();
    const session = await engine.Session.open(link, () => {});
    const records = [];
    let snapshot;
    do {
      snapshot = await session.advance(most);
      records.push(...snapshot.records);
    } while (!snapshot.finished && !snapshot.halted);
    const evaluation = await session.evaluate(1000);
    const { halted, scores, mask } = snapshot;
    session.free();
    // The protocol between browser and test carries no typed arrays.
    return { records, halted, scores: [...scores], mask: [...mask], evaluation };
  }, { link: query, most: submit });

/** One tensor of 32-bit floats from a safetensors file: 8 bytes of header length, the header as JSON, the tensors. */
function readTensor(file, name) {
  const bytes = readFileSync(file);
  const begin = 8 + Number(bytes.readBigUInt64LE(0));
  const { dtype, data_offsets: [from, to] } = JSON.parse(bytes.toString('utf8', 8, begin))[name];
  assert.equal(dtype, 'F32');
  // Copied, because a typed array must start at a multiple of its element's size.
  return [...new Float32Array(new Uint8Array(bytes.subarray(begin + from, begin + to)).buffer)];
}

/** The same natively: the log's steps and the scores that the last step left. */
async function trainNatively(query, steps) {
  const folder = mkdtempSync(path.join(tmpdir(), 'lacuna-'));
  try {
    const [log, trace] = [path.join(folder, 'run.jsonl'), path.join(folder, 'trace')];
    const link = `https://example.org/lacuna/?${query}`;
    await run(program('lacuna'), ['train', '--url', link, '--log', log, '--trace', trace, '--trace-steps', String(steps)]);
    const lines = readFileSync(log, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
    const last = readdirSync(trace).filter((name) => name.endsWith('.safetensors')).sort().at(-1);
    return {
      records: lines.filter((line) => line.event === undefined),
      result: lines.find((line) => line.event === 'result'),
      scores: readTensor(path.join(trace, last), 'after.scores'),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const largestDifference = (a, b) => a.reduce((largest, value, index) => Math.max(largest, Math.abs(value - b[index])), 0);

// Software adapters and others get tiles of different sizes. The browser keeps the adapter's name to itself, so that the engine
// takes it for other than software unless it is told: here both variants run, natively (lacuna check) the one.
for (const name of [undefined, 'SwiftShader']) {
  test(`every kernel agrees with its twin in this browser, masks bit for bit (${name ?? 'tiles of a GPU'})`, limit, async () => {
    const results = await page.evaluate(async (adapter) => {
      const engine = await import('/engine/lacuna.js');
      await engine.default();
      return engine.check(() => {}, adapter);
    }, name);
    assert(results.length > 0, 'the check tested nothing');
    const wrong = results.filter(({ passed }) => !passed).map(({ name, worst, tolerance }) => `${name}: ${worst} off, ${tolerance} allowed`);
    assert.deepEqual(wrong, []);
  });
}

test('a run repeats bit for bit in the browser, however its steps are grouped into submits', limit, async () => {
  const [first, second] = [await trainInBrowser(LINK, 1), await trainInBrowser(LINK, 16)];
  const bits = ({ records, scores, mask }) => ({ losses: records.map(({ loss }) => loss), scores, mask });
  assert.deepEqual(bits(second), bits(first));
});

test('the same link gives the same run in the browser and natively', limit, async () => {
  const steps = Number(new URLSearchParams(LINK).get('steps'));
  const [here, there] = [await trainInBrowser(LINK, 16), await trainNatively(LINK, steps)];
  assert.equal(here.halted, null);
  assert.equal(here.records.length, steps);
  assert.deepEqual(here.records.map(({ step }) => step), there.records.map(({ step }) => step));

  // The first step starts from equal bits: the draws are whole numbers, the first weights are made on the CPU. What
  // differs is the order of sums in exp and in matrix products.
  const relative = (a, b) => Math.abs(a - b) / Math.max(1e-6, Math.abs(a), Math.abs(b));
  assert(relative(here.records[0].loss, there.records[0].loss) < 1e-5, `first losses ${here.records[0].loss} and ${there.records[0].loss}`);

  // From there on a rounding difference may grow, and one unit drawn otherwise makes a loss differ visibly; what a run
  // comes to may not: its losses over the last steps, its budget and its scores.
  const tail = (records) => records.slice(-10).reduce((sum, { loss }) => sum + loss, 0) / 10;
  const losses = relative(tail(here.records), tail(there.records));
  assert(losses < LOSS_TOLERANCE, `mean loss of the last ten steps: ${tail(here.records)} and ${tail(there.records)}`);
  assert(relative(here.records.at(-1).budget, there.records.at(-1).budget) < 1e-6, 'the same budget');
  const scores = largestDifference(here.scores, there.scores);
  assert(scores < SCORE_TOLERANCE, `the scores differ by up to ${scores}`);
});
