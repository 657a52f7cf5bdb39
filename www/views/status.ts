// What is happening, in one sentence.

import { count, percent } from '../numbers';
import type { Description, Evaluation, RunState, Values } from '../protocol';

/** Plain words, or a number in the colour of what it counts. */
type Word = string | { kept: string } | { probe: string };

export interface StatusInput {
  state: RunState;
  description: Description | null;
  values: Values | null;
  step: number;
  steps: number;
  kept: number;
  undecided: number;
  /** The step at which the budget stops falling; null where it does not fall. */
  settles: number | null;
  halted: string | null;
  evaluation: Evaluation | null;
  /** Planted data: inputs that carry the class, and how many of them are kept. */
  planted: { kept: number; of: number } | null;
  progress: { stage: string; done: number; of: number } | null;
  /** The step looked back at. */
  looking: number | null;
}

/** An engine's words as a sentence. */
const sentenceOf = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1) + (/[.!?]$/.test(words) ? '' : '.');

const are = (units: number): string => (units === 1 ? 'is' : 'are');

function loading({ progress, description }: StatusInput): Word[] {
  if (progress?.stage === 'data' && description) {
    const million = (bytes: number): string => (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0);
    return [`Fetching ${description.dataset.name}: ${million(progress.done)} of ${million(progress.of)} MB. Training starts with the first block of images.`];
  }
  if (progress) return [sentenceOf(`${progress.stage}: ${progress.done} of ${progress.of}`)];
  return ['A network is about to train here, on your own machine.'];
}

function going(input: StatusInput): Word[] {
  const { description, values, step, steps, kept, undecided, settles, progress } = input;
  if (progress && progress.stage !== 'data' && progress.done < progress.of) return loading(input);
  const units = description?.units ?? 0;
  const rest = `${count(Math.max(0, steps - step))} steps to go.`;
  const share: Word = { kept: `${count(kept)} of ${count(units)}` };
  if (values?.['method'] === 'dense') return ['All ', { kept: count(units) }, ` units are kept: this is the dense net. ${rest}`];
  if (values?.['method'] === 'static') return ['A random mask keeps ', share, ` units; only the weights learn. ${rest}`];
  const until = settles !== null && step < settles ? `the budget settles at step ${count(settles)}.` : rest;
  if (undecided === 0) return ['Keeping ', share, ` units, and every one is decided; ${until}`];
  return ['Keeping ', share, ' units. ', { probe: count(undecided) }, ` ${are(undecided)} still undecided; ${until}`];
}

function idle({ description, values, kept }: StatusInput): Word[] {
  const units = description?.units ?? 0;
  switch (values?.['method']) {
    case 'dense':
      return ['The dense net: all ', { kept: count(units) }, ' units are kept, from the first step to the last. Press Train.'];
    case 'static':
      return ['A random mask keeps ', { kept: `${count(kept)} of ${count(units)}` }, ' units, from the first step to the last. Press Train.'];
    default: {
      const left = count(Number(values?.['keep_ratio']) * units);
      return [{ kept: count(units) }, ' units, and the budget will leave room for ', { kept: left }, '. Press Train to see which ones.'];
    }
  }
}

function sentence(input: StatusInput): Word[] {
  const { state, description, step, kept, evaluation, halted, looking, planted } = input;
  const units = count(description?.units ?? 0);
  if (looking !== null) return [`At step ${count(looking)}, `, { kept: `${count(kept)} of ${units}` }, ' units were kept.'];
  switch (state) {
    case 'loading':
      return loading(input);
    case 'idle':
      return idle(input);
    case 'training':
      return going(input);
    case 'paused':
      return [`Paused at step ${count(step)}. `, ...going(input)];
    case 'finished': {
      const accuracy = evaluation?.decided;
      const reached = accuracy === undefined ? '.' : ` reach ${percent(accuracy, 2)} on ${count(evaluation?.images ?? 0)} examples that it never saw.`;
      const found = planted ? `, among them ${planted.kept} of the ${planted.of} inputs that carry the class,` : '';
      return ['Done. ', { kept: `${count(kept)} of ${units}` }, ` units${found}${reached}`];
    }
    case 'halted':
      return [`${sentenceOf(halted ?? `the run stopped at step ${count(step)}`)} Then restart.`];
    case 'error':
      if (description !== null) return [`Training stopped at step ${count(step)}.`];
      return ['Most of a network can be left out while it trains. This page shows which parts, and what that saves.'];
  }
}

export class StatusView {
  private shown = '';
  private state: RunState | null = null;
  private announced_at = 0;
  private readonly say: HTMLElement;
  private readonly live: HTMLElement;

  constructor(say: HTMLElement, live: HTMLElement) {
    this.say = say;
    this.live = live;
  }

  draw(input: StatusInput): void {
    const words = sentence(input);
    const plain = words.map((word) => (typeof word === 'string' ? word : 'kept' in word ? word.kept : word.probe)).join('');
    if (plain === this.shown) return;
    this.shown = plain;
    const line = document.createElement('span');
    line.append(
      ...words.map((word) => {
        if (typeof word === 'string') return word;
        const element = document.createElement('kept' in word ? 'em' : 'u');
        element.textContent = 'kept' in word ? word.kept : word.probe;
        return element;
      }),
    );
    this.say.replaceChildren(line);
    // A screen reader hears of every change of state at once, and of mere progress seldom.
    const now = performance.now();
    if (input.state !== this.state || now - this.announced_at > 20_000) {
      this.live.textContent = plain;
      this.announced_at = now;
      this.state = input.state;
    }
  }
}
