// What can happen to the page's state, and what the reducer asks to be done about it.

import type { Entrant, Description, Evaluated, OwnFile, OwnReport, Plan, Report, Request, RunState, Snapshot, Values } from '../protocol/messages';
import type { Curves } from './curves';
import type { Timeline } from './history';
import type { PickedUnit } from './picked-unit';
import type { Rate } from './run-stats';
import type { ListedRun } from './runs';
import type { SavedRun } from './saved-run';

export type Action =
  /** The worker said something. */
  | { kind: 'report'; report: Report }
  /** Another engine took the place of one that broke. */
  | { kind: 'engine_renewed' }
  /** Train or pause; in a recorded run play or pause. */
  | { kind: 'train' }
  | { kind: 'step' }
  /** The next phase of a step. */
  | { kind: 'phase' }
  /** Leaves a step that is taken phase by phase. */
  | { kind: 'leave_step' }
  /** A new run with the settings of the controls; it trains at once if the one before did, or had. */
  | { kind: 'restart' }
  /** Starts over after something broke. */
  | { kind: 'again' }
  /** Opens a run. `in_comparison`: it belongs to the comparison that goes on. */
  | { kind: 'open'; train: boolean; saved: SavedRun | null; in_comparison: boolean }
  /** The moment has come at which another run is opened with the settings as they are. */
  | { kind: 'reopen' }
  /** Shows a recorded run without an engine. */
  | { kind: 'replay'; saved: SavedRun; description: Description; last: Snapshot; refusal: string }
  | { kind: 'playing'; on: boolean }
  /** A setting was changed. */
  | { kind: 'change'; name: string; value: string }
  /** Opens the experiment of a link; `trains`: and trains it. */
  | { kind: 'link'; query: string; trains: boolean }
  /** Looks back at a column of the history, or at the present. */
  | { kind: 'look'; column: number | null }
  | { kind: 'view'; name: string }
  | { kind: 'pace'; steps_per_second: number }
  /** Measures the speed now, whatever it costs. */
  | { kind: 'measure' }
  /** Draws pairs of masks until there are so many; 0 stops. */
  | { kind: 'draw_pairs'; pairs: number }
  /** Opens the menu of a unit, or closes it. */
  | { kind: 'pick'; unit: PickedUnit | null }
  | { kind: 'pin'; unit: number; pin: 'on' | 'off' | null }
  /** Shows the probabilities of the image at hand. */
  | { kind: 'classes'; probabilities: Float32Array | null }
  /** Trains entrants one after another. `steps`: of each. `best`: each with its own preset. */
  | { kind: 'compare'; entrants: Entrant[]; best: boolean; common: Values }
  | { kind: 'stop_comparison' }
  | { kind: 'forget_runs'; numbers: number[] }
  /** Runs from before a reload. */
  | { kind: 'restore_runs'; runs: ListedRun[] }
  /** They were stored, or not: why. */
  | { kind: 'stored_runs'; refusal: string | null }
  /** The visitor gave files. */
  | { kind: 'give_files'; files: OwnFile[]; label: string }
  | { kind: 'files_unreadable'; message: string }
  /** What reads the visitor's files said something. */
  | { kind: 'files_report'; given: number; report: OwnReport };

/** What happened, for parts of the page that follow it. */
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
  /** The engine is of no more use: before it is asked for anything, another takes its place. */
  | { kind: 'engine_broke' }
  | { kind: 'renew_engine' }
  /** Sends the action `reopen` in a moment, or no more. */
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
  /** Writes a test into a run's curves. */
  | ({ kind: 'record_test'; curves: Curves } & Evaluated)
  | { kind: 'forget_rate'; rate: Rate }
  /** Reads the visitor's files in a worker. */
  | { kind: 'read_files'; given: number; files: OwnFile[]; label: string }
  | { kind: 'stop_reading' };

export type { Plan, RunState };
