// What stands beside the run and speaks of it (claims, the tour, the method, lessons) sees this much of the page, and asks for no more.

import type { Description, Knob, Report, Request, RunState, Snapshot, Values } from '../protocol/messages';
import type { Run } from './runs';

/** What the worker reports, and what the visitor does that the worker does not hear of. */
export type News = Report | { kind: 'looked'; step: number | null } | { kind: 'viewed'; name: string };

export interface Stage {
  readonly knobs: Knob[];
  /** What the controls say. */
  readonly values: Values | null;
  /** The controls as a link. */
  readonly query: string;
  readonly state: RunState;
  /** Number of the run that is open, or being opened. */
  readonly run: number;
  readonly current: Run | null;
  readonly description: Description | null;
  readonly snapshot: Snapshot | null;
  /** Opens the experiment of a link and trains it. */
  play(link: string): void;
  /** What stands in the middle: network, runs, estimators. */
  show(name: string): Promise<void>;
  ask(request: Request): void;
  /** Calls back after the page has taken the news in; answers with what ends that. */
  listen(listener: (news: News) => void): () => void;
}
