// What differs between experiments, and what they have in common.

import { means } from './methods';
import type { Values } from '../protocol/messages';
import type { ListedRun } from './runs';
import { t } from '../words/words';

/** Settings that are named even where all runs share them. */
const NAMED: [name: string, words: (value: string) => string][] = [
  ['model', (value) => value],
  ['dataset', (value) => value],
  ['keep_ratio', (value) => t`keep ${value}`],
  ['seed', (value) => t`seed ${value}`],
];

/** How an empty setting is named beside runs where it is not empty. */
const NOTHING: Values = { allocation: t`alike in each layer`, pins: 'none' };

/** The value of a setting of a run; all its values if it was changed during the run. Null if the run's method does not use it. */
function told({ values, replaced }: Pick<ListedRun, 'values' | 'replaced'>, name: string): string | null {
  if (!means(name, values)) return null;
  const say = (value = ''): string => (value === '' ? (NOTHING[name] ?? '') : value);
  const [first, now] = [say(replaced[name] ?? values[name]), say(values[name])];
  return first === now ? now : `${first} → ${now}`;
}

export interface Differences {
  /** Settings in which the runs differ, each with the values that occur. */
  differing: [name: string, values: string[]][];
  /** Settings that all runs share and that are named nevertheless, in words. */
  equal: string[];
  /** For each run: its values of the settings that differ. */
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
