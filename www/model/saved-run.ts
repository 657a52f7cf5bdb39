// A saved run as the page shows it, until the engine reports more.

import type { Checkpoint, Evaluation, DatasetIdentity, Values } from '../protocol/messages';
import type { Curves } from './curves';
import type { Timeline } from './history';

export interface SavedRun {
  /** The link of the run's start. */
  query: string;
  /** The link and the values at its end, with the settings that were changed during the run. */
  query_now: string;
  values: Values;
  /** Whether the controls show these values. */
  follows: boolean;
  timeline: Timeline;
  curves: Curves;
  evaluation: Evaluation | null;
  /** The checkpoint that the engine continues from; null if the run can only be replayed. */
  resumed: Checkpoint | null;
  /** The visitor's own data that it was trained on. */
  trained_on: DatasetIdentity | null;
  /** Live settings that were changed after the checkpoint. They get these values as soon as the run is open. */
  late: [name: string, value: string][];
}
