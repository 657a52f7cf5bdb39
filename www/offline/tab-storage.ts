// The runs of this tab over a reload: the browser's session storage holds them until the tab is closed. At most eight are kept, each in
// bounded memory (some 50 kB as text).

import { type ListedRun, MOST_RUNS } from '../model/runs';
import { Curves, type StoredCurves } from '../model/curves';
import { messageOf } from '../model/words';

/** Another number where runs are stored in another way, so that an older page's are left alone. */
const KEY = 'lacuna-runs-3';

type Stored = Omit<ListedRun, 'curves'> & { curves: StoredCurves };

/** Which inputs carry the class is of no use once the run is over. */
const stored = (run: ListedRun): Stored => ({ ...run, description: { ...run.description, informative: null }, curves: run.curves.stored() });

/** Keeps these and no others. Answers with why that cannot be, in the browser's words. */
export function storeRuns(runs: ListedRun[]): string | null {
  try {
    if (runs.length === 0) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, JSON.stringify(runs.map(stored)));
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

/** Those of before a reload; none where the browser keeps nothing, or keeps what this page does not understand. */
export function storedRuns(): ListedRun[] {
  try {
    const found = JSON.parse(sessionStorage.getItem(KEY) ?? '[]') as Stored[];
    return found.slice(-MOST_RUNS).map((run) => ({ ...run, curves: Curves.restored(run.curves) }));
  } catch {
    return [];
  }
}
