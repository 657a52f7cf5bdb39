// The methods: their facts, generated from the Rust sources, and the page's sentences about them.

import { DEFAULT_METHOD, METHOD_FACTS, type MethodFacts, type MethodName, type Values } from '../protocol/messages';
import { t } from '../words/words';

/** How the mask is made. `learned`: from scores; `chosen`: from the weights or gradients of the network; `given`: before the first step, without them. */
export type Family = 'learned' | 'chosen' | 'given';

/** The page's sentences about a method. */
interface Words {
  /** In one line. */
  does: string;
  /** Dense work that the time of a sparse step does not include; null if there is none. */
  dense: string | null;
  /** The same where the budget falls from nearly all units. */
  from_whole?: string;
}

/** A method: its facts from the Rust sources and its sentences. */
export interface Method extends Words, MethodFacts {
  family: Family;
}

const WORDS: Record<MethodName, Words> = {
  vrpge: {
    does: t`The variance-reduced policy gradient estimator: scores learn from the difference of two losses, under two masks.`,
    dense: t`none`,
    from_whole: t`none, but a budget that starts whole makes the first steps cost more than dense ones`,
  },
  reinforce: {
    does: t`One mask, one loss: scores learn from the loss itself. Unbiased, and noisy.`,
    dense: t`none`,
    from_whole: t`none, but a budget that starts whole makes the first steps nearly dense`,
  },
  ste: {
    does: t`The chain rule through the mask, as if drawing it changed nothing. Biased.`,
    dense: t`every step: all units are computed, forward and backward`,
  },
  fisher: {
    does: t`One mask, one backward pass: scores follow the Fisher information of the kept units. Biased: an estimate to second order.`,
    dense: t`none: there is no second forward pass, and no dense one`,
  },
  'fisher-pruning': {
    does: t`A random mask; as the budget falls, the units with the least Fisher information are dropped. Biased, as Fisher is.`,
    dense: t`none`,
  },
  magnitude: {
    does: t`As the budget falls, the units with the smallest weights are dropped.`,
    dense: t`none`,
    from_whole: t`the start, until the budget has come down`,
  },
  set: {
    does: t`A random mask; at intervals its smallest units are exchanged for random ones.`,
    dense: null,
  },
  rigl: {
    does: t`Like SET, but units with the largest gradients are added.`,
    dense: t`a dense forward and backward pass at each exchange`,
  },
  snip: {
    does: t`One dense pass before the first step chooses the mask, which then stays.`,
    dense: t`one dense forward and backward pass before the first step`,
  },
  static: {
    does: t`A random mask, drawn once.`,
    dense: null,
  },
  'small-dense': {
    does: t`A narrower dense network with the multiply-adds of a sparse method: the fair baseline.`,
    dense: null,
  },
  dense: {
    does: t`Every unit is kept, from the first step to the last.`,
    dense: t`all of it`,
  },
};

function withFacts(name: MethodName): Method {
  const [words, facts] = [WORDS[name], METHOD_FACTS[name]];
  return { ...words, ...facts, family: facts.learns_scores ? 'learned' : facts.chooses ? 'chosen' : 'given' };
}

/** Every method by its name, in the order of the controls. */
export const METHODS: Record<string, Method> = Object.fromEntries((Object.keys(METHOD_FACTS) as MethodName[]).map((name) => [name, withFacts(name)]));

export const FAMILIES: [family: Family, title: string][] = [
  ['learned', t`Learned`],
  ['chosen', t`Chosen by a rule`],
  ['given', t`Given: the baselines`],
];

/** Names of the methods whose masks are drawn from scores. */
export const LEARNED = Object.keys(METHODS).filter((name) => METHODS[name]?.family === 'learned');

/** The method of a run, or the default method if there is no run yet. */
export const methodOf = (values: Values | null): Method => METHODS[values?.['method'] ?? ''] ?? withFacts(DEFAULT_METHOD);

/** Whether the budget counts each unit at its price, and not all units alike. */
export const isPriced = (values: Values): boolean => values['budget_unit'] === 'multiply-adds' && methodOf(values).settings.includes('budget_unit');

const MATCHED: Record<string, string> = { vrpge: 'VR-PGE', fisher: t`Fisher` };

/** The label of the method whose multiply-adds `small-dense` takes. */
export const matchedOf = (values: Values | null): string => MATCHED[values?.['work_of'] ?? DEFAULT_METHOD] ?? '';

/** From this keep ratio on a step with two forward passes has more multiply-adds than a dense step: 4 k² / 3 of them. */
export const AS_MUCH_AS_DENSE = Math.sqrt(3) / 2;

/** The dense work of a run with these settings that the time of a sparse step does not include; null if its method never has any. */
export function denseWork(values: Values): string | null {
  const { dense, from_whole, starts_whole } = methodOf(values);
  const is_whole = starts_whole && values['schedule'] !== 'constant' && Number(values['keep_start']) > AS_MUCH_AS_DENSE;
  return is_whole && from_whole ? from_whole : dense;
}

const OF_SOME = new Set(Object.values(METHOD_FACTS).flatMap(({ settings }) => settings));
const OF_A_FALL = ['keep_start', 'anneal_fraction'];

/** Whether the method that the values name uses a setting. */
export function means(name: string, values: Values): boolean {
  if (OF_A_FALL.includes(name) && values['schedule'] === 'constant') return false;
  return !OF_SOME.has(name) || methodOf(values).settings.includes(name);
}
