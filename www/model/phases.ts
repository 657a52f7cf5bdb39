// One training step as six phases: the name and the formula of each, and a sentence with the numbers of the last step.

import { FORMULAS, hasControl } from './estimators';
import { count, fixed, percent, significant } from './format';
import { isPriced, methodOf } from './methods';
import { DEFAULT_METHOD, type Description, type StepPart, type StepRecord, type Values } from '../protocol/messages';
import { t } from '../words/words';

export const TITLES = [t`Sample`, t`Two losses`, t`Gradient`, t`Project`, t`Backward`, t`Weights`] as const;

/** The numbers of a step that the phases show. */
export interface StepInput {
  record: StepRecord;
  values: Values;
  description: Description;
  kept: Uint32Array;
  /** Units in which m and m′ differ. */
  differ: number;
}

/** The phase that a part of a step belongs to. The part that chooses a mask is two phases, ranking and choosing. */
export const PHASES: Record<StepPart, number[]> = { choose: [2, 3], sample: [0], losses: [1], gradient: [2], project: [3], backward: [4], weights: [5] };

/** How far a step has come that is executed phase by phase. */
export interface PartOfStep {
  /** The part that was executed last, and the parts that remain. */
  stage: StepPart;
  left: StepPart[];
}

/** The number of weights between kept units, with the biases, scales and shifts of those units. */
export function keptWeights({ layers }: Description, kept: Uint32Array): number {
  return layers.reduce((sum, { taps, extra, from, to }) => sum + (taps * (kept[from] ?? 0) + extra) * (kept[to] ?? 0), 0);
}

/** "33,578 of 288,746", "1.4 of 14.7 million" */
function shareOf(part: number, whole: number): string {
  return whole < 1e7 ? t`${count(part)} of ${count(whole)}` : t`${fixed(part / 1e6, 1)} of ${fixed(whole / 1e6, 1)} million`;
}

/** The denominator of g, (s(1−s))^(1−α), simplified for this α; null where it is 1. */
function denominator(alpha: number): string | null {
  if (alpha >= 1) return null;
  if (alpha === 0.5) return '√s(1−s)';
  if (alpha <= 0) return 's(1−s)';
  return `(s(1−s))^${fixed(1 - alpha, 2)}`;
}

/** (s(1−s))^α with a space before it; empty where it is 1. */
function factor(alpha: number): string {
  if (alpha <= 0) return '';
  return alpha === 0.5 ? ' √s(1−s)' : alpha >= 1 ? ' s(1−s)' : ` (s(1−s))^${fixed(alpha, 2)}`;
}

/** `control`: with the control variate c, which takes its part off the losses and is added again. */
function gradient(estimator: string, alpha: number, control: boolean): string {
  const under = denominator(alpha);
  const symbols = FORMULAS[estimator]?.symbols ?? '';
  const rest = symbols.replace(')(', ' − Σc(m − m′))(');
  return `g = ${control ? rest : symbols}${under === null ? '' : ` / ${under}`}${control ? ` + c${factor(alpha)}` : ''}`;
}

const MASKED = t`every unit computed, times m`;
const CHAIN = t`by the chain rule, with dm/ds taken as 1`;
const EFFECTS = t`F ≈ B·G², a running mean; biased`;
const DENSE_BACKWARD = t`dense: through every unit`;

type Words = [formula: string, words: string];
/** Of one phase. */
export type Said = [title: string, formula: string, words: string];

function sample(name: string, differ: number, units: number): Words {
  switch (name) {
    case 'vrpge':
      return ['m, m′ ~ Bernoulli(s)', differ === 1 ? t`differ in ${count(differ)} unit` : t`differ in ${count(differ)} units`];
    case 'reinforce':
    case 'ste':
    case 'fisher':
      return ['m ~ Bernoulli(s)', units === 1 ? t`one mask, ${count(units)} unit` : t`one mask, ${count(units)} units`];
    case 'dense':
      return ['m = 1', t`every unit is kept`];
    case 'small-dense':
      return ['m = 1', t`on a narrower network`];
    case 'static':
    case 'snip':
      return [t`m fixed`, t`one mask for the whole run`];
    default:
      return [t`m fixed`, t`until it is chosen again`];
  }
}

/** What the scores learn from. */
function gradientOf(name: string, values: Values): string {
  const { estimator = 'two-sided', alpha = '0.5' } = values;
  if (name === 'ste') return 'g = ∂L/∂m';
  if (name === 'fisher') return t`g = −½F / mean of ½F`;
  return gradient(name === 'reinforce' ? 'plain' : estimator, Number(alpha), hasControl(values));
}

/** How a mask that is not learned is made: what units are ranked by, and which of them are kept. */
function choice(name: string, values: Values, room: string): [rank: Words, keep: Words] {
  const every = t`every ${count(Number(values['structure_every']))} steps`;
  const share = percent(Number(values['drop_fraction']), 0);
  switch (name) {
    case 'magnitude':
      return [
        [t`‖w‖ of each unit`, t`${every}, while K falls`],
        [t`the largest stay`, room],
      ];
    case 'fisher-pruning':
      return [
        [t`½F of each unit`, t`F ≈ B·G²; ${every}, while K falls`],
        [t`the largest stay`, room],
      ];
    case 'set':
      return [
        [t`‖w‖ of kept units`, every],
        [t`small out, random in`, t`${share} of them, ever fewer`],
      ];
    case 'rigl':
      return [
        ['‖w‖, |∂L/∂m|', t`${every}, by a dense pass`],
        [t`small out, large gradients in`, t`${share} of them, ever fewer`],
      ];
    case 'snip':
      return [
        [t`|∂L/∂m| of each unit`, t`once, by a dense pass before step 1`],
        [t`the largest stay`, room],
      ];
    default:
      return [
        ['g = 0', t`the structure is not learned`],
        ['s ← s', t`nothing to project`],
      ];
  }
}

/** The two phases of a mask that is not learned. `room`: how many units the budget allows. */
function chooses(name: string, values: Values, room: string): Said[] {
  const [rank, keep] = choice(name, values, room);
  const { family } = methodOf({ method: name });
  return [
    [family === 'chosen' ? t`Rank` : t`Gradient`, ...rank],
    [family === 'chosen' ? t`Choose` : t`Project`, ...keep],
  ];
}

/** What a gradient that reads a backward pass comes from. */
const OWN: Record<string, string> = { ste: CHAIN, fisher: EFFECTS };

/** Whether the projection also raises scores, with a v below 0, so that the budget is used. */
const fills = (values: Values): boolean => values['fill_budget'] === 'true' && methodOf(values).settings.includes('fill_budget');

/** The projection, and the sum that it bounds. p is the price of a unit. */
const projection = (values: Values): string => (isPriced(values) ? t`s ← clamp(s − v p, 0, 1)` : 's ← clamp(s − v, 0, 1)');
const bounded = (values: Values): string => (isPriced(values) ? 'Σps' : 'Σs');

/** The phases before there are numbers. */
export function plainPhases(values: Values): Said[] {
  const name = values['method'] ?? DEFAULT_METHOD;
  const { family, forwards, computes_all } = methodOf(values);
  const [drawn, stays] = sample(name, 0, 0);
  const two = forwards === 2;
  const fill = fills(values);
  const plain = hasControl(values) ? t`c is of past steps, updated after its use` : t`no backward pass`;
  const learns: Said[] = [
    [t`Gradient`, gradientOf(name, values), OWN[name] ?? plain],
    [t`Project`, projection(values), t`onto the budget: ${bounded(values)} ${fill ? '=' : '≤'} K`],
  ];
  return [
    [t`Sample`, drawn, family === 'learned' ? t`${two ? t`two masks` : t`one mask`}, one batch` : stays],
    two ? [t`Two losses`, 'L(w, m),  L(w, m′)', t`same batch, two masks`] : [t`One loss`, 'L(w, m)', computes_all ? MASKED : t`one forward pass`],
    ...(family === 'learned' ? learns : chooses(name, values, t`as many as K allows`)),
    [t`Backward`, '∇w L(w, m)', computes_all ? DENSE_BACKWARD : name === 'dense' ? t`through every unit` : t`under m, kept units only`],
    [t`Weights`, 'w ← w − η·momentum', name === 'dense' ? t`all of them` : t`the others do not change`],
  ];
}

/** The phases with the numbers of a step. */
function numberedPhases({ record, values, description, kept, differ }: StepInput): Said[] {
  const name = values['method'] ?? DEFAULT_METHOD;
  const { family, forwards, computes_all } = methodOf(values);
  const weights = computes_all ? description.weights : keptWeights(description, kept);
  const share = weights / Math.max(1, description.weights);
  const units = description.groups.reduce((sum, group, index) => sum + (group.gated ? (kept[index] ?? 0) : 0), 0);
  const { estimator = '' } = values;
  const one = name === 'reinforce' || estimator === 'plain';
  const read = one ? `L = ${fixed(record.loss, 3)}` : `L − L′ = ${fixed(record.loss - record.probe_loss, 3)}`;
  const from = hasControl(values) ? t`from ${read} and c of past steps` : one ? t`from ${read} itself` : t`from ${read} alone`;
  const [sum, budget] = [fixed(record.sum_scores, 1), fixed(record.budget, 1)];
  const sums = `${bounded(values)} = ${sum === budget ? `K = ${budget}` : `${sum} < K = ${budget}`}`;
  const room = `${t`${count(units)} units`}, ${isPriced(values) ? `Σp = ${sum}, ` : ''}K = ${budget}`;
  const learns: Said[] = [
    [t`Gradient`, gradientOf(name, values), OWN[name] ?? from],
    [t`Project`, projection(values), `v = ${significant(record.threshold, 2)}${record.threshold < 0 ? t`, raised` : ''}, ${sums}`],
  ];
  return [
    [t`Sample`, ...sample(name, differ, units)],
    forwards === 2
      ? [t`Two losses`, `L = ${fixed(record.loss, 3)}\u2003L′ = ${fixed(record.probe_loss, 3)}`, t`same batch, two masks`]
      : [t`One loss`, `L = ${fixed(record.loss, 3)}`, computes_all ? MASKED : t`one forward pass`],
    ...(family === 'learned' ? learns : chooses(name, values, room)),
    [
      t`Backward`,
      `‖∇w L(w, m)‖ = ${significant(record.gradient_norm, 2)}`,
      computes_all ? DENSE_BACKWARD : t`${percent(share, share < 0.1 ? 1 : 0)} of the weights`,
    ],
    [t`Weights`, `w ← w − ${significant(record.learning_rate, 2)}·momentum`, t`${shareOf(weights, description.weights)} moved`],
  ];
}

/** The phases with the numbers of a step. Phases that were not executed yet have none. */
export function phasesOf(input: StepInput, part: PartOfStep | null): Said[] {
  const later = laterPhases(part);
  const plain = plainPhases(input.values);
  return numberedPhases(input).map((said, index) => (later.has(index) ? (plain[index] ?? said) : said));
}

/** The phases that were not executed yet. */
export const laterPhases = (part: PartOfStep | null): Set<number> => new Set(part?.left.flatMap((stage) => PHASES[stage]));

/** What the phase of a part is called. */
export const phaseTitle = (stage: StepPart, all: Said[]): string => (stage === 'choose' ? t`Choose` : (all[PHASES[stage][0] ?? 0]?.[0] ?? ''));
