// One phase of a step: its formula with the numbers of this step, and a picture of what it does.

import { nameOf } from '../../model/units';
import './style.css';

import { FORMULAS, hasControl } from '../../model/estimators';
import { count, fixed, percent, significant } from '../../model/format';
import { isPriced, methodOf } from '../../model/methods';
import { readPins } from '../../model/pins';
import { type Description, type Group, KEPT, PROBE_KEPT, type StepRecord, type Values, type PartialStep } from '../../protocol/messages';
import { PHASES, phaseTitle, type Said } from '../../model/phases';
import type { StepThrough } from '../../model/state';
import { newsOf } from '../../model/step-through';
import { element, say } from '../../ui/element';
import { css, mixed, type Palette } from '../../ui/palette';
import { t } from '../../words/words';

/** The bins of a histogram: width, number below 0, number above 0. One bin ends at 0 and one at 1, so that scores on both sides of these are in different bins. */
type Bins = [wide: number, below: number, above: number];
const WHOLE: Bins = [0.02, 3, 53];
/** Bins near 0, where scores are clamped. */
const nearZero = (slid: number): Bins => [Math.max(10 * Math.abs(slid), 0.01) / 34, 17, 34];
/** Durations of the shift by v, and of the clamping after it. */
const SLIDE_MS = 900;
const CLAMP_MS = 500;
const FONT = 11;
/** Rows lower than this, in CSS pixels, have no text. */
const LEAST_ROW = 13;

type Box = [left: number, top: number, width: number, height: number];

const still = (): boolean => matchMedia('(prefers-reduced-motion: reduce)').matches;
const largest = (values: Float32Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
const eased = (share: number): number => 1 - (1 - Math.min(1, Math.max(0, share))) ** 3;

/** The price of each gated unit. */
const pricesOf = (groups: Group[]): number[] => groups.filter((group) => group.gated).flatMap(({ size, price }) => Array<number>(size).fill(price));

/** The phase that is shown. */
interface Seen {
  partial: PartialStep;
  description: Description;
  values: Values;
  record: StepRecord;
  /** What the phase did, as a sentence. */
  news: string;
}

export class StepThroughView {
  private seen: Seen | null = null;
  private begun = 0;
  private frame = 0;
  private palette: Palette;
  private readonly title = element('h2');
  private readonly formula = element('p', 'formula');
  private readonly words = element('p', 'words');
  private readonly caption = element('figcaption');
  private readonly canvas = element('canvas');
  private readonly leave = element('button');
  /** For a phone, where the bottom of the page is far below. */
  private readonly next = element('button', 'next');
  private readonly context: CanvasRenderingContext2D;

  /** `next` is called for the next phase; `left` when the visitor finishes the step at once or leaves the view. */
  constructor(root: HTMLElement, palette: Palette, next: () => void, left: () => void) {
    const context = this.canvas.getContext('2d');
    if (!context) throw new Error('this browser gives no 2D canvas');
    this.context = context;
    this.palette = palette;
    this.leave.type = 'button';
    this.leave.dataset['testid'] = 'step-through-leave';
    this.leave.addEventListener('click', left);
    this.next.type = 'button';
    this.next.addEventListener('click', next);
    this.canvas.setAttribute('role', 'img');
    const told = element('div', 'told', this.title, this.formula, this.words, element('div', 'ways', this.next, this.leave));
    root.replaceChildren(told, element('figure', '', element('div', 'plotted', this.canvas), this.caption));
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    this.canvas.addEventListener('contextrestored', () => this.draw());
  }

  recolour(palette: Palette): void {
    this.palette = palette;
    this.draw();
  }

  /** `phases`: the step's six, with its numbers. */
  show(step: StepThrough, phases: Said[], description: Description, values: Values): void {
    const { partial } = step;
    const record = partial.snapshot.records.at(-1);
    if (!record) return;
    this.seen = { partial, description, values, record, news: newsOf(step, description, values) };
    const number = PHASES[partial.stage].at(-1) ?? 0;
    const [title, formula] = phases[number] ?? ['', ''];
    this.title.replaceChildren(element('small', '', String(number + 1)), title);
    this.formula.textContent = formula;
    this.words.textContent = this.explains(this.seen);
    this.leave.textContent = partial.left.length > 0 ? t`Finish the step` : t`Back to the history`;
    const [following] = partial.left;
    this.next.textContent = following ? t`Next: ${phaseTitle(following, phases)}` : t`Next step`;
    this.begun = performance.now();
    this.draw();
  }

  private explains({ partial, description, record, values }: Seen): string {
    const { before, stepped, snapshot } = partial;
    switch (partial.stage) {
      case 'choose':
        return t`The method chooses the mask by the current network. Between such steps the mask stays the same.`;
      case 'sample':
        return methodOf(values).forwards === 2
          ? t`Each unit is drawn twice with its own probability s: kept, or off.`
          : t`Each unit is kept or off for this step.`;
      case 'losses':
        return methodOf(values).forwards === 2
          ? t`L − L′ = ${fixed(record.loss, 4)} − ${fixed(record.probe_loss, 4)} = ${significant(record.loss - record.probe_loss, 3)}. Same images, same weights: only the masks differ.`
          : t`Under the one mask of this step.`;
      case 'gradient':
        return this.substituted(record, values, largest(partial.values ?? new Float32Array()));
      case 'project': {
        const prices = pricesOf(description.groups);
        const sum = (scores: Float32Array | null): number =>
          (scores ?? new Float32Array()).reduce((total, score, unit) => total + (prices[unit] ?? 1) * Math.min(1, Math.max(0, score)), 0);
        const rate = significant(record.scores_rate, 2);
        return t`Before: ${isPriced(values) ? 'Σps' : 'Σs'} = ${fixed(sum(before), 1)}. After the optimiser’s step at rate ${rate}: ${fixed(sum(stepped), 1)}. Projected: ${fixed(sum(snapshot.scores), 1)}, and K = ${fixed(snapshot.budget, 1)}.`;
      }
      case 'backward': {
        const clip = Number(values['clip_norm']);
        return clip > 0 && record.gradient_norm > clip
          ? t`The norm is above ${significant(clip, 2)}: the gradient is scaled by ${significant(clip / record.gradient_norm, 2)}.`
          : t`The norm is below the limit: the gradient is not scaled.`;
      }
      case 'weights':
        return t`Largest movement of a unit’s weights, root mean square: ${significant(largest(partial.values ?? new Float32Array()), 2)}.`;
    }
  }

  /** The formula of g with the numbers of this step. */
  private substituted(record: StepRecord, values: Values, most: number): string {
    const { method, estimator, alpha } = values;
    const end = ` ${t`Largest |g|: ${significant(most, 2)}.`}`;
    if (method === 'fisher') return t`The running −½F of each unit over the mean of ½F of the units that m keeps.` + end;
    if (method === 'ste') return t`The gradient of the loss at each mask, with dm/ds taken as 1.` + end;
    const power = Number(alpha) >= 1 ? '' : Number(alpha) === 0.5 ? ' / √s(1−s)' : ` / (s(1−s))^${fixed(1 - Number(alpha), 2)}`;
    const formula = FORMULAS[method === 'reinforce' ? 'plain' : (estimator ?? '')];
    const control = hasControl(values) ? t`, after Σc(m − m′) is taken off L − L′ and before c is added` : '';
    return `${formula?.numbers(record) ?? ''}${power}${control}.${end}`;
  }

  private draw(): void {
    cancelAnimationFrame(this.frame);
    const { seen, canvas, context } = this;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!seen || width === 0 || height === 0) return;
    canvas.width = Math.round(width * devicePixelRatio);
    canvas.height = Math.round(height * devicePixelRatio);
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    context.font = `${FONT}px system-ui, sans-serif`;
    context.textBaseline = 'middle';
    const box: Box = [0, 0, width, height];
    const caption = this.picture(seen, box);
    say(this.caption, caption);
    canvas.ariaLabel = `${seen.news} ${caption}`;
  }

  /** Draws what a phase did, with a caption. */
  private picture(seen: Seen, box: Box): string {
    const { stage, values } = seen.partial;
    switch (stage) {
      case 'choose':
      case 'sample':
        return this.drawn(seen, box);
      case 'losses':
        return this.losses(seen.record, box);
      case 'gradient':
        return this.perUnit(seen, values ?? new Float32Array(), -1, box);
      case 'project':
        return this.projection(seen, box);
      case 'backward':
        return this.layers(seen, box);
      case 'weights':
        return this.perUnit(seen, values ?? new Float32Array(), 1, box);
    }
  }

  private ink(name: keyof Palette, alpha = 1): void {
    this.context.fillStyle = css(this.palette[name], alpha);
  }

  private text(words: string, x: number, y: number, align: CanvasTextAlign = 'left', colour: keyof Palette = 'soft'): void {
    this.ink(colour);
    this.context.textAlign = align;
    this.context.fillText(words, x, y);
  }

  /** A row for each group: its units, and how many of them each mask keeps. */
  private drawn({ partial, description, values }: Seen, [left, top, width, height]: Box): string {
    const { context } = this;
    const groups = description.groups.filter((group) => group.gated);
    const two = methodOf(values).forwards === 2;
    const row = Math.min(74, height / groups.length);
    const wordy = row >= LEAST_ROW;
    const [start, end] = wordy ? [left + 84, left + width - 96] : [left, left + width];
    const room = end - start;
    const bar = Math.max(1, Math.min(15, row * 0.26));
    const { mask, scores } = partial.snapshot;
    groups.forEach((group, index) => {
      const y = top + (index + 0.5) * row;
      const of = (bit: number): number => this.over(group, (unit) => (((mask[unit] ?? 0) & bit) !== 0 ? 1 : 0));
      const [kept, probe] = [of(KEPT), of(PROBE_KEPT)];
      const expected = this.over(group, (unit) => scores[unit] ?? 0);
      const differ = this.over(group, (unit) => (mask[unit] === KEPT || mask[unit] === PROBE_KEPT ? 1 : 0));
      const scale = room / group.size;
      this.ink('off');
      context.fillRect(start, y - bar - 1, room, two ? 2 * bar + 2 : bar + 1);
      this.ink('kept');
      context.fillRect(start, y - bar - 1, kept * scale, bar);
      if (two) {
        this.ink('probe');
        context.fillRect(start, y + 1, probe * scale, bar);
      }
      this.ink('ink');
      context.fillRect(start + expected * scale - 0.75, y - bar - 3, 1.5, two ? 2 * bar + 6 : bar + 4);
      if (!wordy) return;
      this.text(nameOf(group), left, y);
      this.text(two ? t`differ in ${count(differ)}` : t`${count(kept)} of ${count(group.size)}`, left + width, y, 'right', 'ink');
    });
    return two ? t`Kept by m above, by m′ below; the mark is the number expected, Σs of the layer.` : t`Kept by m; the mark is Σs of the layer.`;
  }

  private over(group: Group, value: (unit: number) => number): number {
    let sum = 0;
    for (let unit = group.first_unit; unit < group.first_unit + group.size; unit++) sum += value(unit);
    return sum;
  }

  private losses({ loss, probe_loss }: StepRecord, [left, top, width, height]: Box): string {
    const { context } = this;
    const two = Number.isFinite(probe_loss);
    const most = Math.max(loss, two ? probe_loss : 0) || 1;
    const [start, room] = [left + 26, width - 26 - 66];
    const bar = Math.min(24, height / 6);
    const middle = top + height / 2;
    const rows: [name: string, value: number, colour: keyof Palette, y: number][] = [['L', loss, 'kept', two ? middle - bar * 1.1 : middle]];
    if (two) rows.push(['L′', probe_loss, 'probe', middle + bar * 1.1]);
    for (const [name, value, colour, y] of rows) {
      this.text(name, left, y, 'left', 'ink');
      this.ink(colour);
      context.fillRect(start, y - bar / 2, (value / most) * room, bar);
      this.text(fixed(value, 4), start + (value / most) * room + 7, y, 'left', 'ink');
    }
    return two
      ? t`Mean cross-entropy of the same batch; both are marked in the curve as well.`
      : t`Mean cross-entropy of the batch; it is marked in the curve as well.`;
  }

  /** A bar for each unit, layer after layer. `sign`: 1 for values from 0 up; −1 draws the opposite of values of both signs. */
  private perUnit({ description }: Seen, values: Float32Array, sign: number, [left, top, width, height]: Box): string {
    const { context } = this;
    const groups = description.groups.filter((group) => group.gated);
    const all = groups.reduce((sum, group) => sum + group.size, 0);
    const gap = 10;
    const scale = (width - gap * (groups.length - 1)) / Math.max(1, all);
    const bottom = top + height - FONT - 8;
    const most = largest(values) || 1;
    const zero = sign < 0 ? (top + bottom) / 2 : bottom;
    const room = sign < 0 ? (bottom - top) / 2 : bottom - top;
    let x = left;
    for (const group of groups) {
      this.ink('line');
      context.fillRect(x, zero, group.size * scale, 1);
      this.ink(sign < 0 ? 'probe' : 'kept');
      for (let index = 0; index < group.size; index++) {
        const long = ((values[group.first_unit + index] ?? 0) / most) * room * sign;
        if (long !== 0) context.fillRect(x + index * scale, Math.min(zero, zero - long), Math.max(0.75, scale * 0.85), Math.abs(long));
      }
      if (group.size * scale > 50) this.text(nameOf(group), x, top + height - FONT / 2 - 1);
      x += group.size * scale + gap;
    }
    return sign < 0 ? t`−g of each unit: up, its score will rise; down, it will fall.` : t`How far the weights of each unit moved, root mean square.`;
  }

  /** The scores after the optimiser's step are shifted by v, and then clamped to 0 to 1. */
  private projection({ partial, description, values }: Seen, [left, top, width, height]: Box): string {
    const { stepped, snapshot } = partial;
    if (!stepped) return '';
    const pins = readPins(values['pins']);
    const prices = pricesOf(description.groups);
    const { threshold } = snapshot;
    if (still()) {
      const half = (width - 24) / 2;
      this.histogram([...stepped], threshold, null, [left, top, half, height]);
      this.histogram([...snapshot.scores], 0, [...stepped], [left + half + 24, top, half, height]);
      return t`Before the projection, left, and after it, right. Bars rise as the square root of the number of units.`;
    }
    const elapsed = performance.now() - this.begun;
    const slid = eased(elapsed / SLIDE_MS) * threshold;
    const clamped = eased((elapsed - SLIDE_MS) / CLAMP_MS);
    const now = [...stepped].map((score, unit) => {
      if (pins.has(unit)) return score;
      // A v below 0 raises, but no score from 0.
      const moved = threshold < 0 && score <= 0 ? score : score - slid * (prices[unit] ?? 1);
      return moved + clamped * (Math.min(1, Math.max(0, moved)) - moved);
    });
    if (threshold === 0) {
      this.histogram([...snapshot.scores], 0, [...stepped], [left, top, width, height]);
      return t`All scores; they fit the budget. Bars rise as the square root of the number of units.`;
    }
    const whole = Math.round(width * 0.64);
    this.histogram(now, threshold - slid, [...stepped], [left, top, whole - 22, height]);
    this.histogram(now, threshold - slid, [...stepped], [left + whole, top, width - whole, height], nearZero(threshold));
    if (elapsed < SLIDE_MS + CLAMP_MS) this.frame = requestAnimationFrame(() => this.draw());
    return t`All scores, and those near 0 enlarged: the outline is before the shift by v = ${significant(threshold, 2)}. Bars rise as the square root of the number of units.`;
  }

  /** `ahead`: the rest of the shift. `outline`: the scores before. */
  private histogram(scores: number[], ahead: number, outline: number[] | null, [left, top, width, height]: Box, [bin, below, above] = WHOLE): void {
    const { context } = this;
    const bottom = top + height - FONT - 9;
    const [low, high] = [-below * bin, above * bin];
    const binned = (of: number[]): number[] => {
      const bins = new Array<number>(below + above).fill(0);
      for (const score of of) {
        // A score of exactly 1 belongs to the bin that ends at 1.
        const at = below + Math.floor((score === 1 ? 1 - bin / 2 : score) / bin);
        if (at >= 0 && at < bins.length) bins[at] = (bins[at] ?? 0) + 1;
      }
      return bins;
    };
    const [now, before] = [binned(scores), binned(outline ?? scores)];
    const most = Math.sqrt(Math.max(1, ...now, ...before));
    const wide = width / (below + above);
    const tall = (number: number): number => (Math.sqrt(number) / most) * (bottom - top - 4);
    const place = (score: number): number => left + ((score - low) / (high - low)) * width;
    // The ranges below 0 and above 1, where no score may be in the end.
    this.context.fillStyle = css(mixed(this.palette.off, this.palette.paper, 0.35));
    if (low < 0) context.fillRect(left, top, place(0) - left, bottom - top);
    if (high > 1) context.fillRect(place(1), top, left + width - place(1), bottom - top);
    this.ink('kept');
    now.forEach((number, at) => context.fillRect(left + at * wide, bottom - tall(number), Math.max(1, wide - 1), tall(number)));
    if (outline) {
      context.strokeStyle = css(this.palette.soft);
      context.lineWidth = 1;
      context.beginPath();
      before.forEach((number, at) => {
        if (at === 0) context.moveTo(left, bottom - tall(number));
        else context.lineTo(left + at * wide, bottom - tall(number));
        context.lineTo(left + (at + 1) * wide, bottom - tall(number));
      });
      context.stroke();
    }
    this.ink('line');
    context.fillRect(left, bottom, width, 1);
    for (const tick of high > 1 ? [0, 0.5, 1] : [0, high]) {
      this.text(tick === 0 || tick === 1 ? String(tick) : significant(tick, 2), place(tick), bottom + FONT / 2 + 5, tick === high ? 'right' : 'center');
    }
    // The rest of the shift, as an arrow.
    const long = place(ahead) - place(0);
    if (long < 6) return;
    const y = top + 8;
    const from = place((low + high) / 2) + long / 2;
    this.ink('ink');
    context.fillRect(from - long, y - 0.75, long, 1.5);
    context.beginPath();
    context.moveTo(from - long - 1, y);
    context.lineTo(from - long + 5, y - 4);
    context.lineTo(from - long + 5, y + 4);
    context.fill();
    this.text('v', from + 6, y, 'left', 'ink');
  }

  /** A row for each layer: the share of its weights that have a gradient. */
  private layers({ partial, description, values }: Seen, [left, top, width, height]: Box): string {
    const { context } = this;
    const { kept } = partial.snapshot;
    const { groups, layers } = description;
    const shown = layers.filter(({ taps }) => taps > 0);
    const row = Math.min(60, height / shown.length);
    const wordy = row >= LEAST_ROW;
    const [start, end] = wordy ? [left + 116, left + width - 50] : [left, left + width];
    const bar = Math.max(1, Math.min(18, row * 0.5));
    shown.forEach((layer, index) => {
      const y = top + (index + 0.5) * row;
      const of = (group: number): number => (values['method'] === 'ste' ? 1 : (kept[group] ?? 0) / (groups[group]?.size ?? 1));
      const share = of(layer.from) * of(layer.to);
      this.ink('off');
      context.fillRect(start, y - bar / 2, end - start, bar);
      this.ink('kept');
      context.fillRect(start, y - bar / 2, (end - start) * share, bar);
      if (!wordy) return;
      this.text(t`to ${groups[layer.to]?.name ?? ''}`, left, y);
      this.text(percent(share, share < 0.1 ? 1 : 0), left + width, y, 'right', 'ink');
    });
    return t`The share of each layer’s weights that have a gradient.`;
  }
}
