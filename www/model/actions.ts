// Actions change the page's state. Effects are what the reducer asks for.

import type {
  Entrant,
  Description,
  Evaluated,
  OwnFile,
  OwnReport,
  Plan,
  Report,
  Request,
  RunState,
  Snapshot,
  TableReading,
  Values,
} from '../protocol/messages';
import type { Curves } from './curves';
import type { Timeline } from './history';
import type { PickedUnit } from './picked-unit';
import type { Rate } from './run-stats';
import type { ListedRun } from './runs';
import type { SavedRun } from './saved-run';

export type Action =
  /** A report of the worker. */
  | { kind: 'report'; report: Report }
  /** A new engine replaced one that broke. */
  | { kind: 'engine_renewed' }
  /** Train or pause; in a recorded run play or pause. */
  | { kind: 'train' }
  | { kind: 'step' }
  /** The next phase of a step. */
  | { kind: 'phase' }
  /** Leaves a step that is taken phase by phase. */
  | { kind: 'leave_step' }
  /** Opens a new run with the settings of the controls. It trains at once if the run before was training or had finished. */
  | { kind: 'restart' }
  /** Opens the run again after a failure. */
  | { kind: 'again' }
  /** Opens a run. `in_comparison`: it belongs to the comparison in progress. */
  | { kind: 'open'; train: boolean; saved: SavedRun | null; in_comparison: boolean }
  /** The delay is over: opens a run with the settings of the controls. */
  | { kind: 'reopen' }
  /** Shows a recorded run without an engine. */
  | { kind: 'replay'; saved: SavedRun; description: Description; last: Snapshot; refusal: string }
  | { kind: 'playing'; on: boolean }
  /** A setting was changed. */
  | { kind: 'change'; name: string; value: string }
  /** Opens the experiment of a link. `trains`: also trains it. */
  | { kind: 'link'; query: string; trains: boolean }
  /** Looks back at a column of the history, or at the present. */
  | { kind: 'look'; column: number | null }
  | { kind: 'view'; name: string }
  | { kind: 'pace'; steps_per_second: number }
  /** Compares a step with a dense step now, however long that takes. */
  | { kind: 'measure' }
  /** Draws pairs of masks until there are so many; 0 stops. */
  | { kind: 'draw_pairs'; pairs: number }
  /** Opens the menu of a unit, or closes it. */
  | { kind: 'pick'; unit: PickedUnit | null }
  | { kind: 'pin'; unit: number; pin: 'on' | 'off' | null }
  /** Shows the probabilities of the visitor's image. */
  | { kind: 'classes'; probabilities: Float32Array | null }
  /** Trains entrants one after another. `steps`: of each. `best`: each with its own preset. */
  | { kind: 'compare'; entrants: Entrant[]; best: boolean; common: Values }
  | { kind: 'stop_comparison' }
  | { kind: 'forget_runs'; numbers: number[] }
  /** Runs from before a reload. */
  | { kind: 'restore_runs'; runs: ListedRun[] }
  /** Whether they could be stored, and if not, why. */
  | { kind: 'stored_runs'; refusal: string | null }
  /** The visitor gave files. */
  | { kind: 'give_files'; files: OwnFile[]; table: TableReading }
  | { kind: 'files_unreadable'; message: string }
  /** A report of the worker that reads the visitor's files. */
  | { kind: 'files_report'; given: number; report: OwnReport };

/** Events for parts of the page that follow the run. */
export type News =
  | Report
  /** The step that is looked back at. */
  | { kind: 'looked'; step: number | null }
  | { kind: 'viewed'; name: string }
  /** A single step was asked for. */
  | { kind: 'stepped' }
  /** Play or pause was pressed, or one step, in a recorded run. */
  | { kind: 'play_pressed' }
  | { kind: 'play_stepped' };

export type Effect =
  | { kind: 'ask'; request: Request }
  /** The engine broke: a new one replaces it before the next request. */
  | { kind: 'engine_broke' }
  | { kind: 'renew_engine' }
  /** Dispatches the action `reopen` after a delay, or cancels that. */
  | { kind: 'reopen_later' }
  | { kind: 'reopen_never' }
  | { kind: 'address'; query: string }
  | { kind: 'tell'; news: News }
  /** Says something to a screen reader. */
  | { kind: 'announce'; words: string }
  | { kind: 'toast'; words: string }
  | { kind: 'store_runs' }
  /** Writes a snapshot into a run's recordings. */
  | { kind: 'record'; history: Timeline; curves: Curves; rate: Rate; snapshot: Snapshot; values: Values; at: number }
  /** Writes an evaluation into a run's curves. */
  | ({ kind: 'record_test'; curves: Curves } & Evaluated)
  | { kind: 'forget_rate'; rate: Rate }
  /** Reads the visitor's files in a worker. */
  | { kind: 'read_files'; given: number; files: OwnFile[]; table: TableReading }
  | { kind: 'stop_reading' };

export type { Plan, RunState };
