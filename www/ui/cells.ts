// A canvas of equal cells, one for each unit of a group.

import { KEPT, PROBE_KEPT } from '../protocol/messages';
import type { Bars } from '../model/step-through';
import { css, mixed, type Palette, shade } from './palette';

/** Scores (0..255) and mask bits of units, those of a group from `first` on. */
export interface States {
  scores: Uint8Array;
  mask: Uint8Array;
  first: number;
}

/** `gated`: each unit has a score and a mask. `always`: all are kept. `sum`: the states of the branches that it joins. */
export type Manner = 'gated' | 'always' | 'sum';

/** In cells smaller than this, in CSS pixels, a ring would cover the cell: a line below replaces it. */
export const SMALL_CELL = 7;

const LEVELS = 32;
/** What a cell shows, as one number: the score in 32 levels, and the mask's two bits. */
const ALWAYS = 1000;
/** Further bits: the unit is pinned; it has the keyboard focus. */
const PINNED = 1 << 11;
const FOCUSED = 1 << 12;

/** Marks on cells. */
export interface Marks {
  /** [size] 1 for units that are marked. */
  dots?: Uint8Array | null;
  /** Whether a unit is pinned, by its place in the scores. */
  pinned?: (unit: number) => boolean;
  /** Shown in place of the mask: a bar for each unit, from −1 (down) to 1 (up). */
  bars?: Bars | null;
}

/** Every colour of a cell, made once for a palette. */
export class CellColours {
  readonly palette: Palette;
  readonly always: string;
  readonly probe: string;
  readonly ground: string;
  readonly ink: string;
  readonly kept: string;
  readonly faint: string;
  private readonly fills: string[] = [];
  private readonly sums: [off: string, kept: string];

  constructor(palette: Palette) {
    this.palette = palette;
    this.always = css(mixed(palette.off, palette.soft, 0.45));
    this.probe = css(palette.probe);
    this.ground = css(palette.paper);
    this.ink = css(palette.ink);
    this.kept = css(palette.kept);
    this.faint = css(mixed(palette.off, palette.kept, 0.22));
    this.sums = [css(palette.off), css(mixed(palette.off, palette.soft, 0.7))];
    for (let code = 0; code < 4 * LEVELS; code++) {
      const score = (code % LEVELS) / (LEVELS - 1);
      const kept = ((code >> 5) & KEPT) !== 0;
      // A kept cell is solid, and a little paler if its score is low.
      this.fills.push(css(kept ? mixed(palette.off, palette.kept, 0.78 + 0.22 * score) : shade(palette, score)));
    }
  }

  fill(code: number, manner: Manner): string {
    if (code === ALWAYS) return this.always;
    if (manner === 'sum') return this.sums[(code >> 5) & KEPT] ?? this.always;
    return this.fills[code] ?? this.always;
  }
}

export class Cells {
  readonly canvas = document.createElement('canvas');
  readonly context: CanvasRenderingContext2D;
  columns = 1;
  rows = 1;
  /** Width and height of a cell in device pixels, the gap after it included. */
  private cell = 8;
  private tall = 8;
  private across = false;
  private focused: number | null = null;
  private had_bars = false;
  /** The code that each cell showed last: only cells with another code are painted again. */
  private readonly painted: Int16Array;
  private readonly size: number;
  private readonly manner: Manner;

  constructor(size: number, manner: Manner) {
    this.size = size;
    this.manner = manner;
    this.painted = new Int16Array(size).fill(-1);
    const context = this.canvas.getContext('2d');
    if (!context) throw new Error('this browser gives no 2D canvas');
    this.context = context;
    this.canvas.setAttribute('role', 'img');
  }

  /** `across`: units follow one another along rows, not down columns. `extra`: device pixels to the right for something else. */
  layOut(columns: number, rows: number, cell: number, across: boolean, { tall = cell, extra = 0 } = {}): void {
    [this.columns, this.rows, this.cell, this.tall, this.across] = [columns, rows, cell, tall, across];
    const { canvas } = this;
    canvas.width = columns * cell + extra;
    canvas.height = rows * tall;
    canvas.style.width = `${canvas.width / devicePixelRatio}px`;
    canvas.style.height = `${canvas.height / devicePixelRatio}px`;
    this.forget();
  }

  /** Paints every cell again the next time. */
  forget(): void {
    this.painted.fill(-1);
  }

  paint(states: States | null, colours: CellColours, { dots = null, pinned = () => false, bars = null }: Marks = {}): void {
    const { context, columns, rows, painted, cell, tall, across, manner } = this;
    const gap = cell >= 5 ? Math.max(1, Math.round(cell * 0.09)) : cell >= 3 ? 1 : 0;
    const [wide, high] = [cell - gap, tall - (tall >= 3 ? gap : 0)];
    const ring = Math.max(1, Math.round(cell * 0.15));
    const with_bars = bars !== null && states !== null && manner === 'gated';
    if (with_bars !== this.had_bars) this.forget();
    this.had_bars = with_bars;
    for (let index = 0; index < this.size; index++) {
      const unit = (states?.first ?? 0) + index;
      const bits = states?.mask[unit] ?? 0;
      const shown = states ? ((states.scores[unit] ?? 0) >> 3) | (bits << 5) : ALWAYS;
      const is_pinned = states !== null && manner === 'gated' && pinned(unit);
      const code = shown | (is_pinned ? PINNED : 0) | (index === this.focused ? FOCUSED : 0);
      if (painted[index] === code && !with_bars) continue;
      painted[index] = code;
      const x = (across ? index % columns : Math.floor(index / rows)) * cell;
      const y = (across ? Math.floor(index / columns) : index % rows) * tall;
      if (with_bars) {
        this.paintBar(x, y, wide, high, bars.values[unit] ?? 0, bars.signed, (bits & KEPT) !== 0, colours);
      } else {
        context.fillStyle = colours.fill(shown, manner);
        context.fillRect(x, y, wide, high);
      }
      const disagree = !with_bars && states !== null && bits !== 0 && bits !== (KEPT | PROBE_KEPT);
      if (disagree && manner === 'gated' && cell < SMALL_CELL * devicePixelRatio) {
        const line = Math.max(1, Math.round(high * 0.3));
        context.fillStyle = colours.probe;
        if (high >= 3) context.fillRect(x, y + high - line, wide, line);
      } else if (disagree && manner === 'gated') {
        context.strokeStyle = colours.probe;
        context.lineWidth = ring;
        context.strokeRect(x + ring / 2, y + ring / 2, wide - ring, high - ring);
        // On a kept cell a thin line in the background colour separates ring and cell, so that they differ by more than their hues.
        if ((bits & KEPT) !== 0 && wide > 4 * ring + 2) {
          context.strokeStyle = colours.ground;
          context.lineWidth = Math.max(1, Math.round(ring / 3));
          const inner = ring + context.lineWidth / 2;
          context.strokeRect(x + inner, y + inner, wide - 2 * inner, high - 2 * inner);
        }
      }
      if (dots?.[index] && wide > 4) {
        const dot = Math.max(2, Math.round(wide * 0.34));
        context.fillStyle = css((bits & KEPT) !== 0 ? colours.palette.paper : colours.palette.ink);
        context.fillRect(x + (wide - dot) / 2, y + (wide - dot) / 2, dot, dot);
      }
      if (is_pinned) {
        // The corner of a pinned unit.
        const corner = Math.max(2, Math.round(wide * 0.5));
        context.fillStyle = colours.ink;
        context.beginPath();
        context.moveTo(x + wide - corner, y);
        context.lineTo(x + wide, y);
        context.lineTo(x + wide, y + Math.min(high, corner));
        context.fill();
      }
      if (index === this.focused) {
        const line = Math.max(2, Math.round(cell * 0.16));
        context.strokeStyle = colours.ink;
        context.lineWidth = line;
        context.strokeRect(x + line / 2, y + line / 2, Math.max(1, wide - line), Math.max(1, high - line));
      }
    }
  }

  /** A bar from the middle of a pale cell, or from its bottom if the values have no sign. */
  private paintBar(x: number, y: number, wide: number, high: number, value: number, signed: boolean, kept: boolean, colours: CellColours): void {
    const { context } = this;
    context.fillStyle = kept ? colours.faint : colours.fill(0, 'gated');
    context.fillRect(x, y, wide, high);
    if (value === 0) return;
    const room = signed ? high / 2 : high;
    const long = Math.min(room, Math.max(1, Math.round(Math.abs(value) * room)));
    const middle = signed ? y + Math.round(high / 2) : y + high;
    context.fillStyle = signed ? colours.probe : colours.kept;
    context.fillRect(x, value > 0 ? middle - long : middle, wide, long);
  }

  /** Moves the keyboard focus to a unit; null removes it. */
  focus(index: number | null): void {
    this.focused = index;
  }

  /** Where an arrow key leads from a unit. */
  beside(index: number, key: string): number | null {
    const [along, next] = this.across ? [1, this.columns] : [this.rows, 1];
    const to = { ArrowRight: index + along, ArrowLeft: index - along, ArrowDown: index + next, ArrowUp: index - next, Home: 0, End: this.size - 1 }[key];
    return to === undefined ? null : to >= 0 && to < this.size ? to : index;
  }

  /** The rectangle of a unit's cell in the window. */
  place(index: number): DOMRect {
    const { left, top } = this.canvas.getBoundingClientRect();
    const [column, row] = this.across ? [index % this.columns, Math.floor(index / this.columns)] : [Math.floor(index / this.rows), index % this.rows];
    const [wide, high] = [this.cell / devicePixelRatio, this.tall / devicePixelRatio];
    return new DOMRect(left + column * wide, top + row * high, wide, high);
  }

  /** The unit under a pointer, or null. */
  under(event: PointerEvent): number | null {
    const column = Math.floor((event.offsetX * devicePixelRatio) / this.cell);
    const row = Math.floor((event.offsetY * devicePixelRatio) / this.tall);
    const index = this.across ? row * this.columns + column : column * this.rows + row;
    const inside = column >= 0 && column < this.columns && row >= 0 && row < this.rows && index < this.size;
    return inside ? index : null;
  }
}
