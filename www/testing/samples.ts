// Inputs of unit tests: a small network, its run and its recorded steps. A test may replace fields of each.

import { CURVES } from '../protocol/columns';
import type { Entrant, Description, Evaluation, Group, Setting, Layer, MethodName, Snapshot, StepRecord, Values } from '../protocol/messages';
import type { ListedRun } from '../model/runs';
import { Curves } from '../model/curves';

export const group = (more: Partial<Group> = {}): Group => ({
  name: 'hidden 1',
  size: 4,
  gated: true,
  first_unit: 0,
  price: 1,
  width: 0,
  height: 0,
  channels: 0,
  union_of: null,
  map_width: 1,
  map_height: 1,
  ...more,
});

/** Six inputs, four hidden units, three classes; inputs and hidden units are gated. */
export const GROUPS: Group[] = [
  group({ name: 'inputs', size: 6, width: 3, height: 2, channels: 1 }),
  group({ first_unit: 6 }),
  group({ name: 'classes', size: 3, gated: false, first_unit: 10 }),
];
export const LAYERS: Layer[] = [
  { taps: 1, extra: 1, pixels: 1, from: 0, to: 1 },
  { taps: 1, extra: 1, pixels: 1, from: 1, to: 2 },
];

export const description = (more: Partial<Description> = {}): Description => ({
  model: 'mlp-4',
  batch_size: 8,
  units: 10,
  weights: 43,
  multiply_adds: 258,
  bytes: { data: 100, activations: 200, weights: 300, optimiser: 400 },
  dense_bytes: 800,
  groups: GROUPS,
  layers: LAYERS,
  filters: null,
  dataset: { name: 'planted', train: 80, test: 20, classes: 3, channels: 1, width: 3, height: 2, own: null },
  adapter: 'an adapter',
  backend: 'none',
  software: true,
  computes: 'cpu',
  steps: 100,
  steps_per_epoch: 10,
  has_timestamps: false,
  informative: null,
  kernels: 'convolve=8x16,d_activations=8x16,d_weights=8x8',
  history_columns: 64,
  ...more,
});

export const record = (step: number, more: Partial<StepRecord> = {}): StepRecord => ({
  step,
  epoch: step / 10,
  loss: 2,
  probe_loss: 3,
  accuracy: 0.5,
  sum_scores: 5,
  budget: 5,
  threshold: 0.1,
  gradient_norm: 1,
  learning_rate: 0.1,
  scores_rate: 0.05,
  multiply_adds: 1000 * (step + 1),
  seconds: 0.5 * (step + 1),
  ...more,
});

/** Steps as rows of the curves, as the engine tells them. */
export const rows = (records: StepRecord[]): Float64Array =>
  Float64Array.from(records.flatMap((each) => [1, each.step, ...CURVES.map(({ name }) => each[name])]));

export const snapshot = (step: number, more: Partial<Snapshot> = {}): Snapshot => ({
  step,
  steps: 100,
  epoch: step / 10,
  finished: false,
  halted: null,
  scores: new Float32Array(10),
  decided: new Uint8Array(10),
  shades: new Uint8Array(10),
  mask: new Uint8Array(10),
  kept: new Uint32Array(3),
  probe_kept: new Uint32Array(3),
  budget: 5,
  sum_scores: 5,
  threshold: 0,
  records: step > 0 ? [record(step - 1)] : [],
  cost: { forward: 0, backward: 0, structure: 0, near_dense: 0 },
  step_ms: 1,
  units_in_memory: 10,
  network_bytes: 900,
  recorded: { from: Math.max(0, step - 1), rows: rows(step > 0 ? [record(step - 1)] : []), column: step, stride: 1 },
  ...more,
});

export const evaluation = (more: Partial<Evaluation> = {}): Evaluation => ({
  step: 100,
  images: 10_000,
  decided: 0.9,
  sampled: 0.8,
  loss: 0.3,
  kept: [6, 4],
  ...more,
});

export const entrant = (name: string, more: Partial<Entrant> = {}): Entrant => ({
  name,
  method: name as MethodName,
  presets: {},
  convolutional_presets: {},
  made_by: {},
  is_allocated: false,
  ...more,
});

export const setting = (name: string, value = '', live = false): Setting => ({ name, label: name, help: '', live, value, kind: { type: 'text' } });

export const run = (number: number, values: Values = {}, more: Partial<ListedRun> = {}): ListedRun => ({
  number,
  slot: 0,
  values: { method: 'vrpge', seed: String(number), ...values },
  replaced: {},
  description: description(),
  curves: new Curves(),
  evaluation: null,
  cost: { forward: 0, backward: 0, structure: 0, near_dense: 0 },
  bytes: 0,
  speed: null,
  state: 'finished',
  ...more,
});

/** Numbers that look random and are the same each time, from 0 up to 1. */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
