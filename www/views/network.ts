// The network: one grid of equal cells for each group of units.

import { count } from '../numbers';
import { type Description, type Group, KEPT, PROBE_KEPT } from '../protocol';
import { css, mixed, type Palette, shade } from './palette';

/** What is drawn; of a snapshot, of a moment looked back at, or of the illustration. */
export interface Masks {
  /** [U], 0..255 */
  scores: Uint8Array;
  /** [U] */
  mask: Uint8Array;
  /** [G] */
  kept: Uint32Array;
}

interface Grid {
  group: Group;
  figure: HTMLElement;
  columns: number;
  rows: number;
  canvas: HTMLCanvasElement;
  context: CanvasRenderingContext2D;
  kept: HTMLElement;
  /** What each cell showed last; only others are painted again. */
  painted: Int16Array;
}

/** Room between grids, in cells, and for the numbers beside the classes. */
const GAP = 2.2;
const DIGITS = 1.2;
const MOST_CELL = 18;
/** A grid with a caption takes at least this, in pixels. */
const NARROWEST = 62;
/** Height of a caption and the room below it, in pixels. */
const CAPTION = 56;
const SHADES = 32;

/** The shape of a group when grids may be `rows` high. */
function shape(group: Group, rows: number): [columns: number, rows: number] {
  if (group.width > 0) return [group.width, group.height];
  return [Math.ceil(group.size / rows), Math.min(group.size, rows)];
}

const COLOURS = ['red', 'green', 'blue'];

/** An input of an image, in words. */
function pixel(group: Group, index: number): string {
  const [row, plane] = [Math.floor(index / group.width), group.height / group.channels];
  const colour = group.channels === COLOURS.length ? ` (${COLOURS[Math.floor(row / plane)]})` : '';
  return `input ${index % group.width}, ${row % plane}${colour}`;
}

interface Line {
  groups: Group[];
  rows: number;
}

/** The least height, in cells, at which the groups stand side by side within a width; 0 if there is none. */
function leastRows(groups: Group[], width: number, cell: number): number {
  const room = width - (GAP * (groups.length - 1) + DIGITS) * cell;
  const image = Math.max(0, ...groups.map((group) => group.height));
  const tallest = Math.max(image, ...groups.map((group) => group.size));
  const taken = (group: Group, rows: number): number => Math.max(shape(group, rows)[0] * cell, group.gated ? NARROWEST : cell);
  const fits = (rows: number): boolean => groups.reduce((sum, group) => sum + taken(group, rows), 0) <= room;
  // Grids beside an image are at least as high as it is: layers of equal height compare by their width.
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

/** How well lines look, for a cell of one size: one line reads best, and grids much higher than the image beside them dwarf it. */
function worth(lines: Line[], cell: number): number {
  const dwarfed = lines.some(({ groups, rows }) => {
    const image = Math.max(0, ...groups.map((group) => group.height));
    return image > 0 && rows > 1.45 * image;
  });
  return cell * (lines.length > 1 ? 0.85 : 1) * (dwarfed ? 0.55 : 1);
}

/** The lines, and the side of a cell in whole device pixels, that come out best within a width and a height in CSS pixels. */
function arrange(groups: Group[], width: number, height: number, dpr: number): { lines: Line[]; cell: number } {
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

export class NetworkView {
  private grids: Grid[] = [];
  private groups: Group[] = [];
  private informative: Uint8Array | null = null;
  private cell = 8;
  private masks: Masks | null = null;
  private palette: Palette;
  private readonly root: HTMLElement;
  private readonly output: HTMLElement;
  private hovered: { grid: Grid; index: number } | null = null;

  constructor(root: HTMLElement, output: HTMLElement, palette: Palette) {
    this.root = root;
    this.output = output;
    this.palette = palette;
    new ResizeObserver(() => this.layOut()).observe(root);
  }

  describe(description: Pick<Description, 'groups' | 'informative'>): void {
    this.groups = description.groups;
    this.informative = description.informative;
    this.masks = null;
    this.hovered = null;
    this.output.textContent = '';
    this.root.replaceChildren();
    this.grids = this.groups.map((group) => {
      const figure = document.createElement('figure');
      const canvas = document.createElement('canvas');
      canvas.setAttribute('role', 'img');
      canvas.setAttribute('aria-label', `${group.name}: ${count(group.size)} units`);
      const caption = document.createElement('figcaption');
      const kept = document.createElement('b');
      kept.dataset['testid'] = `kept-${group.name.replace(' ', '-')}`;
      kept.textContent = count(group.size);
      caption.append(group.name, kept);
      figure.append(canvas, caption);
      const context = canvas.getContext('2d');
      if (!context) throw new Error('this browser gives no 2D canvas');
      const grid: Grid = { group, figure, columns: 1, rows: 1, canvas, context, kept, painted: new Int16Array(group.size).fill(-1) };
      canvas.addEventListener('pointermove', (event) => this.point(grid, event));
      canvas.addEventListener('pointerleave', () => this.point(grid, null));
      return grid;
    });
    this.layOut();
  }

  recolour(palette: Palette): void {
    this.palette = palette;
    this.repaint();
  }

  draw(masks: Masks): void {
    this.masks = masks;
    for (const [index, grid] of this.grids.entries()) {
      const kept = masks.kept[index] ?? grid.group.size;
      const text = grid.group.gated ? `${count(kept)} / ${count(grid.group.size)}` : count(grid.group.size);
      if (grid.kept.textContent !== text) grid.kept.textContent = text;
      this.paint(grid, masks);
    }
    if (this.hovered) this.tell();
  }

  /** The accessible names change too seldom to be worth a frame's time: the page calls this now and then. */
  name(): void {
    for (const [index, { group, canvas }] of this.grids.entries()) {
      const kept = this.masks?.kept[index];
      if (kept !== undefined && group.gated) canvas.setAttribute('aria-label', `${group.name}: ${count(kept)} of ${count(group.size)} units kept`);
    }
  }

  private layOut(): void {
    const width = this.root.clientWidth;
    if (this.groups.length === 0 || width === 0) return;
    const main = this.root.parentElement?.clientHeight ?? 0;
    const narrow = matchMedia('(max-width: 820px)').matches;
    const height = narrow ? 400 : Math.max(150, Math.min(470, main * 0.47));
    const dpr = devicePixelRatio;
    // Whole device pixels, so that every cell and every gap is as sharp as the next.
    const { lines, cell } = arrange(this.groups, width, height, dpr);
    this.cell = cell;
    const rest = [...this.grids];
    const rows = lines.map((line) => {
      const row = document.createElement('div');
      for (const grid of rest.splice(0, line.groups.length)) {
        [grid.columns, grid.rows] = shape(grid.group, line.rows);
        const extra = this.hasDigits(grid) ? Math.ceil(DIGITS * this.cell) : 0;
        grid.canvas.width = grid.columns * this.cell + extra;
        grid.canvas.height = grid.rows * this.cell;
        grid.canvas.style.width = `${grid.canvas.width / dpr}px`;
        grid.canvas.style.height = `${grid.canvas.height / dpr}px`;
        row.append(grid.figure);
      }
      return row;
    });
    this.root.replaceChildren(...rows);
    this.repaint();
  }

  private hasDigits(grid: Grid): boolean {
    return grid === this.grids.at(-1) && !grid.group.gated && grid.columns === 1;
  }

  private repaint(): void {
    for (const grid of this.grids) {
      grid.painted.fill(-1);
      if (this.hasDigits(grid) && this.cell / devicePixelRatio >= 7) {
        const { context } = grid;
        context.clearRect(0, 0, grid.canvas.width, grid.canvas.height);
        context.fillStyle = css(this.palette.soft);
        context.font = `${Math.round(this.cell * 0.86)}px system-ui, sans-serif`;
        context.textBaseline = 'middle';
        for (let row = 0; row < grid.rows; row++) context.fillText(String(row), this.cell * 1.35, (row + 0.5) * this.cell);
      }
      this.paint(grid, this.masks);
    }
  }

  private paint(grid: Grid, masks: Masks | null): void {
    const { group, context, columns, rows, painted } = grid;
    const { palette, cell } = this;
    const gap = cell >= 5 ? Math.max(1, Math.round(cell * 0.09)) : cell >= 3 ? 1 : 0;
    const side = cell - gap;
    const ring = Math.max(1, Math.round(cell * 0.15));
    const always = css(mixed(palette.off, palette.soft, 0.45));
    const probe = css(palette.probe);
    const ink = css(palette.ink);
    const byRow = group.width > 0;
    for (let index = 0; index < group.size; index++) {
      const unit = group.first_unit + index;
      const known = masks !== null && group.gated;
      const bits = known ? (masks.mask[unit] ?? 0) : KEPT | PROBE_KEPT;
      const level = known ? (masks.scores[unit] ?? 0) >> 3 : SHADES - 1;
      const code = known ? level | (bits << 5) : 1000;
      if (painted[index] === code) continue;
      painted[index] = code;
      const x = (byRow ? index % columns : Math.floor(index / rows)) * cell;
      const y = (byRow ? Math.floor(index / columns) : index % rows) * cell;
      const kept = (bits & KEPT) !== 0;
      const disagree = kept !== ((bits & PROBE_KEPT) !== 0);
      const score = level / (SHADES - 1);
      // A kept cell is solid; only one that is kept by luck (a low score) is a little paler.
      context.fillStyle = !known ? always : css(kept ? mixed(palette.off, palette.kept, 0.78 + 0.22 * score) : shade(palette, score));
      context.fillRect(x, y, side, side);
      if (disagree && side > 2) {
        context.strokeStyle = probe;
        context.lineWidth = ring;
        context.strokeRect(x + ring / 2, y + ring / 2, side - ring, side - ring);
      }
      if (this.informative?.[index] && group === this.groups[0] && side > 4) {
        const dot = Math.max(2, Math.round(side * 0.34));
        context.fillStyle = kept ? css(palette.paper) : ink;
        context.fillRect(x + (side - dot) / 2, y + (side - dot) / 2, dot, dot);
      }
    }
  }

  private point(grid: Grid, event: PointerEvent | null): void {
    this.hovered = null;
    if (event) {
      const scale = devicePixelRatio / this.cell;
      const [column, row] = [Math.floor(event.offsetX * scale), Math.floor(event.offsetY * scale)];
      const index = grid.group.width > 0 ? row * grid.columns + column : column * grid.rows + row;
      if (column >= 0 && column < grid.columns && row >= 0 && row < grid.rows && index < grid.group.size) this.hovered = { grid, index };
    }
    if (this.hovered) this.tell();
    else this.output.textContent = '';
  }

  /** The unit under the pointer, in words. */
  private tell(): void {
    if (!this.hovered) return;
    const { group } = this.hovered.grid;
    const { index } = this.hovered;
    const where = group.width > 0 ? pixel(group, index) : `${group.name}, unit ${index}`;
    if (!group.gated || !this.masks) {
      this.output.textContent = `${where}: always kept`;
      return;
    }
    const bits = this.masks.mask[group.first_unit + index] ?? 0;
    const score = (this.masks.scores[group.first_unit + index] ?? 0) / 255;
    const [kept, probe] = [(bits & KEPT) !== 0, (bits & PROBE_KEPT) !== 0];
    const state = kept === probe ? (kept ? 'kept' : 'off') : kept ? 'kept by m, not by m′' : 'kept by m′, not by m';
    this.output.textContent = `${where}: s = ${score.toFixed(2)}, ${state}`;
  }
}
