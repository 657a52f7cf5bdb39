// The numbers of the run: losses, accuracy, steps per second, memory.

import { bytes, count, duration, fixed, percent, significant } from '../../model/format';
import type { Description, Evaluation, RunState, Snapshot, StepRecord } from '../../protocol/messages';
import { element, say } from '../../ui/element';
import { t } from '../../words/words';

interface Parts {
  loss: HTMLElement;
  accuracy_lead: HTMLElement;
  accuracy: HTMLElement;
  rate: HTMLElement;
  epoch: HTMLElement;
  left: HTMLElement;
  memory: HTMLElement;
}

export interface PaceInput {
  state: RunState;
  step: number;
  steps: number;
  /** Values of the shown step. */
  epoch: number;
  /** Steps per second; NaN if unknown. */
  rate: number;
}

/** Nothing is known. */
const NONE = '–';

export class ReadingsView {
  private readonly parts: Parts;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  /** Clears the numbers for another run. */
  clear(): void {
    const { loss, accuracy_lead, accuracy, rate, epoch, left, memory } = this.parts;
    for (const place of [loss, accuracy, rate, epoch, left, memory]) place.textContent = NONE;
    delete memory.dataset['bytes'];
    memory.title = '';
    this.drawAccuracy(null, 0, false, false);
    accuracy_lead.textContent = t`Test accuracy`;
  }

  drawLoss(record: StepRecord | null): void {
    const { loss } = this.parts;
    if (!record) return say(loss, NONE);
    say(loss, Number.isFinite(record.probe_loss) ? `${fixed(record.loss, 3)} · ${fixed(record.probe_loss, 3)}` : fixed(record.loss, 3));
  }

  /** `of`: the number of test images. `is_back`: a recorded step is shown; its evaluation may be some steps older. `samples`: the run draws masks. */
  drawAccuracy(shown: Evaluation | null, of: number, is_back: boolean, samples: boolean): void {
    const { accuracy, accuracy_lead } = this.parts;
    if (!shown) {
      accuracy.title = '';
      delete accuracy.dataset['images'];
      return say(accuracy, NONE);
    }
    const { images, step, decided, sampled } = shown;
    say(accuracy_lead, images < of ? t`Test accuracy (${count(images)})` : t`Test accuracy`);
    const beside = is_back ? ` · ${t`at step ${count(step)}`}` : samples ? ` · ${t`${percent(sampled)} sampled`}` : '';
    accuracy.replaceChildren(percent(decided), element('small', '', beside));
    const under = samples ? t`under the decided mask (the ⌊K⌋ highest scores), ${percent(sampled)} under one sampled mask` : t`under its mask`;
    accuracy.title = t`On ${count(images)} test images at step ${count(step)}: ${percent(decided)} ${under}.`;
    accuracy.dataset['images'] = String(images);
  }

  drawPace({ state, step, steps, epoch, rate }: PaceInput, steps_per_epoch: number | null): void {
    const { parts } = this;
    const moves = state === 'training' && rate > 0;
    if (moves) say(parts.rate, rate >= 10 ? count(rate) : significant(rate, 2));
    say(parts.left, state === 'finished' ? t`done` : moves ? duration((steps - step) / rate) : NONE);
    if (steps_per_epoch === null) return;
    const epochs = Math.max(1, Math.ceil(steps / steps_per_epoch));
    say(parts.epoch, t`${Math.min(epochs, Math.floor(epoch) + 1)} of ${count(epochs)}`);
  }

  /** The memory of the run on the device. It falls when units that are off for good are dropped. */
  drawMemory({ bytes: { data, activations, weights, optimiser }, units }: Description, { network_bytes, units_in_memory }: Snapshot): void {
    const [first, now] = [data + activations + weights + optimiser, data + network_bytes];
    const { memory } = this.parts;
    if (memory.dataset['bytes'] === String(now)) return;
    memory.dataset['bytes'] = String(now);
    memory.replaceChildren(bytes(now), ...(now < first ? [element('small', '', ` ${t`of ${bytes(first)}`}`)] : []));
    memory.title =
      units_in_memory < units
        ? t`The network takes ${bytes(network_bytes)} of the ${bytes(first - data)} that it took at first: ${count(units - units_in_memory)} of ${count(units)} units were dropped.`
        : t`Of the adapter’s memory: data ${bytes(data)}, the network ${bytes(network_bytes)}.`;
  }
}
