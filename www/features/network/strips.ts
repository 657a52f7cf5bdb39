// How the groups of a convolutional network stand under one another: one strip of equal cells for each convolution, and under the
// last one that a sum joins, thin, the sum. A residual block is one row, its two convolutions side by side: the right column is
// the stream that every sum hands on, channel under channel.

import type { Group } from '../../protocol/messages';

/** A row of the table; numbers are those of groups. */
export interface Row {
  label: string;
  /** The convolution inside a block, which nothing else reads. */
  inner: number | null;
  /** Stands where `inner` would, in words. */
  note: string;
  outer: number | null;
  sum: number | null;
  /** Whether another stage begins: the images have another size than in the row before. */
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
/** Smaller ones are not worth avoiding a scroll bar for. */
const LEAST_CELL = 4;
const SCROLL_BAR = 12;
const RAGGED = 0.82;
/** In CSS pixels: what stands beside the strips in a row, and the room that a row's text and the gaps take. */
const ROOM = { label: 46, short_label: 37, digit: 7.4, sum: 24, gap: 8, text: 14, stage: 7, head: 20, under: 2 };
/** Many rows stand closer. */
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
      label: follows ? '' : block || group.name,
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

/** The cells, in sizes from `least` to `most` CSS pixels, that come out best within a width and a height; null where none fit. */
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
    // Where the height is not bounded, the widest strips are the least high.
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

/** The strips within a width and, if possible, a height, both in CSS pixels; where they are higher, there is room for a scroll bar. */
export function arrangeStrips(groups: Group[], width: number, height: number, dpr: number): Strips {
  const whole = fitting(groups, width, height, dpr, LEAST_CELL, MOST_CELL);
  const scrolled = whole ?? fitting(groups, width - SCROLL_BAR, Number.POSITIVE_INFINITY, dpr, LEAST_CELL, LEAST_CELL);
  if (!scrolled) throw new Error('without a bound on their height, strips always fit');
  return scrolled;
}
