// The network. Fully connected: one grid of cells for each group. Convolutional: the first filters as images, and one strip of cells
// for each convolution.

import { count, percent, significant, fixed } from '../../model/format';
import { type Group, KEPT, type Plan, PROBE_KEPT } from '../../protocol/messages';
import { isChannel, nameOf } from '../../model/units';
import { Announcer } from '../../ui/announcer';
import type { Bars } from '../../model/step-through';
import { Cells, CellColours, type Manner, SMALL_CELL, type States } from '../../ui/cells';
import { element, say } from '../../ui/element';
import { FiltersView } from './filters';
import { arrangeGrids, DIGITS, shape } from './grids';
import { css, type Palette } from '../../ui/palette';
import type { PickedUnit } from '../../model/picked-unit';
import { arrangeStrips, type Row, stripShape } from './strips';
import { t, translated } from '../../words/words';

/** What is drawn, from a snapshot or from a recorded step. */
export interface Masks {
  /** [U], 0..255 */
  scores: Uint8Array;
  /** [U] */
  mask: Uint8Array;
  /** [G] */
  kept: Uint32Array;
}

/** The facts about a network that the view needs. */
export type Shown = Pick<Plan, 'groups' | 'filters'> & { informative?: Uint8Array | null };

/** One group on the page. */
interface Part {
  group: Group;
  manner: Manner;
  cells: Cells;
  /** The text with the number of kept units. */
  kept: HTMLElement;
}

const COLOURS = [t`red`, t`green`, t`blue`];
/** Largest width of the filters beside the strips: in CSS pixels, and as a share of the width. */
const MOST_FILTERS = 190;
const FILTERS_SHARE = 0.26;
/** Residual networks need the width for two columns of strips. */
const FILTERS_SHARE_RESIDUAL = 0.15;
const FILTERS_GAP = 26;
const FILTERS_ABOVE = 64;
const CAPTION = 44;
/** Below this width the filters are above two columns of strips, not beside them. */
const BESIDE = 600;

/** An input of an image, in words. */
function pixel(group: Group, index: number): string {
  const [row, plane] = [Math.floor(index / group.width), group.height / group.channels];
  const colour = group.channels === COLOURS.length ? ` (${COLOURS[Math.floor(row / plane)]})` : '';
  return t`input ${index % group.width}, ${row % plane}${colour}`;
}

/** A unit, in words. */
function where(group: Group, index: number): string {
  if (group.width > 0) return pixel(group, index);
  if (isChannel(group) && group.name === 'inputs' && group.size === COLOURS.length) return `${t`inputs`}, ${COLOURS[index]}`;
  return isChannel(group) ? t`${nameOf(group)}, channel ${index}` : t`${nameOf(group)}, unit ${index}`;
}

export class NetworkView {
  private parts: Part[] = [];
  private filters: { view: FiltersView; group: number } | null = null;
  private groups: Group[] = [];
  private informative: Uint8Array | null = null;
  /** [G] what was drawn last. */
  private states: (States | null)[] = [];
  private cell = 8;
  private masks: Masks | null = null;
  /** [classes] probabilities of the visitor's image under the current network. */
  private classes: Float32Array | null = null;
  private is_past = false;
  private colours: CellColours;
  private readonly root: HTMLElement;
  private readonly output: HTMLElement;
  private readonly announcer = new Announcer();
  /** Whether a unit has the keyboard focus. */
  private by_keyboard = false;
  private hovered: { group: number; index: number } | null = null;
  private pinned: (unit: number) => boolean = () => false;
  private bars: Bars | null = null;
  private readonly picked: (picked: PickedUnit) => void;

  /** `picked` is called with a gated unit that was clicked or chosen with Enter. */
  constructor(root: HTMLElement, output: HTMLElement, palette: Palette, picked: (picked: PickedUnit) => void) {
    this.root = root;
    this.output = output;
    this.picked = picked;
    this.colours = new CellColours(palette);
    output.after(this.announcer.root);
    new ResizeObserver(() => this.layOut()).observe(root);
  }

  describe({ groups, filters, informative = null }: Shown): void {
    this.informative = informative;
    this.masks = this.classes = this.hovered = null;
    this.is_past = false;
    this.output.textContent = '';
    this.states = groups.map(() => null);
    // The opened run usually has the network of the plan, which is drawn already.
    if (JSON.stringify(groups) === JSON.stringify(this.groups)) return this.repaint();
    this.groups = groups;
    this.parts = groups.map((group, index) => {
      const manner = group.union_of ? 'sum' : group.gated ? 'gated' : 'always';
      const kept = document.createElement('b');
      kept.dataset['testid'] = `kept-${group.name.replaceAll(' ', '-')}`;
      const part: Part = { group, manner, cells: new Cells(group.size, manner), kept };
      this.listen(part.cells.canvas, index, (event) => part.cells.under(event));
      if (manner === 'gated') this.listenToKeys(part, index);
      return part;
    });
    this.filters = null;
    const first = filters && groups[filters.group];
    if (filters && first) {
      const view = new FiltersView(filters, first);
      this.filters = { view, group: filters.group };
      this.listen(view.canvas, filters.group, (event) => view.under(event));
    }
    this.root.classList.toggle('convolutional', this.filters !== null);
    for (const part of this.parts) part.kept.textContent = this.share(part, null);
    this.layOut();
    this.name();
  }

  recolour(palette: Palette): void {
    this.colours = new CellColours(palette);
    this.repaint();
  }

  /** Marks pinned units, from the next drawing on. */
  pin(pinned: (unit: number) => boolean): void {
    this.pinned = pinned;
  }

  /** `bars`: a number for each unit, shown in its cell in place of the mask. `is_past`: a recorded step is drawn. */
  draw(masks: Masks, bars: Bars | null = null, is_past = false): void {
    this.masks = masks;
    this.bars = bars;
    this.readStates(masks);
    if (is_past !== this.is_past) {
      this.is_past = is_past;
      this.readClasses();
    }
    for (const [index, part] of this.parts.entries()) {
      const text = this.share(part, masks.kept[index] ?? null);
      say(part.kept, text);
    }
    this.paint();
    if (this.hovered) this.describePointed();
  }

  /** Sets the weights of the first convolution, [count, channels, side, side]; null: unknown. */
  showFilters(weights: Float32Array | null): void {
    this.filters?.view.show(weights);
    this.paintFilters();
  }

  /**
   * Sets the [classes] probabilities of the visitor's image. The column of classes shows them, the most probable class solid, but not while the
   * page looks back: the probabilities are those of the current network. Null: there is no image.
   */
  showClasses(probabilities: Float32Array | null): void {
    const group = this.groups.at(-1);
    if (!group || group.gated || (probabilities && probabilities.length !== group.size)) return;
    this.classes = probabilities;
    this.readClasses();
    this.paint();
    if (this.hovered) this.describePointed();
  }

  /** Updates the accessible names. The page calls this at times, because doing it in each frame would take long. */
  name(): void {
    for (const [index, { group, manner, cells }] of this.parts.entries()) {
      const kept = this.masks?.kept[index];
      const units = isChannel(group) ? t`channels` : t`units`;
      const all = `${nameOf(group)}: ${count(group.size)} ${units}`;
      const some = t`${nameOf(group)}: ${count(kept ?? 0)} of ${count(group.size)} ${units} kept`;
      const name = kept === undefined || manner === 'always' ? all : manner === 'sum' ? t`${some} by either of what it adds up` : some;
      if (cells.canvas.ariaLabel !== name) cells.canvas.ariaLabel = name;
    }
    if (this.filters) this.filters.view.name(this.masks?.kept[this.filters.group] ?? null);
  }

  private share({ group, manner }: Part, kept: number | null): string {
    if (kept === null || manner === 'always') return count(group.size);
    if (manner === 'sum') return count(kept);
    return this.groups.some(({ union_of }) => union_of) ? `${kept}/${group.size}` : `${count(kept)} / ${count(group.size)}`;
  }

  private readClasses(): void {
    const probabilities = this.is_past ? null : this.classes;
    const last = this.groups.length - 1;
    if (last < 0 || this.groups[last]?.gated) return;
    const highest = probabilities ? Math.max(...probabilities) : 0;
    this.states[last] = probabilities && {
      scores: Uint8Array.from(probabilities, (probability) => Math.round(255 * probability)),
      mask: Uint8Array.from(probabilities, (probability) => (probability === highest ? KEPT | PROBE_KEPT : 0)),
      first: 0,
    };
  }

  private readStates({ scores, mask }: Masks): void {
    for (const [index, { gated, first_unit, union_of, size }] of this.groups.entries()) {
      if (gated) this.states[index] = { scores, mask, first: first_unit };
      else if (union_of) {
        const [a, b] = union_of.map((parent) => this.states[parent] ?? null);
        if (!a || !b) continue;
        const own = this.states[index] ?? { scores: new Uint8Array(size), mask: new Uint8Array(size), first: 0 };
        for (let unit = 0; unit < size; unit++) own.mask[unit] = (a.mask[a.first + unit] ?? 0) | (b.mask[b.first + unit] ?? 0);
        this.states[index] = own;
      }
    }
  }

  private layOut(): void {
    const width = this.root.clientWidth;
    if (this.groups.length === 0 || width === 0) return;
    // An element that is moved loses the focus.
    const held = this.root.contains(document.activeElement) ? document.activeElement : null;
    const main = this.root.parentElement?.clientHeight ?? 0;
    const narrow = matchMedia('(max-width: 820px)').matches;
    if (this.filters) this.layOutStrips(this.filters.view, width, narrow ? null : Math.max(190, Math.min(520, main * 0.53)));
    else this.layOutGrids(width, narrow ? 400 : Math.max(150, Math.min(470, main * 0.47)));
    if (held instanceof HTMLElement && held !== document.activeElement) held.focus({ preventScroll: true });
    this.repaint();
  }

  private layOutGrids(width: number, height: number): void {
    // Whole device pixels, so that all cells and gaps are equally sharp.
    const { lines, cell } = arrangeGrids(this.groups, width, height, devicePixelRatio);
    this.cell = cell;
    this.root.classList.toggle('small', cell / devicePixelRatio < SMALL_CELL);
    const rest = [...this.parts];
    const rows = lines.map((line) => {
      const row = element('div', 'grids');
      for (const { group, cells, kept } of rest.splice(0, line.groups.length)) {
        const [columns, down] = shape(group, line.rows);
        const extra = this.hasDigits(group, columns) ? Math.ceil(DIGITS * cell) : 0;
        cells.layOut(columns, down, cell, group.width > 0, { extra });
        row.append(element('figure', '', cells.canvas, element('figcaption', '', nameOf(group), kept)));
      }
      return row;
    });
    this.root.replaceChildren(...rows);
  }

  /** `height`: null where the page scrolls as a whole. */
  private layOutStrips(filters: FiltersView, width: number, height: number | null): void {
    const dpr = devicePixelRatio;
    const sums = this.groups.some(({ union_of }) => union_of);
    const above = height === null || (sums && width < BESIDE);
    this.root.classList.toggle('above', above);
    let [wide, high] = [width, height ?? 620];
    if (above) {
      // In a window of a fixed height the caption is beside the filters, which saves a line.
      filters.layOut(height === null ? width : width - 110, height === null ? 150 : FILTERS_ABOVE);
      if (height !== null) high -= filters.canvas.height / dpr + FILTERS_GAP / 2;
    } else {
      filters.layOut(Math.min(MOST_FILTERS, width * (sums ? FILTERS_SHARE_RESIDUAL : FILTERS_SHARE)), high - CAPTION);
      wide -= Math.max(92, filters.canvas.width / dpr) + FILTERS_GAP;
    }
    const { rows, residual, across, cell, thin, columns, between } = arrangeStrips(this.groups, wide, high, dpr);
    const table = element('div', residual ? 'strips residual' : 'strips');
    table.style.setProperty('--columns', columns.map((pixels) => `${pixels}px`).join(' '));
    table.style.setProperty('--between', `${between}px`);
    this.root.classList.toggle('small', cell / dpr < SMALL_CELL);
    if (residual) table.append(element('div', 'strip heads', ...['', t`conv 1`, '', t`conv 2`, '', t`sum`].map((words) => element('span', '', words))));
    for (const row of rows) table.append(this.strip(row, residual, across, cell, thin));
    if (height !== null) {
      table.style.maxHeight = `${high}px`;
      // An element that scrolls must be reachable by keys.
      table.tabIndex = 0;
      table.setAttribute('role', 'group');
      table.setAttribute('aria-label', t`Strips of channels`);
    }
    this.root.replaceChildren(filters.figure, table);
    if (table.scrollHeight <= table.clientHeight) table.removeAttribute('tabindex');
  }

  private strip({ label, inner, note, outer, sum, stage }: Row, residual: boolean, across: number, cell: number, thin: number): HTMLElement {
    const shown = (index: number | null, tall = cell): Part | null => {
      const part = index === null ? null : (this.parts[index] ?? null);
      part?.cells.layOut(...stripShape(part.group.size, across), cell, true, { tall });
      return part;
    };
    const [first, second, joined] = [shown(inner), shown(outer), shown(sum, thin)];
    const row = element('div', stage ? 'strip stage' : 'strip', element('span', 'label', label));
    if (residual) row.append(first?.cells.canvas ?? element('span', 'aside', translated(note)), first?.kept ?? '');
    const stack = element('div', '', ...[second, joined].flatMap((part) => (part ? [part.cells.canvas] : [])));
    row.append(stack, second?.kept ?? '');
    if (joined) {
      joined.kept.className = 'sum';
      row.append(joined.kept);
    }
    return row;
  }

  private hasDigits(group: Group, columns: number): boolean {
    return group === this.groups.at(-1) && !group.gated && columns === 1;
  }

  private repaint(): void {
    for (const { group, cells } of this.parts) {
      cells.forget();
      if (this.filters || !this.hasDigits(group, cells.columns) || this.cell / devicePixelRatio < 7) continue;
      const { context, canvas } = cells;
      context.clearRect(0, 0, canvas.width, canvas.height);
      context.fillStyle = css(this.colours.palette.soft);
      context.font = `${Math.round(this.cell * 0.86)}px system-ui, sans-serif`;
      context.textBaseline = 'middle';
      for (let row = 0; row < cells.rows; row++) context.fillText(String(row), this.cell * 1.35, (row + 0.5) * this.cell);
    }
    this.filters?.view.forget();
    this.paint();
  }

  private paint(): void {
    for (const [index, { cells }] of this.parts.entries()) {
      const marks = { dots: index === 0 ? this.informative : null, pinned: this.pinned, bars: this.bars };
      if (cells.canvas.isConnected) cells.paint(this.states[index] ?? null, this.colours, marks);
    }
    this.paintFilters();
  }

  private paintFilters(): void {
    if (!this.filters) return;
    const { view, group } = this.filters;
    view.draw(this.states[group] ?? null, this.masks?.kept[group] ?? null, this.colours.palette);
  }

  private listen(canvas: HTMLCanvasElement, group: number, under: (event: PointerEvent) => number | null): void {
    const point = (index: number | null): void => {
      this.hovered = index === null ? null : { group, index };
      if (this.hovered) this.describePointed();
      else this.output.textContent = '';
    };
    canvas.addEventListener('pointermove', (event) => point(under(event)));
    canvas.addEventListener('pointerleave', () => point(null));
    canvas.addEventListener('click', (event) => {
      const index = under(event);
      if (index !== null) this.pick(group, index, new DOMRect(event.clientX - 3, event.clientY - 3, 6, 6), canvas);
    });
  }

  private pick(number: number, index: number, place: DOMRect, from: HTMLElement): void {
    const group = this.groups[number];
    if (group?.gated && this.masks) this.picked({ unit: group.first_unit + index, name: where(group, index), place, from });
  }

  /** Arrow keys move from unit to unit, and Enter picks one. */
  private listenToKeys({ cells }: Part, group: number): void {
    const { canvas } = cells;
    let at = 0;
    const stand = (index: number | null): void => {
      cells.focus(index);
      this.hovered = index === null ? null : { group, index };
      this.by_keyboard = index !== null;
      if (index !== null) this.describePointed();
      else {
        this.output.textContent = '';
        this.announcer.say('', '');
      }
      this.paint();
    };
    canvas.tabIndex = 0;
    canvas.setAttribute('role', 'application');
    canvas.setAttribute('aria-roledescription', t`units`);
    canvas.setAttribute('aria-describedby', 'cells-how');
    canvas.addEventListener('focus', () => canvas.matches(':focus-visible') && stand(at));
    canvas.addEventListener('blur', () => stand(null));
    canvas.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') this.pick(group, at, cells.place(at), canvas);
      const to = event.key === 'Enter' ? at : cells.beside(at, event.key);
      if (to === null || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      at = to;
      stand(at);
    });
  }

  /** Describes the unit under the pointer or with the keyboard focus. */
  private describePointed(): void {
    const { group: number, index } = this.hovered ?? { group: -1, index: 0 };
    const group = this.groups[number];
    if (!group) return;
    const [state, words] = this.told(group, number, index);
    this.output.textContent = words;
    // The score changes with every step: a screen reader hears only of another unit, or of a change to kept, off or pinned.
    if (this.by_keyboard) this.announcer.say(`${number} ${index} ${state}`, words);
  }

  /** The state of a unit, and its description. */
  private told(group: Group, number: number, index: number): [state: string, words: string] {
    const states = this.states[number];
    const place = where(group, index);
    if (!states) return ['', group.gated || group.union_of ? place : t`${place}: always kept`];
    if (this.classes && number === this.groups.length - 1) return ['', t`class ${index}: ${percent(this.classes[index] ?? 0)} for your image`];
    const bits = states.mask[states.first + index] ?? 0;
    if (group.union_of) {
      const [a, b] = group.union_of.map((parent) => this.groups[parent]?.name ?? '');
      const keeps = (parent: number): boolean => {
        const of = this.states[parent];
        return ((of?.mask[of.first + index] ?? 0) & KEPT) !== 0;
      };
      const by = group.union_of.filter(keeps).map((parent) => this.groups[parent]?.name);
      return ['', `${place}: ${by.length > 1 ? t`kept by ${a} and ${b}` : by.length > 0 ? t`kept by ${by[0]}` : t`off in ${a} and ${b}`}`];
    }
    const score = (states.scores[states.first + index] ?? 0) / 255;
    const [kept, probe] = [(bits & KEPT) !== 0, (bits & PROBE_KEPT) !== 0];
    const state = kept === probe ? (kept ? t`kept` : t`off`) : kept ? t`kept by m, not by m′` : t`kept by m′, not by m`;
    const bar = this.bars?.values[states.first + index];
    const pinned = this.pinned(states.first + index) ? (score > 0.5 ? t`, pinned on` : t`, pinned off`) : '';
    const barred = bar === undefined || !this.bars ? '' : `, ${this.bars.name} ${significant(bar * this.bars.most, 2)}`;
    // The masks of a step disagree about an undecided unit at times: that is no change of state.
    const decided = score > 0 && score < 1 ? t`undecided` : state;
    return [`${decided}${pinned}`, `${place}: s = ${fixed(score, 2)}, ${state}${pinned}${barred}`];
  }
}
