// Limits the steps per second to what the visitor chose.

import type { Clock } from './time-budgets';

/** The limit for all runs of the worker; 0: as many steps as the device can do. */
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

  /** Milliseconds until the next step may begin; 0 or less if it may begin now. */
  rest_ms(): number {
    return this.next_ms - this.clock();
  }

  /** A step begins. Without a limit the next one may begin at once. Steps that were missed by more than two intervals are not made up for. */
  begin(): void {
    // The limit may be removed while a step waits.
    if (!this.isLimited()) {
      this.next_ms = 0;
      return;
    }
    const distance_ms = 1000 / this.pace.steps_per_second;
    this.next_ms = Math.max(this.next_ms, this.clock() - distance_ms) + distance_ms;
  }
}
