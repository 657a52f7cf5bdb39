// Written from src/web by `npm run generate`. Do not edit it: a unit test of the library compares it.

/** Bits of a unit's byte in a mask. */
export const KEPT = 1;
export const PROBE_KEPT = 2;

/** The method of an experiment whose link has no method. */
export const DEFAULT_METHOD: MethodName = 'vrpge';

/** The facts about each method, in the order of the controls. */
export const METHOD_FACTS: Record<MethodName, MethodFacts> = {
  'vrpge': {
    forwards: 2,
    learns_scores: true,
    chooses: false,
    computes_all: false,
    starts_whole: true,
    settings: ['keep_ratio', 'budget_unit', 'schedule', 'keep_start', 'anneal_fraction', 'estimator', 'alpha', 'control_variate', 'effect_rate', 'exact_information', 'fill_budget', 'scores_optimizer', 'scores_rate', 'select_masks', 'pins', 'compact'],
  },
  'reinforce': {
    forwards: 1,
    learns_scores: true,
    chooses: false,
    computes_all: false,
    starts_whole: true,
    settings: ['keep_ratio', 'budget_unit', 'schedule', 'keep_start', 'anneal_fraction', 'alpha', 'fill_budget', 'scores_optimizer', 'scores_rate', 'select_masks', 'pins', 'compact'],
  },
  'ste': {
    forwards: 1,
    learns_scores: true,
    chooses: false,
    computes_all: true,
    starts_whole: true,
    settings: ['keep_ratio', 'budget_unit', 'schedule', 'keep_start', 'anneal_fraction', 'fill_budget', 'scores_optimizer', 'scores_rate', 'select_masks', 'pins'],
  },
  'fisher': {
    forwards: 1,
    learns_scores: true,
    chooses: true,
    computes_all: false,
    starts_whole: true,
    settings: ['keep_ratio', 'budget_unit', 'schedule', 'keep_start', 'anneal_fraction', 'scores_rate', 'effect_rate', 'exact_information', 'pins', 'compact'],
  },
  'magnitude': {
    forwards: 1,
    learns_scores: false,
    chooses: true,
    computes_all: false,
    starts_whole: true,
    settings: ['keep_ratio', 'budget_unit', 'schedule', 'keep_start', 'anneal_fraction', 'structure_every', 'compact'],
  },
  'fisher-pruning': {
    forwards: 1,
    learns_scores: false,
    chooses: true,
    computes_all: false,
    starts_whole: true,
    settings: ['keep_ratio', 'budget_unit', 'schedule', 'keep_start', 'anneal_fraction', 'structure_every', 'effect_rate', 'exact_information', 'compact'],
  },
  'set': {
    forwards: 1,
    learns_scores: false,
    chooses: true,
    computes_all: false,
    starts_whole: false,
    settings: ['keep_ratio', 'budget_unit', 'structure_every', 'drop_fraction', 'allocation'],
  },
  'rigl': {
    forwards: 1,
    learns_scores: false,
    chooses: true,
    computes_all: false,
    starts_whole: false,
    settings: ['keep_ratio', 'budget_unit', 'structure_every', 'drop_fraction', 'allocation'],
  },
  'snip': {
    forwards: 1,
    learns_scores: false,
    chooses: true,
    computes_all: false,
    starts_whole: false,
    settings: ['keep_ratio', 'budget_unit', 'compact'],
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
    settings: ['keep_ratio', 'schedule', 'keep_start', 'anneal_fraction', 'work_of'],
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

/** A function that receives the progress of a stage. */
export type Progress = (stage: string, done: number, of: number) => void;

/** The values that a setting allows. */
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
  /** Whether it may change during a run. */
  live: boolean;
  /** The default. */
  value: string;
  kind: SettingKind;
};

/** Values of settings as text, by name. */
export type Values = Record<string, string>;

/** A method, or a variant of one, that takes part in a comparison. */
export type Entrant = {
  name: string;
  method: MethodName;
  /** Settings with which a comparison runs it, unless it uses the same for all. */
  presets: Values;
  /** The same for convolutional networks. */
  convolutional_presets: Values;
  /** Settings that make it this variant. */
  made_by: Values;
  /** Whether its numbers of kept units in each gated group are those at the end of the run of vrpge before it. */
  is_allocated: boolean;
};

export type MethodName = 'vrpge' | 'reinforce' | 'ste' | 'fisher' | 'magnitude' | 'fisher-pruning' | 'set' | 'rigl' | 'snip' | 'static' | 'small-dense' | 'dense';

/** The facts about a method that the page needs before an engine is loaded: see `methods::Facts`. */
export type MethodFacts = {
  /** Forward passes of a training step: 1 under m, or 2 under m and m′. */
  forwards: number;
  learns_scores: boolean;
  /** Whether it chooses its mask at intervals by ranking units. */
  chooses: boolean;
  /** Whether every unit is computed and multiplied by its mask. */
  computes_all: boolean;
  /** Whether its budget decreases along the schedule. Other methods have the final budget from the first step on. */
  starts_whole: boolean;
  /** The settings that only some methods use, this one among them. */
  settings: Array<string>;
};

/** A row of units: the inputs, a hidden layer, a convolution's channels, the classes. */
export type Group = {
  name: string;
  size: number;
  gated: boolean;
  /** Index of its first unit in the scores. It has no meaning if the group is not gated. */
  first_unit: number;
  /** What each of its units counts in the budget: 1, or its multiply-adds, on average 1. It has no meaning if the group is not gated. */
  price: number;
  /** The shape in which to draw the units, with the channels of an image one below the other. 0 if the units are not pixels. */
  width: number;
  height: number;
  /** The channels of that image. */
  channels: number;
  /** The two groups that the group is the sum of. It keeps each unit that one of them keeps, and has no scores. */
  union_of: [number, number] | null;
  /** Size of the map of one unit in pixels: that of a channel's image, or 1 by 1. */
  map_width: number;
  map_height: number;
};

/** Weights from one group to another: for each tap a row for each input, and `extra` rows. */
export type Layer = {
  taps: number;
  extra: number;
  /** Pixels of the output, each computed with these weights. */
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
  /** The side of a filter in pixels. */
  side: number;
  channels: number;
  count: number;
};

/** The name and the shape of a plan's data set. */
export type DatasetShape = {
  name: string;
  /** Training rows. */
  train: number;
  /** Test rows. */
  test: number;
  classes: number;
  channels: number;
  width: number;
  height: number;
  /** The visitor's own data. */
  own: OwnData | null;
};

/** A network and the memory of its run, computed before any memory is allocated. */
export type Plan = {
  model: string;
  batch_size: number;
  units: number;
  weights: number;
  /** Those of a dense step. */
  multiply_adds: number;
  bytes: Bytes;
  /** Memory of a dense run of the whole network, without the data. */
  dense_bytes: number;
  groups: Array<Group>;
  layers: Array<Layer>;
  filters: Filters | null;
  dataset: DatasetShape;
};

/** The network of a link, and whether it fits the device. */
export type Described = {
  plan: Plan;
  /** If a tensor is larger than a buffer may be: the message. */
  refused: string | null;
};

export type Computes = 'gpu' | 'cpu';

/** The facts of a run that are not in its plan. */
export type RunFacts = {
  adapter: string;
  backend: string;
  software: boolean;
  computes: Computes;
  steps: number;
  steps_per_epoch: number;
  has_timestamps: boolean;
  /** `[I]` for planted data: 1 if an input carries the class. */
  informative: Uint8Array | null;
  /** The variants of its kernels, by their names. */
  kernels: string;
  /** Most columns of its history. */
  history_columns: number;
};

/** The facts of a run that do not change. */
export type Description = Plan & RunFacts;

/** A file of a data set, to be loaded into a run. */
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
  /** The accuracy on the batch. */
  accuracy: number;
  sum_scores: number;
  budget: number;
  threshold: number;
  gradient_norm: number;
  learning_rate: number;
  scores_rate: number;
  /** Executed up to and including this step, with those for choosing masks. */
  multiply_adds: number;
  /** Time of training. It begins with the end of the first submit, which also compiles kernels. */
  seconds: number;
};

/** Multiply-adds that were executed, counted from the units that each step kept. */
export type Cost = {
  forward: number;
  backward: number;
  /** Those of structure passes, which only serve to choose a mask. */
  structure: number;
  /** The part of all these that is in passes with more than half of the dense network's multiply-adds. */
  near_dense: number;
};

/** The run at one moment. */
export type Snapshot = {
  step: number;
  steps: number;
  /** Passes over the training set, with fractions. */
  epoch: number;
  finished: boolean;
  /** The reason, if the run stopped by itself. */
  halted: string | null;
  /** `[U]` */
  scores: Float32Array;
  /** `[U]` s as bytes, of which only 0 and 255 are exactly 0 and 1. */
  shades: Uint8Array;
  /** `[U]` 1 if the decided mask keeps the unit. */
  decided: Uint8Array;
  /** `[U]` bits: `KEPT` and `PROBE_KEPT`. Before the first step both are 1 for the units with s ≥ ½. */
  mask: Uint8Array;
  /** `[G]` units kept under m. */
  kept: Uint32Array;
  /** `[G]` units kept under m′. */
  probe_kept: Uint32Array;
  budget: number;
  sum_scores: number;
  threshold: number;
  /** The steps since the last snapshot. */
  records: Array<StepRecord>;
  /** Multiply-adds of the whole run so far. */
  cost: Cost;
  step_ms: number;
  /** Units that are in memory. Compacting drops those whose score is 0 for good. */
  units_in_memory: number;
  /** The current memory on the device of the network and of a copy from which masks are chosen, without the data. */
  network_bytes: number;
  /** Null in the middle of a step, when nothing is recorded. */
  recorded: Recorded | null;
};

export type StepPart = 'choose' | 'sample' | 'losses' | 'gradient' | 'project' | 'backward' | 'weights';

/** The state after a part of a step. */
export type PartialStep = {
  stage: StepPart;
  /** The remaining parts, in order. The step is finished if there are none. */
  left: Array<StepPart>;
  /** Its record is that of this step. Values that are not computed yet have no meaning. */
  snapshot: Snapshot;
  /** `[U]` after the part gradient: g. After the part weights: the root mean square of the changes of the weights into a unit. */
  values: Float32Array | null;
  /** `[U]` after the part project: the scores before the step. */
  before: Float32Array | null;
  /** `[U]` after the part project: the scores before the projection. */
  stepped: Float32Array | null;
};

/** The run diverged in the requested part of a step. */
export type Halted = {
  snapshot: Snapshot;
};

/** The result of a request for the next part of a step. */
export type NextPart = PartialStep | Halted;

/** The difference of the loss with a unit on and off, with all other units as in m. */
export type UnitCost = {
  unit: number;
  /** Mean over batches of the loss with the unit on minus the loss with it off. */
  difference: number;
  /** The standard error of `difference`. */
  error: number;
  /** Mean loss with the unit on. */
  on: number;
  /** Mean loss with the unit off. */
  off: number;
  batches: number;
};

/** A test: accuracy and loss. */
export type Evaluation = {
  step: number;
  images: number;
  /** Accuracy under the decided mask. */
  decided: number;
  /** Accuracy under a sampled mask. */
  sampled: number;
  /** Loss under the decided mask. */
  loss: number;
  /** Units of each gated group that the decided mask keeps. */
  kept: Array<number>;
};

/** A test, and the number of tests in the run's file. If there are too many, every second one is removed from the file. */
export type Evaluated = {
  evaluation: Evaluation;
  tests: number;
};

/** The time of a phase of a step, in milliseconds. */
export type PhaseTime = {
  name: string;
  sparse_ms: number;
  dense_ms: number;
};

/** The time of a run's step, compared with a dense step. */
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
  /** How it was measured, as a sentence. */
  how: string;
};

/** The rows of the run's curves that a snapshot changed, and its column in the run's history. */
export type Recorded = {
  /** The index of the first changed row. It and all later rows are in `rows`. */
  from: number;
  /** Rows one after another. Each has the number of its steps, the last step, and its values in the order of `CURVES`. */
  rows: Float64Array;
  /** The column of the history. Columns between the last one and this one have the same moment. */
  column: number;
  /** Steps of a column. When it doubles, every second column is removed. */
  stride: number;
};

/** A run file with a checkpoint. */
export type Checkpoint = {
  bytes: Uint8Array;
  step: number;
  /** Settings that were changed up to that step. */
  changes: Array<[number, string, string]>;
};

/** Identifies the data set of a run. The visitor's own data have the name of their files. */
export type DatasetIdentity = {
  name: string;
  /** Training rows. */
  train: number;
  /** Test rows. */
  test: number;
  channels: number;
  height: number;
  width: number;
  classes: number;
  /** Checksum of the visitor's own data. It differs for other data of the same shape. */
  sum: string | null;
};

/** The history of a file: C columns, one after another. */
export type Columns = {
  /** Most columns. */
  capacity: number;
  /** Steps of a column. */
  stride: number;
  /** `[C]` */
  steps: Uint32Array;
  /** `[C, U]` as `shades` of a snapshot. */
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

/** The contents of a run file without the checkpoint. */
export type ReadRun = {
  plan: Plan;
  /** The link with the settings at the start of the run. */
  query: string;
  /** The settings at the start of the run. */
  began: Values;
  /** The link with the settings at the last step. */
  query_now: string;
  /** The settings at the last step. */
  values: Values;
  changes: Array<[number, string, string]>;
  dataset: DatasetIdentity;
  version: string;
  /** The command line of the program that wrote the file, if it was the terminal's. */
  command: string | null;
  adapter: string;
  software: boolean;
  /** The variants of the kernels, by their names. */
  kernels: string;
  /** Steps done. */
  step: number;
  /** Steps of the whole run. */
  steps: number;
  steps_per_epoch: number;
  seconds: number;
  /** `[U]` */
  scores: Float32Array;
  /** `[U]` 1 if the decided mask keeps the unit. */
  decided: Uint8Array;
  /** `[U]` as `shades` of a snapshot. */
  shades: Uint8Array;
  /** `[U]` bits as in a snapshot. */
  mask: Uint8Array;
  /** `[I]` for planted data: 1 if an input carries the class. */
  informative: Uint8Array | null;
  /** In the layout of `Recorded`. */
  rows: Float64Array;
  tests: Array<Evaluation>;
  history: Columns;
  /** Whether it has a checkpoint. */
  can_continue: boolean;
};

/** Progress of drawing masks of a frozen network. */
export type Drawn = {
  /** The step at which the network was frozen. */
  step: number;
  pairs: number;
  /** Masks that must still be enumerated before the true gradient is exact. */
  masks_left: number;
  /** The time of this call. */
  ms: number;
};

/** Measurements of one estimator over several units. */
export type Summary = {
  /** |mean − truth| / |truth|. */
  bias: number;
  /** The value of `bias` that an unbiased estimator has by chance. */
  bias_chance: number;
  variance: number;
  /** The paper's bound on the variance, if the estimator has one. */
  bound: number | null;
  signal_to_noise: number;
};

/** A range of s, and the number of its units. */
export type ScoreRange = {
  low: number;
  high: number;
  units: number;
};

/** A range of s with its summary. A range without units has no summary. */
export type LabBin = ScoreRange & Partial<Summary>;

/** One estimator at one α, without the summary over all units. */
export type Estimate = {
  estimator: string;
  alpha: number;
  /** Pairs of masks, or single masks. */
  samples: number;
  verdict: string;
  /** The cosine of the angle between one estimated gradient and the true gradient. */
  cosine: number;
  cosine_error: number;
  /** The cosine of the angle between the mean of all samples and the true gradient. */
  mean_cosine: number;
  /** The variance over that of two-sided, if the estimator has no bias. */
  variance_ratio: number | null;
  /** Ranges of s. */
  bins: Array<LabBin>;
};

/** One estimator at one α, with the summary over all units. */
export type LabRow = Estimate & Summary;

/** Measurements of each estimator on a frozen network. */
export type LabReport = {
  step: number;
  /** Mini-batches, which the draws use in turn. */
  batches: number;
  pairs: number;
  units: number;
  undecided_units: number;
  /** The number of all masks, if all were enumerated; the true gradient is then exact. */
  enumerated_masks: number | null;
  /** Masks from which the true gradient was computed. */
  truth_masks: number;
  /** The standard error of the true gradient, relative to it. */
  truth_error: number;
  /** The cosine of the angle between the run's control variate and the true gradient, if the run keeps one. */
  control_cosine: number | null;
  rows: Array<LabRow>;
};

/** A test image. */
export type Example = {
  /** `[I]` */
  inputs: Uint8Array;
  label: number;
};

/** How much log p(class) decreases if a square of pixels is replaced by their means. */
export type Contributions = {
  class: number;
  /** The side of a square in pixels. */
  side: number;
  /** Squares in a row. */
  across: number;
  /** Rows of squares. */
  down: number;
  /** `[down, across]`; NaN if not computed yet, 0 if no pixel of the square is kept. */
  values: Float32Array;
};

/** The classification of one image, as far as it is computed. */
export type Classified = {
  /** The step of the run at which the classification began. */
  step: number;
  /** `[classes]` probabilities under the decided mask. */
  decided: Float32Array;
  /** `[masks, classes]` under sampled masks. */
  sampled: Float32Array;
  contributions: Contributions | null;
};

/** The comparison of a kernel with its reference, in one scene or over all. */
export type CheckKernel = {
  /** With the name of its variant, if it has several. */
  name: string;
  passed: boolean;
  /** Largest error, relative to the largest number of the same buffer. It is infinite if an integer differs. */
  worst: number;
  /** 0 for kernels with integers only, which must agree bit for bit. */
  tolerance: number;
  dispatches: number;
  /** The place of the largest error. */
  place: string;
};

/** The results of the kernels on one small network with awkward sizes. */
export type CheckScene = {
  /** With the variants of kernels, if it ran with others than the usual ones. */
  scene: string;
  network: string;
  passed: boolean;
  kernels: Array<CheckKernel>;
};

/** The adapter that was checked, and the results of each kernel over all scenes. */
export type CheckResult = {
  adapter: string;
  backend: string;
  driver: string;
  software: boolean;
  kernels: Array<CheckKernel>;
};

/** A description of the visitor's own data. */
export type OwnData = {
  name: string;
  /** Their description as a part of a sentence. */
  words: string;
  /** What their owner has to know of how they were read, in sentences. */
  notes: Array<string>;
  /** Training rows. */
  train: number;
  /** Test rows. */
  test: number;
  /** Whether the files have test rows; otherwise test rows are drawn from all rows. */
  has_test: boolean;
  is_image: boolean;
  /** Of a table: its columns by name, without a header by number. */
  columns: Array<string>;
  /** Names, by label. */
  classes: Array<string>;
  /** Checksum of rows and labels, in hexadecimal. It differs for other data of the same shape. */
  sum: string;
};

/** The visitor's own data with their rows. If there are no test rows, they are drawn from the others. */
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
