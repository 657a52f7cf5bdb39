// The state of the run, in one sentence.

import { matchedOf, methodOf } from '../../model/methods';
import { bytes, count, fixed, milliseconds, percent, span } from '../../model/format';
import type { Description, Evaluation, Failure, Plan, RunState, Task, Values } from '../../protocol/messages';
import { unitsOf } from '../../model/units';
import { sentence } from '../../model/words';
import { parts, t, translated } from '../../words/words';

/** A text, or a number in the colour of what it counts. */
type Word = string | { kept: string } | { probe: string };

export interface StatusInput {
  state: RunState;
  failure: Failure | null;
  /** The network that is open or being opened. */
  plan: Plan | null;
  description: Description | null;
  values: Values | null;
  step: number;
  steps: number;
  kept: number;
  undecided: number;
  /** The device of a first visit is being measured. */
  sizing: boolean;
  /** The step at which the budget stops falling; null where it does not fall. */
  settles: number | null;
  halted: string | null;
  evaluation: Evaluation | null;
  /** Planted data: inputs that carry the class, and how many of them are kept. */
  planted: { kept: number; of: number } | null;
  progress: { stage: string; done: number; of: number; since_ms: number } | null;
  /** A task of the device other than training, when it began, and about how long it takes. */
  busy: { task: Task; since_ms: number; ms: number | null } | null;
  /** The time of the last step, and the time since then. */
  step_ms: number;
  since_ms: number;
  /** Which run of a comparison this is. */
  queued: { run: number; of: number; method: string } | null;
  /** The step looked back at. */
  looking: number | null;
  /** Of a step that is executed phase by phase: what the last phase did. */
  partial_step: string | null;
}

/** Longer steps are reported one by one; much longer ones also while they are executed. */
const SLOW_MS = 700;
const VERY_SLOW_MS = 4000;
/** Kernels that take longer to compile are mentioned. */
const SLOW_COMPILE_MS = 8000;

const sum = ({ bytes: { data, activations, weights, optimiser } }: Plan): number => data + activations + weights + optimiser;

/** Texts and numbers one after another, with a space between those that say something. */
const joined = (...sentences: (string | Word[])[]): Word[] =>
  sentences
    .map((each) => (typeof each === 'string' ? [each] : each))
    .filter((each) => each.some((word) => word !== ''))
    .flatMap((each, index) => (index === 0 ? each : [' ', ...each]));

const far = ({ stage, done, of }: { stage: string; done: number; of: number }): string => sentence(t`${translated(stage)}: ${done} of ${of}`);

function loading({ progress, description, plan, busy, sizing }: StatusInput): Word[] {
  if (busy?.task === 'step' && busy.since_ms > SLOW_MS) {
    const computed = busy.since_ms > 3000 ? t`The first step is being computed, ${span(busy.since_ms)} so far.` : t`The first step is being computed.`;
    return joined(computed, description?.software && description.computes === 'gpu' ? t`An adapter in software is slow.` : '');
  }
  if (progress?.stage === 'data' && description) {
    const million = (bytes: number): string => fixed(bytes / 1e6, bytes < 1e7 ? 1 : 0);
    return [t`Fetching ${description.dataset.name}: ${million(progress.done)} of ${million(progress.of)} MB. Training starts with the first block of images.`];
  }
  if (progress?.stage === 'compiling kernels' && progress.since_ms > SLOW_COMPILE_MS) {
    const { done, of, since_ms } = progress;
    return [
      t`Compiling kernels: ${done} of ${of}, ${span(since_ms)} so far. Some graphics drivers take a minute or two the first time; most browsers cache the result.`,
    ];
  }
  if (sizing) return [t`Measuring how fast this device is, to choose a network for it.`];
  if (progress && plan && !description) {
    return joined(far(progress), parts`Then ${plan.model} takes ${{ kept: bytes(sum(plan)) }} of memory.`);
  }
  if (progress) return [far(progress)];
  return [t`A network is about to train here, on your own machine.`];
}

/** A task of the run other than training. */
function aside({ busy, state, step, steps }: StatusInput): Word[] | null {
  if (!busy || busy.task === 'step') return null;
  const lasts = busy.ms === null ? null : span(busy.ms);
  const then = state === 'training' && step < steps ? t`Then training continues.` : '';
  if (busy.task === 'speed') return joined(lasts === null ? t`Comparing with a dense step.` : t`Comparing with a dense step, about ${lasts}.`, then);
  return [lasts === null ? t`Testing on the test images.` : t`Testing on the test images, about ${lasts}.`];
}

/** Long steps are reported one by one. */
function pace({ state, step, step_ms, since_ms }: StatusInput): string {
  if (step_ms < SLOW_MS || step === 0) return '';
  const time = milliseconds(step_ms);
  if (state !== 'training') return t`${time} a step.`;
  const is_long = step_ms > VERY_SLOW_MS && since_ms > SLOW_MS;
  return is_long ? t`Step ${count(step)}, ${time} a step, ${span(since_ms)} into the next.` : t`Step ${count(step)}, ${time} a step.`;
}

function going(input: StatusInput): Word[] {
  const { description, values, step, steps, kept, undecided, settles, progress } = input;
  if (progress && progress.stage !== 'data' && progress.done < progress.of) return loading(input);
  const doing = aside(input);
  if (doing) return doing;
  const units = description?.units ?? 0;
  const named = unitsOf(description);
  const rest = t`${count(Math.max(0, steps - step))} steps to go.`;
  const share: Word = { kept: t`${count(kept)} of ${count(units)}` };
  const slow = pace(input);
  const until = settles !== null && step < settles ? t`the budget settles at step ${count(settles)}.` : rest;
  const then = slow ? '' : sentence(until);
  const some: Word = { probe: count(undecided) };
  const told = (sentences: Word[]): Word[] => joined(slow, sentences, then);
  switch (values?.['method']) {
    case 'dense':
      return told(parts`All ${{ kept: count(units) }} ${named} are kept: this is the dense network.`);
    case 'small-dense':
      return told(parts`A narrower dense network, ${share} ${named}: as much work as ${matchedOf(values)}.`);
    case 'static':
      return told(parts`A random mask keeps ${share} ${named}; only the weights learn.`);
    case 'snip':
      return told(parts`One dense pass kept ${share} ${named}; only the weights learn.`);
    case 'set':
    case 'rigl':
      return told(parts`Keeping ${share} ${named}, some exchanged every ${count(Number(values['structure_every']))} steps.`);
    case 'magnitude':
      return told(parts`Keeping ${share} ${named}, those of the largest weights.`);
  }
  if (slow) {
    if (undecided === 0) return joined(slow, parts`Keeping ${share} ${named}, and every one is decided.`);
    return joined(slow, undecided === 1 ? parts`Keeping ${share} ${named}; ${some} is undecided.` : parts`Keeping ${share} ${named}; ${some} are undecided.`);
  }
  if (undecided === 0) return parts`Keeping ${share} ${named}, and every one is decided; ${until}`;
  const open = undecided === 1 ? parts`${some} is still undecided; ${until}` : parts`${some} are still undecided; ${until}`;
  return joined(parts`Keeping ${share} ${named}.`, open);
}

function idle({ description, values, kept }: StatusInput): Word[] {
  const units = description?.units ?? 0;
  const named = unitsOf(description);
  const method = values?.['method'];
  if (method === 'dense') return parts`The dense network: all ${{ kept: count(units) }} ${named} are kept, from the first step to the last. Press Train.`;
  const left: Word = { kept: count(Number(values?.['keep_ratio']) * units) };
  if (method === 'snip') return parts`One dense pass over all ${{ kept: count(units) }} ${named}, and only ${left} stay. Press Train to see which ones.`;
  if (methodOf(values).starts_whole)
    return parts`${{ kept: count(units) }} ${named}, and the budget will leave room for ${left}. Press Train to see which ones.`;
  const share: Word = { kept: t`${count(kept)} of ${count(units)}` };
  if (method === 'small-dense') return parts`A narrower dense network, ${share} ${named}, with as many multiply-adds as ${matchedOf(values)}. Press Train.`;
  if (method === 'static') return parts`A random mask keeps ${share} ${named}, from the first step to the last. Press Train.`;
  return parts`A random mask keeps ${share} ${named}; some will be exchanged every ${count(Number(values?.['structure_every']))} steps. Press Train.`;
}

function say(input: StatusInput): Word[] {
  const { state, failure, plan, description, values, step, kept, undecided, evaluation, halted, looking, planted } = input;
  const units = count(description?.units ?? 0);
  const named = unitsOf(description);
  if (looking !== null) {
    const at = count(looking);
    const share: Word = { kept: t`${count(kept)} of ${units}` };
    if (methodOf(values).family !== 'learned') return parts`Looking back to step ${at}: ${share} ${named} were kept.`;
    if (undecided === 0) return parts`Looking back to step ${at}: ${share} ${named} were kept, and every one was decided.`;
    return parts`Looking back to step ${at}: ${share} ${named} were kept, ${{ probe: count(undecided) }} were undecided.`;
  }
  if (input.partial_step !== null) return [input.partial_step];
  switch (state) {
    case 'unopened':
      if (!plan) return [''];
      return parts`${plan.model} in batches of ${count(plan.batch_size)} takes ${{ kept: bytes(sum(plan)) }} of memory. None is taken yet: press Train to open it.`;
    case 'loading':
      return loading(input);
    case 'idle':
      return aside(input) ?? idle(input);
    case 'training':
      return going(input);
    case 'paused':
      return joined(t`Paused at step ${count(step)}.`, going(input));
    case 'finished': {
      const doing = aside(input);
      if (doing) return doing;
      const share: Word = { kept: t`${count(kept)} of ${units}` };
      const told = (): Word[] => {
        if (!evaluation)
          return planted ? parts`${share} ${named}, among them ${planted.kept} of the ${planted.of} inputs that carry the class.` : [share, ` ${named}.`];
        const [reached, images] = [percent(evaluation.decided, 2), count(evaluation.images)];
        if (!planted) return parts`${share} ${named} reach ${reached} on ${images} test examples.`;
        return parts`${share} ${named}, among them ${planted.kept} of the ${planted.of} inputs that carry the class, reach ${reached} on ${images} test examples.`;
      };
      return joined(t`Done.`, told());
    }
    case 'replay': {
      const share: Word = { kept: t`${count(kept)} of ${units}` };
      const ended = evaluation
        ? parts`A recorded run. It ended with ${share} ${named}, and they read ${percent(evaluation.decided)} of ${count(evaluation.images)} test examples right.`
        : parts`A recorded run. It ended with ${share} ${named}.`;
      return joined(ended, t`Press Play, or drag through its history.`);
    }
    case 'halted':
      return joined(sentence(halted ?? t`the run stopped at step ${count(step)}`), t`Then restart.`);
    case 'error':
      if (failure === 'own') return [t`Waiting for the data of this experiment.`];
      if (failure === 'large' || failure === 'refused') return [t`${plan?.model ?? t`This network`} was not opened.`];
      if (description !== null) return [t`Training stopped at step ${count(step)}.`];
      return [t`Most of a network can be left out while it trains. This page shows which parts, and what that saves.`];
  }
}

export class StatusView {
  private shown = '';
  private state: RunState | null = null;
  private looked: string | null = null;
  private announced_at = 0;
  private readonly say: HTMLElement;
  private readonly live: HTMLElement;

  constructor(say: HTMLElement, live: HTMLElement) {
    this.say = say;
    this.live = live;
  }

  /** Announces to a screen reader what others see elsewhere on the page. */
  announce(words: string): void {
    this.live.textContent = words;
  }

  draw(input: StatusInput): void {
    const { queued, looking, partial_step } = input;
    const shown_apart = partial_step ?? (looking === null ? null : 'past');
    const words = queued && looking === null ? joined(t`Run ${queued.run} of ${queued.of}, ${queued.method}.`, say(input)) : say(input);
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
    // A screen reader hears at once of a change of state, of looking back and of each phase, and seldom of progress.
    const now = performance.now();
    if (input.state !== this.state || shown_apart !== this.looked || now - this.announced_at > 20_000) {
      this.live.textContent = plain;
      this.announced_at = now;
      this.state = input.state;
      this.looked = shown_apart;
    }
  }
}
