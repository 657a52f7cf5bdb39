// The six phases of the step that the page shows: the last step, one that is executed phase by phase, or one that the page looks back at.

import { phasesOf, plainPhases, type Said } from './phases';
import { differing } from './run-stats';
import { momentOf, openedOf } from './selectors';
import type { State } from './state';

/** The phases of the shown step, with its numbers if there are any. */
export function shownPhases(state: State): Said[] {
  const opened = openedOf(state.run);
  const moment = momentOf(state);
  const values = moment?.values ?? opened?.values ?? {};
  const partial = moment ? null : (opened?.step_through?.partial ?? null);
  const shown = moment ?? partial?.snapshot ?? opened?.snapshot;
  const record = moment ? moment.record : (partial?.snapshot ?? opened?.snapshot)?.records.at(-1);
  if (!opened || !shown || !record) return plainPhases(values);
  const { kept, mask } = shown;
  return phasesOf({ record, values, description: opened.description, kept, differ: differing(mask) }, partial);
}
