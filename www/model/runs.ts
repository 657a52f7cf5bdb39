// The runs of this tab, kept so that their curves can be laid over one another: in bounded memory, the oldest goes first.

import type { Cost, Description, Evaluation, RunState, Speed, Values } from '../protocol/messages';
import type { Traces } from './curves';

/** As many as colours can be told apart. */
export const MOST_RUNS = 8;

export interface Run {
  number: number;
  /** Its colour, 0 to 7. */
  slot: number;
  values: Values;
  /** Settings that were changed while it went on, by what they were at first. */
  replaced: Values;
  description: Description;
  traces: Traces;
  /** On the whole test set, or as much of it as there was time for, at the end. */
  evaluation: Evaluation | null;
  cost: Cost;
  /** What the network holds of the device's memory, without the data. */
  bytes: number;
  /** The last comparison with a dense step, and after how many steps it was made. */
  speed: (Speed & { step: number }) | null;
  state: RunState;
}

export class Runs {
  list: Run[] = [];
  /** The one that last made room, for a while. */
  gone: Run | null = null;
  /** Why a reload will forget them, where the browser keeps nothing for this page. */
  unkept: string | null = null;
  /** Grows when runs come or go. */
  version = 0;

  /** Takes a run in that has made its first steps. The same experiment once more takes the place of the first. */
  admit(run: Run): void {
    if (this.list.includes(run)) return;
    const same = (other: Run): boolean =>
      Object.keys(other.replaced).length === 0 && Object.entries(run.values).every(([name, value]) => other.values[name] === value);
    this.list = this.list.filter((other) => !same(other));
    this.gone = this.list.length === MOST_RUNS ? (this.list.shift() ?? null) : null;
    const taken = new Set(this.list.map(({ slot }) => slot));
    run.slot = Array.from({ length: MOST_RUNS }, (_, slot) => slot).find((slot) => !taken.has(slot)) ?? 0;
    this.list.push(run);
    this.version += 1;
  }

  /** Takes in those of before a reload; what trained meanwhile stays the newest. */
  restore(before: Run[]): void {
    const since = this.list;
    this.list = before;
    for (const run of since) this.admit(run);
    this.version += 1;
  }

  /** Forgets those that `is` names. */
  forget(is: (run: Run) => boolean): void {
    this.list = this.list.filter((run) => !is(run));
    this.gone = null;
    this.version += 1;
  }
}
