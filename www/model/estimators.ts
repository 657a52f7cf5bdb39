// The formulas of the estimators of losses. Their names are those of src/estimators; an estimator's file there explains its numerator.

import { DEFAULT_METHOD, METHOD_FACTS, type MethodName, type StepRecord, type Values } from '../protocol/messages';
import { significant } from './format';
import { t } from '../words/words';

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

const FACTOR = '(s(1−s))^α';
/** The lab's formulas that are no numerator over a power of s(1−s). G is ∂L/∂m of a unit that m keeps; of the others g is 0. */
const WHOLE: Record<string, string> = {
  'two-sided, c': `½(L − L′ − Σ c(m − m′))(m − m′) / (s(1−s))^(1−α) + c ${FACTOR}`,
  ste: t`${FACTOR} ∂L/∂m, the chain rule`,
  'first order': t`${FACTOR} G / s, G = ∂L/∂m of kept units; biased`,
  'second order': t`${FACTOR} (G − ½F) / s, F ≈ B·G², of kept units; biased`,
};

/** g of an estimator in symbols, for any α. */
export const formulaOf = (estimator: string): string => WHOLE[estimator] ?? `${FORMULAS[estimator]?.symbols ?? 'g'} / (s(1−s))^(1−α)`;

/** Whether a run uses its running effects as a control variate. */
export const hasControl = ({ method = DEFAULT_METHOD, control_variate }: Values): boolean =>
  METHOD_FACTS[method as MethodName]?.settings.includes('control_variate') === true && control_variate === 'true';
