// The formulas of the estimators of losses. Their names are those of src/estimators; an estimator's file there explains its numerator.

import type { StepRecord } from '../protocol/messages';
import { significant } from './format';

/** The numerator of g: in symbols, and with the losses of a step. */
interface Formula {
  symbols: string;
  numbers: (record: StepRecord) => string;
}

const difference = ({ loss, probe_loss }: StepRecord): string => `(${significant(loss - probe_loss, 3)})`;

export const FORMULAS: Record<string, Formula> = {
  'two-sided': { symbols: '½(L − L′)(m − m′)', numbers: (record) => `½ · ${difference(record)} · (m − m′)` },
  'one-sided': { symbols: '(L − L′)(m − s)', numbers: (record) => `${difference(record)} · (m − s)` },
  plain: { symbols: 'L (m − s)', numbers: ({ loss }) => `${significant(loss, 3)} · (m − s)` },
};

/** g of an estimator in symbols, for any α. */
export const formulaOf = (estimator: string): string =>
  estimator === 'ste' ? '(s(1−s))^α ∂L/∂m, the chain rule' : `${FORMULAS[estimator]?.symbols ?? 'g'} / (s(1−s))^(1−α)`;
