// A canvas of equal cells, one for each unit of a group.

import { KEPT, PROBE_KEPT } from '../protocol';
import { css, mixed, type Palette, shade } from './palette';

/** Scores (0..255) and mask bits of units, those of a group from `first` on. */
export interface States {
  scores: Uint8Array;
  mask: Uint8Array;
  first: number;
}

/** `gated` units have states; `always` kept ones have none; a `sum` has those of the branches that it joins. */
export type Manner = 'gated' | 'always' | 'sum';

/** In cells smaller than this, in CSS pixels, a ring would leave nothing to see of what it rings: a line under the cell says the same. */
export const SMALL_CELL = 7;

const LEVELS = 32;
/** What a cell shows, as one number: the score in 32 levels, and the mask's two bits. */
const ALWAYS = 1000;

/** Every colour of a cell, made once for a palette. */
export class Inks {
  readonly palette: Palette;
  readonly always: string;
  readonly probe: string;
  private readonly fills: string[] = [];
  private readonly sums: [off: string, kept: string];

  constructor(palette: Palette) {
    this.palette = palette;
    this.always = css(mixed(palette.off, palette.soft, 0.45));
    this.probe = css(palette.probe);
    this.sums = [css(palette.off), css(mixed(palette.off, palette.soft, 0.7))];
    for (let code = 0; code < 4 * LEVELS; code++) {
      const score = (code % LEVELS) / (LEVELS - 1);
      const kept = ((code >> 5) & KEPT) !== 0;
      // A kept cell is solid; only one that is kept by luck (a low score) is a little paler.
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
  /** What each cell showed last; only others are painted again. */
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

  /** `dots`: 1 for units that are marked. */
  paint(states: States | null, inks: Inks, dots: Uint8Array | null = null): void {
    const { context, columns, rows, painted, cell, tall, across, manner } = this;
    const gap = cell >= 5 ? Math.max(1, Math.round(cell * 0.09)) : cell >= 3 ? 1 : 0;
    const [wide, high] = [cell - gap, tall - (tall >= 3 ? gap : 0)];
    const ring = Math.max(1, Math.round(cell * 0.15));
    for (let index = 0; index < this.size; index++) {
      const unit = (states?.first ?? 0) + index;
      const bits = states?.mask[unit] ?? 0;
      const code = states ? ((states.scores[unit] ?? 0) >> 3) | (bits << 5) : ALWAYS;
      if (painted[index] === code) continue;
      painted[index] = code;
      const x = (across ? index % columns : Math.floor(index / rows)) * cell;
      const y = (across ? Math.floor(index / columns) : index % rows) * tall;
      context.fillStyle = inks.fill(code, manner);
      context.fillRect(x, y, wide, high);
      const disagree = states !== null && bits !== 0 && bits !== (KEPT | PROBE_KEPT);
      if (disagree && manner === 'gated' && cell < SMALL_CELL * devicePixelRatio) {
        if (high < 3) continue;
        const line = Math.max(1, Math.round(high * 0.3));
        context.fillStyle = inks.probe;
        context.fillRect(x, y + high - line, wide, line);
      } else if (disagree && manner === 'gated') {
        context.strokeStyle = inks.probe;
        context.lineWidth = ring;
        context.strokeRect(x + ring / 2, y + ring / 2, wide - ring, high - ring);
      }
      if (dots?.[index] && wide > 4) {
        const dot = Math.max(2, Math.round(wide * 0.34));
        context.fillStyle = css((bits & KEPT) !== 0 ? inks.palette.paper : inks.palette.ink);
        context.fillRect(x + (wide - dot) / 2, y + (wide - dot) / 2, dot, dot);
      }
    }
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
