// A run as a file: what the page writes and reads, what the terminal wrote, and what neither would have.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { Change, Layer, Plan, State } from '../protocol/messages';
import { GROUPS, LAYERS, chance, description, evaluation, group, record } from '../testing/samples';
import { type Kept, decided, fromOpened, open, toBytes } from './run-file';
import { Recorder } from './recorder';
import { type Layout, Refused, read, tensor, write } from './safetensors';

type Network = Pick<Plan, 'units' | 'groups' | 'layers'>;
const NETWORK: Network = { units: 10, groups: GROUPS, layers: LAYERS };
const next = chance(17);
const noise = (length: number): Float32Array => Float32Array.from({ length }, () => next());

/** Everything that it takes to go on, of a network whose layers take so many numbers; all units are on the device. */
function state(scores: Float32Array, mask: Uint8Array, sizes: number[], floats: number): State {
  const units = scores.length;
  return {
    counts: Float64Array.of(20, 3, 1, 0xffffffff, 100, 200, 0, 5, 12_500),
    integers: Uint32Array.from([...Array(units).keys(), ...mask.map((bits) => bits * 5)]),
    floats: Float32Array.from([...scores, ...noise(2 * units + floats + units)]),
    sizes: Uint32Array.from(sizes),
  };
}

function run(more: Partial<Kept> = {}): Kept {
  const [scores, mask] = [noise(10), Uint8Array.from({ length: 10 }, (_, unit) => unit % 4)];
  const recorder = new Recorder();
  recorder.push(Array.from({ length: 20 }, (_, step) => record(step, { loss: next(), probe_loss: step % 3 === 0 ? NaN : next() })));
  recorder.test({ ...evaluation({ step: 10, images: 200 }), kept: [4, 2] });
  const moment = (step: number): Kept['history']['moments'][number] => ({
    step,
    scores: Uint8Array.from({ length: 10 }, (_, unit) => unit * step),
    mask: mask.slice(),
    kept: Uint32Array.of(4, 2, 3),
    probe_kept: Uint32Array.of(3, 2, 3),
    budget: Math.fround(step / 3),
    sum_scores: step / 4,
  });
  const [shape, own] = [{ train: 80, test: 20, classes: 3, channels: 1, width: 3, height: 2 }, null];
  return {
    query: 'gate_inputs=true&seed=5',
    changes: [[3, 'keep_ratio', '0.5']],
    dataset: { name: 'planted', own, ...shape, sum: null },
    version: '0.1.0',
    command: null,
    adapter: 'an adapter',
    software: true,
    step: 20,
    steps: 100,
    steps_per_epoch: 10,
    seconds: 12.5,
    scores,
    mask,
    informative: Uint8Array.of(1, 0, 0, 1, 0, 0),
    ...recorder.mark(),
    history: { capacity: 64, stride: 0.5, moments: [moment(0), moment(10), moment(20)] },
    state: state(scores, mask, [6, 4, 3], 2 * (7 * 4 + 5 * 3)),
    ...more,
  };
}
const again = (kept: Kept, network = NETWORK): Kept => fromOpened(open(toBytes(kept, network)), network);

test('a run is read as it was written, with all that it takes to go on', () => {
  const kept = run();
  const found = again(kept);
  // The sampled loss of a test is not told, and scores are given to the decided mask, which follows from them.
  assert.deepEqual({ ...found, state: null }, { ...kept, state: null });
  assert.deepEqual(found.state, kept.state);
});

test('a recording has no state, and a run without planted inputs has none', () => {
  const found = again(run({ state: null, informative: null, command: 'lacuna train' }));
  assert.deepEqual([found.state, found.informative, found.command], [null, null, 'lacuna train']);
});

test('a run before its first step is a run', () => {
  const kept = run({ step: 0, rows: [], tests: [], changes: [], state: null, history: { capacity: 64, stride: 1, moments: [] } });
  assert.deepEqual(again(kept), kept);
});

test('units that are gone from the device stay gone', () => {
  const kept = run();
  const numbers = [0, 2, 5, 6, 9];
  const sizes = [3, 2, 3];
  const floats = [...numbers.map((unit) => kept.scores[unit] ?? 0), ...noise(2 * numbers.length + 2 * (4 * 2 + 3 * 3) + 10)];
  const dropped: State = {
    ...(kept.state as State),
    integers: Uint32Array.from([...numbers, ...kept.mask.map((bits) => bits * 5)]),
    floats: Float32Array.from(floats),
    sizes: Uint32Array.from(sizes),
  };
  assert.deepEqual(again({ ...kept, state: dropped }).state, dropped);
});

test('a network of convolutions, normalisations and sums is kept whole', () => {
  const groups = [
    group({ name: 'inputs', size: 3, gated: false }),
    group({ size: 4, map_width: 5, map_height: 5 }),
    group({ size: 2, first_unit: 4, map_width: 5, map_height: 5 }),
    group({ name: 'classes', size: 3, gated: false }),
  ];
  const layers: Layer[] = [
    { taps: 9, extra: 2, pixels: 25, from: 0, to: 1 },
    { taps: 1, extra: 2, pixels: 25, from: 1, to: 2 },
    { taps: 1, extra: 1, pixels: 1, from: 2, to: 3 },
  ];
  const network = { units: 6, groups, layers };
  const [scores, mask] = [noise(6), new Uint8Array(6).fill(3)];
  const weights = 9 * 3 * 4 + 4 + 4 + (4 * 2 + 2 + 2) + 3 * 3;
  const kept = run({
    scores,
    mask,
    informative: null,
    tests: [],
    history: { capacity: 64, stride: 1, moments: [] },
    state: state(scores, mask, [3, 4, 2, 3], 2 * weights + 2 * 4 + 2 * 2),
  });
  const bytes = toBytes(kept, network);
  assert.deepEqual(read(bytes).tensors.get('weights.0')?.shape, [3, 3, 3, 4]);
  assert.deepEqual(read(bytes).tensors.get('running_mean.1')?.shape, [2]);
  assert.deepEqual(fromOpened(open(bytes), network).state, kept.state);
});

test('the decided mask keeps s ≥ ½, and of a gated group the best unit where none is', () => {
  const scores = Float32Array.of(0.5, 0.49, 0.1, 0.9, 0, 1, 0.2, 0.3, 0.1, 0.3);
  assert.deepEqual([...decided(scores, NETWORK)], [1, 0, 0, 1, 0, 1, 0, 1, 0, 0]);
  assert.deepEqual([...decided(new Float32Array(10), NETWORK)], [1, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
});

test('what other tools read is there under its name: scores, masks, weights', () => {
  const kept = run();
  const { tensors } = read(toBytes(kept, NETWORK));
  const shapes = Object.fromEntries([...tensors].map(([name, { dtype, shape }]) => [name, `${dtype} ${shape.join('×')}`]));
  assert.equal(shapes['scores'], 'F32 10');
  assert.equal(shapes['decided_mask'], 'U8 10');
  assert.equal(shapes['history.scores'], 'U8 3×10');
  assert.equal(shapes['history.mask'], 'U8 3×10');
  assert.equal(shapes['weights.0'], 'F32 7×4');
  assert.equal(shapes['weights.1'], 'F32 5×3');
  assert.deepEqual(
    tensors.get('mask')?.values,
    kept.mask.map((bits) => bits & 1),
  );
  assert.deepEqual(
    tensors.get('probe')?.values,
    kept.mask.map((bits) => bits >> 1),
  );
  assert(
    ![...read(toBytes(run({ state: null }), NETWORK)).tensors.keys()].some((name) => name.startsWith('weights')),
    'without what it takes to go on there are no weights',
  );
});

test('a run that the terminal kept is read whole, weights and all', () => {
  const bytes = new Uint8Array(gunzipSync(readFileSync('tests/fixtures/recorded-run/run.safetensors.gz')));
  const opened = open(bytes);
  assert.deepEqual(Object.fromEntries(new URLSearchParams(opened.query)), {
    dataset: 'planted',
    model: 'mlp-8',
    gate_inputs: 'true',
    keep_ratio: '0.25',
    batch_size: '16',
    steps: '60',
    seed: '5',
  });
  assert.deepEqual([opened.dataset.name, opened.dataset.classes], ['planted', 10]);
  const groups = [group({ name: 'inputs', size: 256 }), group({ size: 8, first_unit: 256 }), group({ size: 10, gated: false })];
  const network = { units: 264, groups, layers: LAYERS };
  const kept = fromOpened(opened, network);
  assert.deepEqual([kept.step, kept.steps, kept.software], [60, 60, true]);
  assert.match(kept.command ?? '', /^lacuna train --dataset planted/);
  assert.equal(
    kept.informative?.reduce((sum, carries) => sum + carries, 0),
    32,
  );
  assert.deepEqual(
    kept.rows.map(({ step }) => step),
    Array.from({ length: 60 }, (_, step) => step),
  );
  assert(kept.rows.every(({ values }) => values.every(Number.isFinite)));
  assert((kept.tests.at(-1)?.decided ?? NaN) > 0.1 && kept.history.moments.length > 30);
  for (const { step, scores, kept: counts, mask } of kept.history.moments) {
    assert.deepEqual([scores.length, counts.length], [264, groups.length]);
    for (const [index, { first_unit, size, gated }] of groups.entries()) {
      // Before the first step nothing is drawn yet.
      if (gated && step > 0)
        assert.equal(
          mask.subarray(first_unit, first_unit + size).reduce((sum, bits) => sum + (bits & 1), 0),
          counts[index],
          'counts are those of the masks',
        );
    }
  }
  // All units are on the device: scores, their moments, weights and velocities, and what scores would be without pins.
  assert.deepEqual([...(kept.state?.sizes ?? [])], [256, 8, 10]);
  assert.equal(kept.state?.floats.length, 264 * 3 + 2 * (257 * 8 + 9 * 10) + 264);
  assert.deepEqual(fromOpened(open(toBytes(kept, network)), network), kept, 'and comes back when the page writes it');
});

/** The file of a run in which something was changed. */
function edited(edit: (layout: Layout) => void): Uint8Array {
  const layout = read(toBytes(run(), NETWORK));
  edit(layout);
  return write(layout);
}
const refused = (bytes: Uint8Array, words: RegExp, network = NETWORK): void =>
  assert.throws(
    () => fromOpened(open(bytes), network),
    (error) => (error instanceof Refused && words.test(error.message)) || assert.fail(`${words}: ${String(error)}`),
  );

test('files that are no runs, or of another version, are refused in words', () => {
  refused(
    edited(({ metadata }) => delete metadata['format']),
    /holds tensors, but not of a run/,
  );
  refused(
    edited(({ metadata }) => (metadata['format'] = 'other')),
    /not of a run/,
  );
  refused(
    edited(({ metadata }) => delete metadata['link']),
    /not of a run/,
  );
  refused(
    edited(({ metadata }) => (metadata['format'] = 'lacuna run 9')),
    /is of another version, “lacuna run 9”; this page reads “lacuna run 1”/,
  );
});

test('words that say nothing are refused by what they were to say', () => {
  const cases: [string, string | null, RegExp][] = [
    ['dataset', null, /does not say its dataset/],
    ['dataset', '{', /does not say its dataset/],
    ['dataset', '{}', /what its data were/],
    ['dataset', '{"name":7,"train":1,"test":1,"classes":1,"channels":1,"width":1,"height":1}', /what its data were/],
    ['dataset', '{"name":"x","train":0,"test":1,"classes":1,"channels":1,"width":1,"height":1}', /what its data were/],
    ['dataset', '{"name":"x","train":4294967296,"test":1,"classes":1,"channels":1,"width":1,"height":1}', /what its data were/],
    ['dataset', '{"name":"x","train":1,"test":1,"classes":1,"channels":1,"width":1,"height":1,"sum":"<b>"}', /what its data were/],
    ['changes', '7', /changed on the way/],
    ['changes', '[[1,2,3]]', /changed on the way/],
    ['changes', '[[0.5,"a","b"]]', /changed on the way/],
    ['changes', null, /does not say its changes/],
    ['step', null, /does not say its step/],
    ['step', '-1', /does not say its step/],
    ['step', 'many', /does not say its step/],
    ['step', '9000', /more steps done, 9000, than there are, 100/],
    ['steps_per_epoch', '0', /does not say its steps per epoch/],
    ['curves_width', '0', /does not say its curves width/],
    ['seconds', 'NaN', /does not say its seconds/],
    ['history_capacity', '5000', /has a history of 5000 columns/],
    ['history_capacity', '64.5', /has a history of 64\.5 columns/],
    ['history_stride', '0', /does not say its history stride/],
    ['state', '{', /does not say its state/],
    ['state', '{}', /does not say its state/],
    ['state', '{"evaluations":-1,"selected":false,"chosen_at":null,"cost":[0,0,0,0]}', /does not say its state/],
    ['state', '{"evaluations":1,"selected":false,"chosen_at":null,"cost":[0,0,0]}', /does not say its state/],
  ];
  for (const [name, value, words] of cases) {
    refused(
      edited(({ metadata }) => {
        if (value === null) delete metadata[name];
        else metadata[name] = value;
      }),
      words,
    );
  }
});

test('tensors that are missing, of another type, of another shape or of no number are refused by name', () => {
  const whole = [...read(toBytes(run(), NETWORK)).tensors.keys()];
  for (const name of whole.filter((each) => !['decided_mask', 'informative'].includes(each))) {
    // What is left of a layer's neighbour is of another shape, where its own weights are gone.
    refused(
      edited(({ tensors }) => tensors.delete(name)),
      new RegExp(name.replaceAll('.', '\\.').replace(/^weights.*/, 'weights\\.')),
    );
  }
  for (const [name, value, words] of [
    ['scores', tensor(new Float32Array(9)), /has scores as F32 of \[9\], not F32 of \[10\]/],
    ['scores', tensor(new Float64Array(10)), /has scores as F64 of \[10\], not F32 of \[10\]/],
    ['scores', tensor(new Float32Array(10).fill(3)), /keep-probabilities/],
    ['scores', tensor(new Float32Array(10).fill(-0.1)), /keep-probabilities/],
    ['scores', tensor(new Float32Array(10).fill(NaN)), /holds in scores what is no finite number/],
    ['mask', tensor(new Uint8Array(10), 5, 2), /has mask as U8 of \[5, 2\]/],
    ['weights.0', tensor(new Float32Array(28).fill(Infinity), 7, 4), /holds in weights\.0 what is no finite number/],
    ['velocity.1', tensor(new Float32Array(15), 3, 5), /has velocity\.1 as F32 of \[3, 5\], not F32 of \[5, 3\]/],
    ['numbers', tensor(new Uint32Array(11)), /no numbers of one dimension, at most 10 long/],
    ['numbers', tensor(Uint32Array.of(0, 1, 1, 3, 4, 5, 6, 7, 8, 9)), /which units are on the device/],
    ['numbers', tensor(Uint32Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 10)), /which units are on the device/],
    ['curves.step', tensor(new Uint32Array(5000)), /no curves\.step of one dimension, at most 4096 long/],
    ['curves.step', tensor(Uint32Array.from({ length: 20 }, (_, index) => 20 - index)), /curves whose steps do not follow one another/],
    ['curves.step', tensor(Uint32Array.from({ length: 20 }, (_, index) => index + 5)), /curves whose steps do not follow one another/],
    ['tests.step', tensor(Uint32Array.of(21)), /tests whose steps do not follow one another/],
    ['history.step', tensor(Uint32Array.of(0, 10, 5)), /a history whose moments do not follow one another/],
  ] as const)
    refused(
      edited(({ tensors }) => tensors.set(name, value)),
      words,
    );
});

test('a run of another network than its link names is refused', () => {
  const other = { units: 11, groups: [group({ size: 7 }), group({ first_unit: 7 }), group({ gated: false, size: 3 })], layers: LAYERS };
  refused(toBytes(run(), NETWORK), /has scores as F32 of \[10\], not F32 of \[11\]/, other);
});

test('bytes that were changed by chance are read or refused, and nothing else', () => {
  const whole = toBytes(run(), NETWORK);
  for (let turn = 0; turn < 1500; turn++) {
    const bytes = whole.slice();
    for (let change = 0; change < 3; change++) bytes[Math.floor(next() * (turn % 2 === 0 ? bytes.length : 1500))] = Math.floor(next() * 256);
    try {
      fromOpened(open(bytes), NETWORK);
    } catch (error) {
      assert(error instanceof Refused, String(error instanceof Error ? error.stack : error));
    }
  }
});

test('changes on the way and what the description says of data go with the file', () => {
  const changes: Change[] = [
    [3, 'keep_ratio', '0.5'],
    [9, 'scores_rate', '0.01'],
  ];
  const sum = 'ab'.repeat(32);
  const found = again(run({ changes, dataset: { ...description().dataset, sum } }));
  assert.deepEqual([found.changes, found.dataset.sum], [changes, sum]);
});
