// Stores every unit's score and mask over the run, one column a moment. The engine chooses the column of each moment, and when every second
// column is dropped.

import type { Columns, Snapshot, StepRecord, Values } from '../protocol/messages';

/** One moment of the run: scores in 0..255, mask bits as in a snapshot. */
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
  /** The settings at that moment: some change during a run. */
  values: Values;
}

type Rest = Omit<Moment, 'scores' | 'mask'>;

export class Timeline {
  readonly units: number;
  readonly capacity: number;
  /** Steps per column. It begins below one, so that after some doublings the last step is in the last column. */
  stride = 1;
  /** Columns in use. */
  columns = 0;
  /** Grows when columns move: a view then paints all of them again. */
  generation = 0;
  private readonly scores: Uint8Array;
  private readonly masks: Uint8Array;
  private readonly rest: Rest[] = [];

  constructor(units: number, capacity: number) {
    this.units = units;
    this.capacity = capacity;
    this.scores = new Uint8Array(units * capacity);
    this.masks = new Uint8Array(units * capacity);
  }

  /** From the columns of a file. `restOf` gives the other fields of a moment. */
  static of(units: number, { capacity, stride, steps, shades, masks }: Columns, restOf: (column: number) => Rest): Timeline {
    const timeline = new Timeline(units, capacity);
    [timeline.stride, timeline.columns] = [stride, steps.length];
    timeline.scores.set(shades);
    timeline.masks.set(masks);
    timeline.rest.push(...Array.from(steps, (_, column) => restOf(column)));
    return timeline;
  }

  /** Stores a moment in the column that the engine chose. */
  take({ shades, mask, records, recorded, ...told }: Snapshot, values: Values): void {
    if (!recorded) return;
    if (this.columns === 0) this.stride = recorded.stride;
    while (this.stride < recorded.stride) this.halve();
    const { step, epoch, kept, probe_kept, budget, sum_scores } = told;
    const moment = { step, epoch, scores: shades, mask, kept, probe_kept, budget, sum_scores, record: records.at(-1) ?? null, values };
    for (let column = Math.min(this.columns, recorded.column); column <= recorded.column; column++) this.put(column, moment);
  }

  at(column: number): Moment | null {
    const rest = this.rest[column];
    if (!rest) return null;
    const [from, to] = [column * this.units, (column + 1) * this.units];
    return { ...rest, scores: this.scores.subarray(from, to), mask: this.masks.subarray(from, to) };
  }

  /** The history after `step` steps, with `stride` steps per column. */
  until(step: number, stride: number): Timeline {
    const timeline = new Timeline(this.units, this.capacity);
    timeline.stride = stride;
    for (let column = 0; column * stride <= step && column < this.capacity; column++) {
      const moment = this.at(Math.floor((column * stride) / this.stride));
      if (!moment || moment.step > step) break;
      timeline.put(column, moment);
    }
    return timeline;
  }

  private put(column: number, { scores, mask, ...rest }: Moment): void {
    this.scores.set(scores, column * this.units);
    this.masks.set(mask, column * this.units);
    this.rest[column] = rest;
    this.columns = Math.max(this.columns, column + 1);
  }

  private halve(): void {
    const left = Math.ceil(this.columns / 2);
    for (let column = 1; column < left; column++) {
      const from = 2 * column * this.units;
      this.scores.copyWithin(column * this.units, from, from + this.units);
      this.masks.copyWithin(column * this.units, from, from + this.units);
      const rest = this.rest[2 * column];
      if (rest) this.rest[column] = rest;
    }
    this.rest.length = left;
    this.columns = left;
    this.stride *= 2;
    this.generation += 1;
  }
}
