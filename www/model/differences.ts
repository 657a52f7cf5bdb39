// What differs between experiments, and what they have in common.

import { means } from './methods';
import type { Values } from '../protocol/messages';
import type { ListedRun } from './runs';

/** Settings that are named even where all runs share them. */
const NAMED: [name: string, words: (value: string) => string][] = [
  ['model', (value) => value],
  ['dataset', (value) => value],
  ['keep_ratio', (value) => `keep ${value}`],
  ['seed', (value) => `seed ${value}`],
];

/** What nothing means, where the settings of others are something. */
const NOTHING: Values = { allocation: 'alike in each layer', pins: 'none' };

/** A setting of a run; of one that was changed on the way, all that it was. Null where it means nothing to the run's method. */
function told({ values, replaced }: Pick<ListedRun, 'values' | 'replaced'>, name: string): string | null {
  if (!means(name, values)) return null;
  const say = (value = ''): string => (value === '' ? (NOTHING[name] ?? '') : value);
  const [first, now] = [say(replaced[name] ?? values[name]), say(values[name])];
  return first === now ? now : `${first} → ${now}`;
}

export interface Differences {
  /** Settings in which the runs differ, each with the values that occur. */
  differing: [name: string, values: string[]][];
  /** Those that are named all the same, in words. */
  equal: string[];
  /** For each run, what sets it apart: its values of the settings that differ. */
  labels: string[][];
}

export function differences(runs: Pick<ListedRun, 'values' | 'replaced'>[]): Differences {
  const names = Object.keys(runs[0]?.values ?? ({} as Values));
  const differing = names.flatMap((name): [string, string[]][] => {
    const values = [...new Set(runs.flatMap((run) => told(run, name) ?? []))];
    return values.length > 1 ? [[name, values]] : [];
  });
  const differs = new Set(differing.map(([name]) => name));
  const equal = NAMED.flatMap(([name, words]) => {
    const value = runs.map((run) => told(run, name)).find((found) => found !== null);
    return differs.has(name) || value === undefined || value === null ? [] : [words(value)];
  });
  const labels = runs.map((run) => differing.flatMap(([name]) => told(run, name) ?? []));
  return { differing, equal, labels };
}
