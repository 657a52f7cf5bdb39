// The curves of a run as the engine told them: rows of steps, and tests. What a chart draws is made of them when it is drawn.

import { CURVES } from '../protocol/columns';
import type { Evaluation, Recorded, StepRecord } from '../protocol/messages';

/** What a run can be looked at along. */
export type Along = 'step' | 'seconds' | 'multiply_adds';

type Column = (typeof CURVES)[number]['name'];

/** Steps side by side: how many, the last of them, and what is told of them. */
export type Row = Record<'steps' | 'step' | Column, number>;

/** What is told of steps. */
export const COLUMNS = CURVES.map(({ name }) => name);
/** The numbers of a row, in the order in which they are told. */
const NUMBERS = ['steps', 'step', ...COLUMNS] as const;
const MEANS = CURVES.filter(({ mean }) => mean).map(({ name }) => name);

/** Points of a chart; and of one in which several curves are laid over one another, where so many can be told from noise. */
const MOST_DRAWN = 360;
const MOST_COMPARED = 60;

/** Curves as they are stored: the numbers of their rows one after another. JSON knows no NaN, and has null in its place. */
export interface StoredCurves {
  rows: (number | null)[];
  tests: Evaluation[];
}

/** Rows whose numbers stand one after another. */
export function rowsOf(told: ArrayLike<number | null>): Row[] {
  const row = (_: unknown, index: number): Row =>
    Object.fromEntries(NUMBERS.map((name, place) => [name, told[index * NUMBERS.length + place] ?? NaN])) as unknown as Row;
  return Array.from({ length: told.length / NUMBERS.length }, row);
}

/** Rows side by side as one. */
function joined(rows: Row[]): Row {
  const steps = rows.reduce((sum, row) => sum + row.steps, 0);
  const mean = (name: Column): number => rows.reduce((sum, row) => sum + row[name] * row.steps, 0) / steps;
  return { ...(rows.at(-1) as Row), steps, ...Object.fromEntries(MEANS.map((name) => [name, mean(name)])) };
}

/** At most so many tests, the last one among them. */
function thinned(tests: Evaluation[], most: number): Evaluation[] {
  const each = Math.ceil(tests.length / most);
  return tests.filter((_, index) => (tests.length - 1 - index) % each === 0);
}

/** At most so many points: each is two, four, eight… rows. */
export function binned(rows: Row[], most: number): Row[] {
  let each = 1;
  while (rows.length > most * each) each *= 2;
  return each === 1 ? rows : Array.from({ length: Math.ceil(rows.length / each) }, (_, index) => joined(rows.slice(index * each, (index + 1) * each)));
}

export class Curves {
  /** In the order of their steps. */
  rows: Row[];
  tests: Evaluation[];
  /** Grows with everything new, so that a view knows when to draw. */
  version = 0;

  constructor(rows: Row[] = [], tests: Evaluation[] = []) {
    this.rows = rows;
    this.tests = tests;
  }

  /** As much as is drawn of them. */
  stored(): StoredCurves {
    const rows = binned(this.rows, MOST_DRAWN).flatMap((row) => NUMBERS.map((name) => row[name]));
    return { rows, tests: thinned(this.tests, MOST_DRAWN) };
  }

  static restored({ rows, tests }: StoredCurves): Curves {
    return new Curves(rowsOf(rows), [...tests]);
  }

  /** Where the run is. */
  get last(): Record<Along, number> {
    return this.rows.at(-1) ?? { step: 0, seconds: 0, multiply_adds: 0 };
  }

  /** What the last step said, or the last steps together. */
  record(steps_per_epoch: number): StepRecord | null {
    return this.recordBefore(Infinity, steps_per_epoch);
  }

  /** What the last step before that many said. */
  recordBefore(steps: number, steps_per_epoch: number): StepRecord | null {
    const row = this.rows.findLast(({ step }) => step < steps);
    if (!row) return null;
    const { steps: _, ...told } = row;
    return { ...told, epoch: row.step / steps_per_epoch };
  }

  /** Takes what the engine says of rows: those from `from` on are these. */
  take({ from, rows }: Pick<Recorded, 'from' | 'rows'>): void {
    if (rows.length === 0) return;
    this.rows.length = Math.min(from, this.rows.length);
    this.rows.push(...rowsOf(rows));
    this.version += 1;
  }

  /** Takes a test, with which the run's file has so many. Of one step the last test stands. */
  test(test: Evaluation, tests: number): void {
    this.tests = [...this.tests.filter(({ step }) => step < test.step), test];
    if (this.tests.length > tests) this.tests = this.tests.filter((_, index) => index % 2 === 1);
    this.version += 1;
  }

  /** As they were after so many steps. */
  until(steps: number): Curves {
    return new Curves(
      this.rows.filter(({ step }) => step < steps),
      this.tests.filter(({ step }) => step <= steps),
    );
  }

  /** The last test at a step or before it. */
  testedBy(step: number): Evaluation | null {
    return this.tests.findLast((each) => each.step <= step) ?? null;
  }

  /** [step, loss, probe loss]; null where there is no second mask. */
  losses(): [number[], number[], (number | null)[]] {
    const rows = binned(this.rows, MOST_DRAWN);
    return [rows.map(({ step }) => step), rows.map(({ loss }) => loss), rows.map(({ probe_loss }) => (Number.isFinite(probe_loss) ? probe_loss : null))];
  }

  /** The loss under m, and the test accuracy of the decided mask, each with where it was. */
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

  /** [step, of the batch, decided mask, sampled mask], on the joined steps of both. */
  accuracies(): [number[], (number | null)[], (number | null)[], (number | null)[]] {
    const points = [
      ...binned(this.rows, MOST_DRAWN).map(({ step, accuracy }) => ({ step, point: [accuracy, null, null] as (number | null)[] })),
      ...thinned(this.tests, MOST_DRAWN).map(({ step, decided, sampled }) => ({ step, point: [null, decided, sampled] as (number | null)[] })),
    ].sort((a, b) => a.step - b.step);
    const column = (index: number): (number | null)[] => points.map(({ point }) => point[index] ?? null);
    return [points.map(({ step }) => step), column(0), column(1), column(2)];
  }
}
