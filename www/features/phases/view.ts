// The foot of the page: one training step as six phases, each formula with the numbers of the last step.

import { type Family, methodOf } from '../../model/methods';
import { count, fixed, percent, significant } from '../../ui/format';
import { DEFAULT_METHOD, type Description, type Stage, type StepRecord, type Values } from '../../protocol/messages';
import { say } from '../../ui/element';

const TITLES = ['Sample', 'Two losses', 'Gradient', 'Project', 'Backward', 'Weights'] as const;
const SHOW_MS = 420;

/** What a foot needs to know of the run. */
export interface PhasesInput {
  record: StepRecord;
  values: Values;
  description: Description;
  kept: Uint32Array;
  /** Units in which m and m′ differ. */
  differ: number;
}

/** Which phases a part of a step is: choosing a mask is ranking and choosing. */
const PHASES: Record<Stage, number[]> = { choose: [2, 3], sample: [0], losses: [1], gradient: [2], project: [3], backward: [4], weights: [5] };

/** A step that is taken phase by phase. */
export interface Walking {
  /** What was done last, and what is yet to be done. */
  stage: Stage;
  left: Stage[];
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
/** Of one phase. */
type Said = [title: string, formula: string, words: string];

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
      return [
        ['‖w‖ of each unit', `${every}, while K falls`],
        ['the largest stay', room],
      ];
    case 'set':
      return [
        ['‖w‖ of kept units', every],
        ['small out, random in', `${share} of them, ever fewer`],
      ];
    case 'rigl':
      return [
        ['‖w‖, |∂L/∂m|', `${every}, by a dense pass`],
        ['small out, wanted in', `${share} of them, ever fewer`],
      ];
    case 'snip':
      return [
        ['|∂L/∂m| of each unit', 'once, by a dense pass before step 1'],
        ['the largest stay', room],
      ];
    default:
      return [
        ['g = 0', 'the structure is not learned'],
        ['s ← s', 'nothing to project'],
      ];
  }
}

/** The two phases of a mask that is not learned; `room`: what the budget leaves. */
function chooses(name: string, values: Values, room: string): Said[] {
  const [rank, keep] = choice(name, values, room);
  const { family } = methodOf({ method: name });
  return [
    [family === 'chosen' ? 'Rank' : 'Gradient', ...rank],
    [family === 'chosen' ? 'Choose' : 'Project', ...keep],
  ];
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
    this.fade(methodOf(values).family);
    for (const [index, said] of this.plain(values).entries()) this.say(index, ...said);
  }

  /** `walking`: of a step that is taken phase by phase, whose later phases have no numbers yet. */
  draw(input: PhasesInput, walking: Walking | null): void {
    this.fade(methodOf(input.values).family);
    const later = new Set(walking?.left.flatMap((stage) => PHASES[stage]));
    const plain = this.plain(input.values);
    for (const [index, said] of this.numbers(input).entries()) this.say(index, ...(later.has(index) ? (plain[index] ?? said) : said));
  }

  /** Lights the phase that was done, dims those that come after; null: no step is taken phase by phase. */
  light(walking: Walking | null): void {
    clearTimeout(this.timer);
    const later = new Set(walking?.left.flatMap((stage) => PHASES[stage]));
    const now = walking ? PHASES[walking.stage] : [];
    for (const [index, { item }] of this.phases.entries()) {
      item.classList.toggle('now', now.includes(index));
      item.classList.toggle('later', later.has(index));
      if (now.includes(index)) item.setAttribute('aria-current', 'step');
      else item.removeAttribute('aria-current');
    }
  }

  /** What the phase of a part is called. */
  title(stage: Stage): string {
    return stage === 'choose' ? 'Choose' : (this.phases[PHASES[stage][0] ?? 0]?.title.textContent ?? '');
  }

  /** Its number, title, formula and words as they stand. */
  said(stage: Stage): [number: number, title: string, formula: string, words: string] {
    const index = PHASES[stage].at(-1) ?? 0;
    const { title, formula, words } = this.phases[index] ?? {};
    return [index + 1, title?.textContent ?? '', formula?.textContent ?? '', words?.textContent ?? ''];
  }

  private plain(values: Values): Said[] {
    const name = values['method'] ?? DEFAULT_METHOD;
    const { family, forwards, has_gates } = methodOf(values);
    const [drawn, stays] = sample(name, 0, 0);
    const two = forwards === 2;
    const { estimator = 'two-sided', alpha = '0.5' } = values;
    const learns: Said[] = [
      ['Gradient', gradientOf(name, estimator, Number(alpha)), name === 'ste' ? CHAIN : 'no backward pass'],
      ['Project', 's ← clamp(s − v, 0, 1)', 'onto the budget: Σs ≤ K'],
    ];
    return [
      ['Sample', drawn, family === 'learned' ? `${two ? 'two masks' : 'one mask'}, one batch` : stays],
      two ? ['Two losses', 'L(w, m),  L(w, m′)', 'same batch, two masks'] : ['One loss', 'L(w, m)', has_gates ? MASKED : 'one forward pass'],
      ...(family === 'learned' ? learns : chooses(name, values, 'as many as K pays for')),
      ['Backward', '∇w L(w, m)', has_gates ? DENSE_BACKWARD : name === 'dense' ? 'through every unit' : 'under m, kept units only'],
      ['Weights', 'w ← w − η·momentum', name === 'dense' ? 'all of them' : 'the others rest'],
    ];
  }

  private numbers({ record, values, description, kept, differ }: PhasesInput): Said[] {
    const name = values['method'] ?? DEFAULT_METHOD;
    const { family, forwards, has_gates } = methodOf(values);
    const weights = has_gates ? description.weights : keptWeights(description, kept);
    const share = weights / Math.max(1, description.weights);
    const units = description.groups.reduce((sum, group, index) => sum + (group.gated ? (kept[index] ?? 0) : 0), 0);
    const { estimator = '', alpha } = values;
    const one = name === 'reinforce' || estimator === 'plain';
    const from = one ? `from L = ${fixed(record.loss, 3)} itself` : `from L − L′ = ${fixed(record.loss - record.probe_loss, 3)} alone`;
    const [sum, budget] = [fixed(record.sum_scores, 1), fixed(record.budget, 1)];
    const sums = sum === budget ? `Σs = K = ${budget}` : `Σs = ${sum} < K = ${budget}`;
    const learns: Said[] = [
      ['Gradient', gradientOf(name, estimator, Number(alpha)), name === 'ste' ? CHAIN : from],
      ['Project', 's ← clamp(s − v, 0, 1)', `v = ${significant(record.threshold, 2)}, ${sums}`],
    ];
    return [
      ['Sample', ...sample(name, differ, units)],
      forwards === 2
        ? ['Two losses', `L = ${fixed(record.loss, 3)}\u2003L′ = ${fixed(record.probe_loss, 3)}`, 'same batch, two masks']
        : ['One loss', `L = ${fixed(record.loss, 3)}`, has_gates ? MASKED : 'one forward pass'],
      ...(family === 'learned' ? learns : chooses(name, values, `${count(units)} units, K = ${fixed(record.budget, 1)}`)),
      [
        'Backward',
        `‖∇w L(w, m)‖ = ${significant(record.gradient_norm, 2)}`,
        has_gates ? DENSE_BACKWARD : `${percent(share, share < 0.1 ? 1 : 0)} of the weights`,
      ],
      ['Weights', `w ← w − ${significant(record.learning_rate, 2)}·momentum`, `${shareOf(weights, description.weights)} moved`],
    ];
  }

  /** After a single step: leads the eye through the phases once. */
  sweep(): void {
    clearTimeout(this.timer);
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    const visit = (index: number): void => {
      for (const [other, { item }] of this.phases.entries()) item.classList.toggle('now', other === index);
      if (index < this.phases.length) this.timer = window.setTimeout(() => visit(index + 1), SHOW_MS);
    };
    visit(0);
  }

  private fade(family: Family): void {
    for (const index of [2, 3]) this.phases[index]?.item.classList.toggle('unused', family === 'given');
  }

  private say(index: number, title: string, formula: string, words: string): void {
    const phase = this.phases[index];
    if (!phase) return;
    say(phase.title, title);
    say(phase.formula, formula);
    say(phase.words, words);
  }
}
