// A comparison: entrants that train one after another, with all other settings equal.

import type { Entrant, Evaluation, Values } from '../protocol/messages';
import { settingOf } from './controls';
import type { Comparison, Controls } from './state';
import { isConvolutional, unpinned } from './suggestions';
import { t } from '../words/words';

/** A comparison before its first run. */
export const begun = (chosen: Entrant[], base: Values, best: boolean): Comparison => ({
  // Baselines come first. Entrants that need the result of another one, such as its allocation, come last.
  order: chosen.toReversed().sort((a, b) => Number(a.is_allocated) - Number(b.is_allocated)),
  at: -1,
  base,
  best,
  allocation: null,
});

/** The entrant that trains now: its place, the number of entrants, and its name. */
export const entrantOf = ({ order, at }: Comparison): { run: number; of: number; entrant: string } => ({
  run: at + 1,
  of: order.length,
  entrant: order[at]?.name ?? '',
});

/** The run of the comparison ended with this evaluation. Its kept units of each gated group are the value of the setting `allocation`. */
export const ended = (comparison: Comparison, { kept }: Evaluation): Comparison =>
  comparison.order[comparison.at]?.name === 'vrpge' ? { ...comparison, allocation: kept.join(',') } : comparison;

/** The comparison at its next run, with the settings of that run or the reason why it cannot be opened; null after the last run. */
export function next(comparison: Comparison, controls: Controls): { comparison: Comparison; asked: { values: Values } | { refused: string } } | null {
  const at = comparison.at + 1;
  const entrant = comparison.order[at];
  if (!entrant) return null;
  const { base, best, allocation } = comparison;
  const { name, method, made_by, is_allocated } = entrant;
  const presets = isConvolutional(base['model']) ? entrant.convolutional_presets : entrant.presets;
  const following = { ...comparison, at };
  if (is_allocated && allocation === null)
    return { comparison: following, asked: { refused: t`${name} divides the budget like the result of vrpge, and that run did not end.` } };
  // A setting that was chosen by hand overrides a preset.
  const from_preset = Object.entries(best ? presets : {}).filter(([named]) => base[named] === settingOf(controls, named)?.value);
  return {
    comparison: following,
    asked: {
      values: {
        ...base,
        ...unpinned(base, 'method', method),
        ...Object.fromEntries(from_preset),
        ...made_by,
        method,
        ...(is_allocated && { allocation: allocation ?? '' }),
      },
    },
  };
}
