// The engine alone, without the page around it: is what it computes in a browser right, and the same as natively?

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { root, run } from '../../scripts/command.mjs';
import { program } from '../../scripts/wasm.mjs';
import { PATIENCE_MS, launch, serve } from './harness.mjs';

/** Short and small, and everything in it: gated inputs, a falling budget, two masks, the clip. */
const LINK = 'dataset=planted&model=mlp-32&gate_inputs=true&steps=60';
/**
 * Between two software adapters the losses agree to 1e-7 and the scores to 2e-6 at the end; a GPU that rounds
 * otherwise may draw a unit otherwise once, and the tolerance leaves room for that.
 */
/** Convolutions, sums of branches, images shown shifted and mirrored; half of the channels are off from the first step on. */
const CONVOLUTIONAL_LINK = 'dataset=cifar10&model=resnet8&batch_size=4&schedule=constant&keep_ratio=0.5&steps=6';
const LOSS_TOLERANCE = 0.01;
const SCORE_TOLERANCE = 0.01;

const limit = { timeout: 5 * PATIENCE_MS };

let server;
let browser;
let page;

before(async () => {
  server = await serve();
  browser = await launch({ webgpu: true });
  page = await browser.newPage();
  await page.goto(`${server.origin}/tests/engine.html`);
});

after(async () => {
  await browser?.close();
  await server?.close();
});

/**
 * Trains the experiment of a link to its end, inside the browser, with the first of its data files (all of the labels, or the
 * first images with theirs) and, where `files` says so, more.
 */
const trainInBrowser = (query, submit, { files = 0, images = 1000 } = {}) =>
  page.evaluate(
    async ({ link, most, files, images }) => {
      const engine = await import('/engine/lacuna.js');
      await engine.default();
      // The page tells the engine the adapter's name too, and with it which size of tiles suits it.
      const session = await engine.Session.open(link, () => {}, 'SwiftShader');
      for (const { name } of session.files().slice(0, files)) {
        const packed = await fetch(`/lacuna/data/${name}`);
        if (!packed.ok) throw new Error(`${name} is not there; fetch it first: npm test -- program data`);
        const reader = packed.body.pipeThrough(new DecompressionStream('gzip')).getReader();
        for (let piece = await reader.read(); !piece.done; piece = await reader.read()) session.feed(name, piece.value);
        session.feed_end(name);
      }
      const records = [];
      const held = [];
      let snapshot;
      do {
        snapshot = await session.advance(most);
        records.push(...snapshot.records);
        held.push({ step: snapshot.step, units: snapshot.units_in_memory, bytes: snapshot.network_bytes });
      } while (!snapshot.finished && !snapshot.halted);
      const evaluation = images > 0 ? (await session.evaluate(images)).evaluation : null;
      const filters = await session.filters();
      const { halted, scores, mask } = snapshot;
      session.free();
      // The protocol between browser and test carries no typed arrays.
      return { records, halted, scores: [...scores], mask: [...mask], evaluation, held, filters: filters && [...filters] };
    },
    { link: query, most: submit, files, images },
  );

/** What a link asks for, as the page reads it before it opens anything. */
const describe = (query, most) =>
  page.evaluate(
    async ([link, bytes]) => {
      const engine = await import('/engine/lacuna.js');
      await engine.default();
      const { plan, refused } = engine.describe(link, bytes);
      return { ...plan, refused };
    },
    [query, most],
  );

/** One tensor of 32-bit floats from a safetensors file: 8 bytes of header length, the header as JSON, the tensors. */
function readTensor(file, name) {
  const bytes = readFileSync(file);
  const begin = 8 + Number(bytes.readBigUInt64LE(0));
  const {
    dtype,
    data_offsets: [from, to],
  } = JSON.parse(bytes.toString('utf8', 8, begin))[name];
  assert.equal(dtype, 'F32');
  // Copied, because a typed array must start at a multiple of its element's size.
  return [...new Float32Array(new Uint8Array(bytes.subarray(begin + from, begin + to)).buffer)];
}

/**
 * The same natively: the losses and budgets of its steps and the scores that the last one left, from a trace of all of them. The
 * program would go on to test the network on every image of the set, which is not asked here.
 */
async function trainNatively(query, steps) {
  const folder = mkdtempSync(path.join(tmpdir(), 'lacuna-'));
  const options = ['train', '--url', `https://example.org/lacuna/?${query}`, '--trace', folder, '--trace-steps', String(steps)];
  const child = spawn(program('lacuna'), options, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  try {
    let said = '';
    await new Promise((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text) => {
          said += text;
          if (said.includes('steps traced into')) resolve();
        });
      }
      child.on('error', reject);
      child.on('exit', (code) => reject(new Error(`the program ended with ${code}:\n${said}`)));
    });
    const files = readdirSync(folder)
      .sort()
      .map((name) => path.join(folder, name));
    const records = files.map((file, step) => ({ step, loss: readTensor(file, 'loss')[0], budget: readTensor(file, 'budget')[0] }));
    return { records, scores: readTensor(files.at(-1), 'after.scores') };
  } finally {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  }
}

const largestDifference = (a, b) => a.reduce((largest, value, index) => Math.max(largest, Math.abs(value - b[index])), 0);

// Software adapters and others get tiles of different sizes. The browser keeps the adapter's name to itself, so that the engine takes it for other
// than software unless it is told, as the page tells it: the page's own self-check (run.device) runs the other variant here.
test('every kernel, in tiles of a GPU, agrees with its reference in this browser, masks bit for bit', limit, async () => {
  const { kernels: results } = await page.evaluate(async () => {
    const self_check = await import('/engine/self_check.js');
    await self_check.default();
    return self_check.check(
      () => {},
      () => {},
    );
  });
  assert(results.length > 0, 'the check tested nothing');
  const wrong = results.filter(({ passed }) => !passed).map(({ name, worst, tolerance }) => `${name}: ${worst} off, ${tolerance} allowed`);
  assert.deepEqual(wrong, []);
});

test('a run repeats bit for bit in the browser, however its steps are grouped into submits', limit, async () => {
  const [first, second] = [await trainInBrowser(LINK, 1), await trainInBrowser(LINK, 16)];
  const bits = ({ records, scores, mask }) => ({ losses: records.map(({ loss }) => loss), scores, mask });
  assert.deepEqual(bits(second), bits(first));
});

const relative = (a, b) => Math.abs(a - b) / Math.max(1e-6, Math.abs(a), Math.abs(b));

for (const [what, link, files] of [
  ['fully connected', LINK, 0],
  ['convolutional', CONVOLUTIONAL_LINK, 1],
]) {
  test(`the same link gives the same run in the browser and natively: ${what}`, limit, async () => {
    const steps = Number(new URLSearchParams(link).get('steps'));
    const [here, there] = [await trainInBrowser(link, 16, { files, images: files > 0 ? 0 : 1000 }), await trainNatively(link, steps)];
    assert.equal(here.halted, null);
    assert.equal(here.records.length, steps);
    assert.deepEqual(
      here.records.map(({ step }) => step),
      there.records.map(({ step }) => step),
    );

    // The first step starts from equal bits: the draws are whole numbers, the first weights are made on the CPU. What
    // differs is the order of sums in exp and in matrix products.
    assert(relative(here.records[0].loss, there.records[0].loss) < 1e-5, `first losses ${here.records[0].loss} and ${there.records[0].loss}`);

    // From there on a rounding difference may grow, and one unit drawn otherwise makes a loss differ visibly; what a run
    // comes to may not: its losses over the last steps, its budget and its scores.
    const last = Math.min(10, steps / 2);
    const tail = (records) => records.slice(-last).reduce((sum, { loss }) => sum + loss, 0) / last;
    const losses = relative(tail(here.records), tail(there.records));
    assert(losses < LOSS_TOLERANCE, `mean loss of the last ${last} steps: ${tail(here.records)} and ${tail(there.records)}`);
    assert(relative(here.records.at(-1).budget, there.records.at(-1).budget) < 1e-6, 'the same budget');
    const scores = largestDifference(here.scores, there.scores);
    assert(scores < SCORE_TOLERANCE, `the scores differ by up to ${scores}`);
  });
}

test('the page’s plan of a network is that of the terminal', limit, async () => {
  for (const [model, dataset, batch, gated] of [
    ['mlp-512-256', 'mnist', 128, true],
    ['cnn-32-64-128', 'cifar10', 16, false],
    ['vgg16', 'cifar10', 64, false],
    ['resnet20', 'fashion-mnist', 33, true],
    ['wrn-28-10', 'cifar10', 512, false],
  ]) {
    const here = await describe(`model=${model}&dataset=${dataset}&batch_size=${batch}&gate_inputs=${gated}`);
    const options = ['--json', '--dataset', dataset, '--batch-size', String(batch), `--gate-inputs=${gated}`];
    const there = JSON.parse(await run(program('lacuna'), ['model', model, ...options]));
    const names = ({ groups }) => groups.map(({ name, size }) => `${name}: ${size}`);
    assert.deepEqual(names(here), names(there));
    assert.deepEqual(
      here.groups.map(({ union_of }) => union_of?.map((parent) => here.groups[parent].name) ?? null),
      there.groups.map(({ union_of }) => union_of),
    );
    assert.equal(here.units, there.units);
    assert.equal(here.weights, there.weights);
    assert.equal(here.multiply_adds, there.multiply_adds_dense_step * batch);
    const { weights, activations, optimiser } = there.bytes.sparse;
    const { data, ...bytes } = here.bytes;
    assert.deepEqual(bytes, { weights, activations, optimiser });
    assert(data > 50_000 * 28 * 28);
    assert.equal(
      here.layers.reduce((sum, { taps, extra, from, to }) => sum + (taps * here.groups[from].size + extra) * here.groups[to].size, 0),
      there.weights,
    );
  }
});

test('a network too large for the adapter is refused with the same message by the plan and by the engine', limit, async () => {
  const most = await page.evaluate(async () => {
    const { limits } = await navigator.gpu.requestAdapter();
    return Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize);
  });
  // The first convolution's values alone are a little more than what a buffer may hold.
  const batch = 512;
  const width = Math.ceil((1.05 * most) / (batch * 28 * 28 * 4));
  const link = `dataset=mnist&model=cnn-${width}-8&batch_size=${batch}&method=dense`;
  const { refused } = await describe(link, most);
  assert.match(refused, /conv 1 would take \d+ MiB, but this adapter's buffers end at \d+ MiB/);
  const opened = await page.evaluate(async (query) => {
    const engine = await import('/engine/lacuna.js');
    await engine.default();
    return engine.Session.open(query, () => {}).then(
      (session) => session.free(),
      ({ name, message }) => ({ name, message }),
    );
  }, link);
  assert.deepEqual(opened, { name: 'TooLarge', message: refused });
  assert.equal((await describe(link)).refused, null, 'without an adapter nothing is known to be too large');
});

test('units that are off for good leave the memory after an epoch, and the run continues unchanged', limit, async () => {
  // A fixed mask, so that it is known which units those are; 14 steps are an epoch.
  const link = 'dataset=planted&model=mlp-64-32&gate_inputs=true&batch_size=4096&method=static&keep_ratio=0.25&steps=20';
  const [whole, compact] = [await trainInBrowser(link, 64), await trainInBrowser(`${link}&compact=true`, 64)];
  const epoch = Math.floor(60_000 / 4096);
  for (const { step, units, bytes } of compact.held) {
    assert.equal(units, step < epoch ? 352 : 88, `step ${step}`);
    if (step >= epoch) assert(bytes < whole.held.at(-1).bytes, `${bytes} of ${whole.held.at(-1).bytes} bytes are left`);
  }
  assert(
    compact.held.some(({ step }) => step === epoch),
    'no submit goes beyond the end of an epoch',
  );
  assert.deepEqual(compact.scores, whole.scores, 'scores are those of the whole network');
  assert.deepEqual(compact.mask, whole.mask);
  for (const [index, { loss }] of compact.records.entries()) {
    assert(relative(loss, whole.records[index].loss) < 1e-4, `step ${index}: ${loss} and ${whole.records[index].loss}`);
  }
  assert(relative(compact.evaluation.loss, whole.evaluation.loss) < 1e-4);
});
