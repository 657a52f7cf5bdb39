// Every unit's score and mask over the run, in bounded memory: when the columns are used up, every second one is
// dropped and each of the rest stands for twice as many steps.

import type { Snapshot, StepRecord, Values } from '../protocol/messages';

const MOST_COLUMNS = 512;
const FEWEST_COLUMNS = 64;
const MOST_BYTES = 48 << 20;

/** One moment of the run, as it was kept: scores in 0..255, mask bits as in a snapshot. */
export interface Moment {
  step: number;
  epoch: number;
  scores: Uint8Array;
  mask: Uint8Array;
  kept: Uint32Array;
  probe_kept: Uint32Array;
  budget: number;
  sum_scores: number;
  /** The last step before it; null at the beginning. */
  record: StepRecord | null;
  /** The settings as they stood: some change during a run. */
  values: Values;
}

/** What a file keeps of a moment; the rest follows from its curves and its settings. */
export type KeptMoment = Omit<Moment, 'epoch' | 'record' | 'values'>;

/** The moments of a run, in the order of their columns. */
export interface History<Each = Moment> {
  capacity: number;
  /** Steps that a column stands for. */
  stride: number;
  moments: Each[];
}

/** Scores as bytes. Exactly 0 and exactly 1 are the only ones that become 0 and 255: a unit in between stays visibly undecided. */
export function quantised(scores: Float32Array, into: Uint8Array = new Uint8Array(scores.length)): Uint8Array {
  for (let unit = 0; unit < scores.length; unit++) {
    const score = scores[unit] ?? 0;
    into[unit] = score <= 0 ? 0 : score >= 1 ? 255 : 1 + Math.min(253, Math.floor(score * 254));
  }
  return into;
}

export class Timeline {
  readonly units: number;
  readonly capacity: number;
  /** Steps that one column stands for; less than one at first, so that after some doublings the last step is the last column. */
  stride: number;
  /** Columns in use. */
  columns = 0;
  /** Grows when columns move, so that a view knows to paint them all again. */
  generation = 0;
  private readonly scores: Uint8Array;
  private readonly masks: Uint8Array;
  private readonly rest: Omit<Moment, 'scores' | 'mask'>[] = [];

  /** What was kept of a run. */
  static from(units: number, { capacity, stride, moments }: History): Timeline {
    const timeline = new Timeline(units, 0, capacity);
    timeline.stride = stride;
    for (const { scores, mask, ...rest } of moments) {
      timeline.scores.set(scores, timeline.columns * units);
      timeline.masks.set(mask, timeline.columns * units);
      timeline.rest[timeline.columns] = rest;
      timeline.columns += 1;
    }
    return timeline;
  }

  constructor(units: number, steps: number, capacity?: number) {
    this.units = units;
    const affordable = Math.floor(MOST_BYTES / Math.max(1, 2 * units));
    this.capacity = capacity ?? Math.min(MOST_COLUMNS, Math.max(FEWEST_COLUMNS, affordable & ~1));
    this.stride = (steps + 1) / this.capacity;
    while (this.stride > 1) this.stride /= 2;
    this.scores = new Uint8Array(units * this.capacity);
    this.masks = new Uint8Array(units * this.capacity);
  }

  /** Takes the moment of a snapshot. Columns whose steps no snapshot showed hold what came next. */
  push(snapshot: Snapshot, values: Values): void {
    while (Math.floor(snapshot.step / this.stride) >= this.capacity) this.halve();
    const column = Math.floor(snapshot.step / this.stride);
    const { units } = this;
    const scores = this.scores.subarray(column * units, (column + 1) * units);
    quantised(snapshot.scores, scores);
    this.masks.set(snapshot.mask, column * units);
    const { step, epoch, kept, probe_kept, budget, sum_scores } = snapshot;
    const rest = { step, epoch, kept, probe_kept, budget, sum_scores, record: snapshot.records.at(-1) ?? null, values };
    this.rest[column] = rest;
    for (let missed = this.columns; missed < column; missed++) {
      this.scores.copyWithin(missed * units, column * units, (column + 1) * units);
      this.masks.copyWithin(missed * units, column * units, (column + 1) * units);
      this.rest[missed] = rest;
    }
    this.columns = Math.max(this.columns, column + 1);
  }

  at(column: number): Moment | null {
    const rest = this.rest[column];
    if (!rest) return null;
    const [from, to] = [column * this.units, (column + 1) * this.units];
    return { ...rest, scores: this.scores.subarray(from, to), mask: this.masks.subarray(from, to) };
  }

  /** The moments up to a step. */
  until(step: number): History {
    const moments: Moment[] = [];
    for (let column = 0; column < this.columns; column++) {
      const moment = this.at(column);
      if (moment && moment.step <= step) moments.push(moment);
    }
    return { capacity: this.capacity, stride: this.stride, moments };
  }

  private halve(): void {
    const kept = Math.ceil(this.columns / 2);
    for (let column = 1; column < kept; column++) {
      const from = 2 * column * this.units;
      this.scores.copyWithin(column * this.units, from, from + this.units);
      this.masks.copyWithin(column * this.units, from, from + this.units);
      const rest = this.rest[2 * column];
      if (rest) this.rest[column] = rest;
    }
    this.rest.length = kept;
    this.columns = kept;
    this.stride *= 2;
    this.generation += 1;
  }
}
