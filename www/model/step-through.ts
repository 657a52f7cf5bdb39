// A step that is executed phase by phase: what each phase did, as a sentence and as a number for each unit.

import { count, fixed, significant } from './format';
import { isPriced, methodOf } from './methods';
import { type Description, KEPT, PROBE_KEPT, type Values, type PartialStep } from '../protocol/messages';
import type { StepThrough } from './state';
import { t } from '../words/words';

/** A number for each unit. */
export interface Bars {
  /** -1 to 1, or 0 to 1 where they have no sign. */
  values: Float32Array;
  signed: boolean;
  /** What 1 stands for. */
  most: number;
  name: string;
}

const largest = (values: Float32Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
const units = (of: number): string => `${count(of)} ${of === 1 ? 'unit' : 'units'}`;

/** Which phase was done, and what it did. */
export function sentenceOf(step: StepThrough, description: Description, values: Values): string {
  return t`Step ${count(step.partial.snapshot.step)}, phase ${step.done} of ${step.of}. ${newsOf(step, description, values)}`;
}

/** The result of a phase for each unit, for the network's cells. A bar of g points down where g lowers the score. */
export function barsOf({ stage, values }: PartialStep): Bars | null {
  if (!values) return null;
  const most = largest(values) || 1;
  if (stage === 'gradient') return { values: values.map((g) => -g / most), signed: true, most: -most, name: 'g =' };
  return { values: values.map((moved) => moved / most), signed: false, most, name: t`weights moved by` };
}

/** What a phase did, as a sentence. */
export function newsOf({ partial }: StepThrough, description: Description, values: Values): string {
  const record = partial.snapshot.records.at(-1);
  if (!record) return '';
  const { mask, threshold } = partial.snapshot;
  const two = methodOf(values).forwards === 2;
  const times = isPriced(values) ? ` ${t`times the price of its unit`}` : '';
  const count_of = (wanted: (bits: number) => boolean): number => mask.reduce((sum, bits) => sum + (wanted(bits) ? 1 : 0), 0);
  const kept = count_of((bits) => (bits & KEPT) !== 0);
  const differ = count_of((bits) => bits === KEPT || bits === PROBE_KEPT);
  switch (partial.stage) {
    case 'choose':
      return t`The mask was chosen anew: ${units(partial.snapshot.scores.filter((score) => score > 0).length)} stay.`;
    case 'sample':
      if (two) return t`Two masks are drawn. They disagree about ${units(differ)}, and only those learn from the difference of the losses.`;
      return methodOf(values).family === 'learned' ? t`A mask is drawn: it keeps ${units(kept)}.` : t`The mask stays: it keeps ${units(kept)}.`;
    case 'losses': {
      if (!two) return t`The batch went forward once: the loss is ${fixed(record.loss, 3)}.`;
      const better = record.loss < record.probe_loss ? 'm' : 'm′';
      return t`One batch went forward under both: ${better} did better, by ${significant(Math.abs(record.loss - record.probe_loss), 2)}.`;
    }
    case 'gradient': {
      const moved = (partial.values ?? []).filter((g) => g !== 0).length;
      return moved === 1
        ? t`${units(moved)} has a gradient: up where the score will rise, down where it will fall.`
        : t`${units(moved)} have a gradient: up where the score will rise, down where it will fall.`;
    }
    case 'project':
      if (threshold < 0)
        return t`Every score above 0 is raised by −v\u00a0=\u00a0${significant(-threshold, 2)}${times}, at most to 1, so that the budget is used. A score of 0 stays.`;
      return threshold > 0
        ? t`Every score is lowered by v\u00a0=\u00a0${significant(threshold, 2)}${times}, and scores below 0 are set to 0: the budget holds.`
        : t`The scores fit the budget as they are: none is lowered.`;
    case 'backward':
      return values['method'] === 'ste'
        ? t`The gradient was computed for every unit.`
        : t`The gradient was computed for the ${units(kept)} that m keeps, and no others.`;
    case 'weights':
      return values['method'] === 'ste' || values['method'] === 'dense'
        ? t`All ${count(description.weights)} weights are updated.`
        : t`The weights between kept units are updated. The others stay.`;
  }
}
