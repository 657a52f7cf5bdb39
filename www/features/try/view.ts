// Classifies one image, drawn or from the test set: the class probabilities under the decided mask and under sampled masks, and what each
// input contributes.

import { prepared, SIDE } from './digit';
import { count, percent } from '../../model/format';
import type { Classified, Plan, Report, Request } from '../../protocol/messages';
import { sentence } from '../../model/words';
import { Announcer } from '../../ui/announcer';
import { element } from '../../ui/element';
import { css, mixed, type Palette } from '../../ui/palette';
import './style.css';
import { parts, t } from '../../words/words';

const CLASSES: Record<string, string[]> = {
  mnist: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
  'fashion-mnist': [t`T-shirt`, t`trousers`, t`pullover`, t`dress`, t`coat`, t`sandal`, t`shirt`, t`sneaker`, t`bag`, t`ankle boot`],
  cifar10: [t`airplane`, t`automobile`, t`bird`, t`cat`, t`deer`, t`dog`, t`frog`, t`horse`, t`ship`, t`truck`],
};
/** Side of the drawing surface, and width of the pen, in pixels of the surface. */
const SURFACE = 336;
const PEN = 26;
/** How often an unfinished stroke is classified. */
const STROKE_MS = 120;
/** How many classes are shown at most: the most probable ones. */
const MOST_BARS = 12;
/** Side of the canvas on which an image of any size is drawn. */
const SHOWN = 336;
/** The opacity of the image below the contributions of its pixels. */
const FADED = 0.4;

export interface TryRequests {
  ask: (request: Request) => void;
  /** Called with the probabilities, which the column of classes shows. */
  classes: (probabilities: Float32Array | null) => void;
  /** Of a recorded run: why there is no network that could classify. */
  recorded: () => string | null;
  /** Whether the run samples its masks. */
  samples: () => boolean;
}

type Data = Plan['dataset'];
type Known = Extract<Report, { kind: 'example' | 'classified' | 'classify_refused' }>;

/** The image, [I] bytes, and where it is from. */
interface ChosenImage {
  bytes: Uint8Array;
  /** Its row in the test set; null: it was drawn. */
  index: number | null;
  label: number | null;
}

export class TryView {
  private data: Data | null = null;
  private chosen_image: ChosenImage | null = null;
  private found: Classified | null = null;
  private ticket = 0;
  /** The test image that was asked for last. */
  private wanted = -1;
  private pen: { x: number; y: number } | null = null;
  private sent_at = 0;
  private palette: Palette;
  private readonly requests: TryRequests;
  private readonly said = element('p', 'try-said');
  private readonly announcer = new Announcer();
  private readonly pair = element('div', 'try-pair');
  private readonly surface = element('canvas');
  private readonly seen = element('canvas');
  private readonly surface_words = element('figcaption');
  private readonly seen_words = element('figcaption');
  private readonly number = element('input');
  private readonly clear = element('button', 'small-button', t`Clear`);
  private readonly line = element('div', 'try-line');
  private readonly bars = element('div', 'try-bars');
  private readonly note = element('p', 'note');
  private readonly context: CanvasRenderingContext2D;
  /** The strokes alone, without a background. */
  private readonly ink: CanvasRenderingContext2D;

  constructor(root: HTMLElement, palette: Palette, requests: TryRequests) {
    this.palette = palette;
    this.requests = requests;
    const of = (canvas: HTMLCanvasElement, side: number, willReadFrequently = false): CanvasRenderingContext2D => {
      canvas.width = canvas.height = side;
      const context = canvas.getContext('2d', { willReadFrequently });
      if (!context) throw new Error('this browser gives no 2D canvas');
      return context;
    };
    this.context = of(this.surface, SURFACE);
    this.ink = of(document.createElement('canvas'), SURFACE, true);
    Object.assign(this.ink, { lineWidth: PEN, lineCap: 'round', lineJoin: 'round', strokeStyle: '#fff', fillStyle: '#fff' });
    of(this.seen, SHOWN);
    for (const canvas of [this.surface, this.seen]) canvas.setAttribute('role', 'img');
    this.surface.dataset['testid'] = 'try-surface';
    this.seen.dataset['testid'] = 'try-seen';
    this.said.dataset['testid'] = 'try-said';
    this.bars.dataset['testid'] = 'try-bars';
    this.bars.setAttribute('role', 'table');
    this.bars.ariaLabel = t`Probabilities of the classes`;
    this.note.dataset['testid'] = 'try-note';
    this.listen();
    this.line.append(...this.controls());
    const scale = element('span', 'two-sided', t`against`, element('i'), t`for`);
    root.append(this.said, this.announcer.root, this.pair, this.line, this.bars, this.note);
    this.pair.append(element('figure', '', this.surface_words, this.surface), element('figure', '', this.seen_words, this.seen, scale));
    this.say();
  }

  recolour(palette: Palette): void {
    this.palette = palette;
    this.paintSurface();
    this.draw();
  }

  /** Another run is open: its network classifies the image, if the image fits. */
  opened({ dataset }: Pick<Plan, 'dataset'>): void {
    const same = this.data !== null && JSON.stringify({ ...this.data, train: 0 }) === JSON.stringify({ ...dataset, train: 0 });
    this.data = dataset;
    this.found = null;
    const draws = this.draws();
    this.surface.classList.toggle('draws', draws);
    this.number.max = String(dataset.test - 1);
    if (!same) this.drop();
    else if (this.chosen_image) this.look();
    if (!this.chosen_image && !draws && dataset.height > 1) this.pick(0);
    this.paintSurface();
    this.draw();
  }

  receive(report: Known): void {
    if (report.kind === 'classify_refused') {
      this.said.classList.add('refusal');
      this.said.textContent = t`This image cannot be classified: ${report.message.replace(/\.$/, '')}.`;
      this.announcer.say(report.message, this.said.textContent);
      return;
    }
    if (report.kind === 'example') {
      if (report.index !== this.wanted) return;
      this.wipe();
      this.take({ bytes: report.inputs, index: report.index, label: report.label });
      return;
    }
    if (report.ticket !== this.ticket || !this.chosen_image) return;
    // Contributions are computed less often than probabilities: the last ones stay until there are new ones.
    const kept = this.found?.contributions?.class === best(report.found.decided) ? this.found.contributions : null;
    this.found = { ...report.found, contributions: report.found.contributions ?? kept };
    this.requests.classes(report.found.decided);
    this.draw();
  }

  private draws(): boolean {
    return this.data?.name === 'mnist';
  }

  private nameOf(index: number): string {
    return this.data?.own?.classes[index] ?? CLASSES[this.data?.name ?? '']?.[index] ?? t`class ${index}`;
  }

  private controls(): HTMLElement[] {
    const button = (words: string, id: string, press: () => void): HTMLButtonElement => {
      const made = element('button', 'small-button', words);
      made.type = 'button';
      made.dataset['testid'] = id;
      made.addEventListener('click', press);
      return made;
    };
    const { number } = this;
    Object.assign(number, { type: 'number', min: '0', value: '0', inputMode: 'numeric' });
    number.dataset['testid'] = 'try-number';
    number.addEventListener('change', () => this.pick(number.valueAsNumber));
    const step = (by: number) => () => this.pick((Number.isFinite(number.valueAsNumber) ? number.valueAsNumber : 0) + by);
    this.clear.type = 'button';
    this.clear.dataset['testid'] = 'try-clear';
    this.clear.addEventListener('click', () => this.drop());
    const before = button('‹', 'try-before', step(-1));
    const after = button('›', 'try-after', step(1));
    before.ariaLabel = t`The test image before`;
    after.ariaLabel = t`The next test image`;
    const any = button(t`Any test image`, 'try-any', () => this.pick(Math.floor(Math.random() * (this.data?.test ?? 1))));
    return [this.clear, any, element('label', '', t`Test image`, number), before, after];
  }

  private pick(index: number): void {
    const { data } = this;
    if (!data || data.height <= 1 || !Number.isFinite(index) || this.requests.recorded()) return;
    this.wanted = Math.min(data.test - 1, Math.max(0, Math.round(index)));
    this.number.value = String(this.wanted);
    this.requests.ask({ kind: 'example', index: this.wanted });
  }

  private take(image: ChosenImage): void {
    this.chosen_image = image;
    this.found = null;
    this.look();
    this.paintSurface();
    this.draw();
  }

  /** Asks the network to classify the image. */
  private look(): void {
    this.ticket += 1;
    this.said.classList.remove('refusal');
    if (this.requests.recorded()) return;
    this.requests.ask({ kind: 'classify', ticket: this.ticket, image: this.chosen_image?.bytes ?? null });
  }

  private wipe(): void {
    this.ink.clearRect(0, 0, SURFACE, SURFACE);
  }

  /** Removes the image. */
  private drop(): void {
    this.wipe();
    this.chosen_image = this.found = null;
    this.wanted = -1;
    this.look();
    this.requests.classes(null);
    this.paintSurface();
    this.draw();
  }

  private listen(): void {
    const { surface, ink } = this;
    const at = (event: PointerEvent): { x: number; y: number } => {
      const { left, top, width, height } = surface.getBoundingClientRect();
      return { x: ((event.clientX - left) * SURFACE) / width, y: ((event.clientY - top) * SURFACE) / height };
    };
    surface.addEventListener('pointerdown', (event) => {
      if (!this.draws() || event.button !== 0) return;
      event.preventDefault();
      surface.setPointerCapture(event.pointerId);
      if (this.chosen_image?.index !== null) this.wipe();
      this.pen = at(event);
      ink.beginPath();
      ink.arc(this.pen.x, this.pen.y, PEN / 2, 0, 2 * Math.PI);
      ink.fill();
      this.drawn(false);
    });
    surface.addEventListener('pointermove', (event) => {
      if (!this.pen) return;
      for (const each of event.getCoalescedEvents?.() ?? [event]) {
        const to = at(each);
        ink.beginPath();
        ink.moveTo(this.pen.x, this.pen.y);
        ink.lineTo(to.x, to.y);
        ink.stroke();
        this.pen = to;
      }
      this.drawn(false);
    });
    for (const name of ['pointerup', 'pointercancel'] as const) {
      surface.addEventListener(name, () => {
        if (!this.pen) return;
        this.pen = null;
        this.drawn(true);
      });
    }
  }

  /** Classifies the strokes so far; during a stroke not at every movement. */
  private drawn(whole: boolean): void {
    const now = performance.now();
    if (!whole && now - this.sent_at < STROKE_MS) {
      this.paintSurface();
      return;
    }
    this.sent_at = now;
    const { data } = this.ink.getImageData(0, 0, SURFACE, SURFACE);
    const alpha = Uint8ClampedArray.from({ length: SURFACE * SURFACE }, (_, index) => data[4 * index + 3] ?? 0);
    const bytes = prepared(alpha, SURFACE, SURFACE);
    if (!bytes) return;
    const before = this.found;
    this.take({ bytes, index: null, label: null });
    // The bars stay until the new drawing is classified; the contributions to the last one do not.
    this.found = before && { ...before, contributions: null };
    this.draw();
  }

  private paintSurface(): void {
    const { context, palette, chosen_image, data } = this;
    context.fillStyle = css(palette.card);
    context.fillRect(0, 0, SURFACE, SURFACE);
    if (chosen_image && chosen_image.index !== null && data) {
      this.paintImage(context, SURFACE, chosen_image.bytes, data, null);
      return;
    }
    this.paintStrokes(context);
  }

  /** Draws the strokes, which are white in their own canvas, in the theme's colour of ink. */
  private paintStrokes(context: CanvasRenderingContext2D): void {
    const { canvas } = this.ink;
    const layer = document.createElement('canvas');
    layer.width = layer.height = SURFACE;
    const strokes = layer.getContext('2d');
    if (!strokes) return;
    strokes.drawImage(canvas, 0, 0);
    strokes.globalCompositeOperation = 'source-in';
    strokes.fillStyle = css(this.palette.ink);
    strokes.fillRect(0, 0, SURFACE, SURFACE);
    context.drawImage(layer, 0, 0);
  }

  /** An image of [channels, height, width] bytes, with what its pixels contribute over it. */
  private paintImage(
    context: CanvasRenderingContext2D,
    side: number,
    bytes: Uint8Array,
    { width, height, channels }: Data,
    over: Classified['contributions'],
  ): void {
    const { palette } = this;
    const cell = side / Math.max(width, height);
    const [left, top] = [(side - cell * width) / 2, (side - cell * height) / 2];
    const most = over ? over.values.reduce((largest, value) => (Number.isFinite(value) ? Math.max(largest, Math.abs(value)) : largest), 1e-6) : 1;
    const area = width * height;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const at = y * width + x;
        const level = (channel: number): number => bytes[channel * area + at] ?? 0;
        const own = channels === 3 ? ([level(0), level(1), level(2)] as const) : mixed(palette.card, palette.ink, level(0) / 255);
        let colour = over ? mixed(palette.card, own, FADED) : own;
        const value = over ? (over.values[Math.floor(y / over.side) * over.across + Math.floor(x / over.side)] ?? NaN) : NaN;
        if (Number.isFinite(value) && value !== 0) colour = mixed(colour, value > 0 ? palette.kept : palette.probe, Math.sqrt(Math.abs(value) / most));
        context.fillStyle = css(colour);
        // Whole pixels of the canvas, so that there are no seams between the pixels of the image.
        const [fromX, fromY] = [Math.floor(left + x * cell), Math.floor(top + y * cell)];
        context.fillRect(fromX, fromY, Math.floor(left + (x + 1) * cell) - fromX, Math.floor(top + (y + 1) * cell) - fromY);
      }
    }
  }

  private draw(): void {
    const { seen, chosen_image, data, found } = this;
    const context = seen.getContext('2d');
    if (context) {
      context.fillStyle = css(this.palette.card);
      context.fillRect(0, 0, SHOWN, SHOWN);
      if (chosen_image && data) this.paintImage(context, SHOWN, chosen_image.bytes, data, found?.contributions ?? null);
    }
    this.drawBars();
    this.say();
  }

  private say(): void {
    const { data, chosen_image, found } = this;
    const recorded = this.requests.recorded();
    this.pair.hidden = recorded !== null || (data !== null && data.height <= 1);
    this.line.hidden = this.bars.hidden = recorded !== null;
    this.clear.disabled = !chosen_image;
    const drawn = chosen_image?.index === null;
    this.surface_words.textContent =
      chosen_image && !drawn
        ? t`Test image ${count(chosen_image.index ?? 0)}: ${this.nameOf(chosen_image.label ?? 0)}`
        : this.draws()
          ? t`Draw a digit here`
          : t`A test image`;
    this.surface.ariaLabel = this.surface_words.textContent;
    const over = found?.contributions;
    const unknown = over ? over.values.filter((value) => Number.isNaN(value)).length : 0;
    this.seen_words.textContent = over
      ? unknown > 0
        ? t`What speaks for ${this.nameOf(over.class)}, ${percent(1 - unknown / over.values.length, 0)} tried`
        : t`What speaks for ${this.nameOf(over.class)}`
      : t`What the network sees${data && chosen_image ? `, ${data.width} × ${data.height}` : ''}`;
    this.seen.ariaLabel = this.seen_words.textContent;
    if (this.said.classList.contains('refusal')) return;
    this.note.textContent = recorded ? '' : this.explanation();
    if (recorded) this.said.textContent = sentence(recorded);
    else if (!data) this.said.textContent = t`No network is open yet.`;
    else if (data.height <= 1) this.said.textContent = t`The inputs of these data are no images. Choose data with images to draw or pick one.`;
    else if (!chosen_image)
      this.said.textContent = this.draws()
        ? t`Draw a digit. The sparse network classifies it while it trains.`
        : t`Pick an image. The sparse network classifies it while it trains.`;
    else if (found) return this.sayFound(found);
    else this.said.textContent = t`Looking at it.`;
    this.announcer.say(this.said.textContent, this.said.textContent);
  }

  private sayFound({ step, decided, sampled }: Classified): void {
    const top = best(decided);
    const masks = sampled.length / decided.length;
    const agree = Array.from({ length: masks }, (_, mask) => best(sampled.subarray(mask * decided.length, (mask + 1) * decided.length))).filter(
      (each) => each === top,
    ).length;
    const right = this.chosen_image?.label ?? null;
    const verdict = right === null ? '' : right === top ? t`, rightly` : t`, but it is ${this.nameOf(right)}`;
    const em = element('em', '', `${this.nameOf(top)}, ${percent(decided[top] ?? 0)}`);
    const others =
      agree === masks
        ? t`Of ${masks} sampled masks all say the same.`
        : agree === 0
          ? t`Of ${masks} sampled masks none say the same.`
          : agree === 1
            ? t`Of ${masks} sampled masks ${agree} says the same.`
            : t`Of ${masks} sampled masks ${agree} say the same.`;
    const learned = this.requests.samples();
    const says = learned
      ? parts`At step ${count(step)} the decided mask says ${em}${verdict}. ${others}`
      : parts`At step ${count(step)} the network says ${em}${verdict}.`;
    this.said.replaceChildren(...says);
    // The image is classified several times a second: a screen reader hears only of another class or another image.
    this.announcer.say(`${this.ticket} ${top}`, this.said.textContent ?? '');
  }

  private explanation(): string {
    const { data, found } = this;
    if (!data || data.height <= 1) return '';
    const digit =
      this.draws() && this.chosen_image?.index === null
        ? `${t`A drawing is prepared as MNIST’s digits were: scaled into 20 × 20 of ${SIDE} × ${SIDE} and centred by its mass.`} `
        : '';
    const over = found?.contributions;
    const key = this.requests.samples()
      ? t`Bars: under the decided mask (the ⌊K⌋ highest scores). Dots: under masks sampled from s.`
      : t`Bars: under the mask of the run.`;
    if (!over) return `${digit}${key}`;
    const what = over.side === 1 ? t`a pixel` : t`a square of ${over.side} × ${over.side} pixels`;
    const off = over.values.filter((value) => value === 0).length;
    const rest = off > 0 ? ` ${t`${count(over.values.length - off)} of ${count(over.values.length)} count; the rest is off or changes nothing.`}` : '';
    const colour = t`Colour: how much log p(${this.nameOf(over.class)}) falls when ${what} is set to its mean, one after another. This is exact and uses no gradient.`;
    return `${digit}${key} ${colour}${rest}`;
  }

  private drawBars(): void {
    const { found, data } = this;
    const classes = data && data.height > 1 ? data.classes : 0;
    const all = Array.from({ length: classes }, (_, index) => index);
    const shown =
      classes <= MOST_BARS || !found ? all.slice(0, MOST_BARS) : all.sort((a, b) => (found.decided[b] ?? 0) - (found.decided[a] ?? 0)).slice(0, MOST_BARS);
    while (this.bars.children.length > shown.length) this.bars.lastChild?.remove();
    while (this.bars.children.length < shown.length) this.bars.append(barOf());
    const top = found ? best(found.decided) : -1;
    this.bars.classList.toggle(
      'named',
      all.some((index) => this.nameOf(index).length > 2),
    );
    for (const [place, index] of shown.entries()) {
      const row = this.bars.children[place];
      const [name, canvas, figure] = row ? [row.children[0], row.querySelector('canvas'), row.children[2]] : [];
      if (!(row instanceof HTMLElement) || !name || !canvas || !figure) continue;
      row.dataset['class'] = String(index);
      const probability = found?.decided[index] ?? 0;
      row.dataset['probability'] = found ? String(probability) : '';
      name.textContent = this.nameOf(index);
      figure.textContent = found ? percent(probability) : '';
      name.className = index === top ? 'name best' : 'name';
      figure.className = index === top ? 'best' : '';
      this.paintBar(canvas, index, probability, index === top);
    }
  }

  private paintBar(canvas: HTMLCanvasElement, index: number, probability: number, is_top: boolean): void {
    const { palette, found } = this;
    const [width, height] = [Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio)), Math.round(16 * devicePixelRatio)];
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext('2d');
    if (!context) return;
    context.clearRect(0, 0, width, height);
    const radius = 2.2 * devicePixelRatio;
    const x = (share: number): number => radius + share * (width - 2 * radius);
    context.fillStyle = css(palette.off);
    context.fillRect(0, height * 0.28, width, height * 0.44);
    context.fillStyle = css(is_top ? palette.kept : mixed(palette.off, palette.soft, 0.7));
    context.fillRect(0, height * 0.28, found ? Math.max(x(probability) - radius, 0) + (probability > 0.0005 ? radius : 0) : 0, height * 0.44);
    if (!found) return;
    const classes = found.decided.length;
    if (!this.requests.samples()) return;
    context.fillStyle = css(palette.ink, 0.5);
    for (let mask = 0; mask < found.sampled.length / classes; mask++) {
      const share = found.sampled[mask * classes + index] ?? 0;
      // Spread over the bar's height, so that dots of equal masks do not hide one another.
      const y = height * (0.16 + (0.68 * ((mask * 7) % 32)) / 31);
      context.beginPath();
      context.arc(x(share), y, radius * 0.6, 0, 2 * Math.PI);
      context.fill();
    }
  }
}

function best(probabilities: Float32Array): number {
  return probabilities.reduce((top, value, index) => (value > (probabilities[top] ?? 0) ? index : top), 0);
}

function barOf(): HTMLElement {
  const [row, name, track, figure] = [element('div'), element('span', 'name'), element('span', '', element('canvas')), element('b')];
  row.setAttribute('role', 'row');
  name.setAttribute('role', 'rowheader');
  for (const cell of [track, figure]) cell.setAttribute('role', 'cell');
  track.querySelector('canvas')?.setAttribute('aria-hidden', 'true');
  row.append(name, track, figure);
  return row;
}
