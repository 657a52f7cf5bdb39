// Stores the list of runs for a reload, in the browser's session storage, which lasts until the tab is closed. At most eight runs are stored,
// some 50 kB of text each.

import { type ListedRun, MOST_RUNS } from '../model/runs';
import { Curves, type StoredCurves } from '../model/curves';
import { messageOf } from '../model/words';

/** The version of the format: a page reads runs of its own version only. */
const KEY = 'lacuna-runs-3';

type Stored = Omit<ListedRun, 'curves'> & { curves: StoredCurves };

/** Which inputs carry the class is not needed once the run is over. */
const stored = (run: ListedRun): Stored => ({ ...run, description: { ...run.description, informative: null }, curves: run.curves.stored() });

/** Stores these runs in the place of all others. Returns the browser's message if that fails. */
export function storeRuns(runs: ListedRun[]): string | null {
  try {
    if (runs.length === 0) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, JSON.stringify(runs.map(stored)));
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

/** The runs from before a reload; none if the browser stores nothing, or stores another version. */
export function storedRuns(): ListedRun[] {
  try {
    const found = JSON.parse(sessionStorage.getItem(KEY) ?? '[]') as Stored[];
    return found.slice(-MOST_RUNS).map((run) => ({ ...run, curves: Curves.restored(run.curves) }));
  } catch {
    return [];
  }
}
