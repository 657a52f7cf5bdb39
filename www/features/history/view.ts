// The history: every unit's keep-probability at each step. The visitor drags, or uses the arrow keys, to look back.

import { count } from '../../model/format';
import type { Group } from '../../protocol/messages';
import type { Timeline } from '../../model/history';
import { say } from '../../ui/element';
import { css, mixed, type Palette } from '../../ui/palette';
import { t } from '../../words/words';

/** The gap between the bands of groups, in CSS pixels; with many groups, the smallest visible gap. */
const GAP = 3;
const GAP_OF_MANY = 1;
const MANY = 12;

/** Narrower than this, in CSS pixels, the words below are short. */
const NARROW = 480;

interface Band {
  first_unit: number;
  size: number;
  /** In device pixels. */
  top: number;
  height: number;
}

export class HistoryView {
  private timeline: Timeline | null = null;
  private groups: Group[] = [];
  private steps = 0;
  private settles: number | null = null;
  private bands: Band[] = [];
  private generation = -1;
  private painted = 0;
  private looking: number | null = null;
  /** Noted when the canvas is laid out: reading its width in a frame would make the browser lay out the page twice. */
  private is_narrow = false;
  private readonly canvas: HTMLCanvasElement;
  private readonly context: CanvasRenderingContext2D;
  /** The image, one pixel wide for each column, and a second one for moving columns together. */
  private ink: CanvasRenderingContext2D;
  private spare: CanvasRenderingContext2D;
  private readonly root: HTMLElement;
  private palette: Palette;
  private lut = new Uint32Array(256);
  private readonly start: HTMLElement;
  private readonly what: HTMLElement;
  private readonly end: HTMLElement;

  /** `lookAt` is called with the column to look back at, or null for the present. */
  constructor(root: HTMLElement, palette: Palette, lookAt: (column: number | null) => void) {
    this.root = root;
    this.palette = palette;
    const canvas = root.querySelector('canvas');
    const context = canvas?.getContext('2d');
    const [ink, spare] = [document.createElement('canvas').getContext('2d'), document.createElement('canvas').getContext('2d')];
    const [start, what, end] = root.querySelectorAll<HTMLElement>('.axis span');
    if (!canvas || !context || !ink || !spare || !start || !what || !end) throw new Error('this browser gives no 2D canvas');
    [this.canvas, this.context, this.ink, this.spare] = [canvas, context, ink, spare];
    [this.start, this.what, this.end] = [start, what, end];
    this.recolour(palette);
    canvas.tabIndex = 0;
    canvas.setAttribute('role', 'slider');
    canvas.setAttribute('aria-label', t`Look back through the run`);
    canvas.setAttribute('aria-valuemin', '0');
    this.value(0, 0, t`nothing drawn yet`);
    new ResizeObserver(() => this.layOut()).observe(canvas);
    // These canvases are not in the document. A lost GPU empties them, so they are painted again.
    for (const each of [ink, spare]) each.canvas.addEventListener('contextrestored', () => this.recolour(this.palette));

    const under = (event: PointerEvent): number => Math.floor((event.offsetX / canvas.clientWidth) * this.domain());
    canvas.addEventListener('pointerdown', (event) => {
      canvas.setPointerCapture(event.pointerId);
      lookAt(under(event));
    });
    canvas.addEventListener('pointermove', (event) => {
      if (canvas.hasPointerCapture(event.pointerId)) lookAt(under(event));
    });
    canvas.addEventListener('keydown', (event) => {
      const last = (this.timeline?.columns ?? 1) - 1;
      const at = this.looking ?? last;
      const stride = event.shiftKey ? 16 : 1;
      const to = { ArrowLeft: at - stride, ArrowRight: at + stride, Home: 0, End: null, Escape: null }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      lookAt(to);
    });
    this.what.addEventListener('click', (event) => {
      if (!(event.target instanceof HTMLButtonElement)) return;
      lookAt(null);
      // The button is hidden now, so the keyboard focus moves here.
      canvas.focus({ preventScroll: true });
    });
  }

  describe(timeline: Timeline, groups: Group[], steps: number, settles: number | null): void {
    this.timeline = timeline;
    this.groups = groups.filter((group) => group.gated);
    this.steps = steps;
    this.settles = settles;
    this.looking = null;
    delete this.root.dataset['columns'];
    for (const label of [this.start, this.what, this.end]) label.textContent = '';
    this.value(0, 0, t`nothing drawn yet`);
    this.layOut();
  }

  recolour(palette: Palette): void {
    this.palette = palette;
    for (let score = 0; score < 256; score++) {
      const [red, green, blue] = mixed(palette.off, palette.kept, score / 255);
      this.lut[score] = (255 << 24) | (blue << 16) | (green << 8) | red;
    }
    this.generation = -1;
    this.draw();
  }

  /** Marks the column that the visitor looks back at; null: the present. */
  look(column: number | null): void {
    this.looking = column;
    this.draw();
  }

  /** Columns across the whole width. */
  private domain(): number {
    return this.timeline?.capacity ?? 1;
  }

  private layOut(): void {
    const dpr = devicePixelRatio;
    const [width, height] = [Math.round(this.canvas.clientWidth * dpr), Math.round(this.canvas.clientHeight * dpr)];
    if (width === 0 || height === 0) return;
    this.is_narrow = this.canvas.clientWidth < NARROW;
    this.canvas.width = width;
    this.canvas.height = height;
    const units = this.groups.reduce((sum, group) => sum + group.size, 0);
    const gap = Math.round((this.groups.length > MANY ? GAP_OF_MANY : GAP) * dpr);
    const room = height - gap * Math.max(0, this.groups.length - 1);
    let top = 0;
    this.bands = this.groups.map((group) => {
      const band = { first_unit: group.first_unit, size: group.size, top, height: Math.max(2, Math.floor((room * group.size) / units)) };
      top += band.height + gap;
      return band;
    });
    this.generation = -1;
    this.draw();
  }

  draw(): void {
    const { timeline, context, canvas } = this;
    // With one column only, the note that explains the history stays.
    if (!timeline || timeline.columns < 2 || canvas.width === 0) return;
    if (this.generation < 0 || this.ink.canvas.height !== canvas.height) {
      this.clear(this.ink);
      this.painted = 0;
    } else if (this.generation !== timeline.generation) {
      this.squeeze(2 ** (timeline.generation - this.generation));
    }
    this.generation = timeline.generation;
    // The newest column may change; earlier ones do not.
    const from = Math.max(0, this.painted - 1);
    if (timeline.columns > from) this.paint(from, timeline.columns);
    this.painted = timeline.columns;

    const domain = this.domain();
    const scale = canvas.width / domain;
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = css(mixed(this.palette.off, this.palette.paper, 0.55));
    for (const band of this.bands) context.fillRect(0, band.top, canvas.width, band.height);
    context.imageSmoothingEnabled = false;
    context.drawImage(this.ink.canvas, 0, 0, timeline.columns, canvas.height, 0, 0, timeline.columns * scale, canvas.height);
    if (this.settles !== null && this.settles / timeline.stride < domain) {
      context.fillStyle = css(this.palette.soft);
      const x = Math.round((this.settles / timeline.stride) * scale);
      const dash = Math.round(3 * devicePixelRatio);
      for (let y = 0; y < canvas.height; y += 2 * dash) context.fillRect(x, y, Math.max(1, Math.round(devicePixelRatio * 0.75)), dash);
    }
    const at = this.looking ?? timeline.columns - 1;
    context.fillStyle = css(this.palette.probe);
    const wide = Math.max(1, Math.round(1.5 * devicePixelRatio));
    context.fillRect(Math.min(canvas.width - wide, Math.round((at + 1) * scale)), 0, wide, canvas.height);
    this.label();
  }

  private clear({ canvas }: CanvasRenderingContext2D): void {
    canvas.width = this.domain();
    canvas.height = this.canvas.height;
  }

  /** One of `by` columns is left. Moves the painted columns together, which is much faster than painting them again. */
  private squeeze(by: number): void {
    const { ink, spare } = this;
    this.clear(spare);
    spare.imageSmoothingEnabled = false;
    this.painted = Math.ceil(this.painted / by);
    const { canvas } = ink;
    for (let column = 0; column < this.painted; column++) spare.drawImage(canvas, by * column, 0, 1, canvas.height, column, 0, 1, canvas.height);
    [this.ink, this.spare] = [spare, ink];
  }

  private label(): void {
    const { timeline } = this;
    if (!timeline) return;
    this.root.dataset['columns'] = String(timeline.columns);
    const moment = timeline.at(this.looking ?? timeline.columns - 1);
    const step = moment?.step ?? 0;
    say(this.start, t`step 0`);
    say(this.end, t`step ${count(Math.min(this.steps, timeline.capacity * timeline.stride))}`);
    if (this.looking === null) {
      say(this.what, this.is_narrow ? t`drag to look back` : t`every unit’s keep-probability over time · drag to look back`);
    } else {
      const button = this.what.querySelector('button') ?? document.createElement('button');
      if (!button.isConnected) {
        button.type = 'button';
        button.textContent = t`back to now`;
        this.what.replaceChildren(document.createTextNode(''), button);
      }
      const text = this.what.firstChild;
      if (text) text.nodeValue = `${t`looking back at step ${count(step)}`} · `;
    }
    this.value(this.looking ?? timeline.columns - 1, timeline.columns - 1, t`step ${count(step)}`);
  }

  /** For a screen reader. */
  private value(now: number, most: number, words: string): void {
    this.canvas.setAttribute('aria-valuemax', String(most));
    this.canvas.setAttribute('aria-valuenow', String(now));
    this.canvas.setAttribute('aria-valuetext', words);
  }

  /** Paints columns into the image. A device pixel shows the mean of its units. */
  private paint(from: number, to: number): void {
    const { timeline } = this;
    if (!timeline) return;
    const width = to - from;
    const image = this.ink.createImageData(width, this.ink.canvas.height);
    const pixels = new Uint32Array(image.data.buffer);
    for (let column = from; column < to; column++) {
      const moment = timeline.at(column);
      if (!moment) continue;
      const { scores } = moment;
      for (const { first_unit, size, top, height } of this.bands) {
        for (let row = 0; row < height; row++) {
          const first = first_unit + Math.floor((row * size) / height);
          const last = Math.max(first + 1, first_unit + Math.floor(((row + 1) * size) / height));
          let sum = 0;
          for (let unit = first; unit < last; unit++) sum += scores[unit] ?? 0;
          pixels[(top + row) * width + column - from] = this.lut[Math.round(sum / (last - first))] ?? 0;
        }
      }
    }
    this.ink.putImageData(image, from, 0);
  }
}
