// A run that was saved: what the page shows of it until the engine has more to say.

import type { Evaluation, Resumed, Shown, StepRecord, Values } from '../protocol/messages';
import type { Traces } from './curves';
import type { Timeline } from './history';
import type { Curves } from './recorder';

export interface SavedRun {
  /** The link that it began with. */
  query: string;
  /** The same with the settings that were changed on the way, as a link and as values. */
  query_now: string;
  values: Values;
  /** Whether the controls take these values over. */
  follows: boolean;
  timeline: Timeline;
  traces: Traces;
  evaluation: Evaluation | null;
  curves: Curves;
  /** The last step of its curves. */
  record: StepRecord | null;
  /** What the engine goes on from; null where the run can only be looked at. */
  resumed: Resumed | null;
  /** The visitor's own data that it learned from. */
  shown: Shown | null;
  /** Live settings that were changed after the checkpoint, and the values that they take at once. */
  late: [name: string, value: string][];
}
