// A comparison: contenders that train one after another, all else equal.

import type { Controls } from './controls';
import { decided } from './run-file';
import type { Contender, Description, Values } from '../protocol/messages';

/** Units of each gated group under the decided mask, as the knob `allocation` has them. */
function division(description: Description, scores: Float32Array): string {
  const mask = decided(scores, description);
  const gated = description.groups.filter((group) => group.gated);
  return gated.map(({ first_unit, size }) => mask.subarray(first_unit, first_unit + size).filter((kept) => kept === 1).length).join(',');
}

export class Queue {
  private at = -1;
  /** How vrpge divided the budget, once it did. */
  private divided: string | null = null;
  private readonly order: Contender[];
  readonly base: Values;
  private readonly best: boolean;

  /** `base`: what all have in common; `best`: each has its preset beside that. */
  constructor(chosen: Contender[], base: Values, best: boolean) {
    // The opponents come first: what they reach is what the learned ones are measured by. Behind all, who waits for how one of these ends.
    this.order = chosen.toReversed().sort((a, b) => Number(a.is_allocated) - Number(b.is_allocated));
    this.base = base;
    this.best = best;
  }

  /** The run that goes on. */
  get now(): { run: number; of: number; contender: string } {
    return { run: this.at + 1, of: this.order.length, contender: this.order[this.at]?.name ?? '' };
  }

  /** The run that went on came to its end. */
  end(description: Description, scores: Float32Array): void {
    if (this.order[this.at]?.name === 'vrpge') this.divided = division(description, scores);
  }

  /** What the next run is asked for, or why it cannot be had; null behind the last. */
  next(controls: Controls): { values: Values } | { refused: string } | null {
    this.at += 1;
    const contender = this.order[this.at];
    if (!contender) return null;
    const { base, best, divided } = this;
    const { name, method, made_by, presets, is_allocated } = contender;
    if (is_allocated && divided === null) return { refused: `${name} divides the budget as vrpge ended up, and that run did not come to its end.` };
    // What was chosen by hand stands above a preset.
    const lent = Object.entries(best ? presets : {}).filter(([named]) => base[named] === controls.knob(named)?.value);
    return {
      values: {
        ...base,
        ...controls.suggestions.along(base, 'method', method),
        ...Object.fromEntries(lent),
        ...made_by,
        method,
        ...(is_allocated && { allocation: divided ?? '' }),
      },
    };
  }
}
