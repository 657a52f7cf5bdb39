// Loss under both masks, and accuracy.

import uPlot from 'uplot';
import { percent, significant } from '../numbers';
import type { Traces } from '../traces';
import { css, type Colour, type Palette } from './palette';

const faded = ([red, green, blue]: Colour, alpha: number): string => `rgb(${red} ${green} ${blue} / ${alpha})`;
const LOSS_TICKS = [1e-4, 1e-3, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 100];
/** Where the loss of a run that diverges leaves the picture. */
const MOST_LOSS = 30;
const ACCURACY_TICKS = [0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 1];
/** Beside those where the axis does not go far beyond them. */
const LOW_ACCURACY_TICKS = [0, 0.15, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8];
/** The axis ends at the first of these that leaves some room above what was reached, so that it does not move with every point. */
const ACCURACY_TOPS = [0.6, 0.8, 0.98];
/** Where the stretched accuracy axis ends: log of the error needs a floor, and no run here reaches beyond it. */
const LEAST_ERROR = 0.004;

const accuracyTop = (most: number): number => ACCURACY_TOPS.find((top) => most + 0.04 <= top) ?? Math.max(0.98, Math.min(0.9985, most + 0.004));

const stretch = (accuracy: number): number => -Math.log10(Math.max(LEAST_ERROR, 1 - accuracy + LEAST_ERROR));
const unstretch = (value: number): number => 1 - 10 ** -value + LEAST_ERROR;

export class CurvesView {
  private traces: Traces | null = null;
  private steps = 1;
  private drawn = -1;
  private palette: Palette;
  private readonly loss: uPlot;
  private readonly accuracy: uPlot;

  constructor(loss: HTMLElement, accuracy: HTMLElement, palette: Palette) {
    this.palette = palette;
    const sync = uPlot.sync('curves');
    const font = '11px system-ui, sans-serif';
    const colour = (name: keyof Palette, alpha = 1) => () => (alpha === 1 ? css(this.palette[name]) : faded(this.palette[name], alpha));
    const axis = (ticks: (most: number) => number[], say: (value: number) => string): uPlot.Axis => ({
      font,
      size: 44,
      gap: 3,
      stroke: colour('soft'),
      grid: { stroke: colour('line'), width: 1 },
      ticks: { show: false },
      splits: (_, __, min, max) => {
        const inside = ticks(max).filter((tick) => tick >= min * 0.999 && tick <= max * 1.001);
        return inside;
      },
      filter: (_, splits) => splits,
      values: (_, values) => values.map((value) => (value === null ? '' : say(value))),
    });
    const steps: uPlot.Axis = {
      font,
      size: 20,
      gap: 2,
      stroke: colour('soft'),
      grid: { show: false },
      ticks: { show: false },
      space: 64,
      values: (_, values) => values.map((value) => (value >= 1000 ? `${value / 1000}k` : String(value))),
    };
    const shared = {
      width: 300,
      height: 120,
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false }, sync: { key: sync.key } },
      padding: [9, 14, 0, 0] as [number, number, number, number],
    };
    const x = { time: false, range: (): [number, number] => [0, this.domain()] };
    this.loss = new uPlot(
      {
        ...shared,
        scales: { x, y: { distr: 3, range: (_, min, max) => [Math.max(1e-4, Math.min(min ?? 0.1, 1) * 0.8), Math.min(MOST_LOSS, Math.max(max ?? 3, 0.4) * 1.15)] } },
        axes: [steps, axis(() => LOSS_TICKS, (value) => significant(value, 1))],
        series: [
          {},
          { stroke: colour('kept'), width: 1.5, points: { show: false } },
          { stroke: colour('probe', 0.8), width: 1.25, points: { show: false } },
        ],
      },
      [[], [], []],
      loss,
    );
    this.accuracy = new uPlot(
      {
        ...shared,
        scales: {
          x,
          y: {
            distr: 100,
            fwd: stretch,
            bwd: unstretch,
            range: (_, min, max) => [Math.min(0.5, Math.max(0, (min ?? 0.42) - 0.02)), accuracyTop(max ?? 0.9)],
          },
        },
        axes: [steps, axis((most) => (most > 0.81 ? ACCURACY_TICKS : LOW_ACCURACY_TICKS), (value) => percent(value, value > 0.99 && value < 1 ? 1 : 0))],
        series: [
          {},
          { stroke: colour('soft', 0.35), width: 1, points: { show: false }, spanGaps: true },
          { stroke: colour('ink'), width: 1.75, points: { show: false }, spanGaps: true },
          { stroke: colour('soft'), width: 1.25, dash: [3, 3], points: { show: false }, spanGaps: true },
        ],
      },
      [[], [], [], []],
      accuracy,
    );
    const observer = new ResizeObserver((entries) => {
      for (const { target, contentRect } of entries) {
        const plot = target === loss ? this.loss : this.accuracy;
        if (contentRect.width > 0) plot.setSize({ width: Math.floor(contentRect.width), height: Math.floor(contentRect.height) });
      }
    });
    observer.observe(loss);
    observer.observe(accuracy);
  }

  describe(traces: Traces, steps: number): void {
    this.traces = traces;
    this.steps = steps;
    this.drawn = -1;
    this.draw();
  }

  recolour(palette: Palette): void {
    this.palette = palette;
    this.loss.redraw();
    this.accuracy.redraw();
  }

  draw(): void {
    if (!this.traces || this.traces.version === this.drawn) return;
    this.drawn = this.traces.version;
    this.loss.setData(this.traces.losses());
    this.accuracy.setData(this.traces.accuracies());
  }

  /** Marks a step that is looked back at; null marks none. */
  mark(step: number | null): void {
    const left = step === null ? -10 : this.loss.valToPos(step, 'x');
    for (const plot of [this.loss, this.accuracy]) plot.setCursor({ left, top: step === null ? -10 : 1 }, false);
  }

  /** The x axis ends at the planned end, or earlier while the run is young, so that its beginning can be seen. */
  private domain(): number {
    const last = this.traces?.last_step ?? 0;
    let end = this.steps;
    while (end > 64 && last < end / 2) end /= 2;
    return Math.max(1, end);
  }
}
