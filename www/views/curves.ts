// Loss under both masks, and accuracy.

import uPlot from 'uplot';
import type { Traces } from '../traces';
import { accuracyAxis, accuracyScale, fit, lossAxis, lossScale, plainAxis, QUIET } from './charts';
import { css, type Palette } from './palette';

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
    const colour = (name: keyof Palette, alpha = 1) => () => css(this.palette[name], alpha);
    const [soft, line] = [colour('soft'), colour('line')];
    const steps = plainAxis(soft, (value) => (value >= 1000 ? `${value / 1000}k` : String(value)));
    const shared = { ...QUIET, cursor: { y: false, points: { show: false }, drag: { x: false, y: false }, sync: { key: sync.key } } };
    const x = { time: false, range: (): [number, number] => [0, this.domain()] };
    this.loss = new uPlot(
      {
        ...shared,
        scales: { x, y: lossScale },
        axes: [steps, lossAxis(soft, line)],
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
        scales: { x, y: accuracyScale },
        axes: [steps, accuracyAxis(soft, line)],
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
    fit([loss, this.loss], [accuracy, this.accuracy]);
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
