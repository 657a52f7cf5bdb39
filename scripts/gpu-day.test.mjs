// The GPU day: its plan, its page from made-up outputs, and its planted images.

import assert from 'node:assert/strict';
import path from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { crc32, inflateSync } from 'node:zlib';
import { root, run } from './command.mjs';
import { AIM, MOST, binned, pageOf, productShare, recordOf, titleOf } from './gpu-day-page.mjs';
import { COMPILING, DAY, FINDING, KEEP, WRITING, driverOf, isSoftware, skipped, stepsOf } from './gpu-day-plan.mjs';
import { asked, checkAdapter } from './gpu-day.mjs';
import { CLASSES, SIDE, planted, png } from './planted-images.mjs';

const SOFTWARE = 'llvmpipe (LLVM 15) (vulkan, in software)';
const GPU = 'A GPU (vulkan)';
const dayOf = (isRehearsal, flags) => stepsOf({ images: 'cifar10', rows: 'mnist', flags, isRehearsal });

test('all steps together, with compiling, take less than 25 minutes', () => {
  for (const isRehearsal of [false, true]) {
    const seconds = dayOf(isRehearsal).reduce((sum, step) => sum + step.seconds, COMPILING + FINDING + WRITING);
    assert.ok(DAY === 25 * 60 && seconds < DAY, `${seconds} s`);
  }
});

test('a step begins only if all of its time is left, so that no order of delays exceeds the day', () => {
  for (let start = 0; start < DAY; start += 50) {
    let elapsed = start;
    for (const step of dayOf(false)) if (skipped(step, elapsed) === null) elapsed += step.seconds;
    assert.ok(elapsed <= Math.max(start, DAY - WRITING), `${start}: ${elapsed}`);
  }
  const step = { seconds: 100 };
  assert.equal(skipped(step, DAY - WRITING - 100), null);
  assert.equal(skipped(step, DAY - WRITING - 99.5), 'skipped: it may take 100 s, and 99 s were left');
  assert.equal(skipped(step, DAY), 'skipped: it may take 100 s, and 0 s were left');
});

test('the check comes first, and every network is timed at all keep ratios', () => {
  const steps = dayOf(false, ['--adapter', 'A']);
  assert.equal(steps[0].name, 'check');
  const benches = steps.filter(({ kind }) => kind === 'bench').map(({ commands }) => commands);
  assert.deepEqual(benches.map(([args]) => args[2]).sort(), ['cnn-32-64-128', 'mlp-1024-1024', 'mlp-512-256', 'resnet20', 'resnet32', 'vgg16', 'wrn-28-10']);
  for (const [timed, counted] of benches) {
    assert.ok(timed.includes(KEEP.join(',')) && timed.includes('measure') && timed.at(-1) === 'A');
    assert.deepEqual(counted, ['model', timed[2], '--json']);
  }
  assert.deepEqual(
    steps.filter(({ kind }) => kind === 'curve').map(({ method }) => method),
    ['dense', 'vrpge'],
  );
  assert.deepEqual(
    dayOf(true).map(({ kind }) => kind),
    steps.map(({ kind }) => kind),
    'a rehearsal has the same steps',
  );
});

test('an adapter in software is refused, except by a rehearsal outside docs', () => {
  assert.deepEqual([SOFTWARE, 'CPU (no GPU, in software)', GPU].map(isSoftware), [true, true, false]);
  assert.throws(() => checkAdapter(SOFTWARE, false), /computes on the CPU.*--rehearse DIR/);
  checkAdapter(SOFTWARE, true);
  checkAdapter(GPU, false);
  assert.deepEqual(asked([]), { adapter: [], rehearsal: null });
  assert.deepEqual(asked(['--adapter', 'A', '--rehearse', 'there']), { adapter: ['--adapter', 'A'], rehearsal: path.resolve('there') });
  assert.throws(() => asked(['--rehearse', path.join(root, 'docs', 'results')]), /outside docs/);
  assert.throws(() => asked(['--all']), /usage: npm run gpu-day/);
});

test('the driver is found in the list of adapters', () => {
  const listed = `0  ${GPU}  driver 550.1\n1  ${SOFTWARE}  Mesa 22\ncpu  CPU (no GPU, in software)  this program's own kernels\n`;
  assert.deepEqual(
    [GPU, SOFTWARE, 'another'].map((adapter) => driverOf(adapter, listed)),
    ['driver 550.1', 'Mesa 22', 'unknown'],
  );
});

test('a program is ended after its time', async () => {
  const error = await run(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { seconds: 0.05 }).catch((each) => each);
  assert.equal(error.seconds, 0.05);
  assert.match(error.message, /ended after/);
  await run(process.execPath, ['-e', ''], { seconds: 600 });
});

const phases = (share) => ({ sample: 100 * (1 - share), forward: 40 * share, backward: 60 * share });
const line = (more) => ({ model: 'mlp-8', batch_size: 128, keep_ratio: 1, step_ms: 2, step_ms_spread: 0.1, over_predicted: 1, timed: [], ...more });
const timed = (ms, variant, chosen) => ({ kernel: 'convolve', variant, ms, chosen });

/** Made-up outputs of a command. */
function outputsOf({ kind, commands, method }) {
  const lines = (...objects) => objects.map((object) => JSON.stringify(object)).join('\n');
  const log = lines(
    { event: 'run', adapter: GPU },
    ...Array.from({ length: 25 }, (_, step) => ({ step, loss: 2 - step / 25, accuracy: step / 25, kept: [1], step_ms: 1, budget: 3 })),
    { event: 'evaluation', step: 20 },
    { event: 'result', test_accuracy: method === 'dense' ? 0.5 : 0.25, training_seconds: 12.34, multiply_adds: { forward: 2e9, backward: 1e9, structure: 0 } },
  );
  const bench = lines(
    line({ phases: phases(0.9), timed: [timed(1.5, '4x4', false), timed(1, 'w64', true)] }),
    line({ keep_ratio: 0.1, over_predicted: 1.15, phases: phases(0.9) }),
    line({ keep_ratio: 0.5, over_predicted: 1.3, phases: phases(0.85) }),
    line({ keep_ratio: 0.9, over_predicted: 3, phases: phases(0.3) }),
  );
  const estimator = {
    alpha: 0.5,
    bias: 0.1,
    bias_chance: 0.2,
    verdict: 'unbiased',
    variance: 3,
    bound: null,
    signal_to_noise: 1e-9,
    cosine: 0.5,
    mean_cosine: 1,
  };
  const text = {
    check: 'every kernel\n24 kernels passed, 40 with their variants, in 93 scenes\n',
    bench: `lacuna bench: turn 1 of 2\n${bench}`,
    curve: 'trained\n',
    estimators: lines({
      step: 300,
      pairs: 300,
      undecided_units: 7,
      units: 9,
      rows: [
        { ...estimator, estimator: 'two-sided', variance_ratio: 1 },
        { ...estimator, alpha: 1 },
      ],
    }),
    variance: lines({ pairs: 100, rows: [{ score: 0.5, cells: [{ estimator: 'two-sided', alpha: 0, variance: 1.25, exact: 1.5 }] }] }),
  }[kind];
  const model = lines({ model: 'mlp-8', multiply_adds_dense_step: 1e6 });
  return commands.map((args, index) => ({ args, text: index === 0 ? text : model, ...(kind === 'curve' ? { log } : {}) }));
}

const made = (isRehearsal, change = (result) => result) => ({
  commit: 'abc',
  adapter: isRehearsal ? SOFTWARE : GPU,
  driver: 'D 1',
  date: '2026-11-30',
  isRehearsal,
  flags: [],
  seconds: 700.4,
  data: ['Data.'],
  results: dayOf(isRehearsal).map((step) => change({ step, state: 'ended', words: 'ended well', seconds: 3, outputs: outputsOf(step) })),
});

test('the page of a whole day has every table', () => {
  const page = pageOf(made(false));
  assert.ok(page.startsWith('# A GPU day\n\nEvery command ended well. Data.\n'));
  for (const words of [
    '| adapter | A GPU (vulkan) |\n| driver | D 1 |\n| date | 2026-11-30 |\n| took | 700 s, with compiling |\n| made again by | `npm run gpu-day` |',
    '`lacuna check`: 24 kernels passed, 40 with their variants, in 93 scenes.',
    // 1e6 multiply-adds of 128 images in 2 ms are 64e9 a second.
    '| `mlp-8` | 128 | 2 ± 0.1 | 0.128 | 64 |',
    '| network | keep 0.1 | keep 0.5 | keep 0.9 |',
    '| `mlp-8` | 1.15 (90 %) | 1.30 (85 %) | 3.00 (30 %) |',
    'Multiply-adds take most of 14 of these 21 steps (at least 80 % of their time). Of those, 7 reach the aim of at most 1.2.',
    '| `mlp-8` | dense | `convolve` | w64 | 1 | 4x4 1.5 |',
    '| up to step | loss, `dense` | accuracy %, `dense` | loss, `vrpge` | accuracy %, `vrpge` |',
    '| 3 | 1.960 | 4.0 | 1.960 | 4.0 |',
    '| `vrpge` | 25.00 | 12.3 | 3 |',
    '| two-sided | 0.1 | 0.2 | unbiased | 3 | 1 |  | 1.00e-9 | 0.5 | 1 |',
    '| 0.5 | 1.25 (1.5) |',
    '| `lacuna check` | ended well | 3.0 |',
  ]) {
    assert.ok(page.includes(words), `${words}\nis not in\n${page}`);
  }
  assert.ok(!page.includes('There is no result') && AIM === 1.2 && MOST === 0.8);
});

test('the page says what is missing', () => {
  const page = pageOf(made(false, (result) => ({ ...result, state: 'skipped', words: 'skipped: why', seconds: 0, outputs: [] })));
  assert.ok(page.includes('**The results of 12 of 12 steps are missing**: check (skipped: why); bench mlp-512-256 (skipped: why)'));
  assert.equal(page.match(/There is no result: the commands say why\./g).length, 7);
  const failed = pageOf(made(false, (result) => (result.step.kind === 'check' ? { ...result, state: 'failed', words: 'failed: x', outputs: [] } : result)));
  assert.ok(failed.includes('**The results of 1 of 12 steps are missing**: check (failed: x).') && failed.includes('| `lacuna check` | failed: x |'));
});

test('a rehearsal is marked as one', () => {
  assert.equal(titleOf({ adapter: SOFTWARE, isRehearsal: true }), 'A GPU day: rehearsal, in software');
  assert.equal(titleOf({ adapter: GPU, isRehearsal: true }), 'A GPU day: rehearsal');
  const page = pageOf(made(true));
  assert.ok(page.startsWith('# A GPU day: rehearsal, in software\n\n**This is a rehearsal'));
  assert.ok(page.includes('`npm run gpu-day -- --rehearse DIR`'));
});

test('an adapter without a clock has no shares of phases', () => {
  assert.equal(productShare({ phases: {} }), null);
  const without = made(false, (result) => ({
    ...result,
    outputs: result.outputs.map((output) => ({ ...output, text: output.text.replaceAll(/"phases":\{[^}]*\}/g, '"phases":{}') })),
  }));
  assert.ok(pageOf(without).includes('| `mlp-8` | 1.15 | 1.30 | 3.00 |\n') && pageOf(without).includes('has no clock for phases'));
});

test('a learning curve has at most ten rows and all steps', () => {
  const steps = (count) => Array.from({ length: count }, (_, step) => ({ step, loss: step, accuracy: 0 }));
  assert.deepEqual(
    binned(steps(3)).map(({ last, loss }) => [last, loss]),
    [
      [1, 0],
      [2, 1],
      [3, 2],
    ],
  );
  const long = binned(steps(301));
  assert.ok(long.length === 10 && long.at(-1).last === 301 && long[0].loss === 15);
});

test('the record has what the commands printed, and of a log the curves', () => {
  const record = recordOf(made(false));
  const of = (name) => record.steps.find((step) => step.name === name);
  assert.deepEqual(of('check').outputs[0], { command: 'lacuna check', text: outputsOf({ kind: 'check', commands: [[]] })[0].text });
  assert.equal(of('bench vgg16').outputs[0].printed.length, 4);
  const [{ steps, result }] = of('train resnet32 dense').outputs;
  assert.deepEqual([steps.length, Object.keys(steps[0]), result.test_accuracy], [25, ['step', 'loss', 'accuracy', 'kept', 'step_ms'], 0.5]);
});

test('a command that was ended while it printed is in the record as text', () => {
  const broken = { state: 'failed', words: 'failed: a | b', outputs: [{ args: ['bench'], text: '{"model":', isBroken: true }] };
  const day = made(false, (result) => (result.step.kind === 'bench' ? { ...result, ...broken } : result));
  const { steps } = recordOf(day);
  assert.deepEqual(steps.find(({ name }) => name === 'bench vgg16').outputs, [{ command: 'lacuna bench', text: '{"model":' }]);
  assert.ok(pageOf(day).includes('--json` | failed: a \\| b | 3.0 |'));
});

test('planted images repeat, differ, and are files of 32 by 32 pixels', () => {
  assert.deepEqual(planted(3, 7), planted(3, 7));
  assert.notDeepEqual(planted(3, 7), planted(3, 8));
  // The mean of many images of a class is its pattern, which differs from that of others.
  const mean = (label) => {
    const sums = new Float64Array(SIDE * SIDE * 3);
    for (let index = 0; index < 50; index += 1) for (const [place, value] of planted(label, index).entries()) sums[place] += value / 50;
    return sums;
  };
  const [one, two] = [mean(0), mean(CLASSES - 1)];
  assert.ok(one.reduce((sum, value, place) => sum + Math.abs(value - two[place]), 0) / one.length > 15);
  const file = png(planted(0, 0));
  assert.equal(file.toString('latin1', 12, 16), 'IHDR');
  assert.deepEqual([file.readUInt32BE(16), file.readUInt32BE(20), file.readUInt32BE(29)], [SIDE, SIDE, crc32(file.subarray(12, 29))]);
  const data = inflateSync(file.subarray(41, 41 + file.readUInt32BE(33)));
  assert.equal(data.length, SIDE * (1 + 3 * SIDE));
  assert.deepEqual(data.subarray(1, 1 + 3 * SIDE), planted(0, 0).subarray(0, 3 * SIDE));
});
