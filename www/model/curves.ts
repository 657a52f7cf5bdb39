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
const MEANS = CURVES.filter(({ mean }) => mean).map(({ name }) => name);

/** The most points of a curve: in a chart of one run, and in a chart of several, where more points would hide the other curves. */
const MOST_DRAWN = 360;
const MOST_COMPARED = 60;

/** Curves in session storage: the numbers of all rows, one row after another. JSON has no NaN; null stands for it. */
export interface StoredCurves {
  rows: (number | null)[];
  tests: Evaluation[];
}

/** Rows from their numbers, one row after another. */
export function rowsOf(numbers: ArrayLike<number | null>): Row[] {
  const row = (_: unknown, index: number): Row =>
    Object.fromEntries(NUMBERS.map((name, place) => [name, numbers[index * NUMBERS.length + place] ?? NaN])) as unknown as Row;
  return Array.from({ length: numbers.length / NUMBERS.length }, row);
}

/** Consecutive rows as one. */
function joined(rows: Row[]): Row {
  const steps = rows.reduce((sum, row) => sum + row.steps, 0);
  const mean = (name: Column): number => rows.reduce((sum, row) => sum + row[name] * row.steps, 0) / steps;
  return { ...(rows.at(-1) as Row), steps, ...Object.fromEntries(MEANS.map((name) => [name, mean(name)])) };
}

/** At most `most` evaluations, with the last one. */
function thinned(tests: Evaluation[], most: number): Evaluation[] {
  const each = Math.ceil(tests.length / most);
  return tests.filter((_, index) => (tests.length - 1 - index) % each === 0);
}

/** At most `most` points: each averages one, two, four, eight… rows. */
export function binned(rows: Row[], most: number): Row[] {
  let each = 1;
  while (rows.length > most * each) each *= 2;
  return each === 1 ? rows : Array.from({ length: Math.ceil(rows.length / each) }, (_, index) => joined(rows.slice(index * each, (index + 1) * each)));
}

export class Curves {
  /** In the order of their steps. */
  rows: Row[];
  tests: Evaluation[];
  /** Grows with each change: a view then draws again. */
  version = 0;

  constructor(rows: Row[] = [], tests: Evaluation[] = []) {
    this.rows = rows;
    this.tests = tests;
  }

  /** As many points as a chart draws. */
  stored(): StoredCurves {
    const rows = binned(this.rows, MOST_DRAWN).flatMap((row) => NUMBERS.map((name) => row[name]));
    return { rows, tests: thinned(this.tests, MOST_DRAWN) };
  }

  static restored({ rows, tests }: StoredCurves): Curves {
    return new Curves(rowsOf(rows), [...tests]);
  }

  /** Step, seconds and multiply-adds so far. */
  get last(): Record<Along, number> {
    return this.rows.at(-1) ?? { step: 0, seconds: 0, multiply_adds: 0 };
  }

  /** The record of the last row. */
  record(steps_per_epoch: number): StepRecord | null {
    return this.recordBefore(Infinity, steps_per_epoch);
  }

  /** The record of the last row before that number of steps. */
  recordBefore(steps: number, steps_per_epoch: number): StepRecord | null {
    const row = this.rows.findLast(({ step }) => step < steps);
    if (!row) return null;
    const { steps: _, ...values } = row;
    return { ...values, epoch: row.step / steps_per_epoch };
  }

  /** Replaces the rows from `from` on. */
  take({ from, rows }: Pick<Recorded, 'from' | 'rows'>): void {
    if (rows.length === 0) return;
    this.rows.length = Math.min(from, this.rows.length);
    this.rows.push(...rowsOf(rows));
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
      this.rows.filter(({ step }) => step < steps),
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
      while ((this.rows[next]?.step ?? Infinity) < step) next += 1;
      return this.rows[next - 1]?.[axis] ?? 0;
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
