// The estimator lab: bias, variance and more of each structure gradient on the current network, from pairs of masks that the worker draws.

import uPlot from 'uplot';
import { formulaOf } from '../../model/estimators';
import { count, percent, significant } from '../../model/format';
import type { LabProgress, LabReport, LabRow } from '../../protocol/messages';
import { sentence } from '../../model/words';
import { Announcer } from '../../ui/announcer';
import { describe, fit, plainAxis, QUIET, tickedAxis } from '../../ui/charts';
import { element } from '../../ui/element';
import './style.css';
import { css, readColours } from '../../ui/palette';
import { parts, t, translated } from '../../words/words';

const PAIRS = ['256', '1024', '4096', '16384'];
const FIRST = '1024';
/** Colours of the exponents α, from 0 to 1. */
const ALPHAS = [0, 0.25, 0.5, 0.75, 1];
const NAMES = [...ALPHAS.map((_, index) => `run-${index + 1}`), 'soft', 'line'];
/** Horizontal distance of the points of one bin of s, in widths of a bin. They would often coincide otherwise. */
const BESIDE = 0.075;
const POWERS = Array.from({ length: 45 }, (_, index) => 10 ** (index - 26));
const LEADING = [1, 2, 5];
/** An axis whose top is less than this many times its bottom needs ticks between the powers of ten. */
const FEW = 100;
const plain = (value: number): string => (value >= 0.01 && value <= 1000 ? significant(value, 1) : value.toExponential(0).replace('e+', 'e').replace('-', '−'));

type Bin = LabRow['bins'][number];

/** The quantities that the chart can show. */
interface Quantity {
  name: string;
  words: string;
  of: (bin: Bin) => number | null | undefined;
  beside: { words: string; of: (bin: Bin) => number | null | undefined } | null;
  tick: (value: number) => string;
  cell: (value: number) => string;
}
const VARIANCE: Quantity = {
  name: 'variance',
  words: t`Variance`,
  of: (bin) => bin.variance,
  beside: { words: t`the paper’s bound`, of: (bin) => bin.bound },
  tick: plain,
  cell: significant,
};
const QUANTITIES: Quantity[] = [
  VARIANCE,
  {
    name: 'bias',
    words: t`Bias`,
    of: (bin) => bin.bias,
    beside: { words: t`by chance alone`, of: (bin) => bin.bias_chance },
    tick: (value) => `${plain(100 * value)}\u00a0%`,
    cell: (value) => percent(value),
  },
  { name: 'signal / noise', words: t`Signal to noise`, of: (bin) => bin.signal_to_noise, beside: null, tick: plain, cell: (value) => significant(value, 2) },
];
const alphaOf = (alpha: number): string => ({ 0: '0', 0.25: '¼', 0.5: '½', 0.75: '¾', 1: '1' })[alpha] ?? String(alpha);

export class LabView {
  private colours = readColours(NAMES);
  private report: LabReport | null = null;
  private progress: LabProgress | null = null;
  private estimator = 'two-sided';
  private quantity = VARIANCE;
  /** The value on the logarithmic axis that stands for 0; null if no curve has a 0. */
  private foot: number | null = null;
  private least = 1;
  private readonly chart: uPlot;
  private readonly more = element('select');
  private readonly go = element('button', 'small-button', t`Draw pairs`);
  private readonly bar = element('progress');
  private readonly said = element('p', 'note');
  private readonly announcer = new Announcer();
  private readonly found = element('div', 'found');
  private readonly body = element('tbody');
  private readonly lead = element('span');
  private readonly beside = element('span');
  private readonly key = element('li', 'beside', element('i'), this.beside);
  private readonly bins = element('table', 'figures-table');
  private readonly room = element('div', 'chart');
  private readonly intro = element(
    'p',
    'differs-line',
    t`How good is the gradient that the scores learn from? Pairs of masks are drawn from the current scores, and every estimator is computed from the same pairs.`,
  );
  private readonly draws: (pairs: number) => void;

  constructor(root: HTMLElement, draws: (pairs: number) => void) {
    this.draws = draws;
    for (const pairs of PAIRS) {
      const option = element('option', '', count(Number(pairs)));
      option.value = pairs;
      this.more.append(option);
    }
    this.more.value = FIRST;
    this.more.dataset['testid'] = 'lab-pairs';
    this.more.ariaLabel = t`Pairs of masks to draw`;
    this.go.type = 'button';
    this.go.dataset['testid'] = 'lab-draw';
    this.go.addEventListener('click', () => {
      if (this.progress?.drawing) return draws(0);
      this.refuse(null);
      this.draws((this.progress?.pairs ?? 0) + Number(this.more.value));
    });
    this.bar.hidden = true;
    this.bar.ariaLabel = t`Pairs drawn`;
    this.said.dataset['testid'] = 'lab-said';
    this.body.dataset['testid'] = 'lab-rows';
    const heads = ['α', t`bias`, t`by chance`, t`variance`, t`/ two-sided`, t`bound`, t`signal / noise`, t`cosine to the truth`, t`of the mean`, t`bias seen`];
    const chart = this.room;
    const colour = (name: string) => () => css(this.colours[name] ?? [0, 0, 0]);
    this.chart = new uPlot(
      {
        ...QUIET,
        padding: [9, 30, 0, 0],
        cursor: { show: false },
        scales: {
          x: { time: false, range: [-0.4, 5.4] },
          y: { distr: 3, range: (_, min, max) => [(this.least = this.foot ?? Math.max(1e-26, (min || 1e-3) / 2)), (max || 1) * 2] },
        },
        axes: [
          {
            ...plainAxis(colour('soft'), String),
            splits: () => [0, 1, 2, 3, 4, 5],
            values: (_, values) => values.map((value) => this.rangeOf(value)),
            space: 10,
          },
          tickedAxis(
            colour('soft'),
            colour('line'),
            (most) => this.ticks(most),
            (value) => (value === this.foot ? '0' : this.quantity.tick(value)),
          ),
        ],
        series: [
          {},
          ...ALPHAS.map((_, index) => ({ stroke: colour(`run-${index + 1}`), width: 1.25, dash: [5, 4], points: { show: false }, spanGaps: true })),
          ...ALPHAS.map((_, index) => ({
            stroke: colour(`run-${index + 1}`),
            width: 1.75,
            points: { show: true, size: 6, fill: colour(`run-${index + 1}`) },
            spanGaps: true,
          })),
        ],
      },
      [[], ...ALPHAS.map(() => []), ...ALPHAS.map(() => [])],
      chart,
    );
    fit([chart, this.chart]);
    const key = element(
      'ul',
      'phases-key',
      ...ALPHAS.map((alpha, index) => element('li', '', element('i', `swatch-${index + 1}`), `α = ${alphaOf(alpha)}`)),
      this.key,
    );
    this.bins.dataset['testid'] = 'lab-bins';
    this.found.hidden = true;
    this.found.append(
      element('div', 'bar-line', element('p', 'lead', this.lead), this.choice()),
      chart,
      key,
      element('details', 'by-range', element('summary', '', t`The curves in figures`), element('div', 'scrolls', this.bins)),
      element(
        'div',
        'scrolls',
        element('table', 'figures-table', element('thead', '', element('tr', '', ...heads.map((words) => element('th', '', words)))), this.body),
      ),
    );
    root.append(
      this.intro,
      element('div', 'bar-line', element('label', '', ...parts`${this.more} pairs of masks`), this.bar, this.go),
      this.said,
      this.announcer.root,
      this.found,
    );
    this.say();
  }

  recolour(): void {
    this.colours = readColours(NAMES);
    this.chart.redraw(false);
  }

  /** Another run is open: the report belongs to the run before. */
  opened(): void {
    this.progress = this.report = null;
    this.found.hidden = this.bar.hidden = true;
    this.intro.hidden = false;
    this.refuse(null);
  }

  /** The run continues: the next pairs are drawn from a changed network. */
  moved(): void {
    this.progress = null;
    this.say();
  }

  draw(progress: LabProgress, report: LabReport | null): void {
    const ended = this.progress?.drawing === true && !progress.drawing;
    this.progress = progress;
    this.report = report;
    this.say();
    // The end is announced to screen readers.
    if (ended) this.announcer.say(`${progress.step} ${progress.pairs}`, t`Drawn. ${this.said.textContent}`);
    if (report) this.fill(report);
  }

  refuse(message: string | null): void {
    this.said.classList.toggle('refusal', message !== null);
    if (message === null) return this.say();
    this.progress = null;
    this.say();
    this.said.textContent = message.charAt(0).toUpperCase() + message.slice(1);
  }

  private say(): void {
    const { progress, report } = this;
    const drawing = progress?.drawing === true;
    this.go.textContent = drawing ? t`Stop` : progress ? t`Draw more` : t`Draw pairs`;
    this.bar.hidden = !drawing;
    if (progress) {
      this.bar.max = progress.of;
      this.bar.value = progress.pairs;
    }
    const parts: string[] = [];
    if (drawing && progress.masks_left > 0) parts.push(t`Trying all masks first: ${count(progress.masks_left)} to go.`);
    if (drawing && progress.masks_left === 0) parts.push(t`${count(progress.pairs)} of ${count(progress.of)} pairs.`);
    if (report) {
      const truth =
        report.enumerated_masks === null
          ? t`The true gradient is the mean over ${count(report.truth_masks)} other masks, known to ±${percent(report.truth_error)}.`
          : t`The true gradient is exact: all ${count(report.enumerated_masks)} masks were tried.`;
      const units =
        report.undecided_units === report.units
          ? t`At step ${count(report.step)}, ${count(report.units)} units`
          : t`At step ${count(report.step)}, ${count(report.units)} units, of which ${count(report.undecided_units)} are undecided`;
      const pairs = report.batches > 1 ? t`${count(report.pairs)} pairs on ${count(report.batches)} batches in turn` : t`${count(report.pairs)} pairs`;
      parts.push(`${units}, ${pairs}. ${truth}`);
      if (report.control_cosine !== null)
        parts.push(t`The cosine of the control variate c to the true gradient, at α = ½, is ${significant(report.control_cosine, 2)}.`);
    }
    if (parts.length === 0) parts.push(t`Drawing pauses the run. It does not change how the run continues.`);
    this.said.textContent = parts.join(' ');
  }

  private fill(report: LabReport): void {
    this.found.hidden = false;
    this.intro.hidden = true;
    // The table is made anew; the focus returns to the same button.
    const at = [...this.body.querySelectorAll('button')].findIndex((button) => button === document.activeElement);
    const rules = [...new Set(report.rows.map((row) => row.estimator))];
    this.body.replaceChildren(
      ...rules.flatMap((rule) => {
        const pick = element('button', 'pick', translated(rule));
        pick.type = 'button';
        pick.ariaPressed = String(rule === this.estimator);
        pick.title = t`Show its curves`;
        pick.addEventListener('click', () => {
          this.estimator = rule;
          if (this.report) this.fill(this.report);
        });
        const head = element('th', '', pick, element('i', '', formulaOf(rule)));
        head.colSpan = 10;
        return [element('tr', 'rule', head), ...report.rows.filter((row) => row.estimator === rule).map(figures)];
      }),
    );
    if (at >= 0) this.body.querySelectorAll('button')[at]?.focus();
    this.trace(report);
  }

  /** Shows the chosen quantity of the chosen estimator by s, as curves and as numbers. */
  private trace(report: LabReport): void {
    const { quantity, estimator } = this;
    const rows = ALPHAS.map((alpha) => report.rows.find((row) => row.estimator === estimator && row.alpha === alpha));
    const bins = rows[0]?.bins ?? [];
    // A relative bias is undefined where the true gradient is 0.
    const known = (value: number | null | undefined): number | null => (value != null && Number.isFinite(value) ? value : null);
    const series = (of: Quantity['of']): (number | null)[][] =>
      rows.map((row) => bins.map((_, index) => known(row && of(row.bins[index] ?? { low: 0, high: 1, units: 0 }))));
    const [own, beside] = [series(quantity.of), series(quantity.beside?.of ?? (() => null))];
    const values = [...own, ...beside].flat();
    const has_beside = beside.flat().some((value) => value !== null);
    const positive = values.filter((value): value is number => value !== null && value > 0);
    this.foot = values.includes(0) ? (positive.length > 0 ? Math.min(...positive) : 1) / 10 : null;
    // Every point has its own x; the other curves have no value there.
    const places = bins.flatMap((_, bin) => ALPHAS.map((_, alpha) => bin + (alpha - 2) * BESIDE));
    const spread = (curves: (number | null)[][]): (number | null)[][] =>
      curves.map((curve, alpha) =>
        places
          .map((_, place) => (place % ALPHAS.length === alpha ? (curve[Math.floor(place / ALPHAS.length)] ?? null) : null))
          .map((value) => (value === 0 ? this.foot : value)),
      );
    this.chart.setData([places, ...spread(beside), ...spread(own)] as uPlot.AlignedData);

    this.key.hidden = !has_beside;
    this.beside.textContent = quantity.beside?.words ?? '';
    const unbounded = quantity === VARIANCE && !has_beside ? t`; there is no bound for it` : '';
    this.lead.textContent = t`${quantity.words} of ${translated(estimator)} by the unit’s s${unbounded}`;
    describe(
      this.room,
      has_beside
        ? t`${this.lead.textContent}, one curve for each α, and ${quantity.beside?.words} beside it. The figures are below.`
        : t`${this.lead.textContent}, one curve for each α. The figures are below.`,
    );
    const say = (value: number | null | undefined): string => (value == null ? '–' : quantity.cell(value));
    const heads = ['s', t`units`, ...ALPHAS.map((alpha) => `α = ${alphaOf(alpha)}`)];
    this.bins.replaceChildren(
      element('caption', '', sentence(has_beside ? t`${quantity.words} by s, below it in grey: ${quantity.beside?.words}` : t`${quantity.words} by s`)),
      element('thead', '', element('tr', '', ...heads.map((words) => element('th', '', words)))),
      element(
        'tbody',
        '',
        ...bins.flatMap(({ low, high, units }, index) => {
          if (units === 0) return [];
          const cells = ALPHAS.map((_, alpha) =>
            element('td', '', say(own[alpha]?.[index]), ...(has_beside ? [element('small', '', say(beside[alpha]?.[index]))] : [])),
          );
          return [element('tr', '', element('td', '', `${low}–${high}`), element('td', '', count(units)), ...cells)];
        }),
      ),
    );
  }

  /** Powers of ten, and between them 2 and 5 where the curves stay within a few. */
  private ticks(most: number): number[] {
    const { foot, least } = this;
    const from = foot === null ? least : 2 * foot;
    const all = most / least > FEW ? POWERS : POWERS.flatMap((power) => LEADING.map((digit) => digit * power));
    return [...(foot === null ? [] : [foot]), ...all.filter((tick) => tick > from)];
  }

  /** The radio buttons of the quantity. The choice stays while pairs are drawn, and for another run. */
  private choice(): HTMLElement {
    const row = element('div');
    for (const quantity of QUANTITIES) {
      const input = element('input');
      input.type = 'radio';
      input.name = 'lab-quantity';
      input.value = quantity.name;
      input.checked = quantity === this.quantity;
      input.addEventListener('change', () => {
        this.quantity = quantity;
        if (this.report) this.trace(this.report);
      });
      row.append(element('label', '', input, element('span', '', translated(quantity.name))));
    }
    return element('fieldset', 'segments', element('legend', 'unseen', t`The chart shows`), row);
  }

  /** A bin of s, in words; its lower edge where there is little space. */
  private rangeOf(index: number): string {
    const bin = this.report?.rows[0]?.bins[index];
    if (!bin) return '';
    if (this.chart.width < 440) return `≥ ${bin.low}`;
    return `${bin.low}–${bin.high}${this.chart.width > 560 ? ` (${count(bin.units)})` : ''}`;
  }
}

/** One estimator at one α. */
function figures(row: LabRow): HTMLElement {
  const words: (string | [string, string])[] = [
    alphaOf(row.alpha),
    percent(row.bias),
    percent(row.bias_chance),
    significant(row.variance),
    row.variance_ratio === null ? '–' : significant(row.variance_ratio, 2),
    row.bound === null ? '–' : significant(row.bound),
    significant(row.signal_to_noise, 2),
    [significant(row.cosine, 2), ` ± ${significant(row.cosine_error, 1)}`],
    significant(row.mean_cosine, 2),
    translated(row.verdict.replace(' seen', '')),
  ];
  const made = element(
    'tr',
    '',
    ...words.map((text) => (typeof text === 'string' ? element('td', '', text) : element('td', '', text[0], element('small', '', text[1])))),
  );
  made.dataset['estimator'] = row.estimator;
  made.dataset['alpha'] = String(row.alpha);
  return made;
}
