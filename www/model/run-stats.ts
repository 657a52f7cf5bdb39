// Counts and rates of a run, for the page's sentences.

import { methodOf } from './methods';
import type { Description, Group, Values } from '../protocol/messages';

const RATE_WINDOW_MS = 2500;

/** Kept units among those that are gated. */
export function gatedKept(groups: Group[], kept: Uint32Array): number {
  return groups.reduce((sum, group, index) => sum + (group.gated ? (kept[index] ?? 0) : 0), 0);
}

/** Units whose score is neither 0 nor `certain`. */
export function undecided(scores: Iterable<number>, certain: number): number {
  let units = 0;
  for (const score of scores) if (score > 0 && score < certain) units += 1;
  return units;
}

/** Units that are kept by one of the two masks only. */
export function differing(mask: Uint8Array): number {
  return mask.reduce((sum, bits) => sum + (bits === 1 || bits === 2 ? 1 : 0), 0);
}

/** Inputs that carry the answer, and those of them that are kept; null where that is not known. */
export function planted({ informative, groups: [inputs] }: Description, mask: Uint8Array): { kept: number; of: number } | null {
  if (!informative || !inputs?.gated) return null;
  const of = informative.reduce((sum, carries) => sum + carries, 0);
  return { of, kept: informative.reduce((sum, carries, input) => sum + (carries & (mask[inputs.first_unit + input] ?? 0)), 0) };
}

/** Steps of the run without fine-tuning, which has no snapshots. */
export function plannedSteps({ steps, steps_per_epoch }: Description, values: Values | null): number {
  return steps - Number(values?.['finetune_epochs'] ?? 0) * steps_per_epoch;
}

/** The step at which a falling budget reaches its end. */
export function settles(values: Values, steps: number): number | null {
  if (!methodOf(values).starts_whole || values['schedule'] !== 'cubic') return null;
  return Math.round(Number(values['anneal_fraction']) * steps);
}

/** Recent steps per second. */
export class Rate {
  private arrivals: { at: number; step: number }[] = [];

  note(step: number, at: number): void {
    this.arrivals.push({ at, step });
    while (this.arrivals.length > 2 && at - (this.arrivals[0]?.at ?? at) > RATE_WINDOW_MS) this.arrivals.shift();
  }

  forget(): void {
    this.arrivals = [];
  }

  /** NaN before two steps were counted. */
  get steps_per_second(): number {
    const [first, last] = [this.arrivals[0], this.arrivals.at(-1)];
    const ms = first && last ? last.at - first.at : 0;
    return first && last && ms > 0 ? (1000 * (last.step - first.step)) / ms : NaN;
  }
}
