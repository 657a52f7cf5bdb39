// What the tour, claims, the method and lessons see of the page: they speak of the run and ask for no more than this.

import type { Description, Setting, Request, RunState, Snapshot, Speed, Values } from '../protocol/messages';
import type { News } from './actions';
import type { ListedRun } from './runs';

export interface PageFacts {
  readonly settings: Setting[];
  /** What the controls show. */
  readonly values: Values | null;
  /** The controls as a link. */
  readonly query: string;
  readonly state: RunState;
  /** Number of the run that is open, or being opened. */
  readonly run: number;
  readonly current: ListedRun | null;
  readonly description: Description | null;
  readonly snapshot: Snapshot | null;
  /** The last comparison with a dense step. */
  readonly speed: Speed | null;
  /** What is shown in the middle: the network, or a panel. */
  readonly view: string;
  /** Opens the experiment of a link; `trains`: and trains it. */
  open(link: string, trains: boolean): void;
  /** Shows the network or a panel in the middle, once it is there. */
  show(name: string): Promise<void>;
  ask(request: Request): void;
  /** Calls back after the state took the news in. Gives what ends that. */
  listen(listener: (news: News) => void): () => void;
}
