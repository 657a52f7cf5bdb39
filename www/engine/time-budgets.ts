// What work beside the training may cost. It shares one device with the training, which stands still meanwhile.

/** The time in milliseconds, from any beginning. */
export type Clock = () => number;

interface Allowance {
  /** At most this share of the time. */
  share: number;
  /** So long, in milliseconds, from the end of one to the beginning of the next, however cheap it is. */
  interval_ms: number;
}

/**
 * After so many steps tests and comparisons begin: before that there is little to see. What a comparison takes is estimated from these
 * steps alone, so that it is known by the time the first one is due.
 */
export const FIRST_STEPS = 30;

/** Each kind of work that a run repeats by itself. */
export const SIDE_WORK = {
  /** The first convolution's weights: little to read, and pictures that should be seen to change. */
  filters: { share: 0.05, interval_ms: 300 },

  /**
   * Every weight is read and moves to the page, and only a crash or a reload needs that: seldom, and the least share of all. A checkpoint
   * of more than `most_bytes` is saved only when it is asked for.
   */
  checkpoint: { share: 0.02, interval_ms: 5000, most_bytes: 256 << 20 },

  /**
   * A test: the curve of accuracy wants a point every `interval_steps` steps, or every `interval_ms` where steps are slow. It takes
   * `most_images`, or fewer so that it lasts no longer than `aim_ms`; with fewer than `least_images` it would say nothing. At the end of a
   * run it takes the whole test set, unless that lasts longer than `final_ms`.
   */
  test: { share: 0.1, interval_ms: 2000, interval_steps: 200, most_images: 2000, least_images: 200, aim_ms: 1000, final_ms: 60_000 },

  /**
   * A comparison with a dense step, which opens a second network. The answer changes with the number of kept units: it is measured anew after
   * `interval_ms`, or after `changed_interval_ms` where that number has changed by more than the share `change`. It takes the time of
   * `steps` steps of this run and of a dense one: a warm-up, three turns and a profile. A comparison that lasts longer than `unasked_ms`,
   * or whose second network is larger than `unasked_bytes`, is made only when it is asked for.
   */
  comparison: { share: 0.15, interval_ms: 10_000, changed_interval_ms: 1000, change: 0.2, steps: 5, unasked_ms: 6000, unasked_bytes: 512 << 20 },

  /**
   * The visitor's image is classified again while the network learns. What contributes to its class takes many more passes: that is
   * computed again only where it took less than `quick_ms` the last time.
   */
  classification: { share: 0.1, interval_ms: 250, quick_ms: 400 },

  /** A report of the estimator lab goes through everything that was drawn. Training is paused; most of the time is for the drawing itself. */
  lab_report: { share: 0.25, interval_ms: 0 },
} as const satisfies Record<string, Allowance & Record<string, number>>;

/** What a visitor asks for is done in calls to the engine of limited length: every other call waits for its end. */
export const ASKED_WORK = {
  /** One call of the estimator lab draws pairs of masks for about `aim_ms`. */
  lab_draw: { aim_ms: 150, most_pairs: 512 },
  /** What a unit is worth is measured on as many batches as `aim_ms` allows: too few would say nothing, more would say little more. */
  unit_cost: { aim_ms: 1500, least_batches: 4, most_batches: 32 },
} as const;

/** Holds one kind of work within its allowance. */
export class TimeBudget {
  private readonly begun_ms: number;
  private ended_ms = Number.NEGATIVE_INFINITY;
  /** Of the last time. */
  private cost_ms = 0;
  private readonly allowance: Allowance;
  private readonly clock: Clock;

  constructor(allowance: Allowance, clock: Clock) {
    this.allowance = allowance;
    this.clock = clock;
    this.begun_ms = clock();
  }

  /** Since the work was last done; infinite before the first time. */
  idle_ms(): number {
    return this.clock() - this.ended_ms;
  }

  /**
   * Whether the work stays within its share if it is done now and costs what it did the last time. `expected_ms`: what the first time is
   * expected to cost, where that is much; otherwise the first time needs no waiting.
   */
  isAffordable(expected_ms = 0): boolean {
    const idle_ms = Math.min(this.idle_ms(), this.clock() - this.begun_ms);
    return idle_ms >= Math.max(this.cost_ms, expected_ms) * (1 / this.allowance.share - 1);
  }

  /** Whether the interval is over and the work is affordable. */
  isDue(): boolean {
    return this.idle_ms() >= this.allowance.interval_ms && this.isAffordable();
  }

  /** Does the work and notes what it cost, also where it fails. */
  async spend<T>(work: () => Promise<T>): Promise<T> {
    const start_ms = this.clock();
    try {
      return await work();
    } finally {
      this.ended_ms = this.clock();
      this.cost_ms = this.ended_ms - start_ms;
    }
  }
}
