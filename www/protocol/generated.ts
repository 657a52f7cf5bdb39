// Written from src/web by `npm run generate`. Do not edit it: a unit test of the library compares.

/** Bits of a unit's byte in a mask. */
export const KEPT = 1;
export const PROBE_KEPT = 2;

/** The method of an experiment that names none. */
export const DEFAULT_METHOD: MethodName = 'vrpge';

/** What each method does, in the order of the controls. */
export const METHOD_FACTS: Record<MethodName, MethodFacts> = {
  'vrpge': {
    forwards: 2,
    learns_scores: true,
    chooses: false,
    computes_all: false,
    starts_whole: true,
    settings: ['keep_ratio', 'schedule', 'keep_start', 'anneal_fraction', 'estimator', 'alpha', 'scores_optimizer', 'scores_rate', 'select_masks', 'pins', 'compact'],
  },
  'reinforce': {
    forwards: 1,
    learns_scores: true,
    chooses: false,
    computes_all: false,
    starts_whole: true,
    settings: ['keep_ratio', 'schedule', 'keep_start', 'anneal_fraction', 'alpha', 'scores_optimizer', 'scores_rate', 'select_masks', 'pins', 'compact'],
  },
  'ste': {
    forwards: 1,
    learns_scores: true,
    chooses: false,
    computes_all: true,
    starts_whole: true,
    settings: ['keep_ratio', 'schedule', 'keep_start', 'anneal_fraction', 'scores_optimizer', 'scores_rate', 'select_masks', 'pins'],
  },
  'magnitude': {
    forwards: 1,
    learns_scores: false,
    chooses: true,
    computes_all: false,
    starts_whole: true,
    settings: ['keep_ratio', 'schedule', 'keep_start', 'anneal_fraction', 'structure_every', 'compact'],
  },
  'set': {
    forwards: 1,
    learns_scores: false,
    chooses: true,
    computes_all: false,
    starts_whole: false,
    settings: ['keep_ratio', 'structure_every', 'drop_fraction', 'allocation'],
  },
  'rigl': {
    forwards: 1,
    learns_scores: false,
    chooses: true,
    computes_all: false,
    starts_whole: false,
    settings: ['keep_ratio', 'structure_every', 'drop_fraction', 'allocation'],
  },
  'snip': {
    forwards: 1,
    learns_scores: false,
    chooses: true,
    computes_all: false,
    starts_whole: false,
    settings: ['keep_ratio', 'compact'],
  },
  'static': {
    forwards: 1,
    learns_scores: false,
    chooses: false,
    computes_all: false,
    starts_whole: false,
    settings: ['keep_ratio', 'allocation', 'compact'],
  },
  'small-dense': {
    forwards: 1,
    learns_scores: false,
    chooses: false,
    computes_all: false,
    starts_whole: false,
    settings: ['keep_ratio', 'schedule', 'keep_start', 'anneal_fraction'],
  },
  'dense': {
    forwards: 1,
    learns_scores: false,
    chooses: false,
    computes_all: false,
    starts_whole: false,
    settings: [],
  },
};

/** Hears how far something is. */
export type Progress = (stage: string, done: number, of: number) => void;

/** What a setting may hold. */
export type SettingKind = {
  "type": "number";
  min: number;
  max: number;
  logarithmic: boolean;
} | {
  "type": "count";
  min: number;
  max: number;
} | {
  "type": "choice";
  choices: Array<[string, string]>;
} | {
  "type": "switch"
} | {
  "type": "text"
};

/** One setting of an experiment, as `config::SETTINGS` describes it. */
export type Setting = {
  name: string;
  label: string;
  help: string;
  /** Whether it may change while a run goes on. */
  live: boolean;
  /** The default. */
  value: string;
  kind: SettingKind;
};

/** Values of settings as text, by name. */
export type Values = Record<string, string>;

/** What takes part in a comparison: a method or a variant of one. */
export type Entrant = {
  name: string;
  method: MethodName;
  /** Settings that let it show its best. */
  presets: Values;
  /** Settings that make it this variant. */
  made_by: Values;
  /** Whether it keeps as many units of each gated group as the run of vrpge before it ended with. */
  is_allocated: boolean;
};

export type MethodName = 'vrpge' | 'reinforce' | 'ste' | 'magnitude' | 'set' | 'rigl' | 'snip' | 'static' | 'small-dense' | 'dense';

/** What the page has to know of a method before any engine is loaded: see `methods::Facts`. */
export type MethodFacts = {
  /** Forward passes of a training step: 1 under m, or 2 under m and m′. */
  forwards: number;
  learns_scores: boolean;
  /** Whether its mask is chosen now and then by ranking units. */
  chooses: boolean;
  /** Whether every unit is computed and multiplied by its mask. */
  computes_all: boolean;
  /** Whether its budget comes down along the schedule; the others begin with the one they end with. */
  starts_whole: boolean;
  /** The settings that mean something to it and not to every method. */
  settings: Array<string>;
};

/** A row of units: the inputs, a hidden layer, a convolution's channels, the classes. */
export type Group = {
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
  /** Size of one unit at this place in the network: a channel's image, or 1 by 1. */
  map_width: number;
  map_height: number;
};

/** Weights from one group to another: for each tap of a kernel a row for each input, and `extra` rows. */
export type Layer = {
  taps: number;
  extra: number;
  /** At how many pixels they are used. */
  pixels: number;
  from: number;
  to: number;
};

/** Memory on the device, in bytes. */
export type Bytes = {
  data: number;
  activations: number;
  weights: number;
  optimiser: number;
};

/** The first convolution of a network that begins with one. */
export type Filters = {
  /** The group of its outputs. */
  group: number;
  /** Of a kernel, in pixels. */
  side: number;
  channels: number;
  count: number;
};

/** The data of a plan, by their shape. */
export type DatasetShape = {
  name: string;
  /** Rows to train and to test. */
  train: number;
  test: number;
  classes: number;
  channels: number;
  width: number;
  height: number;
  own: OwnData | null;
};

/** A network and what it takes, known before anything is taken. */
export type Plan = {
  model: string;
  batch_size: number;
  units: number;
  weights: number;
  /** Of a dense step. */
  multiply_adds: number;
  bytes: Bytes;
  /** What a run of the whole network takes, dense, without the data. */
  dense_bytes: number;
  groups: Array<Group>;
  layers: Array<Layer>;
  filters: Filters | null;
  dataset: DatasetShape;
};

/** The network of a link, and whether it fits the device. */
export type Described = {
  plan: Plan;
  /** What is larger than a buffer may be, in words. */
  refused: string | null;
};

export type Computes = 'gpu' | 'cpu';

/** What a run is beside its plan. */
export type RunFacts = {
  adapter: string;
  backend: string;
  software: boolean;
  computes: Computes;
  steps: number;
  steps_per_epoch: number;
  has_timestamps: boolean;
  /** `[I]` Planted data only: 1 where an input carries the class. */
  informative: Uint8Array | null;
  /** Most columns of its history. */
  history_columns: number;
};

/** What a run is: it does not change until the next one is opened. */
export type Description = Plan & RunFacts;

/** A file of a data set, to be fed to a run. */
export type DataFile = {
  name: string;
  bytes: number;
};

/** One training step, as numbers. */
export type StepRecord = {
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
};

/** Multiply-adds that were executed, counted from the units that each step kept. */
export type Cost = {
  forward: number;
  backward: number;
  /** Of passes that only served to choose a mask. */
  structure: number;
  /** Of all these, those in passes of more than half the work of the dense network's. */
  near_dense: number;
};

/** The run at one moment. */
export type Snapshot = {
  step: number;
  steps: number;
  /** Passes over the training set, with fractions. */
  epoch: number;
  finished: boolean;
  /** Why the run stopped by itself, in words. */
  halted: string | null;
  /** `[U]` */
  scores: Float32Array;
  /** `[U]` s in 255 shades, of which 0 and 255 are exactly 0 and 1. */
  shades: Uint8Array;
  /** `[U]` bits: `KEPT` and `PROBE_KEPT`. Before the first step, the units that their scores decide for. */
  mask: Uint8Array;
  /** `[G]` units kept under m. */
  kept: Uint32Array;
  /** `[G]` units kept under m′. */
  probe_kept: Uint32Array;
  budget: number;
  sum_scores: number;
  threshold: number;
  /** The steps since the snapshot before. */
  records: Array<StepRecord>;
  /** Of the whole run so far. */
  cost: Cost;
  step_ms: number;
  /** Units that are still on the device: fewer once those that are off for good were dropped. */
  units_held: number;
  /** What the network, and a copy that is asked for masks, take of the device's memory now, without the data. */
  network_bytes: number;
  /** Null in the middle of a step, of which nothing is recorded. */
  recorded: Recorded | null;
};

export type StepPart = 'choose' | 'sample' | 'losses' | 'gradient' | 'project' | 'backward' | 'weights';

/** What stands after a part of a step. */
export type PartialStep = {
  stage: StepPart;
  /** What is yet to be done, in order; the step is finished where nothing is. */
  left: Array<StepPart>;
  /** Its record, of this step, is filled in as far as the step has come. */
  snapshot: Snapshot;
  /** `[U]` after the gradient: g. After the weights: how far those that lead to a unit moved, root mean square. */
  values: Float32Array | null;
  /** `[U]` after the projection: the scores before the step. */
  before: Float32Array | null;
  /** `[U]` after the projection: the scores before the projection. */
  stepped: Float32Array | null;
};

/** A run that diverged in the part of a step that was asked for. */
export type Halted = {
  snapshot: Snapshot;
};

/** What asking for the next part of a step leads to. */
export type NextPart = PartialStep | Halted;

/** How the loss differs with a unit on and off, everything else as in m. */
export type UnitCost = {
  unit: number;
  /** Mean over batches of the loss with it on less that with it off, and its standard error. */
  difference: number;
  error: number;
  /** Mean losses with it on and off. */
  on: number;
  off: number;
  batches: number;
};

/** A test: shares of the images that were classified rightly, and the loss. */
export type Evaluation = {
  step: number;
  images: number;
  /** Under the decided mask. */
  decided: number;
  /** Under a sampled mask. */
  sampled: number;
  /** Under the decided mask. */
  loss: number;
  /** Units of each gated group under the decided mask. */
  kept: Array<number>;
};

/** A test, and how many the run's file holds now: of more than it may hold, every second one is gone. */
export type Evaluated = {
  evaluation: Evaluation;
  tests: number;
};

/** What a phase of a step takes, in milliseconds. */
export type PhaseTime = {
  name: string;
  sparse_ms: number;
  dense_ms: number;
};

/** A step of a run beside a dense one. */
export type Speed = {
  sparse_ms: number;
  dense_ms: number;
  /** dense / sparse, measured. */
  ratio: number;
  /** dense / sparse, in multiply-adds. */
  predicted: number;
  steps: number;
  phases: Array<PhaseTime>;
  adapter: string;
  /** How it was measured, in words. */
  how: string;
};

/** What a moment changed of the run's curves, and where it stands in the run's history. */
export type Recorded = {
  /** Rows before this one stay as they are; all others are in `rows`. */
  from: number;
  /** Rows one after another: how many steps a row stands for, the last of them, and its `CURVES`. */
  rows: Float64Array;
  /** The column of the history. Columns between the last one and this one show the same moment. */
  column: number;
  /** Steps that a column stands for; where it doubled, every second column is gone. */
  stride: number;
};

/** A run as a file, to go on from. */
export type Checkpoint = {
  bytes: Uint8Array;
  step: number;
  /** Settings that were changed by then. */
  changes: Array<[number, string, string]>;
};

/** Data that a run learned from; the visitor's own by the name of their files. */
export type Shown = {
  name: string;
  /** Rows to train and to test. */
  train: number;
  test: number;
  channels: number;
  height: number;
  width: number;
  classes: number;
  /** Of the visitor's own data: tells them from others of the same shape. */
  sum: string | null;
};

/** The history of a file: C columns, one after another. */
export type Columns = {
  /** How many there may be. */
  capacity: number;
  /** Steps that a column stands for. */
  stride: number;
  /** `[C]` */
  steps: Uint32Array;
  /** `[C, U]` in the shades of a snapshot. */
  shades: Uint8Array;
  /** `[C, U]` bits as in a snapshot. */
  masks: Uint8Array;
  /** `[C, G]` */
  kept: Uint32Array;
  /** `[C, G]` */
  probe_kept: Uint32Array;
  /** `[C]` */
  budgets: Float32Array;
  /** `[C]` */
  sums: Float32Array;
};

/** What a run file holds, but for what it takes to go on. */
export type ReadRun = {
  plan: Plan;
  /** The link that it began with, and its settings. */
  query: string;
  began: Values;
  /** The same with what was changed on the way. */
  query_now: string;
  values: Values;
  changes: Array<[number, string, string]>;
  shown: Shown;
  version: string;
  /** How the program was called that wrote it. */
  command: string | null;
  adapter: string;
  software: boolean;
  /** Steps done, of the whole run, and of an epoch. */
  step: number;
  steps: number;
  steps_per_epoch: number;
  seconds: number;
  /** `[U]` */
  scores: Float32Array;
  /** `[U]` in the shades of a snapshot. */
  shades: Uint8Array;
  /** `[U]` bits as in a snapshot. */
  mask: Uint8Array;
  /** `[I]` Planted data only: 1 where an input carries the class. */
  informative: Uint8Array | null;
  /** As those of `Recorded`. */
  rows: Float64Array;
  tests: Array<Evaluation>;
  history: Columns;
  /** Whether it holds what it takes to go on. */
  can_go_on: boolean;
};

/** How far drawing masks of a frozen network is. */
export type Drawn = {
  /** At which the network was frozen. */
  step: number;
  pairs: number;
  /** Masks that are yet to be tried before the true gradient is exact. */
  masks_left: number;
  /** What this drawing took. */
  ms: number;
};

/** What units have in common under one estimator. */
export type Summary = {
  /** |mean − truth| / |truth|, and what chance alone makes of that. */
  bias: number;
  bias_chance: number;
  variance: number;
  /** What the paper's bound allows, where there is one. */
  bound: number | null;
  signal_to_noise: number;
};

/** A range of s, and how many units are in it. */
export type ScoreRange = {
  low: number;
  high: number;
  units: number;
};

/** Units of a range of s; without numbers where there are none. */
export type LabBin = ScoreRange & Partial<Summary>;

/** One estimator at one α, beside what all units have in common. */
export type Estimate = {
  estimator: string;
  alpha: number;
  /** Pairs of masks, or single ones. */
  samples: number;
  verdict: string;
  /** Of the angle between one gradient and the true one. */
  cosine: number;
  cosine_error: number;
  /** Units by their s. */
  bins: Array<LabBin>;
};

/** One estimator at one α, with what all units have in common. */
export type LabRow = Estimate & Summary;

/** What pairs of masks say of each estimator on a frozen network. */
export type LabReport = {
  step: number;
  pairs: number;
  units: number;
  undecided_units: number;
  /** All masks, where the true gradient is exact because all were tried. */
  enumerated_masks: number | null;
  /** Masks behind the true gradient. */
  truth_masks: number;
  /** Its standard error as a share of it. */
  truth_error: number;
  rows: Array<LabRow>;
};

/** A test image. */
export type Example = {
  /** `[I]` */
  inputs: Uint8Array;
  label: number;
};

/** How much smaller log p(class) becomes when a square of pixels stands at its mean. */
export type Contributions = {
  class: number;
  /** Of a square, in pixels. */
  side: number;
  across: number;
  down: number;
  /** `[down, across]`; NaN where not known yet, 0 where nothing of the square is kept. */
  values: Float32Array;
};

/** What the network makes of one image, as far as that is known. */
export type Classified = {
  /** Of the run when it was asked. */
  step: number;
  /** `[classes]` probabilities under the decided mask. */
  decided: Float32Array;
  /** `[masks, classes]` under sampled masks. */
  sampled: Float32Array;
  contributions: Contributions | null;
};

/** What a kernel showed against its reference, in one scene or over all. */
export type CheckKernel = {
  name: string;
  passed: boolean;
  /** Largest error over the largest number of the buffer it stood in; infinite where an integer differs. */
  worst: number;
  /** 0: integers alone, which must agree bit for bit. */
  tolerance: number;
  dispatches: number;
  /** Where the largest error stood. */
  place: string;
};

/** A small network at awkward sizes, and what its kernels showed. */
export type CheckScene = {
  scene: string;
  network: string;
  passed: boolean;
  kernels: Array<CheckKernel>;
};

/** The adapter that was checked, and what each kernel showed over all scenes. */
export type CheckResult = {
  adapter: string;
  backend: string;
  driver: string;
  software: boolean;
  kernels: Array<CheckKernel>;
};

/** The visitor's own data, as they were read. */
export type OwnData = {
  name: string;
  /** What they are, as half a sentence. */
  words: string;
  /** What was done to their values, as a sentence; empty where nothing was. */
  note: string;
  /** Rows to train and to test. */
  train: number;
  test: number;
  /** Whether the test rows are their own, not drawn from all. */
  has_test: boolean;
  is_image: boolean;
  /** Names, by label. */
  classes: Array<string>;
  /** Of rows and labels, in hexadecimal: tells them from others of the same shape. */
  sum: string;
};

/** The visitor's own data with their rows: of the training or of all, and of the test, none where these are to be drawn. */
export type OwnSet = {
  about: OwnData;
  /** Channels, height, width. */
  shape: [number, number, number];
  /** `[N, I]` */
  inputs: Uint8Array;
  /** `[N]` */
  labels: Uint8Array;
  test_inputs: Uint8Array;
  test_labels: Uint8Array;
};
