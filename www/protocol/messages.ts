// What the page and its worker say to each other, and the plain numbers in it. The page sees nothing else of the engine.

export type KnobKind =
  | { type: 'number'; min: number; max: number; logarithmic: boolean }
  | { type: 'count'; min: number; max: number }
  | { type: 'choice'; choices: [name: string, label: string][] }
  | { type: 'switch' }
  | { type: 'text' };

/** What takes part in a comparison: a method or a variant of one. */
export interface Contender {
  name: string;
  method: string;
  /** Settings that let it show its best. */
  presets: Values;
  /** What makes it this variant. */
  made_by: Values;
  /** Keeps as many units of each gated group as the run of vrpge before it ended with. */
  is_allocated: boolean;
}

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

/** The visitor's own data, as it was read. */
export interface OwnData {
  name: string;
  /** What it is, as half a sentence. */
  words: string;
  /** What was done to its values, as a sentence; empty where nothing was. */
  note: string;
  train: number;
  test: number;
  /** Whether its test rows are its own, not drawn from all. */
  has_test: boolean;
  is_image: boolean;
  /** Names, by label. */
  classes: string[];
  /** Of its rows and labels, in hexadecimal: tells it from others of the same shape. */
  sum?: string;
}

/** The data that a run learned from, by the name of their files where they are the visitor's own. */
export type Shown = Plan['dataset'] & { sum?: string | null | undefined };

/** The same with its rows: of the training or of all, and of the test, none where these are to be drawn. */
export interface OwnSet {
  about: OwnData;
  shape: [channels: number, height: number, width: number];
  /** [N, I] */
  inputs: Uint8Array;
  /** [N] */
  labels: Uint8Array;
  test_inputs: Uint8Array;
  test_labels: Uint8Array;
}

/** From the panel of own data to the worker that reads them; `label`: the column of the class in a table (auto, first, last). */
export interface OwnRequest {
  files: OwnFile[];
  label: string;
}

export type OwnReport = { kind: 'progress'; done: number; of: number } | { kind: 'set'; set: OwnSet } | { kind: 'refused'; message: string };

/** A file of the visitor's; the path is within what was given. */
export interface OwnFile {
  path: string;
  file: File;
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
  /** What a run of the whole network takes, dense, without the data. */
  dense_bytes: number;
  groups: Group[];
  layers: Layer[];
  /** The first convolution's, where the network begins with one. */
  filters: { group: number; side: number; channels: number; count: number } | null;
  dataset: { name: string; train: number; test: number; classes: number; channels: number; width: number; height: number; own: OwnData | null };
}

/** What a run is: it does not change until the next one is opened. */
export interface Description extends Plan {
  adapter: string;
  backend: string;
  software: boolean;
  /** A GPU through WebGPU, or the page's own CPU engine. */
  computes: 'gpu' | 'cpu';
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
  /** What the network, and a copy that is asked for masks, take of the device's memory now, without the data. */
  network_bytes: number;
}

/** A part of a step, as the device takes it. */
export type Stage = 'choose' | 'sample' | 'losses' | 'gradient' | 'project' | 'backward' | 'weights';

/** What stands after a part of a step. */
export interface Walked {
  stage: Stage;
  /** What is yet to be done, in order; the step is finished where nothing is. */
  left: Stage[];
  /** Its record, of this step, is filled in as far as the step has come. */
  snapshot: Snapshot;
  /** [U] after the gradient: g. After the weights: how far those that lead to a unit moved, root mean square. */
  values: Float32Array | null;
  /** [U] after the projection: the scores before the step, and before the projection. */
  before: Float32Array | null;
  stepped: Float32Array | null;
}

/** How the loss differs with a unit on and off, everything else as in m. */
export interface UnitCost {
  unit: number;
  /** Mean over batches of the loss with it on less that with it off, and its standard error. */
  difference: number;
  error: number;
  on: number;
  off: number;
  batches: number;
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

/** What it takes to go on with a run, as the engine has it: counts, numbers and bits of units, tensors; and the groups' sizes on the device. */
export interface State {
  counts: Float64Array;
  integers: Uint32Array;
  floats: Float32Array;
  sizes: Uint32Array;
}

/** A live setting that was changed before the step of that number. */
export type Change = [step: number, name: string, value: string];

/** From where a run goes on. */
export interface Resumed {
  state: State;
  changes: Change[];
}

/** What the network makes of one image, as far as that is known. */
export interface Classified {
  /** Of the run when it was asked. */
  step: number;
  /** [classes] probabilities under the decided mask. */
  decided: Float32Array;
  /** [masks, classes] under sampled masks. */
  sampled: Float32Array;
  contributions: Contributions | null;
}

/** How much smaller log p(class) becomes when a square of pixels stands at its mean. */
export interface Contributions {
  class: number;
  /** Of a square, in pixels. */
  side: number;
  across: number;
  down: number;
  /** [down, across]; NaN where not known yet, 0 where nothing of the square is kept. */
  values: Float32Array;
}

/**
 * Where a run stands. `loading` also means: wants to train, waits for data; `held`: not opened, because it would take much memory and
 * nobody has asked for it yet; `replay`: recorded, and looked at without an engine.
 */
export type RunState = 'held' | 'idle' | 'loading' | 'training' | 'paused' | 'finished' | 'halted' | 'replay' | 'error';

/**
 * What stopped the engine. `lost`: the device went away; `large`: the network does not fit the device;
 * `refused`: the link asks for what cannot be; `own`: it asks for data that stayed with their owner; `crashed`: the engine itself broke;
 * `engine`: anything else.
 */
export type Failure = 'lost' | 'large' | 'refused' | 'own' | 'crashed' | 'engine';

/** What the device does when it does not simply train on: the first step, the comparison with a dense step, a test. */
export type Task = 'step' | 'speed' | 'test';

/** From the page to the worker. */
export type Request =
  /** Load the engine; `data` is the absolute address of the data folder. `fallback` is read where the link is empty, by what computes. */
  | { kind: 'start'; query: string; fallback: Record<Description['computes'], string>; data: string }
  /** Check values and write them as a link. */
  | { kind: 'link'; ticket: number; values: Values }
  /** Read a link without opening it. */
  | { kind: 'read'; query: string }
  /** Open a new run, or one that goes on, with the data that it was shown before. */
  | { kind: 'open'; run: number; query: string; train: boolean; resumed?: Resumed; shown?: Shown }
  /** Load the engine, in the place of one that broke. */
  | { kind: 'wake'; data: string }
  /** Give the device back. */
  | { kind: 'close' }
  /** Say what it takes to go on from here. */
  | { kind: 'keep' }
  /** What is kept by a link, with what was changed, shown data of that shape: rows to train and to test, channels, height, width, classes. */
  | { kind: 'describe'; ticket: number; query: string; changes: Change[]; shown: Uint32Array }
  | { kind: 'train' }
  | { kind: 'pause' }
  | { kind: 'step' }
  /** Pause, and take the next part of a step. */
  | { kind: 'phase' }
  /** Pause nothing; measure what a unit is worth. */
  | { kind: 'cost'; unit: number }
  /** Compare with a dense step now, whatever it costs. */
  | { kind: 'measure' }
  /** Pause, freeze the network, and draw pairs of masks until there are so many; 0 stops. */
  | { kind: 'draw'; pairs: number }
  /** One image of the test set. */
  | { kind: 'example'; index: number }
  /** Classify an image of [I] bytes, now and while the run goes on; null ends that. */
  | { kind: 'classify'; ticket: number; image: Uint8Array | null }
  /** The visitor's own data, as they were read; `given` numbers what was given in this tab. */
  | { kind: 'own'; set: OwnSet; given: number }
  | { kind: 'change'; name: string; value: string }
  /** At most so many steps a second; 0 for as many as the device can do. */
  | { kind: 'pace'; steps_per_second: number };

/** From the worker to the page. What belongs to a run carries its number, so that news of an old run can be told apart. */
export type Report =
  | { kind: 'knobs'; knobs: Knob[]; contenders: Contender[] }
  /** The values that a link stands for, the page's own at its start or one that it asked to `read`; `refused` says why the link itself could not be read. */
  | { kind: 'values'; asked: 'start' | 'read'; values: Values; query: string; refused: string | null }
  | { kind: 'linked'; ticket: number; query: string; plan: Plan }
  | { kind: 'refused'; ticket: number; message: string }
  | { kind: 'described'; ticket: number; plan: Plan; values: Values; began: Values; query: string }
  /** Now and then, and when it is asked for. */
  | { kind: 'kept'; run: number; state: State; changes: Change[] }
  /** A live setting that this run does not take: it waits for the next one. */
  | { kind: 'unchanged'; run: number; name: string }
  | { kind: 'progress'; run: number; stage: string; done: number; of: number }
  /** The browser does not keep a data file for days without a network. */
  | { kind: 'unkept'; run: number; message: string }
  /** The network that is about to be opened. */
  | { kind: 'planned'; run: number; plan: Plan }
  | { kind: 'opened'; run: number; description: Description; query: string }
  | { kind: 'state'; run: number; state: RunState }
  | { kind: 'snapshot'; run: number; snapshot: Snapshot }
  | { kind: 'walked'; run: number; walked: Walked }
  /** `refused`: why there is no cost, in words. */
  | { kind: 'cost'; run: number; unit: number; cost: UnitCost | null; refused: string | null }
  | { kind: 'evaluated'; run: number; evaluation: Evaluation; whole: boolean }
  | { kind: 'speed'; run: number; speed: Speed }
  /** The comparison with a dense step costs more than is taken unasked. */
  | { kind: 'costly'; run: number; ms: number; bytes: number }
  /** [count, channels, side, side] of the first convolution. */
  | { kind: 'filters'; run: number; weights: Float32Array }
  /** `report` comes with some of the news; null: it is as before. */
  | { kind: 'lab'; run: number; progress: LabProgress; report: LabReport | null }
  | { kind: 'lab_refused'; run: number; message: string }
  | { kind: 'example'; run: number; index: number; inputs: Uint8Array; label: number }
  | { kind: 'classified'; run: number; ticket: number; found: Classified }
  | { kind: 'classify_refused'; run: number; message: string }
  | { kind: 'owned'; own: OwnData; given: number }
  | { kind: 'own_refused'; message: string }
  /** What the device is at, and about how long that lasts; null: it goes on as usual. */
  | { kind: 'busy'; run: number; task: Task | null; ms: number | null }
  | { kind: 'failed'; run: number; failure: Failure; message: string };

/** What a kernel showed against its CPU twin, in one scene or over all. */
export interface CheckKernel {
  name: string;
  passed: boolean;
  /** Largest error over the largest number of the buffer it stood in; infinite where an integer differs. */
  worst: number;
  /** 0: integers alone, which must agree bit for bit. */
  tolerance: number;
  dispatches: number;
  /** Where the largest error stood. */
  place: string;
}

/** A small network at awkward sizes, and what its kernels showed. */
export interface CheckScene {
  scene: string;
  network: string;
  passed: boolean;
  kernels: CheckKernel[];
}

export interface CheckResult {
  adapter: string;
  backend: string;
  driver: string;
  software: boolean;
  kernels: CheckKernel[];
}

/** From the self-check's worker to its panel. */
export type CheckReport =
  | { kind: 'progress'; stage: string; done: number; of: number }
  | { kind: 'scene'; scene: CheckScene; done: number; of: number }
  | { kind: 'done'; result: CheckResult }
  | { kind: 'failed'; message: string };
