// The first convolution's filters as small images, each in its own scale. Filters that are off are faded.

import { nameOf } from '../../model/units';
import { count } from '../../model/format';
import { type Group, KEPT, type Plan } from '../../protocol/messages';
import type { States } from '../../ui/cells';
import { say } from '../../ui/element';
import { css, mixed, type Palette } from '../../ui/palette';
import { t } from '../../words/words';

type Shape = NonNullable<Plan['filters']>;

/** In CSS pixels. */
const MOST_SIDE = 40;
const LEAST_GAP = 3;
/** The opacity of a filter that is off, with a score of 0 and of 1. */
const FAINT = 0.12;
const FAINT_LIKELY = 0.4;
/** The grey level of a weight of 0. */
const MIDDLE = 127.5;

export class FiltersView {
  readonly figure = document.createElement('figure');
  readonly canvas = document.createElement('canvas');
  private readonly context: CanvasRenderingContext2D;
  private readonly kept = document.createElement('b');
  private readonly shape: Shape;
  private readonly group: Group;
  private weights: Float32Array | null = null;
  /** Each filter's weights as colours, row by row. Computed once for new weights, because they are drawn often. */
  private colours: [red: number, green: number, blue: number][] = [];
  private readonly painted: Int16Array;
  private columns = 1;
  /** Side of a weight, and of a filter with the gap after it, in device pixels. */
  private pixel = 1;
  private pitch = 1;

  constructor(shape: Shape, group: Group) {
    this.shape = shape;
    this.group = group;
    this.painted = new Int16Array(shape.count).fill(-1);
    const context = this.canvas.getContext('2d');
    if (!context) throw new Error('this browser gives no 2D canvas');
    this.context = context;
    this.canvas.setAttribute('role', 'img');
    this.canvas.dataset['testid'] = 'filters';
    this.figure.className = 'filters';
    const caption = document.createElement('figcaption');
    this.kept.textContent = count(shape.count);
    caption.append(t`filters of ${nameOf(group)}`, this.kept);
    this.figure.append(this.canvas, caption);
  }

  /** Fills a width and at most a height, in CSS pixels. */
  layOut(width: number, height: number): void {
    const { count: filters, side } = this.shape;
    const dpr = devicePixelRatio;
    let best = 0;
    for (let columns = 1; columns <= filters; columns++) {
      const rows = Math.ceil(filters / columns);
      // Full rows look like one block.
      const worth = Math.min(width / columns, height / rows, MOST_SIDE) * (filters % columns === 0 ? 1 : 0.7);
      if (worth > best) [best, this.columns] = [worth, columns];
    }
    const rows = Math.ceil(filters / this.columns);
    const room = Math.min(width / this.columns, height / rows, MOST_SIDE) * dpr;
    this.pixel = Math.max(1, Math.floor((room - LEAST_GAP * dpr) / side));
    this.pitch = Math.max(side * this.pixel + 1, Math.min(Math.floor(room), Math.ceil(side * this.pixel * 1.18)));
    const gap = this.pitch - side * this.pixel;
    this.canvas.width = this.columns * this.pitch - gap;
    this.canvas.height = rows * this.pitch - gap;
    this.canvas.style.width = `${this.canvas.width / dpr}px`;
    this.canvas.style.height = `${this.canvas.height / dpr}px`;
    this.forget();
  }

  forget(): void {
    this.painted.fill(-1);
  }

  show(weights: Float32Array | null): void {
    this.weights = weights;
    this.forget();
    if (!weights) return;
    const { count: filters, side, channels } = this.shape;
    const taps = side * side;
    this.colours = [];
    for (let filter = 0; filter < filters; filter++) {
      const first = filter * channels * taps;
      let largest = 0;
      for (let at = first; at < first + channels * taps; at++) largest = Math.max(largest, Math.abs(weights[at] ?? 0));
      const level = (channel: number, tap: number): number => Math.round(MIDDLE + (MIDDLE * (weights[first + channel * taps + tap] ?? 0)) / (largest || 1));
      for (let tap = 0; tap < taps; tap++) {
        // Filters without exactly three channels show their first channel, in grey.
        const red = level(0, tap);
        this.colours.push(channels === 3 ? [red, level(1, tap), level(2, tap)] : [red, red, red]);
      }
    }
  }

  draw(states: States | null, kept: number | null, palette: Palette): void {
    const { count: filters, side } = this.shape;
    if (kept !== null) {
      const text = `${count(kept)} / ${count(filters)}`;
      say(this.kept, text);
    }
    for (let filter = 0; filter < filters; filter++) {
      const unit = (states?.first ?? 0) + filter;
      const on = states === null || ((states.mask[unit] ?? 0) & KEPT) !== 0;
      const score = (states?.scores[unit] ?? 255) >> 4;
      const code = on ? 16 : score;
      if (this.painted[filter] === code) continue;
      this.painted[filter] = code;
      const seen = on ? 1 : FAINT + (FAINT_LIKELY - FAINT) * (score / 15);
      const [left, top] = [(filter % this.columns) * this.pitch, Math.floor(filter / this.columns) * this.pitch];
      for (let tap = 0; tap < side * side; tap++) {
        const colour = this.weights ? this.colours[filter * side * side + tap] : palette.off;
        this.context.fillStyle = css(mixed(palette.paper, colour ?? palette.off, this.weights ? seen : 1));
        this.context.fillRect(left + (tap % side) * this.pixel, top + Math.floor(tap / side) * this.pixel, this.pixel, this.pixel);
      }
    }
  }

  name(kept: number | null): void {
    const { count: filters, side } = this.shape;
    const all = t`The ${count(filters)} filters of ${nameOf(this.group)}, ${side} by ${side} weights each`;
    const name = kept === null ? all : t`${all}, ${count(kept)} of them kept`;
    if (this.canvas.ariaLabel !== name) this.canvas.ariaLabel = name;
  }

  /** The filter under a pointer, or null. */
  under(event: PointerEvent): number | null {
    const column = Math.floor((event.offsetX * devicePixelRatio) / this.pitch);
    const filter = Math.floor((event.offsetY * devicePixelRatio) / this.pitch) * this.columns + column;
    return column >= 0 && column < this.columns && filter >= 0 && filter < this.shape.count ? filter : null;
  }
}
