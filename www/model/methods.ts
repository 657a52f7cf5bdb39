// The ways of choosing a mask, in words: what each does, what dense work it hides, which settings are its own.

import { DEFAULT_METHOD, METHOD_FACTS, type MethodFacts, type MethodName, type Values } from '../protocol/messages';

/** `learned`: by scores; `chosen`: by looking at the network; `given`: before the first step, without a look. */
export type Family = 'learned' | 'chosen' | 'given';

/** What the page itself has to say about a method. */
interface Words {
  /** Whether it chooses its masks by looking at the network. */
  chooses?: true;
  /** In one line. */
  does: string;
  /** Work as of the dense net that its sparse steps do not show; null where there is none. */
  dense: string | null;
  /** Settings that mean something to it and not to all. */
  knobs: string[];
}

/** A method: its facts are those of the Rust sources. */
export interface Method extends Words, MethodFacts {
  family: Family;
}

const BUDGET = ['keep_ratio'];
const FALLING = [...BUDGET, 'schedule', 'keep_start', 'anneal_fraction'];
const SCORES = ['scores_optimizer', 'scores_rate', 'select_masks', 'pins'];

const WORDS: Record<MethodName, Words> = {
  vrpge: {
    does: 'Two masks, two losses: scores learn from the difference.',
    dense: 'none, but a budget that starts whole makes the first steps cost more than dense ones',
    knobs: [...FALLING, 'estimator', 'alpha', ...SCORES, 'compact'],
  },
  reinforce: {
    does: 'One mask, one loss: scores learn from the loss itself. Unbiased, and noisy.',
    dense: 'none, but a budget that starts whole makes the first steps nearly dense',
    knobs: [...FALLING, 'alpha', ...SCORES, 'compact'],
  },
  ste: {
    does: 'The chain rule through the mask, as if drawing it changed nothing. Biased.',
    dense: 'every step: all units are computed, forward and backward',
    knobs: [...FALLING, ...SCORES],
  },
  magnitude: {
    chooses: true,
    does: 'Starts dense; as the budget falls, the units of the smallest weights go.',
    dense: 'the start, until the budget has come down',
    knobs: [...FALLING, 'structure_every', 'compact'],
  },
  set: {
    chooses: true,
    does: 'A random mask; now and then its smallest units go and random ones come.',
    dense: null,
    knobs: [...BUDGET, 'structure_every', 'drop_fraction', 'allocation'],
  },
  rigl: {
    chooses: true,
    does: 'As SET, but the units come that the loss asks for most.',
    dense: 'a dense forward and backward pass at each exchange',
    knobs: [...BUDGET, 'structure_every', 'drop_fraction', 'allocation'],
  },
  snip: {
    chooses: true,
    does: 'One look at the whole net before the first step; then the mask stays.',
    dense: 'one dense forward and backward pass before the first step',
    knobs: [...BUDGET, 'compact'],
  },
  static: {
    does: 'A random mask, drawn once.',
    dense: null,
    knobs: [...BUDGET, 'allocation', 'compact'],
  },
  'small-dense': {
    does: 'A narrower dense net of the multiply-adds of VR-PGE: the fair opponent.',
    dense: null,
    // As wide as the run of VR-PGE under the same schedule would be expensive.
    knobs: FALLING,
  },
  dense: {
    does: 'Every unit is kept, from the first step to the last.',
    dense: 'all of it',
    knobs: [],
  },
};

function withFacts(name: MethodName): Method {
  const [words, facts] = [WORDS[name], METHOD_FACTS[name]];
  return { ...words, ...facts, family: facts.learns_scores ? 'learned' : words.chooses ? 'chosen' : 'given' };
}

/** Every method by its name, in the order of the controls. */
export const METHODS: Record<string, Method> = Object.fromEntries((Object.keys(METHOD_FACTS) as MethodName[]).map((name) => [name, withFacts(name)]));

export const FAMILIES: [family: Family, title: string][] = [
  ['learned', 'Learned'],
  ['chosen', 'Chosen by a rule'],
  ['given', 'Given: the opponents'],
];

/** The method of a run; that of the default where there is none yet. */
export const methodOf = (values: Values | null): Method => METHODS[values?.['method'] ?? ''] ?? withFacts(DEFAULT_METHOD);

const OWN = new Set(Object.values(WORDS).flatMap(({ knobs }) => knobs));
const OF_A_FALL = ['keep_start', 'anneal_fraction'];

/** Whether a setting means something to the method that the values name. */
export function means(name: string, values: Values): boolean {
  if (OF_A_FALL.includes(name) && values['schedule'] === 'constant') return false;
  return !OWN.has(name) || methodOf(values).knobs.includes(name);
}
