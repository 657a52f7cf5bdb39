// The messages between the page and its workers. Types that Rust defines come from generated.ts and are exported from here.

import type {
  CheckResult,
  CheckScene,
  Checkpoint,
  Classified,
  Computes,
  Entrant,
  Description,
  Drawn,
  Evaluated,
  Setting,
  LabReport,
  OwnData,
  OwnSet,
  Plan,
  ReadRun,
  DatasetIdentity,
  Snapshot,
  Speed,
  UnitCost,
  Values,
  PartialStep,
} from './generated';

export * from './generated';

/** From the panel of the visitor's own data to the worker that reads them. `label`: the column of the class in a table (auto, first, last). */
export interface OwnRequest {
  files: OwnFile[];
  table: TableReading;
}

/** How a table is read. */
export interface TableReading {
  /** The column of the class: `auto`, or `column 5`. */
  label: string;
  /** What happens to missing values: `refuse`, `mean`, `drop`. */
  missing: string;
}

/** `columns`: of a table that was refused, for a choice of the class. */
export type OwnReport = { kind: 'progress'; done: number; of: number } | { kind: 'set'; set: OwnSet } | { kind: 'refused'; message: string; columns: string[] };

/** A file of the visitor. The path is relative to the folder that was given. */
export interface OwnFile {
  path: string;
  file: File;
}

/** Progress of drawing pairs of masks: `of` is how many are wanted, `drawing` whether it continues. */
export type LabProgress = Omit<Drawn, 'ms'> & { of: number; drawing: boolean };

/**
 * The state of a run. `loading`: is being opened, or waits for data to train; `unopened`: is opened only on request, because it would take
 * much memory; `replay`: a recorded run, shown without the engine.
 */
export type RunState = 'unopened' | 'idle' | 'loading' | 'training' | 'paused' | 'finished' | 'halted' | 'replay' | 'error';

/**
 * Why a run failed. `lost`: the device was lost; `large`: the network does not fit the device; `refused`: the link has a value that
 * is not allowed; `own`: the link needs files that only their owner has; `crashed`: the engine itself broke;
 * `engine`: anything else.
 */
export type Failure = 'lost' | 'large' | 'refused' | 'own' | 'crashed' | 'engine';

/** Work of the device other than training steps: the first step, the comparison with a dense step, an evaluation. */
export type Task = 'step' | 'speed' | 'test';

/** From the page to the worker. */
export type Request =
  /**
   * Load the engine; `data` is the absolute address of the data folder. `may_be_first`: only a link asks for an experiment, so that one is sized for
   * the device where the link names nothing. `fallback` is read where it names nothing otherwise, by what computes.
   */
  | { kind: 'start'; query: string; may_be_first: boolean; fallback: Record<Computes, string>; data: string }
  /** Check values and write them as a link. */
  | { kind: 'link'; ticket: number; values: Values }
  /** Read a link without opening it. */
  | { kind: 'read'; query: string }
  /**
   * Open a new run, or continue one from the bytes of a run file on the data that it was trained on. `passing`: it is of a comparison or of a
   * demonstration, and nobody goes back to it.
   */
  | { kind: 'open'; run: number; query: string; train: boolean; resumed?: Uint8Array; trained_on?: DatasetIdentity; passing?: true }
  /** Load the engine again, after it broke. */
  | { kind: 'wake'; data: string }
  /** Close the run and release the device. */
  | { kind: 'close' }
  /** Write a checkpoint of the run. */
  | { kind: 'checkpoint' }
  /** Read a run file. */
  | { kind: 'read_run'; ticket: number; bytes: Uint8Array }
  /** Write a run file without weights: of these bytes, or of the open run. */
  | { kind: 'recording'; ticket: number; bytes: Uint8Array | null }
  | { kind: 'train' }
  | { kind: 'pause' }
  | { kind: 'step' }
  /** Pause, and execute the next phase of a step. */
  | { kind: 'phase' }
  /** Measure the worth of a unit, without a pause. */
  | { kind: 'cost'; unit: number }
  /** Compare with a dense step now, whatever time and memory it takes. */
  | { kind: 'measure' }
  /** Pause, freeze the network, and draw pairs of masks until there are so many; 0 stops. */
  | { kind: 'draw'; pairs: number }
  /** One image of the test set. */
  | { kind: 'example'; index: number }
  /** Classify an image of [I] bytes, now and after each snapshot; null ends that. */
  | { kind: 'classify'; ticket: number; image: Uint8Array | null }
  /** The visitor's own data. `given`: their number among all that were given in this tab. */
  | { kind: 'own'; set: OwnSet; given: number }
  | { kind: 'change'; name: string; value: string }
  /** The most steps a second; 0: no limit. */
  | { kind: 'pace'; steps_per_second: number };

/** From the worker to the page. Reports of a run have its number, so that reports of an earlier run can be ignored. */
export type Report =
  | { kind: 'settings'; settings: Setting[]; entrants: Entrant[] }
  /**
   * The values of a link: the page's link at its start, or one that the page asked to `read`; `first`: those that a first visit has until its
   * device is measured. `refused`: what could not be read of the link, a line for each mistake; `is_rest`: these values are of the rest, otherwise
   * of another experiment.
   */
  | { kind: 'values'; asked: 'start' | 'first' | 'read'; values: Values; query: string; refused: { message: string; is_rest: boolean } | null }
  /** The experiment of a first visit, sized for a device of `speed` multiply-adds a second; null: the speed could not be measured. */
  | { kind: 'sized'; speed: number | null; values: Values; query: string }
  | { kind: 'linked'; ticket: number; query: string; plan: Plan }
  | { kind: 'refused'; ticket: number; message: string }
  | { kind: 'run_read'; ticket: number; read: ReadRun }
  | { kind: 'recording'; ticket: number; bytes: Uint8Array }
  /** At intervals, and on request. */
  | { kind: 'checkpoint'; run: number; checkpoint: Checkpoint }
  /** A run that another one replaces, or a file, at its last step; `checkpoint` is null if the last one that was sent is of that step. */
  | { kind: 'left'; left: number; checkpoint: Checkpoint | null }
  /** A live setting that this run refuses: it takes effect in the next run. */
  | { kind: 'unchanged'; run: number; name: string }
  | { kind: 'progress'; run: number; stage: string; done: number; of: number }
  /** The browser could not cache a data file for use without a network. */
  | { kind: 'uncached'; run: number; message: string }
  /** The network that is being opened. */
  | { kind: 'planned'; run: number; plan: Plan }
  | { kind: 'opened'; run: number; description: Description; query: string }
  | { kind: 'state'; run: number; state: RunState }
  | { kind: 'snapshot'; run: number; snapshot: Snapshot }
  | { kind: 'partial_step'; run: number; partial: PartialStep }
  /** `refused`: why there is no cost. */
  | { kind: 'cost'; run: number; unit: number; cost: UnitCost | null; refused: string | null }
  /** `whole`: the evaluation at the end, on the whole test set or the part for which there was time. */
  | ({ kind: 'evaluated'; run: number; whole: boolean } & Evaluated)
  | { kind: 'speed'; run: number; speed: Speed }
  /** The comparison with a dense step takes too much time or memory to be made unasked. */
  | { kind: 'costly'; run: number; ms: number; bytes: number }
  /** [count, channels, side, side] of the first convolution. */
  | { kind: 'filters'; run: number; weights: Float32Array }
  /** `report`: null if it has not changed. */
  | { kind: 'lab'; run: number; progress: LabProgress; report: LabReport | null }
  | { kind: 'lab_refused'; run: number; message: string }
  | { kind: 'example'; run: number; index: number; inputs: Uint8Array; label: number }
  | { kind: 'classified'; run: number; ticket: number; found: Classified }
  | { kind: 'classify_refused'; run: number; message: string }
  | { kind: 'owned'; own: OwnData; given: number }
  | { kind: 'own_refused'; message: string }
  /** The task of the device and about how long it takes; null: training steps. */
  | { kind: 'busy'; run: number; task: Task | null; ms: number | null }
  | { kind: 'failed'; run: number; failure: Failure; message: string };

/** From the self-check's worker to its panel. */
export type CheckReport =
  | { kind: 'progress'; stage: string; done: number; of: number }
  | { kind: 'scene'; scene: CheckScene; done: number; of: number }
  | { kind: 'done'; result: CheckResult }
  | { kind: 'failed'; message: string };
