// What the charts share: the axes of loss and accuracy, and options of uPlot.

import type uPlot from 'uplot';
import { percent, significant } from '../model/format';

type Stroke = () => string;

const FONT = '11px system-ui, sans-serif';
const LOSS_TICKS = [1e-4, 1e-3, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 100];
/** The largest loss that is drawn: a run that diverges leaves the chart there. */
const MOST_LOSS = 30;
const ACCURACY_TICKS = [0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 1];
/** More ticks, where the axis ends not far above these. */
const LOW_ACCURACY_TICKS = [0, 0.15, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8];
/** The axis ends at the first of these that is well above the highest accuracy, so that it does not move with every point. */
const ACCURACY_TOPS = [0.6, 0.8, 0.98];
/** The smallest error on the logarithmic accuracy axis. No run here gets below it. */
const LEAST_ERROR = 0.004;

const accuracyTop = (most: number): number => ACCURACY_TOPS.find((top) => most + 0.04 <= top) ?? Math.max(0.98, Math.min(0.9985, most + 0.004));

/** Options of all charts. The size is a placeholder until the element has one. */
export const QUIET = {
  width: 300,
  height: 120,
  legend: { show: false },
  padding: [9, 14, 0, 0] as [number, number, number, number],
} satisfies Partial<uPlot.Options>;

/** A horizontal axis. `words`: formats its values. */
export const plainAxis = (stroke: Stroke, say: (value: number) => string): uPlot.Axis => ({
  font: FONT,
  size: 20,
  gap: 2,
  stroke,
  grid: { show: false },
  ticks: { show: false },
  space: 64,
  values: (_, values) => values.map(say),
});

const LEADING = [1, 2, 5];

/** Round values from 0 to `most`, a few of them; on a logarithmic axis, powers of ten. */
export function roundTicks(least: number, most: number, logarithmic: boolean): number[] {
  if (logarithmic) {
    const first = Math.ceil(Math.log10(least));
    const powers = Array.from({ length: Math.max(0, Math.floor(Math.log10(most)) - first + 1) }, (_, index) => 10 ** (first + index));
    return powers.length > 2 ? powers : powers.flatMap((power) => LEADING.map((digit) => digit * power)).filter((tick) => tick <= most);
  }
  const power = 10 ** Math.floor(Math.log10(most / 4));
  const step = power * (LEADING.findLast((digit) => digit * power <= most / 4) ?? 1);
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step);
}

/** Least distance of two values on an axis, in pixels. */
const APART = 13;

/** A vertical axis. Of its ticks, those that fit are drawn. */
export const tickedAxis = (stroke: Stroke, line: Stroke, ticks: (most: number) => number[], say: (value: number) => string): uPlot.Axis => ({
  font: FONT,
  size: 44,
  gap: 3,
  stroke,
  grid: { stroke: line, width: 1 },
  ticks: { show: false },
  splits: (plot, _, min, max) => {
    let last = Infinity;
    return ticks(max).filter((tick) => {
      const at = plot.valToPos(tick, 'y');
      if (tick < min * 0.999 || tick > max * 1.001 || last - at < APART) return false;
      last = at;
      return true;
    });
  },
  filter: (_, splits) => splits,
  values: (_, values) => values.map((value) => (value === null ? '' : say(value))),
});

export const lossScale: uPlot.Scale = {
  distr: 3,
  range: (_, min, max) => [Math.max(1e-4, Math.min(min ?? 0.1, 1) * 0.8), Math.min(MOST_LOSS, Math.max(max ?? 3, 0.4) * 1.15)],
};
export const lossAxis = (stroke: Stroke, line: Stroke): uPlot.Axis =>
  tickedAxis(
    stroke,
    line,
    () => LOSS_TICKS,
    (value) => significant(value, 1),
  );

export const accuracyScale: uPlot.Scale = {
  distr: 100,
  fwd: (accuracy) => -Math.log10(Math.max(LEAST_ERROR, 1 - accuracy + LEAST_ERROR)),
  bwd: (value) => 1 - 10 ** -value + LEAST_ERROR,
  range: (_, min, max) => [Math.min(0.5, Math.max(0, (min ?? 0.42) - 0.02)), accuracyTop(max ?? 0.9)],
};
export const accuracyAxis = (stroke: Stroke, line: Stroke): uPlot.Axis =>
  tickedAxis(
    stroke,
    line,
    (most) => (most > 0.81 ? ACCURACY_TICKS : LOW_ACCURACY_TICKS),
    (value) => percent(value, value > 0.99 && value < 1 ? 1 : 0),
  );

/** The description of a chart for screen readers. */
export function describe(room: HTMLElement, words: string): void {
  room.setAttribute('role', 'img');
  if (room.ariaLabel !== words) room.ariaLabel = words;
}

/** Resizes a chart whenever its element changes its size. */
export function fit(...plots: [room: HTMLElement, plot: uPlot][]): void {
  const observer = new ResizeObserver((entries) => {
    for (const { target, contentRect } of entries) {
      const plot = plots.find(([room]) => room === target)?.[1];
      if (contentRect.width > 0) plot?.setSize({ width: Math.floor(contentRect.width), height: Math.floor(contentRect.height) });
    }
  });
  for (const [room] of plots) observer.observe(room);
}
