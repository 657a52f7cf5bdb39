// The curves of a run in bounded memory: steps are averaged in bins, and the bins grow with the run.

import type { Evaluation, StepRecord } from '../protocol/messages';

/** What a run can be looked at along. */
export type Along = 'step' | 'seconds' | 'multiply_adds';
type Place = Record<Along, number>;

const MOST_BINS = 360;
/** Where several curves are laid over one another, so many points of each can be told from noise. */
const MOST_SHOWN = 60;

interface Bin extends Place {
  steps: number;
  loss: number;
  probe_loss: number;
  accuracy: number;
}

/** A curve as it is stored: every bin a row of numbers, in the order of `BIN`. */
export interface StoredTraces {
  width: number;
  bins: (number | null)[][];
  evaluations: (Evaluation & Place)[];
}
const BIN = ['steps', 'step', 'seconds', 'multiply_adds', 'loss', 'probe_loss', 'accuracy'] as const;

const mean = (a: number, of_a: number, b: number, of_b: number): number => (a * of_a + b * of_b) / (of_a + of_b);

function merged(a: Bin, b: Bin): Bin {
  const average = (name: 'loss' | 'probe_loss' | 'accuracy'): number => mean(a[name], a.steps, b[name], b.steps);
  return {
    steps: a.steps + b.steps,
    step: b.step,
    seconds: b.seconds,
    multiply_adds: b.multiply_adds,
    loss: average('loss'),
    probe_loss: average('probe_loss'),
    accuracy: average('accuracy'),
  };
}

export class Traces {
  private bins: Bin[] = [];
  private width = 1;
  readonly evaluations: (Evaluation & Place)[] = [];
  /** Grows with everything new, so that a view knows when to draw. */
  version = 0;

  stored(): StoredTraces {
    const { width, bins, evaluations } = this;
    return { width, evaluations, bins: bins.map((bin) => BIN.map((name) => bin[name])) };
  }

  /** JSON knows no NaN: where there was no second mask, a row holds null. */
  static restored({ width, bins, evaluations }: StoredTraces): Traces {
    const traces = new Traces();
    traces.width = width;
    traces.bins = bins.map((row) => Object.fromEntries(BIN.map((name, index) => [name, row[index] ?? NaN])) as unknown as Bin);
    traces.evaluations.push(...evaluations);
    return traces;
  }

  get last_step(): number {
    return this.last.step;
  }

  /** Where the run is. */
  get last(): Place {
    return this.bins.at(-1) ?? { step: 0, seconds: 0, multiply_adds: 0 };
  }

  push(records: StepRecord[]): void {
    for (const { step, seconds, multiply_adds, loss, probe_loss, accuracy } of records) {
      const bin: Bin = { steps: 1, step, seconds, multiply_adds, loss, probe_loss, accuracy };
      const last = this.bins.at(-1);
      if (last && last.steps < this.width) this.bins[this.bins.length - 1] = merged(last, bin);
      else this.bins.push(bin);
      if (this.bins.length > MOST_BINS) {
        const pairs: Bin[] = [];
        for (let i = 0; i < this.bins.length; i += 2) {
          const [a, b] = [this.bins[i], this.bins[i + 1]];
          if (a) pairs.push(b ? merged(a, b) : a);
        }
        this.bins = pairs;
        this.width *= 2;
      }
    }
    if (records.length > 0) this.version += 1;
  }

  evaluate(evaluation: Evaluation): void {
    const { seconds, multiply_adds } = this.last;
    this.evaluations.push({ seconds, multiply_adds, ...evaluation });
    if (this.evaluations.length > MOST_BINS) {
      const thinned = this.evaluations.filter((_, index) => index % 2 === 1);
      this.evaluations.splice(0, this.evaluations.length, ...thinned);
    }
    this.version += 1;
  }

  /** The last test at a step or before it. */
  testedBy(step: number): Evaluation | null {
    return this.evaluations.findLast((each) => each.step <= step) ?? null;
  }

  /** [step, loss, probe loss]; null where there is no second mask. */
  losses(): [number[], number[], (number | null)[]] {
    return [
      this.bins.map((bin) => bin.step),
      this.bins.map((bin) => bin.loss),
      this.bins.map((bin) => (Number.isFinite(bin.probe_loss) ? bin.probe_loss : null)),
    ];
  }

  /** The loss under m, and the test accuracy of the decided mask, each with where it was; `end` is the test at the end. */
  along(axis: Along, end: Evaluation | null): { loss: [number[], number[]]; accuracy: [number[], number[]] } {
    const most = Math.ceil(this.bins.length / MOST_SHOWN);
    const bins: Bin[] = [];
    for (let i = 0; i < this.bins.length; i += most) bins.push(this.bins.slice(i, i + most).reduce(merged));
    const tested = [...this.evaluations.map((each) => [each[axis], each.decided] as const), ...(end ? [[this.last[axis], end.decided] as const] : [])];
    return {
      loss: [bins.map((bin) => bin[axis]), bins.map(({ loss }) => loss)],
      accuracy: [tested.map(([place]) => place), tested.map(([, decided]) => decided)],
    };
  }

  /** [step, of the batch, decided mask, sampled mask], on the joined steps of both. */
  accuracies(): [number[], (number | null)[], (number | null)[], (number | null)[]] {
    const rows = [
      ...this.bins.map((bin) => ({ step: bin.step, row: [bin.accuracy, null, null] as (number | null)[] })),
      ...this.evaluations.map(({ step, decided, sampled }) => ({ step, row: [null, decided, sampled] as (number | null)[] })),
    ].sort((a, b) => a.step - b.step);
    const column = (index: number): (number | null)[] => rows.map(({ row }) => row[index] ?? null);
    return [rows.map(({ step }) => step), column(0), column(1), column(2)];
  }
}
