// Loss under both masks, and accuracy.

import uPlot from 'uplot';
import { percent, significant } from '../../model/format';
import type { Curves } from '../../model/curves';
import { accuracyAxis, accuracyScale, describe, fit, lossAxis, lossScale, plainAxis, QUIET } from '../../ui/charts';
import { css, type Palette } from '../../ui/palette';
import { t } from '../../words/words';

/** Radius of a marked value, in CSS pixels. */
const DOT = 3.5;

/** The marked step. If `losses` is given, only these are marked, otherwise all curves. */
export interface Mark {
  step: number;
  losses?: [loss: number, probe_loss: number | null];
}

export class CurvesView {
  private curves: Curves | null = null;
  private steps = 1;
  private drawn = -1;
  private marked: Mark | null = null;
  private palette: Palette;
  private readonly containers: { loss: HTMLElement; accuracy: HTMLElement };
  private readonly loss: uPlot;
  private readonly accuracy: uPlot;

  constructor(loss: HTMLElement, accuracy: HTMLElement, palette: Palette) {
    this.palette = palette;
    this.containers = { loss, accuracy };
    const sync = uPlot.sync('curves');
    const colour =
      (name: keyof Palette, alpha = 1) =>
      () =>
        css(this.palette[name], alpha);
    const [soft, line] = [colour('soft'), colour('line')];
    const steps = plainAxis(soft, (value) => (value >= 1000 ? `${value / 1000}k` : String(value)));
    const shared = {
      ...QUIET,
      hooks: { draw: [(plot: uPlot) => this.drawMark(plot)] },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false }, sync: { key: sync.key } },
    };
    const x = { time: false, range: (): [number, number] => [0, this.domain()] };
    this.loss = new uPlot(
      {
        ...shared,
        scales: { x, y: lossScale },
        axes: [steps, lossAxis(soft, line)],
        series: [{}, { stroke: colour('kept'), width: 1.5, points: { show: false } }, { stroke: colour('probe', 0.8), width: 1.25, points: { show: false } }],
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

  describe(curves: Curves, steps: number): void {
    this.curves = curves;
    this.steps = steps;
    this.drawn = -1;
    this.draw();
    // Without values a plot would keep the scale of the run before.
    for (const plot of [this.loss, this.accuracy]) plot.setScale('x', { min: 0, max: this.domain() });
  }

  recolour(palette: Palette): void {
    this.palette = palette;
    this.loss.redraw();
    this.accuracy.redraw();
  }

  draw(): void {
    if (!this.curves || this.curves.version === this.drawn) return;
    this.drawn = this.curves.version;
    this.loss.setData(this.curves.losses());
    this.accuracy.setData(this.curves.accuracies());
    this.say(this.curves);
  }

  /** Both charts in words: the first and the last values. */
  private say(curves: Curves): void {
    const [steps, losses] = curves.losses();
    const { tests } = curves;
    const span = (values: number[], say: (value: number) => string): string =>
      values.length === 0 ? t`nothing yet` : t`from ${say(values[0] ?? 0)} to ${say(values.at(-1) ?? 0)}, up to step ${(steps.at(-1) ?? 0) + 1}`;
    describe(this.containers.loss, t`Loss along steps: ${span(losses, (loss) => significant(loss, 2))}`);
    describe(
      this.containers.accuracy,
      t`Test accuracy along steps: ${span(
        tests.map(({ decided }) => decided),
        percent,
      )}`,
    );
  }

  /** Marks a step; null: none. */
  mark(marked: Mark | null): void {
    if (marked?.step === this.marked?.step && marked?.losses?.[0] === this.marked?.losses?.[0]) return;
    this.marked = marked;
    for (const plot of [this.loss, this.accuracy]) plot.redraw(false);
  }

  /** A line at the marked step, and a dot on each curve: on its last value up to that step. */
  private drawMark(plot: uPlot): void {
    const { marked } = this;
    if (!marked || (marked.losses && plot !== this.loss)) return;
    const { ctx, bbox, data } = plot;
    const x = plot.valToPos(marked.step, 'x', true);
    if (x < bbox.left || x > bbox.left + bbox.width) return;
    ctx.save();
    ctx.fillStyle = css(this.palette.ink, 0.5);
    ctx.fillRect(Math.round(x), bbox.top, Math.max(1, Math.round(devicePixelRatio * 0.75)), bbox.height);
    const by = data[0].findLastIndex((step) => step <= Math.max(marked.step, data[0][0] ?? 0));
    const own = plot === this.loss ? marked.losses : undefined;
    for (let series = 1; series < data.length; series++) {
      const curve = data[series] ?? [];
      let at = by;
      while (at > 0 && curve[at] == null) at -= 1;
      const value = own ? own[series - 1] : curve[at];
      if (value == null) continue;
      ctx.beginPath();
      ctx.arc(x, plot.valToPos(value, 'y', true), DOT * devicePixelRatio, 0, 2 * Math.PI);
      ctx.fillStyle = css(plot === this.accuracy ? this.palette.ink : series === 1 ? this.palette.kept : this.palette.probe);
      ctx.fill();
    }
    ctx.restore();
  }

  /** The x axis ends at the planned end; early in a run it ends sooner, so that the first steps are visible. */
  private domain(): number {
    const last = this.curves?.last.step ?? 0;
    let end = this.steps;
    while (end > 64 && last < end / 2) end /= 2;
    return Math.max(1, end);
  }
}
