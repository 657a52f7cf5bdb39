// What the page and its worker say to each other, and the plain numbers in it. The page sees nothing else of the engine.

export type KnobKind =
  | { type: 'number'; min: number; max: number; logarithmic: boolean }
  | { type: 'count'; min: number; max: number }
  | { type: 'choice'; choices: [name: string, label: string][] }
  | { type: 'switch' }
  | { type: 'text' };

/** One setting of an experiment, as the engine's one table describes it. */
export interface Knob {
  name: string;
  label: string;
  help: string;
  /** Whether it may change while a run goes on. */
  live: boolean;
  /** The default. */
  value: string;
  kind: KnobKind;
}

/** Every setting's value as text, by name. */
export type Values = Record<string, string>;

/** A row of units: the inputs, a hidden layer, a convolution's channels, the classes. */
export interface Group {
  name: string;
  size: number;
  gated: boolean;
  /** Index of its first unit in the scores; without meaning where the group is not gated. */
  first_unit: number;
  /** The shape to draw, the colours of an image one below the other; 0 where the units have no order in space. */
  width: number;
  height: number;
  /** How many colours that are. */
  channels: number;
  /** A sum keeps what either of two groups before it keeps, unit by unit; it has no scores of its own. */
  union_of: [number, number] | null;
  /** Of what one unit is at this place in the network: a channel's image, or 1 by 1. */
  map_width: number;
  map_height: number;
}

/** Weights from one group to another: for each tap of a kernel a row for each input, and `extra` rows; used at so many pixels. */
export interface Layer {
  taps: number;
  extra: number;
  pixels: number;
  from: number;
  to: number;
}

/** Of memory on the device. */
export interface Bytes {
  data: number;
  activations: number;
  weights: number;
  optimiser: number;
}

/** A network and what it takes, known before anything is taken. */
export interface Plan {
  model: string;
  batch_size: number;
  units: number;
  weights: number;
  /** Of a dense step. */
  multiply_adds: number;
  bytes: Bytes;
  groups: Group[];
  layers: Layer[];
  /** The first convolution's, where the network begins with one. */
  filters: { group: number; side: number; channels: number; count: number } | null;
  dataset: { name: string; train: number; test: number; classes: number; channels: number; width: number; height: number };
}

/** What a run is: it does not change until the next one is opened. */
export interface Description extends Plan {
  adapter: string;
  backend: string;
  software: boolean;
  steps: number;
  steps_per_epoch: number;
  has_timestamps: boolean;
  /** Planted data only: 1 where an input carries the class. */
  informative: Uint8Array | null;
}

/** One training step, as numbers. */
export interface StepRecord {
  step: number;
  epoch: number;
  loss: number;
  /** NaN for methods with one forward pass. */
  probe_loss: number;
  /** Of the batch. */
  accuracy: number;
  sum_scores: number;
  budget: number;
  threshold: number;
  gradient_norm: number;
  learning_rate: number;
  scores_rate: number;
  /** Executed up to and including this step, choosing masks included. */
  multiply_adds: number;
  /** Of training, from the end of the first step on, which also compiles. */
  seconds: number;
}

/** Multiply-adds that were executed, counted from the units that each step kept. */
export interface Cost {
  forward: number;
  backward: number;
  /** Of passes that only served to choose a mask. */
  structure: number;
  /** Of all these, those in passes of more than half the work of the dense net's. */
  near_dense: number;
}

/** The run at one moment. */
export interface Snapshot {
  step: number;
  steps: number;
  /** Passes over the training set, with fractions. */
  epoch: number;
  finished: boolean;
  /** Why the run stopped by itself, in words. */
  halted: string | null;
  /** [U] */
  scores: Float32Array;
  /** [U]; bit 0: kept by m, bit 1: kept by m′. */
  mask: Uint8Array;
  /** [G] under m. */
  kept: Uint32Array;
  /** [G] under m′. */
  probe_kept: Uint32Array;
  budget: number;
  sum_scores: number;
  threshold: number;
  /** The steps since the snapshot before. */
  records: StepRecord[];
  /** Of the whole run so far. */
  cost: Cost;
  step_ms: number;
  /** Units that are still on the device: fewer once those that are off for good were dropped. */
  units_held: number;
  /** What the network takes of the device's memory now, without the data. */
  network_bytes: number;
}

export const KEPT = 1;
export const PROBE_KEPT = 2;

export interface Evaluation {
  step: number;
  images: number;
  decided: number;
  sampled: number;
  loss: number;
}

export interface Speed {
  sparse_ms: number;
  dense_ms: number;
  /** dense / sparse, measured. */
  ratio: number;
  /** dense / sparse, in multiply-adds. */
  predicted: number;
  steps: number;
  phases: { name: string; sparse_ms: number; dense_ms: number }[];
  adapter: string;
  how: string;
}

/** What units have in common under one estimator. */
export interface Summary {
  /** |mean − truth| / |truth|, and what chance alone makes of that. */
  bias: number;
  bias_chance: number;
  variance: number;
  /** What the paper's bound allows, where there is one. */
  bound: number | null;
  signal_to_noise: number;
}

/** One estimator at one α. */
export interface LabRow extends Summary {
  estimator: string;
  alpha: number;
  /** Pairs of masks, or single ones. */
  samples: number;
  verdict: string;
  /** Of the angle between one gradient and the true one. */
  cosine: number;
  cosine_error: number;
  /** Units by their s. */
  bins: ({ low: number; high: number; units: number } & Partial<Summary>)[];
}

/** What pairs of masks say of each estimator on a frozen network. */
export interface LabReport {
  step: number;
  pairs: number;
  units: number;
  undecided_units: number;
  /** All masks, where the true gradient is exact because all were tried. */
  enumerated_masks: number | null;
  /** Masks behind the true gradient, and its standard error as a share of it. */
  truth_masks: number;
  truth_error: number;
  rows: LabRow[];
}

/** How far the drawing is. */
export interface LabProgress {
  /** At which the network was frozen. */
  step: number;
  pairs: number;
  of: number;
  /** That are yet to be tried before the true gradient is exact. */
  masks_left: number;
  drawing: boolean;
}

/**
 * Where a run stands. `loading` also means: wants to train, waits for data; `held`: not opened, because it would take much memory and
 * nobody has asked for it yet.
 */
export type RunState = 'held' | 'idle' | 'loading' | 'training' | 'paused' | 'finished' | 'halted' | 'error';

/**
 * What stopped the engine. `webgpu`: there is none here; `lost`: the device went away; `large`: the network does not fit the device;
 * `refused`: the link asks for what cannot be; `engine`: anything else.
 */
export type Failure = 'webgpu' | 'lost' | 'large' | 'refused' | 'engine';

/** What the device does when it does not simply train on: the first step, the comparison with a dense step, a test. */
export type Task = 'step' | 'speed' | 'test';

/** From the page to the worker. */
export type Request =
  /** Load the engine; `data` is the absolute address of the data folder. `fallback` is read where the link is empty. */
  | { kind: 'start'; query: string; fallback: string; data: string }
  /** Check values and write them as a link. */
  | { kind: 'link'; ticket: number; values: Values }
  /** Read a link without opening it. */
  | { kind: 'read'; query: string }
  /** Open a new run. */
  | { kind: 'open'; run: number; query: string; train: boolean }
  | { kind: 'train' }
  | { kind: 'pause' }
  | { kind: 'step' }
  /** Compare with a dense step now, whatever it costs. */
  | { kind: 'measure' }
  /** Pause, freeze the network, and draw pairs of masks until there are so many; 0 stops. */
  | { kind: 'draw'; pairs: number }
  | { kind: 'change'; name: string; value: string }
  /** At most so many steps a second; 0 for as many as the device can do. */
  | { kind: 'pace'; steps_per_second: number };

/** From the worker to the page. What belongs to a run carries its number, so that news of an old run can be told apart. */
export type Report =
  | { kind: 'knobs'; knobs: Knob[] }
  /** The values that a link stands for; `refused` says why the link itself could not be read. */
  | { kind: 'values'; values: Values; query: string; refused: string | null }
  | { kind: 'linked'; ticket: number; query: string; plan: Plan }
  | { kind: 'refused'; ticket: number; message: string }
  /** A live setting that this run does not take: it waits for the next one. */
  | { kind: 'unchanged'; run: number; name: string }
  | { kind: 'progress'; run: number; stage: string; done: number; of: number }
  /** The network that is about to be opened. */
  | { kind: 'planned'; run: number; plan: Plan }
  | { kind: 'opened'; run: number; description: Description; query: string }
  | { kind: 'state'; run: number; state: RunState }
  | { kind: 'snapshot'; run: number; snapshot: Snapshot }
  | { kind: 'evaluated'; run: number; evaluation: Evaluation; whole: boolean }
  | { kind: 'speed'; run: number; speed: Speed }
  /** The comparison with a dense step costs more than is taken unasked. */
  | { kind: 'costly'; run: number; ms: number; bytes: number }
  /** [count, channels, side, side] of the first convolution. */
  | { kind: 'filters'; run: number; weights: Float32Array }
  /** `report` comes with some of the news; null: it is as before. */
  | { kind: 'lab'; run: number; progress: LabProgress; report: LabReport | null }
  | { kind: 'lab_refused'; run: number; message: string }
  /** What the device is at, and about how long that lasts; null: it goes on as usual. */
  | { kind: 'busy'; run: number; task: Task | null; ms: number | null }
  | { kind: 'failed'; run: number; failure: Failure; message: string };
