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
  Task,
  UnitCost,
  Values,
  PartialStep,
} from '../protocol/messages';
import type { Traces } from './curves';
import type { Timeline } from './history';
import type { PickedUnit } from './picked-unit';
import type { Rate } from './run-stats';
import type { ListedRun } from './runs';
import type { SavedRun } from './saved-run';

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
  /** The same as a link. */
  query: string;
  /** The network that they describe. */
  plan: Plan | null;
  pending: PendingChange[];
  /** The last ticket that was given. */
  ticket: number;
  /** What a comparison put here last, and what it began from. */
  by_comparison: { put: Values; before: Values } | null;
  /** What the last change of data replaced, to be restored when the data are changed back. */
  replaced: Values | null;
  /** The visitor's own data, once they were read. */
  own: OwnData | null;
  /** Why the last wish was refused, and which setting was changed. */
  refusal: { message: string; name: string | undefined } | null;
  /** Counts the times that a control must show its value again, though the value is the same. */
  reverts: number;
  /** Settings that changed along with the last one. */
  along: [name: string, value: string][] | null;
}

/** How far something has come. `since`: when its stage began, in milliseconds of the page's clock. */
export interface Progress {
  stage: string;
  done: number;
  of: number;
  since: number;
}

/** What the device does other than the next step, since when, and for about how long. */
export interface Busy {
  task: Task;
  since: number;
  ms: number | null;
}

/** A step that is taken phase by phase. */
export interface StepThrough {
  partial: PartialStep;
  /** Phases done, and all of the step. */
  done: number;
  of: number;
}

/** What every run has that was asked for. */
interface Asked {
  /** Counts the runs of this page. Reports of older runs are not heard. */
  number: number;
  /** The settings that it was asked for: the controls may have changed since. */
  asked: Values;
  /** What it goes on from. */
  saved: SavedRun | null;
}

export interface Opening extends Asked {
  kind: 'opening';
  /** Not opened before somebody asks: it would take much memory. */
  unopened: boolean;
  plan: Plan | null;
  progress: Progress | null;
  busy: Busy | null;
}

/** What is known of a run whose network is open, or was. */
export interface Opened extends Asked {
  description: Description;
  /** The settings that it goes on with: live ones may have changed. */
  values: Values;
  /** Live settings that were changed in this run, with their values from before. */
  replaced: Values;
  history: Timeline;
  curves: Traces;
  rate: Rate;
  snapshot: Snapshot | null;
  /** When the last step was done, by the page's clock. */
  stepped_at: number;
  evaluation: Evaluation | null;
  speed: Speed | null;
  /** What a measurement of speed would cost, where it is made only when it is asked for. */
  costly: { ms: number; bytes: number } | null;
  measuring: boolean;
  /** [count, channels, side, side] weights of the first convolution. */
  filters: Float32Array | null;
  step_through: StepThrough | null;
  lab: { progress: LabProgress; report: LabReport | null } | null;
  /** What the unit that was picked last is worth to the loss, or why that cannot be told. */
  unit_cost: { unit: number; cost: UnitCost | null; refused: string | null } | null;
  /** [classes] probabilities of the image at hand. */
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

/** A recorded run, looked at without an engine. */
export interface Replay extends Opened {
  kind: 'replay';
  playing: boolean;
  /** Why nothing can be asked of its network. */
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
  /** Settings that all have in common. */
  base: Values;
  /** Whether each has its own preset beside them. */
  best: boolean;
  /** How vrpge divided the budget among the groups, once it did. */
  allocation: string | null;
}

/** Files of the visitor's that were given in this tab. What was read once can be read once more, as it was read then. */
export interface Given {
  files: OwnFile[];
  /** The column of the class in a table: auto, first, last. */
  label: string;
  /** As a plan describes it, once it was read. */
  dataset: Plan['dataset'] | null;
  accepted: boolean;
}

/** The visitor's own data. Numbers are places in `given`. */
export interface UserData {
  given: Given[];
  /** What the controls mean by own data. */
  wanted: number | null;
  /** What the engine has. */
  in_engine: number | null;
  /** What is being read. */
  reading: number | null;
  /** Whether it is read once more, which nobody asked for. */
  again: boolean;
  progress: { done: number; of: number } | null;
  refusal: string | null;
  /** Whether a run goes on with other data. */
  waits: boolean;
}

export interface Runs {
  list: ListedRun[];
  /** The run that was removed last because the list was full; told until the list changes. */
  gone: ListedRun | null;
  /** Why a reload will forget them, where the browser stores nothing for this page. */
  unstored: string | null;
}

export interface State {
  controls: Controls;
  run: Run;
  /** Train was pressed, and the run has not begun yet. */
  waits: boolean;
  /** Another run is opened in a moment, with the settings as they are then. */
  reopens: boolean;
  /** A comparison that goes on. */
  comparison: Comparison | null;
  runs: Runs;
  user_data: UserData;
  /** The run that waits for the visitor's own data, and whether it shall train. */
  lacks_data: { saved: SavedRun | null; train: boolean } | null;
  /** A link that shall train as soon as it is read. */
  playing: string | null;
  /** The column of the history that is looked back at. */
  looking: number | null;
  /** What is shown in the middle: the network, or a panel. */
  view: string;
  /** Steps a second at most; 0 for as many as the device can do. */
  pace: number;
  /** The unit whose menu is open. */
  picked: PickedUnit | null;
  /** What stopped the engine, or a link that could not be read. */
  trouble: { failure: Failure | 'link'; message: string } | null;
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
