// The foot of the page: one training step as six phases, each formula with the numbers of the last step.

import { type Family, methodOf } from '../methods';
import { count, fixed, percent, significant } from '../numbers';
import type { Description, StepRecord, Values } from '../protocol';

const TITLES = ['Sample', 'Two losses', 'Gradient', 'Project', 'Backward', 'Weights'] as const;
const SHOW_MS = 420;

/** What a foot needs to know of the run. */
export interface PhasesInput {
  record: StepRecord;
  values: Values;
  description: Description;
  kept: Uint32Array;
  probe_kept: Uint32Array;
  /** Units in which m and m′ differ. */
  differ: number;
}

interface Phase {
  item: HTMLLIElement;
  title: HTMLElement;
  formula: HTMLElement;
  words: HTMLElement;
}

/** The weights that join kept units, with what else those units have: biases, scales, shifts. */
export function keptWeights({ layers }: Description, kept: Uint32Array): number {
  return layers.reduce((sum, { taps, extra, from, to }) => sum + (taps * (kept[from] ?? 0) + extra) * (kept[to] ?? 0), 0);
}

/** "33,578 of 288,746", "1.4 of 14.7 million" */
function shareOf(part: number, whole: number): string {
  return whole < 1e7 ? `${count(part)} of ${count(whole)}` : `${(part / 1e6).toFixed(1)} of ${(whole / 1e6).toFixed(1)} million`;
}

/** g's denominator, (s(1−s))^(1−α), as simple as α allows; null where it is 1. */
function denominator(alpha: number): string | null {
  if (alpha >= 1) return null;
  if (alpha === 0.5) return '√s(1−s)';
  if (alpha <= 0) return 's(1−s)';
  return `(s(1−s))^${fixed(1 - alpha, 2)}`;
}

function gradient(estimator: string, alpha: number): string {
  const numerator = { 'two-sided': '½(L − L′)(m − m′)', 'one-sided': '(L − L′)(m − s)', plain: 'L (m − s)' }[estimator] ?? '';
  const under = denominator(alpha);
  return `g = ${numerator}${under === null ? '' : ` / ${under}`}`;
}

const MASKED = 'every unit computed, times m';
const CHAIN = 'by the chain rule, as if m were s';
const DENSE_BACKWARD = 'dense: through every unit';

type Words = [formula: string, words: string];

function sample(name: string, differ: number, units: number): Words {
  switch (name) {
    case 'vrpge':
      return ['m, m′ ~ Bernoulli(s)', `differ in ${count(differ)} ${differ === 1 ? 'unit' : 'units'}`];
    case 'reinforce':
    case 'ste':
      return ['m ~ Bernoulli(s)', `one mask, ${count(units)} ${units === 1 ? 'unit' : 'units'}`];
    case 'dense':
      return ['m = 1', 'every unit is kept'];
    case 'small-dense':
      return ['m = 1', 'on a narrower network'];
    case 'static':
    case 'snip':
      return ['m fixed', 'one mask for the whole run'];
    default:
      return ['m fixed', 'until it is chosen again'];
  }
}

/** What the scores learn from. */
function gradientOf(name: string, estimator: string, alpha: number): string {
  return name === 'ste' ? 'g = ∂L/∂m' : gradient(name === 'reinforce' ? 'plain' : estimator, alpha);
}

/** How a mask that is not learned comes about: what units are ranked by, and which of them stay. */
function choice(name: string, values: Values, room: string): [rank: Words, keep: Words] {
  const every = `every ${count(Number(values['structure_every']))} steps`;
  const share = percent(Number(values['drop_fraction']), 0);
  switch (name) {
    case 'magnitude':
      return [['‖w‖ of each unit', `${every}, while K falls`], ['the largest stay', room]];
    case 'set':
      return [['‖w‖ of kept units', every], ['small out, random in', `${share} of them, ever fewer`]];
    case 'rigl':
      return [['‖w‖, |∂L/∂m|', `${every}, by a dense pass`], ['small out, wanted in', `${share} of them, ever fewer`]];
    case 'snip':
      return [['|∂L/∂m| of each unit', 'once, by a dense pass before step 1'], ['the largest stay', room]];
    default:
      return [['g = 0', 'the structure is not learned'], ['s ← s', 'nothing to project']];
  }
}

export class PhasesView {
  private readonly phases: Phase[];
  private timer = 0;

  constructor(root: HTMLElement) {
    this.phases = TITLES.map((name, index) => {
      const item = document.createElement('li');
      const heading = document.createElement('b');
      const number = document.createElement('small');
      number.textContent = String(index + 1);
      const title = document.createElement('span');
      title.textContent = name;
      heading.append(number, title);
      const formula = document.createElement('p');
      formula.className = 'formula';
      const words = document.createElement('p');
      item.append(heading, formula, words);
      root.append(item);
      return { item, title, formula, words };
    });
    this.describe({});
  }

  /** What a step will be, before there is one. */
  describe(values: Values): void {
    const name = values['method'] ?? 'vrpge';
    const { family } = methodOf(values);
    const [drawn, stays] = sample(name, 0, 0);
    const two = name === 'vrpge';
    this.say(0, 'Sample', drawn, family === 'learned' ? `${two ? 'two masks' : 'one mask'}, one batch` : stays);
    if (two) this.say(1, 'Two losses', 'L(w, m),  L(w, m′)', 'same batch, two masks');
    else this.say(1, 'One loss', 'L(w, m)', name === 'ste' ? MASKED : 'one forward pass');
    if (family === 'learned') {
      const { estimator = 'two-sided', alpha = '0.5' } = values;
      this.say(2, 'Gradient', gradientOf(name, estimator, Number(alpha)), name === 'ste' ? CHAIN : 'no backward pass');
      this.say(3, 'Project', 's ← clamp(s − v, 0, 1)', 'onto the budget: Σs ≤ K');
    } else this.chooses(name, values, 'as many as K pays for');
    this.fade(family);
    this.say(4, 'Backward', '∇w L(w, m)', name === 'ste' ? DENSE_BACKWARD : name === 'dense' ? 'through every unit' : 'under m, over kept units only');
    this.say(5, 'Weights', 'w ← w − η·momentum', name === 'dense' ? 'all of them' : 'the others rest');
  }

  draw({ record, values, description, kept, differ }: PhasesInput): void {
    const name = values['method'] ?? 'vrpge';
    const { family } = methodOf(values);
    const weights = name === 'ste' ? description.weights : keptWeights(description, kept);
    const share = weights / Math.max(1, description.weights);
    const units = description.groups.reduce((sum, group, index) => sum + (group.gated ? (kept[index] ?? 0) : 0), 0);
    this.say(0, 'Sample', ...sample(name, differ, units));
    if (name === 'vrpge') this.say(1, 'Two losses', `L = ${fixed(record.loss, 3)}\u2003L′ = ${fixed(record.probe_loss, 3)}`, 'same batch, two masks');
    else this.say(1, 'One loss', `L = ${fixed(record.loss, 3)}`, name === 'ste' ? MASKED : 'one forward pass');
    if (family === 'learned') {
      const { estimator = '', alpha } = values;
      const one = name === 'reinforce' || estimator === 'plain';
      const from = one ? `from L = ${fixed(record.loss, 3)} itself` : `from L − L′ = ${fixed(record.loss - record.probe_loss, 3)} alone`;
      this.say(2, 'Gradient', gradientOf(name, estimator, Number(alpha)), name === 'ste' ? CHAIN : from);
      const tight = record.budget - record.sum_scores < 0.5;
      const sums = tight ? `Σs = K = ${fixed(record.budget, 1)}` : `Σs = ${fixed(record.sum_scores, 1)} < K = ${fixed(record.budget, 1)}`;
      this.say(3, 'Project', 's ← clamp(s − v, 0, 1)', `v = ${significant(record.threshold, 2)}, ${sums}`);
    } else this.chooses(name, values, `${count(units)} units, K = ${fixed(record.budget, 1)}`);
    this.fade(family);
    const through = name === 'ste' ? DENSE_BACKWARD : `${percent(share, share < 0.1 ? 1 : 0)} of the weights`;
    this.say(4, 'Backward', `‖∇w L(w, m)‖ = ${significant(record.gradient_norm, 2)}`, through);
    this.say(5, 'Weights', `w ← w − ${significant(record.learning_rate, 2)}·momentum`, `${shareOf(weights, description.weights)} moved`);
  }

  /** After a single step: walks the eye through the phases once. */
  walk(): void {
    clearTimeout(this.timer);
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    const visit = (index: number): void => {
      for (const [other, { item }] of this.phases.entries()) item.classList.toggle('now', other === index);
      if (index < this.phases.length) this.timer = window.setTimeout(() => visit(index + 1), SHOW_MS);
    };
    visit(0);
  }

  /** The two phases of a mask that is not learned; `room`: what the budget leaves. */
  private chooses(name: string, values: Values, room: string): void {
    const [rank, keep] = choice(name, values, room);
    const { family } = methodOf({ method: name });
    this.say(2, family === 'chosen' ? 'Rank' : 'Gradient', ...rank);
    this.say(3, family === 'chosen' ? 'Choose' : 'Project', ...keep);
  }

  private fade(family: Family): void {
    for (const index of [2, 3]) this.phases[index]?.item.classList.toggle('unused', family === 'given');
  }

  private say(index: number, title: string, formula: string, words: string): void {
    const phase = this.phases[index];
    if (!phase) return;
    if (phase.title.textContent !== title) phase.title.textContent = title;
    if (phase.formula.textContent !== formula) phase.formula.textContent = formula;
    if (phase.words.textContent !== words) phase.words.textContent = words;
  }
}
