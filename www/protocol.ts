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

/** A row of units: the inputs, a hidden layer, the classes. */
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
}

/** What a run is: it does not change until the next one is opened. */
export interface Description {
  adapter: string;
  backend: string;
  software: boolean;
  units: number;
  weights: number;
  steps: number;
  steps_per_epoch: number;
  groups: Group[];
  dataset: { name: string; train: number; test: number; classes: number; channels: number; width: number; height: number };
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
  step_ms: number;
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

/** Where a run stands. `loading` also means: wants to train, waits for data. */
export type RunState = 'idle' | 'loading' | 'training' | 'paused' | 'finished' | 'halted' | 'error';

/** What stopped the engine. `webgpu`: there is none here; `lost`: the device went away; `engine`: anything else. */
export type Failure = 'webgpu' | 'lost' | 'engine';

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
  | { kind: 'change'; name: string; value: string }
  /** At most so many steps a second; 0 for as many as the device can do. */
  | { kind: 'pace'; steps_per_second: number };

/** From the worker to the page. What belongs to a run carries its number, so that news of an old run can be told apart. */
export type Report =
  | { kind: 'knobs'; knobs: Knob[] }
  /** The values that a link stands for; `refused` says why the link itself could not be read. */
  | { kind: 'values'; values: Values; query: string; refused: string | null }
  | { kind: 'linked'; ticket: number; query: string }
  | { kind: 'refused'; ticket: number; message: string }
  /** A live setting that this run does not take: it waits for the next one. */
  | { kind: 'unchanged'; run: number; name: string }
  | { kind: 'progress'; run: number; stage: string; done: number; of: number }
  | { kind: 'opened'; run: number; description: Description; query: string }
  | { kind: 'state'; run: number; state: RunState }
  | { kind: 'snapshot'; run: number; snapshot: Snapshot }
  | { kind: 'evaluated'; run: number; evaluation: Evaluation; whole: boolean }
  | { kind: 'speed'; run: number; speed: Speed }
  | { kind: 'failed'; run: number; failure: Failure; message: string };
