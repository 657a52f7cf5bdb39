// The layout of a fully connected network: one grid of equal cells for each group, side by side.

import type { Group } from '../../protocol/messages';

/** Space between grids and for the numbers beside the classes, in cells. */
const GAP = 2.2;
export const DIGITS = 1.2;
const MOST_CELL = 18;
/** Least width of a grid with its caption, in pixels. */
const NARROWEST = 62;
/** Height of a caption and the space below it, in pixels. */
const CAPTION = 56;

export interface Line {
  groups: Group[];
  rows: number;
}

/** The shape of a group when grids may be `rows` high. */
export function shape(group: Group, rows: number): [columns: number, rows: number] {
  if (group.width > 0) return [group.width, group.height];
  return [Math.ceil(group.size / rows), Math.min(group.size, rows)];
}

/** The least height, in cells, at which the groups fit side by side into a width; 0 if there is none. */
function leastRows(groups: Group[], width: number, cell: number): number {
  const room = width - (GAP * (groups.length - 1) + DIGITS) * cell;
  const image = Math.max(0, ...groups.map((group) => group.height));
  const tallest = Math.max(image, ...groups.map((group) => group.size));
  const taken = (group: Group, rows: number): number => Math.max(shape(group, rows)[0] * cell, group.gated ? NARROWEST : cell);
  const fits = (rows: number): boolean => groups.reduce((sum, group) => sum + taken(group, rows), 0) <= room;
  // Grids beside an image are at least as high as it is, because layers of equal height are compared by their width.
  let [low, high] = [Math.max(1, image), tallest];
  if (!fits(high)) return 0;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (fits(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Every way to break the row of groups into at most three lines. */
function* breaks(groups: Group[]): Generator<Group[][]> {
  yield [groups];
  for (let first = 1; first < groups.length; first++) {
    yield [groups.slice(0, first), groups.slice(first)];
    for (let second = first + 1; second < groups.length; second++) {
      yield [groups.slice(0, first), groups.slice(first, second), groups.slice(second)];
    }
  }
}

/** How good a layout is, for one size of cell. One line is best; grids much higher than the image beside them are worse. */
function worth(lines: Line[], cell: number): number {
  const dwarfed = lines.some(({ groups, rows }) => {
    const image = Math.max(0, ...groups.map((group) => group.height));
    return image > 0 && rows > 1.45 * image;
  });
  return cell * (lines.length > 1 ? 0.85 : 1) * (dwarfed ? 0.55 : 1);
}

/** The best lines, and the side of a cell in whole device pixels, for a width and a height in CSS pixels. */
export function arrangeGrids(groups: Group[], width: number, height: number, dpr: number): { lines: Line[]; cell: number } {
  let best: { lines: Line[]; cell: number; worth: number } = { lines: [{ groups, rows: 64 }], cell: 1, worth: 0 };
  for (const parts of breaks(groups)) {
    for (let cell = Math.round(MOST_CELL * dpr); cell >= 1 && cell > best.worth; cell--) {
      const side = cell / dpr;
      const lines = parts.map((part) => ({ groups: part, rows: leastRows(part, width, side) }));
      const down = lines.reduce((sum, { rows }) => sum + rows * side, (lines.length - 1) * CAPTION);
      if (down > height || lines.some(({ rows }) => rows === 0)) continue;
      const found = worth(lines, cell);
      if (found > best.worth) best = { lines, cell, worth: found };
    }
  }
  return best;
}
