// What the page and its workers say to each other. What Rust knows comes from generated.ts, through here: the page sees nothing else of the engine.

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

/** How far the drawing of pairs is: `of` how many are wanted, and whether it goes on. */
export type LabProgress = Omit<Drawn, 'ms'> & { of: number; drawing: boolean };

/**
 * Where a run stands. `loading` also means: wants to train, waits for data; `unopened`: not opened, because it would take much memory and
 * nobody has asked for it yet; `replay`: recorded, and looked at without an engine.
 */
export type RunState = 'unopened' | 'idle' | 'loading' | 'training' | 'paused' | 'finished' | 'halted' | 'replay' | 'error';

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
  | { kind: 'start'; query: string; fallback: Record<Computes, string>; data: string }
  /** Check values and write them as a link. */
  | { kind: 'link'; ticket: number; values: Values }
  /** Read a link without opening it. */
  | { kind: 'read'; query: string }
  /** Open a new run, or one that goes on from a run file, with the data that it was shown before. */
  | { kind: 'open'; run: number; query: string; train: boolean; resumed?: Uint8Array; shown?: DatasetIdentity }
  /** Load the engine, in the place of one that broke. */
  | { kind: 'wake'; data: string }
  /** Give the device back. */
  | { kind: 'close' }
  /** Write the run as a file, to go on from here. */
  | { kind: 'checkpoint' }
  /** Say what a run file holds. */
  | { kind: 'read_run'; ticket: number; bytes: Uint8Array }
  /** Write the run as a file that is only looked at: the one of these bytes, or the run that is open. */
  | { kind: 'recording'; ticket: number; bytes: Uint8Array | null }
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
  | { kind: 'settings'; settings: Setting[]; entrants: Entrant[] }
  /** The values that a link stands for, the page's own at its start or one that it asked to `read`; `refused` says why the link itself could not be read. */
  | { kind: 'values'; asked: 'start' | 'read'; values: Values; query: string; refused: string | null }
  | { kind: 'linked'; ticket: number; query: string; plan: Plan }
  | { kind: 'refused'; ticket: number; message: string }
  | { kind: 'run_read'; ticket: number; read: ReadRun }
  | { kind: 'recording'; ticket: number; bytes: Uint8Array }
  /** Now and then, and when it is asked for. */
  | { kind: 'checkpoint'; run: number; checkpoint: Checkpoint }
  /** A live setting that this run does not take: it waits for the next one. */
  | { kind: 'unchanged'; run: number; name: string }
  | { kind: 'progress'; run: number; stage: string; done: number; of: number }
  /** The browser does not keep a data file for days without a network. */
  | { kind: 'uncached'; run: number; message: string }
  /** The network that is about to be opened. */
  | { kind: 'planned'; run: number; plan: Plan }
  | { kind: 'opened'; run: number; description: Description; query: string }
  | { kind: 'state'; run: number; state: RunState }
  | { kind: 'snapshot'; run: number; snapshot: Snapshot }
  | { kind: 'partial_step'; run: number; partial: PartialStep }
  /** `refused`: why there is no cost, in words. */
  | { kind: 'cost'; run: number; unit: number; cost: UnitCost | null; refused: string | null }
  /** `whole`: at the end, on the whole test set or as much of it as there was time for. */
  | ({ kind: 'evaluated'; run: number; whole: boolean } & Evaluated)
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

/** From the self-check's worker to its panel. */
export type CheckReport =
  | { kind: 'progress'; stage: string; done: number; of: number }
  | { kind: 'scene'; scene: CheckScene; done: number; of: number }
  | { kind: 'done'; result: CheckResult }
  | { kind: 'failed'; message: string };
