// A run that was saved: what the page shows of it until the engine has more to say.

import type { Checkpoint, Evaluation, DatasetIdentity, Values } from '../protocol/messages';
import type { Curves } from './curves';
import type { Timeline } from './history';

export interface SavedRun {
  /** The link that it began with. */
  query: string;
  /** The same with the settings that were changed on the way, as a link and as values. */
  query_now: string;
  values: Values;
  /** Whether the controls take these values over. */
  follows: boolean;
  timeline: Timeline;
  curves: Curves;
  evaluation: Evaluation | null;
  /** What the engine goes on from; null where the run can only be looked at. */
  resumed: Checkpoint | null;
  /** The visitor's own data that it learned from. */
  shown: DatasetIdentity | null;
  /** Live settings that were changed after the checkpoint, and the values that they take at once. */
  late: [name: string, value: string][];
}
