// The layout of a convolutional network: one strip of equal cells for each convolution. Below the last convolution of a sum, the sum is
// a thin strip. A residual block is one row with its two convolutions side by side; the right column has the channels of the
// residual stream below one another.

import { nameOf } from '../../model/units';
import type { Group } from '../../protocol/messages';

/** A row of the table; numbers are those of groups. */
export interface Row {
  label: string;
  /** The convolution inside a block. */
  inner: number | null;
  /** A text in the place of `inner`. */
  note: string;
  outer: number | null;
  sum: number | null;
  /** Whether the size of the maps differs from the row before. */
  stage: boolean;
}

export interface Strips {
  rows: Row[];
  /** Whether there are residual blocks. */
  residual: boolean;
  /** Cells that a strip may have across. */
  across: number;
  /** In device pixels. */
  cell: number;
  thin: number;
  /** Width of each column in CSS pixels. */
  columns: number[];
  /** Between rows, in CSS pixels. */
  between: number;
}

const MOST_CELL = 14;
/** Least size of a cell. With smaller ones a scroll bar is better. */
const LEAST_CELL = 4;
const SCROLL_BAR = 12;
const RAGGED = 0.82;
/** In CSS pixels: the widths of what is beside the strips in a row, and the heights of text and gaps. */
const ROOM = { label: 46, short_label: 37, digit: 7.4, sum: 24, gap: 8, text: 14, stage: 7, head: 20, under: 2 };
/** With many rows the gaps are smaller. */
const MANY = 14;

export function tabulate(groups: Group[]): Row[] {
  const rows: Row[] = [];
  let size = 0;
  for (const [index, group] of groups.entries()) {
    if (!group.gated && group.union_of === null) continue;
    const [, block, part] = /^(\d+\.\d+) (.+)$/.exec(group.name) ?? [null, '', ''];
    const last = rows.at(-1);
    if (last && part === 'conv 2') {
      last.outer = index;
      continue;
    }
    if (last && group.union_of !== null) {
      last.sum = index;
      continue;
    }
    const inner = part === 'conv 1';
    const follows = part === 'shortcut';
    const stage = rows.length > 0 && !follows && group.map_width !== size;
    size = group.map_width;
    rows.push({
      label: follows ? '' : block || nameOf(group),
      inner: inner ? index : null,
      note: follows ? part : '',
      outer: inner ? null : index,
      sum: null,
      stage,
    });
  }
  return rows;
}

/** Cells across and down of a strip: rows of nearly equal length. */
export function stripShape(size: number, across: number): [columns: number, rows: number] {
  const rows = Math.ceil(size / across);
  return [Math.ceil(size / rows), rows];
}

/** Height of a thin cell, in device pixels. */
const thin = (cell: number): number => Math.max(2, Math.round(cell * 0.45));

/** Height of the table in CSS pixels. */
function tall({ rows, residual, across, cell, thin: low, between }: Omit<Strips, 'columns'>, groups: Group[], dpr: number): number {
  const down = (index: number | null): number => (index === null ? 0 : stripShape(groups[index]?.size ?? 1, across)[1]);
  return rows.reduce(
    (sum, { inner, outer, sum: joined, stage }) => {
      const under = joined === null ? 0 : (down(joined) * low) / dpr + ROOM.under;
      const strip = Math.max((down(inner) * cell) / dpr, (down(outer) * cell) / dpr + under);
      return sum + Math.max(ROOM.text, strip) + between + (stage ? ROOM.stage : 0);
    },
    residual ? ROOM.head : 0,
  );
}

/** The best size of cells, from `least` to `most` CSS pixels, for a width and a height; null if none fits. */
function fitting(groups: Group[], width: number, height: number, dpr: number, least: number, most: number): Strips | null {
  const rows = tabulate(groups);
  const residual = rows.some(({ sum }) => sum !== null);
  const between = rows.length > MANY ? 3 : 5;
  const sizes = groups.filter(({ gated }) => gated).map(({ size }) => size);
  const widest = Math.max(1, ...sizes);
  // "128/128" beside two strips, "128 / 128" beside one.
  const count = ROOM.digit * (2 * String(widest).length + (residual ? 0.8 : 2));
  const beside = residual ? [ROOM.short_label, count, count, ROOM.sum] : [ROOM.label, count];
  const strips_across = residual ? 2 : 1;
  const gaps = beside.length + strips_across - 1;
  const room = (width - gaps * ROOM.gap - beside.reduce((sum, wide) => sum + wide, 0)) / strips_across;
  let best: (Strips & { worth: number }) | null = null;
  for (let cell = Math.round(most * dpr); cell >= Math.max(1, Math.round(least * dpr)); cell--) {
    const room_across = Math.max(1, Math.min(widest, Math.floor((room * dpr) / cell)));
    // Without a bound on the height, the widest strips are best.
    for (const across of Number.isFinite(height) ? [room_across, 2 ** Math.floor(Math.log2(room_across))] : [room_across]) {
      const wide = Math.ceil((across * cell) / dpr);
      const columns = beside.flatMap((taken, index) => (index < strips_across ? [taken, wide] : [taken]));
      const strips = { rows, residual, across, cell, thin: thin(cell), columns, between };
      // Strips whose rows are all full are easier to read than somewhat larger cells.
      const full = sizes.every((size) => size % Math.min(size, across) === 0);
      const worth = cell * (full ? 1 : RAGGED);
      if (worth > (best?.worth ?? 0) && tall(strips, groups, dpr) <= height) best = { ...strips, worth };
    }
  }
  return best;
}

/** The strips within a width and, if possible, a height, both in CSS pixels; where they are higher, there is space for a scroll bar. */
export function arrangeStrips(groups: Group[], width: number, height: number, dpr: number): Strips {
  const whole = fitting(groups, width, height, dpr, LEAST_CELL, MOST_CELL);
  const scrolled = whole ?? fitting(groups, width - SCROLL_BAR, Number.POSITIVE_INFINITY, dpr, LEAST_CELL, LEAST_CELL);
  if (!scrolled) throw new Error('without a bound on their height, strips always fit');
  return scrolled;
}
