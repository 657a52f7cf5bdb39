// The state of the page. One object holds all of it, and only the reducer makes the next one.
//
// Recordings (a run's history and its curves) are the exception: they are large buffers that grow in place. The reducer never writes into
// them; it asks for that by an effect.

import type {
  Entrant,
  Description,
  Evaluation,
  Failure,
  Setting,
  LabProgress,
  LabReport,
  OwnData,
  OwnFile,
  Plan,
  RunState,
  Snapshot,
  Speed,
  TableReading,
  Task,
  UnitCost,
  Values,
  PartialStep,
} from '../protocol/messages';
import type { Curves } from './curves';
import type { Timeline } from './history';
import type { PickedUnit } from './picked-unit';
import type { Rate } from './run-stats';
import type { ListedRun } from './runs';
import type { SavedRun } from './saved-run';
import type { Replaced } from './suggestions';

/** Settings that the visitor asked for and that the engine has not checked yet. */
export interface PendingChange {
  ticket: number;
  /** The setting that was changed; others may have changed with it. */
  name: string;
  values: Values;
  /** Of a comparison: the settings that it began from. */
  compared: Values | null;
}

/** What the controls show. */
export interface Controls {
  settings: Setting[];
  /** Who can take part in a comparison. */
  entrants: Entrant[];
  /** Null until the engine has read the page's link. */
  values: Values | null;
  /** The values as a link. */
  query: string;
  /** The plan of the run that they describe. */
  plan: Plan | null;
  /** The settings that were sized for this device, and its speed in multiply-adds a second. */
  sized: { values: Values; speed: number } | null;
  pending: PendingChange[];
  /** The number of the last change. */
  ticket: number;
  /** The settings that a comparison set last, and those before it. */
  by_comparison: { put: Values; before: Values } | null;
  /** What the data brought along, to be taken back with other data. */
  replaced: Replaced | null;
  /** The visitor's own data, once they were read. */
  own: OwnData | null;
  /** Why the last change was refused, and which setting it was. */
  refusal: { message: string; name: string | undefined } | null;
  /** Counts the times that a control must show its value again, though the value is the same. */
  reverts: number;
  /** Settings that changed along with the last one. */
  along: [name: string, value: string][] | null;
}

/** The progress of a stage. `since`: when it began, in milliseconds of the page's clock. */
export interface Progress {
  stage: string;
  done: number;
  of: number;
  since: number;
}

/** A task of the device other than training, when it began, and about how long it takes. */
export interface Busy {
  task: Task;
  since: number;
  ms: number | null;
}

/** A step that is executed phase by phase. */
export interface StepThrough {
  partial: PartialStep;
  /** Phases done, and all of the step. */
  done: number;
  of: number;
}

/** What every run has, from the request on. */
interface Asked {
  /** Counts the runs of this page. Reports of older runs are ignored. */
  number: number;
  /** The settings of the request: the controls may have changed since. */
  asked: Values;
  /** The saved run that it continues. */
  saved: SavedRun | null;
}

export interface Opening extends Asked {
  kind: 'opening';
  /** It takes much memory and is opened only when the visitor asks for it. */
  unopened: boolean;
  /** The device of a first visit is being measured. A run of the size that fits it follows, and the worker does not know this one. */
  sizing: boolean;
  plan: Plan | null;
  progress: Progress | null;
  busy: Busy | null;
}

/** The state of a run whose network is or was open. */
export interface Opened extends Asked {
  description: Description;
  /** Its current settings: live ones may have changed. */
  values: Values;
  /** Live settings that were changed in this run, with their values from before. */
  replaced: Values;
  history: Timeline;
  curves: Curves;
  rate: Rate;
  snapshot: Snapshot | null;
  /** When the last step ended, by the page's clock. */
  stepped_at: number;
  evaluation: Evaluation | null;
  speed: Speed | null;
  /** The expected time of a speed comparison, if it is made only when it is asked for. */
  costly: { ms: number; bytes: number } | null;
  measuring: boolean;
  /** [count, channels, side, side] weights of the first convolution. */
  filters: Float32Array | null;
  step_through: StepThrough | null;
  lab: { progress: LabProgress; report: LabReport | null } | null;
  /** What the last picked unit is worth, or why that cannot be measured. */
  unit_cost: { unit: number; cost: UnitCost | null; refused: string | null } | null;
  /** [classes] probabilities of the visitor's image. */
  classes: Float32Array | null;
  /** Its entry in the list of runs; null for a recorded run. */
  listed: ListedRun | null;
}

export interface Open extends Opened {
  kind: 'open';
  phase: Exclude<RunState, 'unopened' | 'replay' | 'error'>;
  progress: Progress | null;
  busy: Busy | null;
}

/** A recorded run, shown without an engine. */
export interface Replay extends Opened {
  kind: 'replay';
  playing: boolean;
  /** Why its network cannot answer. */
  refusal: string;
}

export interface Failed extends Asked {
  kind: 'failed';
  failure: Failure;
  plan: Plan | null;
  last: Opened | null;
}

export type Run = { kind: 'none'; number: 0 } | Opening | Open | Replay | Failed;

/** Entrants that train one after another. */
export interface Comparison {
  /** In the order in which they train. */
  order: Entrant[];
  /** The place of the one that trains now. */
  at: number;
  /** The settings that all entrants share. */
  base: Values;
  /** Whether each entrant also has its own preset. */
  best: boolean;
  /** How vrpge divided the budget among the groups, once it did. */
  allocation: string | null;
}

/** Files that the visitor gave in this tab. They can be read again in the same way. */
export interface Given {
  files: OwnFile[];
  table: TableReading;
  /** Of a table that was read: its columns, for a choice of the class. */
  columns: string[];
  /** The data set, once it was read. */
  dataset: Plan['dataset'] | null;
  accepted: boolean;
}

/** The visitor's own data. Numbers are places in `given`. */
export interface UserData {
  given: Given[];
  /** The data that the controls mean. */
  wanted: number | null;
  /** The data in the engine. */
  in_engine: number | null;
  /** The data that are being read. */
  reading: number | null;
  /** Whether the page reads them again, unasked. */
  again: boolean;
  progress: { done: number; of: number } | null;
  refusal: string | null;
  /** Whether the run is on other data. */
  waits: boolean;
}

export interface Runs {
  list: ListedRun[];
  /** The run that was removed last because the list was full; shown until the list changes. */
  gone: ListedRun | null;
  /** Why the runs are lost on a reload, if the browser stores nothing for this page. */
  unstored: string | null;
}

/** A failure that stopped the engine, or a link that could not be read, or not all of it. After such a link the page works on. */
export type Trouble = Failure | 'link' | 'part_of_link';

export interface State {
  controls: Controls;
  run: Run;
  /** Train was pressed, and the run has not begun yet. */
  waits: boolean;
  /** Another run is opened after a short delay, with the settings at that time. */
  reopens: boolean;
  /** The comparison in progress. */
  comparison: Comparison | null;
  runs: Runs;
  user_data: UserData;
  /** The run that waits for the visitor's own data, and whether it will train. */
  lacks_data: { saved: SavedRun | null; train: boolean } | null;
  /** A link that trains as soon as it is read. */
  playing: string | null;
  /** The column of the history that is looked back at. */
  looking: number | null;
  /** The view in the middle: the network or a panel. */
  view: string;
  /** Most steps per second; 0: as many as the device can do. */
  pace: number;
  /** The unit whose menu is open. */
  picked: PickedUnit | null;
  trouble: { failure: Trouble; message: string } | null;
}

export const noUserData: UserData = {
  given: [],
  wanted: null,
  in_engine: null,
  reading: null,
  again: false,
  progress: null,
  refusal: null,
  waits: false,
};

export const initialState: State = {
  controls: {
    settings: [],
    entrants: [],
    values: null,
    query: '',
    plan: null,
    sized: null,
    pending: [],
    ticket: 0,
    by_comparison: null,
    replaced: null,
    own: null,
    refusal: null,
    reverts: 0,
    along: null,
  },
  run: { kind: 'none', number: 0 },
  waits: false,
  reopens: false,
  comparison: null,
  runs: { list: [], gone: null, unstored: null },
  user_data: noUserData,
  lacks_data: null,
  playing: null,
  looking: null,
  view: 'network',
  pace: 0,
  picked: null,
  trouble: null,
};
