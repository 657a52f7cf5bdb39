// The measured time of a step, beside that of a dense step.

import { bytes, magnitude, milliseconds, span, fixed } from '../../model/format';
import { AS_MUCH_AS_DENSE } from '../../model/methods';
import type { Description, Speed } from '../../protocol/messages';
import { parts, t, translated } from '../../words/words';

export interface SpeedElements {
  root: HTMLElement;
  ratio: HTMLElement;
  words: HTMLElement;
  dense: HTMLElement;
  sparse: HTMLElement;
  /** The name of the second bar. */
  name: HTMLElement;
  dense_ms: HTMLElement;
  sparse_ms: HTMLElement;
  key: HTMLElement;
  note: HTMLElement;
  /** The button for a comparison that is made only when it is asked for. */
  ask: HTMLButtonElement;
}

/** The name of a run that is not sparse. */
const NAMES: Record<string, string> = { dense: t`this`, 'small-dense': t`narrow`, ste: t`masked` };

/** A method's work that a timed step does not include. */
const BESIDE: Record<string, string> = {
  rigl: t`Its dense passes, one at each exchange, come on top.`,
  snip: t`The dense pass before the first step comes on top.`,
  magnitude: t`The dense start came before.`,
};

/** What computes, if that is no GPU. */
const computing = ({ computes, adapter }: Description): string =>
  computes === 'cpu' ? t`The CPU computes, since this browser gives the page no WebGPU` : t`${adapter} computes in software`;

/** Compares a step with a dense one, in words. `share`: of the gated units that are kept. */
export function verdict(ratio: number, method: string, share: number): [verdict: string, words: string] {
  if (method === 'dense') return ['even', t`this run is the dense one`];
  if (method === 'ste' && ratio <= 0.95) return ['slower', t`slower than dense: every unit is computed, whatever the mask`];
  if (method === 'small-dense' && ratio >= 1.05) return ['faster', t`faster than dense per training step, by being narrower`];
  if (ratio >= 1.05) return ['faster', t`faster than dense per training step, just now`];
  if (ratio > 0.95) return ['even', t`as fast as dense per training step`];
  if (share > AS_MUCH_AS_DENSE) return ['slower', t`slower than dense while nearly every unit is still kept`];
  return ['slower', t`slower than dense at this size`];
}

export class SpeedView {
  private readonly at: SpeedElements;

  constructor(elements: SpeedElements) {
    this.at = elements;
  }

  /** Another run is open and not measured yet. A recorded run is never measured. `sized_for`: the speed of the device that the run was sized for. */
  describe(description: Description, method: string, is_recorded: boolean, sized_for: number | null): void {
    const { at } = this;
    at.root.dataset['verdict'] = 'none';
    at.ratio.textContent = '?×';
    at.name.textContent = NAMES[method] ?? t`sparse`;
    at.words.textContent = t`${at.name.textContent} against dense, measured on your device after the first steps`;
    at.dense.style.width = at.sparse.style.width = '0';
    at.dense_ms.textContent = at.sparse_ms.textContent = '–';
    at.key.hidden = at.ask.hidden = true;
    at.ask.textContent = t`Compare now`;
    at.ask.disabled = false;
    const where = description.software ? t`${computing(description)}: a ratio here is not a GPU’s.` : t`To be measured on ${description.adapter}.`;
    at.note.textContent = sized_for === null ? where : t`${where} The network is sized for this device: ${magnitude(sized_for)} multiply-adds a second.`;
    if (!is_recorded) return;
    at.words.textContent = t`is measured on your own device, where a network trains on it`;
    at.note.textContent = '';
  }

  /** The comparison takes so long that it is made only when it is asked for. */
  defer(ms: number, more: number): void {
    const { at } = this;
    at.ask.hidden = false;
    at.ask.disabled = false;
    if (at.root.dataset['verdict'] === 'none') at.words.textContent = t`${at.name.textContent} against dense, measured on your device when you ask for it`;
    at.note.textContent = t`A comparison takes about ${span(ms)} here, while training waits. Its dense network takes ${bytes(more)} more memory.`;
  }

  /** It was asked for. */
  measuring(): void {
    this.at.ask.disabled = true;
  }

  /** `share`: of the gated units that are kept. */
  draw(speed: Speed, method: string, share: number, description: Description): void {
    const { at } = this;
    const [kind, words] = verdict(speed.ratio, method, share);
    at.root.dataset['verdict'] = kind;
    at.ask.disabled = false;
    at.ask.textContent = t`Compare again`;
    at.root.dataset['ratio'] = speed.ratio.toFixed(3);
    at.ratio.textContent = `${fixed(speed.ratio, speed.ratio >= 9.95 ? 0 : 1)}×`;
    at.words.textContent = words;
    at.name.textContent = NAMES[method] ?? t`sparse`;
    at.dense_ms.textContent = milliseconds(speed.dense_ms);
    at.sparse_ms.textContent = milliseconds(speed.sparse_ms);
    const longest = Math.max(speed.dense_ms, speed.sparse_ms);
    this.bar(at.dense, speed.dense_ms / longest, speed, 'dense_ms');
    this.bar(at.sparse, speed.sparse_ms / longest, speed, 'sparse_ms');

    at.key.hidden = speed.phases.length === 0;
    at.key.replaceChildren(
      ...speed.phases.map(({ name, sparse_ms, dense_ms }) => {
        const item = document.createElement('li');
        const swatch = document.createElement('i');
        swatch.style.background = `var(--phase-${name})`;
        item.title = t`${translated(name)}: dense ${milliseconds(dense_ms)}, sparse ${milliseconds(sparse_ms)}`;
        item.append(swatch, translated(name));
        return item;
      }),
    );
    const predicted = document.createElement('b');
    predicted.textContent = `${fixed(speed.predicted, 1)}×`;
    const where = description.software ? t`${computing(description)}: not a GPU’s ratio.` : t`On ${description.adapter}.`;
    at.note.replaceChildren(
      ...parts`Multiply-adds predict ${predicted}.`,
      [` ${translated(speed.how)}`, where, BESIDE[method] ?? ''].filter((each) => each !== '').join(' '),
    );
  }

  private bar(element: HTMLElement, share: number, speed: Speed, which: 'sparse_ms' | 'dense_ms'): void {
    element.style.width = `${(share * 100).toFixed(1)}%`;
    const parts = speed.phases.length > 0 ? speed.phases : [{ name: which === 'dense_ms' ? 'whole-dense' : 'whole', sparse_ms: 1, dense_ms: 1 }];
    const whole = parts.reduce((sum, part) => sum + part[which], 0) || 1;
    let done = 0;
    const stops = parts.map((part) => {
      const from = done;
      done += (100 * part[which]) / whole;
      return `var(--phase-${part.name}) ${from.toFixed(2)}% ${done.toFixed(2)}%`;
    });
    element.style.background = `linear-gradient(to right, ${stops.join(', ')})`;
  }
}
