// The list of this tab's runs, for comparing their curves. The list is bounded: the oldest run is dropped first.

import type { Cost, Description, Evaluation, RunState, Speed, Values } from '../protocol/messages';
import type { Curves } from './curves';

/** As many as there are distinct colours. */
export const MOST_RUNS = 8;

export interface ListedRun {
  /** The number of the run; below 0 for a run from before a reload. */
  number: number;
  /** Its colour, 0 to 7. */
  slot: number;
  values: Values;
  /** Settings that were changed during the run, with their first values. */
  replaced: Values;
  description: Description;
  curves: Curves;
  /** The evaluation at the end, on the whole test set or the part for which there was time. */
  evaluation: Evaluation | null;
  cost: Cost;
  /** The memory of the network on the device, without the data. */
  bytes: number;
  /** The last comparison with a dense step, and the step at which it was made. */
  speed: (Speed & { step: number }) | null;
  state: RunState;
}

/** The list, and the run that was dropped last. */
export interface Listing {
  list: ListedRun[];
  gone: ListedRun | null;
}

/** Whether two runs are the same experiment, without changed settings. */
const isSame = (listed: ListedRun, run: ListedRun): boolean =>
  Object.keys(listed.replaced).length === 0 && Object.entries(run.values).every(([name, value]) => listed.values[name] === value);

/** Adds a run that has made its first steps, or updates a listed run. A repeat of an experiment replaces the first run. */
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

/** Adds the runs from before a reload; runs of this page stay the newest. */
export function restore({ list }: Listing, before: ListedRun[]): Listing {
  const stored = before.map((run, index) => ({ ...run, number: -1 - index }));
  return list.reduce<Listing>((listing, run) => admit(listing, run), { list: stored, gone: null });
}

/** Removes the runs with these numbers. */
export const forget = ({ list }: Listing, numbers: number[]): Listing => ({ list: list.filter(({ number }) => !numbers.includes(number)), gone: null });
