// The part of the page that the tour, claims, the method and lessons use.

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
  /** The number of the run that is open or being opened. */
  readonly run: number;
  readonly current: ListedRun | null;
  readonly description: Description | null;
  readonly snapshot: Snapshot | null;
  /** The last comparison with a dense step. */
  readonly speed: Speed | null;
  /** What is shown in the middle: the network, or a panel. */
  readonly view: string;
  /** Opens the experiment of a link. `trains`: also trains it. */
  open(link: string, trains: boolean): void;
  /** Shows the network in the middle, or a panel once it is loaded. */
  show(name: string): Promise<void>;
  ask(request: Request): void;
  /** Calls back after the state has changed by the news. Returns a function that ends that. */
  listen(listener: (news: News) => void): () => void;
}
