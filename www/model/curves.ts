// Stores the curves of a run: rows of steps, which the engine averages, and evaluations. A chart averages rows further when it draws.

import { CURVES } from '../protocol/columns';
import type { Evaluation, Recorded, StepRecord } from '../protocol/messages';

/** The x axes of a comparison. */
export type Along = 'step' | 'seconds' | 'multiply_adds';

type Column = (typeof CURVES)[number]['name'];

/** Consecutive steps: how many, the last of them, and their values. */
export type Row = Record<'steps' | 'step' | Column, number>;

/** The values of a row. */
export const COLUMNS = CURVES.map(({ name }) => name);
/** The numbers of a row, in the order of the engine. */
const NUMBERS = ['steps', 'step', ...COLUMNS] as const;
const PLACES = Object.fromEntries(NUMBERS.map((name, place) => [name, place])) as Row;
const MEANS = CURVES.filter(({ mean }) => mean).map(({ name }) => name);

/** The most points of a curve: in a chart of one run, and in a chart of several, where more points would hide the other curves. */
const MOST_DRAWN = 360;
const MOST_COMPARED = 60;

/** Curves in session storage: the numbers of all rows, one row after another. JSON has no NaN; null stands for it. */
export interface StoredCurves {
  rows: (number | null)[];
  tests: Evaluation[];
}

/** Rows in one array, because thousands of objects would take several times as much memory. */
export class Rows {
  length = 0;
  private numbers = new Float64Array();

  /** From the numbers of all rows, one row after another. */
  static of(numbers: ArrayLike<number | null>): Rows {
    const rows = new Rows();
    rows.replace(
      0,
      Float64Array.from(numbers, (each) => each ?? NaN),
    );
    return rows;
  }

  /** Replaces the rows from `from` on. */
  replace(from: number, numbers: Float64Array): void {
    const begin = Math.min(from, this.length) * NUMBERS.length;
    const end = begin + numbers.length;
    if (end > this.numbers.length) {
      // Space for a power of two of rows. The most rows that the engine has are one too, so the array stops growing early in a run.
      const larger = new Float64Array(NUMBERS.length * 2 ** Math.ceil(Math.log2(end / NUMBERS.length)));
      larger.set(this.numbers.subarray(0, begin));
      this.numbers = larger;
    }
    this.numbers.set(numbers, begin);
    this.length = end / NUMBERS.length;
  }

  value(index: number, name: keyof Row): number {
    return this.numbers[index * NUMBERS.length + PLACES[name]] ?? NaN;
  }

  at(index: number): Row | null {
    if (index < 0 || index >= this.length) return null;
    return Object.fromEntries(NUMBERS.map((name) => [name, this.value(index, name)])) as unknown as Row;
  }

  all(): Row[] {
    return Array.from({ length: this.length }, (_, index) => this.at(index) as Row);
  }

  /** The number of rows whose last step is before `step`. */
  before(step: number): number {
    let count = this.length;
    while (count > 0 && this.value(count - 1, 'step') >= step) count -= 1;
    return count;
  }

  /** The first `count` rows. */
  first(count: number): Rows {
    return Rows.of(this.numbers.subarray(0, count * NUMBERS.length));
  }

  /** The rows from `from` up to `to` as one. */
  joined(from: number, to: number): Row {
    const row = this.at(to - 1) as Row;
    if (to - from === 1) return row;
    let steps = 0;
    for (let index = from; index < to; index++) steps += this.value(index, 'steps');
    for (const name of MEANS) {
      let sum = 0;
      for (let index = from; index < to; index++) sum += this.value(index, name) * this.value(index, 'steps');
      row[name] = sum / steps;
    }
    row.steps = steps;
    return row;
  }
}

/** At most `most` evaluations, with the last one. */
function thinned(tests: Evaluation[], most: number): Evaluation[] {
  const each = Math.ceil(tests.length / most);
  return tests.filter((_, index) => (tests.length - 1 - index) % each === 0);
}

/** At most `most` points: each averages one, two, four, eight… rows. */
export function binned(rows: Rows, most: number): Row[] {
  let each = 1;
  while (rows.length > most * each) each *= 2;
  return Array.from({ length: Math.ceil(rows.length / each) }, (_, index) => rows.joined(index * each, Math.min((index + 1) * each, rows.length)));
}

export class Curves {
  /** In the order of their steps. */
  readonly rows: Rows;
  tests: Evaluation[];
  /** Grows with each change: a view then draws again. */
  version = 0;

  constructor(rows: Rows = new Rows(), tests: Evaluation[] = []) {
    this.rows = rows;
    this.tests = tests;
  }

  /** As many points as a chart draws. */
  stored(): StoredCurves {
    const rows = binned(this.rows, MOST_DRAWN).flatMap((row) => NUMBERS.map((name) => row[name]));
    return { rows, tests: thinned(this.tests, MOST_DRAWN) };
  }

  static restored({ rows, tests }: StoredCurves): Curves {
    return new Curves(Rows.of(rows), [...tests]);
  }

  /** Step, seconds and multiply-adds so far. */
  get last(): Record<Along, number> {
    return this.rows.at(this.rows.length - 1) ?? { step: 0, seconds: 0, multiply_adds: 0 };
  }

  /** The record of the last row. */
  record(steps_per_epoch: number): StepRecord | null {
    return this.recordBefore(Infinity, steps_per_epoch);
  }

  /** The record of the last row before that number of steps. */
  recordBefore(steps: number, steps_per_epoch: number): StepRecord | null {
    const row = this.rows.at(this.rows.before(steps) - 1);
    if (!row) return null;
    const { steps: _, ...values } = row;
    return { ...values, epoch: row.step / steps_per_epoch };
  }

  /** Replaces the rows from `from` on. */
  take({ from, rows }: Pick<Recorded, 'from' | 'rows'>): void {
    if (rows.length === 0) return;
    this.rows.replace(from, rows);
    this.version += 1;
  }

  /** Adds an evaluation; `tests` is the engine's number of them. A second evaluation of a step replaces the first. */
  test(test: Evaluation, tests: number): void {
    this.tests = [...this.tests.filter(({ step }) => step < test.step), test];
    if (this.tests.length > tests) this.tests = this.tests.filter((_, index) => index % 2 === 1);
    this.version += 1;
  }

  /** The curves of the first `steps` steps. */
  until(steps: number): Curves {
    return new Curves(
      this.rows.first(this.rows.before(steps)),
      this.tests.filter(({ step }) => step <= steps),
    );
  }

  /** The last evaluation at a step or before it. */
  testedBy(step: number): Evaluation | null {
    return this.tests.findLast((each) => each.step <= step) ?? null;
  }

  /** [step, loss, probe loss]; null where there is no second mask. */
  losses(): [number[], number[], (number | null)[]] {
    const rows = binned(this.rows, MOST_DRAWN);
    return [rows.map(({ step }) => step), rows.map(({ loss }) => loss), rows.map(({ probe_loss }) => (Number.isFinite(probe_loss) ? probe_loss : null))];
  }

  /** The loss under m and the test accuracy of the decided mask, each with its place on the axis. */
  along(axis: Along): { loss: [number[], number[]]; accuracy: [number[], number[]] } {
    const rows = binned(this.rows, MOST_COMPARED);
    const tests = thinned(this.tests, MOST_COMPARED);
    let next = 0;
    const place = ({ step }: Evaluation): number => {
      while (next < this.rows.length && this.rows.value(next, 'step') < step) next += 1;
      return next === 0 ? 0 : this.rows.value(next - 1, axis);
    };
    return {
      loss: [rows.map((row) => row[axis]), rows.map(({ loss }) => loss)],
      accuracy: [tests.map(place), tests.map(({ decided }) => decided)],
    };
  }

  /** [step, accuracy of the batch, of the decided mask, of the sampled mask], at the steps of rows and evaluations. */
  accuracies(): [number[], (number | null)[], (number | null)[], (number | null)[]] {
    const points = [
      ...binned(this.rows, MOST_DRAWN).map(({ step, accuracy }) => ({ step, point: [accuracy, null, null] as (number | null)[] })),
      ...thinned(this.tests, MOST_DRAWN).map(({ step, decided, sampled }) => ({ step, point: [null, decided, sampled] as (number | null)[] })),
    ].sort((a, b) => a.step - b.step);
    const column = (index: number): (number | null)[] => points.map(({ point }) => point[index] ?? null);
    return [points.map(({ step }) => step), column(0), column(1), column(2)];
  }
}
