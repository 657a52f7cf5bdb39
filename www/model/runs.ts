// The runs of this tab, listed so that their curves can be laid over one another: in bounded memory, the oldest goes first.

import type { Cost, Description, Evaluation, RunState, Speed, Values } from '../protocol/messages';
import type { Curves } from './curves';

/** As many as colours can be told apart. */
export const MOST_RUNS = 8;

export interface ListedRun {
  /** Of the runs of this page; below 0 for one from before a reload. */
  number: number;
  /** Its colour, 0 to 7. */
  slot: number;
  values: Values;
  /** Settings that were changed while it went on, by what they were at first. */
  replaced: Values;
  description: Description;
  curves: Curves;
  /** On the whole test set, or as much of it as there was time for, at the end. */
  evaluation: Evaluation | null;
  cost: Cost;
  /** What the network holds of the device's memory, without the data. */
  bytes: number;
  /** The last comparison with a dense step, and after how many steps it was made. */
  speed: (Speed & { step: number }) | null;
  state: RunState;
}

/** The list, and the run that last made room. */
export interface Listing {
  list: ListedRun[];
  gone: ListedRun | null;
}

/** Whether a run that was not changed on the way is the same experiment as another one. */
const isSame = (listed: ListedRun, run: ListedRun): boolean =>
  Object.keys(listed.replaced).length === 0 && Object.entries(run.values).every(([name, value]) => listed.values[name] === value);

/** Takes a run in that has made its first steps, or what is new of one that is listed. The same experiment once more takes the place of the first. */
export function admit({ list, gone }: Listing, run: ListedRun): Listing {
  const place = list.findIndex(({ number }) => number === run.number);
  if (place >= 0) return { list: list.with(place, { ...run, slot: list[place]?.slot ?? 0 }), gone };
  const others = list.filter((other) => !isSame(other, run));
  const [oldest] = others;
  const is_full = others.length === MOST_RUNS;
  const left = is_full ? others.slice(1) : others;
  const taken = new Set(left.map(({ slot }) => slot));
  const slot = Array.from({ length: MOST_RUNS }, (_, each) => each).find((each) => !taken.has(each)) ?? 0;
  return { list: [...left, { ...run, slot }], gone: is_full ? (oldest ?? null) : null };
}

/** Takes in those from before a reload; what trained meanwhile stays the newest. */
export function restore({ list }: Listing, before: ListedRun[]): Listing {
  const stored = before.map((run, index) => ({ ...run, number: -1 - index }));
  return list.reduce<Listing>((listing, run) => admit(listing, run), { list: stored, gone: null });
}

/** Forgets the runs of these numbers. */
export const forget = ({ list }: Listing, numbers: number[]): Listing => ({ list: list.filter(({ number }) => !numbers.includes(number)), gone: null });
