// How many steps a second the visitor wants to see.

import type { Clock } from './time-budgets';

/** One for all runs of the worker; 0 for as many steps as the device can do. */
export interface Pace {
  steps_per_second: number;
}

/** Says when the next step of a run may begin. */
export class Pacer {
  private next_ms = 0;
  private readonly pace: Pace;
  private readonly clock: Clock;

  constructor(pace: Pace, clock: Clock) {
    this.pace = pace;
    this.clock = clock;
  }

  isLimited(): boolean {
    return this.pace.steps_per_second !== 0;
  }

  /** Until the next step may begin; not positive where it may begin now. */
  rest_ms(): number {
    return this.next_ms - this.clock();
  }

  /** A step begins. Without a pace the next one may begin at once. Where it is later than by the distance of two steps, the steps that were missed are not made up for. */
  begin(): void {
    // A pace may be let go while a step waits for its time.
    if (!this.isLimited()) {
      this.next_ms = 0;
      return;
    }
    const distance_ms = 1000 / this.pace.steps_per_second;
    this.next_ms = Math.max(this.next_ms, this.clock() - distance_ms) + distance_ms;
  }
}
