// The curves of a run with all that a step says, in bounded memory: as src/run_file/curves.rs does.

import type { Evaluation, StepRecord } from '../protocol/messages';

const MOST_ROWS = 4096;

/** What a row tells; the first ones are the mean of its steps, the others what its last step left. */
export const COLUMNS = [
  'loss',
  'probe_loss',
  'accuracy',
  'gradient_norm',
  'sum_scores',
  'budget',
  'threshold',
  'learning_rate',
  'scores_rate',
  'multiply_adds',
  'seconds',
] as const;
const MEANS = 4;

/** Steps side by side: how many, and the last of them. */
export interface Row {
  steps: number;
  step: number;
  /** In the order of COLUMNS. */
  values: number[];
}

/** A test on the way; `kept` of each gated group under the decided mask. */
export interface Tested extends Evaluation {
  kept: number[];
}

export interface Curves {
  rows: Row[];
  /** Steps of a row; the last one may have fewer. */
  width: number;
  tests: Tested[];
}

const joined = (a: Row, b: Row): Row => ({
  steps: a.steps + b.steps,
  step: b.step,
  values: b.values.map((value, index) => (index < MEANS ? ((a.values[index] ?? NaN) * a.steps + value * b.steps) / (a.steps + b.steps) : value)),
});

export class Recorder implements Curves {
  rows: Row[] = [];
  width = 1;
  tests: Tested[] = [];

  push(records: StepRecord[]): void {
    for (const record of records) this.take({ steps: 1, step: record.step, values: COLUMNS.map((name) => record[name]) });
  }

  private take(row: Row): void {
    const last = this.rows.at(-1);
    if (last && last.steps < this.width) this.rows[this.rows.length - 1] = joined(last, row);
    else this.rows.push(row);
    if (this.rows.length <= MOST_ROWS) return;
    this.rows = Array.from({ length: Math.ceil(this.rows.length / 2) }, (_, index) => {
      const [a, b] = [this.rows[2 * index] as Row, this.rows[2 * index + 1]];
      return b ? joined(a, b) : a;
    });
    this.width *= 2;
  }

  test(test: Tested): void {
    this.tests.push(test);
    if (this.tests.length > MOST_ROWS) this.tests = this.tests.filter((_, index) => index % 2 === 1);
  }

  /** As they stand: rows are never changed, only replaced. */
  mark(): Curves {
    return { rows: [...this.rows], width: this.width, tests: [...this.tests] };
  }

  back({ rows, width, tests }: Curves): void {
    [this.rows, this.width, this.tests] = [[...rows], width, [...tests]];
  }
}

/** A row as a step's record, for what draws records. */
export function recordOf({ step, values }: Row, steps_per_epoch: number): StepRecord {
  const told = Object.fromEntries(COLUMNS.map((name, index) => [name, values[index] ?? NaN])) as Record<(typeof COLUMNS)[number], number>;
  return { step, epoch: step / steps_per_epoch, ...told };
}
