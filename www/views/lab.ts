// The estimators' lab: what each structure gradient is worth on the network as it stands, from pairs of masks that the worker draws.

import uPlot from 'uplot';
import { count, percent, significant } from '../numbers';
import type { LabProgress, LabReport, LabRow } from '../protocol';
import { fit, plainAxis, QUIET, tickedAxis } from './charts';
import { element } from './element';
import { css, readColours } from './palette';

const PAIRS = ['256', '1024', '4096', '16384'];
const FIRST = '1024';
/** Colours of the exponents, from the one that explodes to the one that fades. */
const ALPHAS = [0, 0.25, 0.5, 0.75, 1];
const NAMES = [...ALPHAS.map((_, index) => `run-${index + 1}`), 'soft', 'line'];
const TITLES: Record<string, [title: string, formula: string]> = {
  'two-sided': ['two-sided', '½(L − L′)(m − m′) / (s(1−s))^(1−α)'],
  'one-sided': ['one-sided', '(L − L′)(m − s) / (s(1−s))^(1−α)'],
  plain: ['plain', 'L (m − s) / (s(1−s))^(1−α)'],
  ste: ['ste', '(s(1−s))^α ∂L/∂m, the chain rule'],
};
const POWERS = Array.from({ length: 41 }, (_, index) => 10 ** (index - 24));
const power = (value: number): string => (value >= 0.01 && value <= 1000 ? significant(value, 1) : `1e${Math.round(Math.log10(value))}`.replace('-', '−'));
const alphaOf = (alpha: number): string => ({ 0: '0', 0.25: '¼', 0.5: '½', 0.75: '¾', 1: '1' })[alpha] ?? String(alpha);

export class LabView {
  private colours = readColours(NAMES);
  private report: LabReport | null = null;
  private progress: LabProgress | null = null;
  private estimator = 'two-sided';
  private readonly chart: uPlot;
  private readonly more = element('select');
  private readonly go = element('button', 'small-button', 'Draw pairs');
  private readonly bar = element('progress');
  private readonly said = element('p', 'note');
  private readonly found = element('div', 'found');
  private readonly body = element('tbody');
  private readonly lead = element('span');
  private readonly intro = element(
    'p',
    'differs-line',
    'How good is the gradient that the scores learn from? Pairs of masks are drawn of the network as it stands, and every estimator is computed from the same pairs.',
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
    this.more.ariaLabel = 'Pairs of masks to draw';
    this.go.type = 'button';
    this.go.dataset['testid'] = 'lab-draw';
    this.go.addEventListener('click', () => {
      if (this.progress?.drawing) return draws(0);
      this.refuse(null);
      this.draws((this.progress?.pairs ?? 0) + Number(this.more.value));
    });
    this.bar.hidden = true;
    this.bar.ariaLabel = 'Pairs drawn';
    this.said.dataset['testid'] = 'lab-said';
    this.body.dataset['testid'] = 'lab-rows';
    const heads = ['α', 'bias', 'by chance', 'variance', 'bound', 'signal / noise', 'cosine to the truth', 'bias seen'];
    const chart = element('div', 'chart');
    const colour = (name: string) => () => css(this.colours[name] ?? [0, 0, 0]);
    this.chart = new uPlot(
      {
        ...QUIET,
        padding: [9, 30, 0, 0],
        cursor: { show: false },
        scales: {
          x: { time: false, range: [-0.4, 5.4] },
          y: { distr: 3, range: (_, min, max) => [Math.max(1e-24, (min || 1e-3) / 2), (max || 1) * 2] },
        },
        axes: [
          { ...plainAxis(colour('soft'), String), splits: () => [0, 1, 2, 3, 4, 5], values: (_, values) => values.map((value) => this.rangeOf(value)), space: 10 },
          tickedAxis(colour('soft'), colour('line'), () => POWERS, power),
        ],
        series: [{}, ...ALPHAS.map((_, index) => ({ stroke: colour(`run-${index + 1}`), width: 1.75, points: { show: true, size: 6, fill: colour(`run-${index + 1}`) }, spanGaps: true }))],
      },
      [[], ...ALPHAS.map(() => [])],
      chart,
    );
    fit([chart, this.chart]);
    const key = element('ul', 'phases-key', ...ALPHAS.map((alpha, index) => element('li', '', element('i', `swatch-${index + 1}`), `α = ${alphaOf(alpha)}`)));
    this.found.hidden = true;
    this.found.append(
      element('p', 'lead', this.lead),
      chart,
      key,
      element('div', 'scrolls', element('table', 'figures-table', element('thead', '', element('tr', '', ...heads.map((words) => element('th', '', words)))), this.body)),
    );
    root.append(this.intro, element('div', 'bar-line', element('label', '', this.more, ' pairs of masks'), this.bar, this.go), this.said, this.found);
    this.say();
  }

  recolour(): void {
    this.colours = readColours(NAMES);
    this.chart.redraw(false);
  }

  /** Another run is open: what was found was found of the one before. */
  opened(): void {
    this.progress = this.report = null;
    this.found.hidden = this.bar.hidden = true;
    this.intro.hidden = false;
    this.refuse(null);
  }

  /** The run goes on: the next pairs are drawn of another network. */
  moved(): void {
    this.progress = null;
    this.say();
  }

  draw(progress: LabProgress, report: LabReport | null): void {
    this.progress = progress;
    this.report = report;
    this.say();
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
    this.go.textContent = drawing ? 'Stop' : progress ? 'Draw more' : 'Draw pairs';
    this.bar.hidden = !drawing;
    if (progress) {
      this.bar.max = progress.of;
      this.bar.value = progress.pairs;
    }
    const parts: string[] = [];
    if (drawing && progress.masks_left > 0) parts.push(`Trying all masks first: ${count(progress.masks_left)} to go.`);
    if (drawing && progress.masks_left === 0) parts.push(`${count(progress.pairs)} of ${count(progress.of)} pairs.`);
    if (report) {
      const truth =
        report.enumerated_masks === null
          ? `The true gradient is the mean over ${count(report.truth_masks)} other masks, known to ±${percent(report.truth_error)}.`
          : `The true gradient is exact: all ${count(report.enumerated_masks)} masks were tried.`;
      const kept = report.undecided_units === report.units ? '' : `, of which ${count(report.undecided_units)} are undecided`;
      parts.push(`At step ${count(report.step)}, ${count(report.units)} units${kept}, ${count(report.pairs)} pairs. ${truth}`);
    }
    if (parts.length === 0) parts.push('Drawing pauses the run, which goes on afterwards as if nothing had been.');
    this.said.textContent = parts.join(' ');
  }

  private fill(report: LabReport): void {
    this.found.hidden = false;
    this.intro.hidden = true;
    const rules = [...new Set(report.rows.map((row) => row.estimator))];
    this.body.replaceChildren(
      ...rules.flatMap((rule) => {
        const [title, formula] = TITLES[rule] ?? [rule, ''];
        const pick = element('button', 'pick', title);
        pick.type = 'button';
        pick.ariaPressed = String(rule === this.estimator);
        pick.title = 'Show its variance by s';
        pick.addEventListener('click', () => {
          this.estimator = rule;
          if (this.report) this.fill(this.report);
        });
        const head = element('th', '', pick, element('i', '', formula));
        head.colSpan = 8;
        return [element('tr', 'rule', head), ...report.rows.filter((row) => row.estimator === rule).map(figures)];
      }),
    );
    this.lead.textContent = `Variance of ${this.estimator} by the unit’s s`;
    const rows = ALPHAS.map((alpha) => report.rows.find((row) => row.estimator === this.estimator && row.alpha === alpha));
    const bins = rows[0]?.bins ?? [];
    this.chart.setData([
      bins.map((_, index) => index),
      ...rows.map((row) => bins.map((_, index) => row?.bins[index]?.variance || null)),
    ] as uPlot.AlignedData);
  }

  /** A bin of s, in words; where there is no room, its lower edge. */
  private rangeOf(index: number): string {
    const bin = this.report?.rows[0]?.bins[index];
    if (!bin) return '';
    if (this.chart.width < 440) return `≥ ${bin.low}`;
    return `${bin.low}–${bin.high}${this.chart.width > 560 ? ` (${count(bin.units)})` : ''}`;
  }
}

/** One estimator at one α. */
function figures(row: LabRow): HTMLElement {
  const words = [
    alphaOf(row.alpha),
    percent(row.bias),
    percent(row.bias_chance),
    significant(row.variance),
    row.bound === null ? '–' : significant(row.bound),
    significant(row.signal_to_noise, 2),
    `${significant(row.cosine, 2)} ± ${significant(row.cosine_error, 1)}`,
    row.verdict.replace(' seen', ''),
  ];
  const made = element('tr', '', ...words.map((text) => element('td', '', text)));
  made.dataset['estimator'] = row.estimator;
  made.dataset['alpha'] = String(row.alpha);
  return made;
}
