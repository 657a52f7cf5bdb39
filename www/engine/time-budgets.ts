// How much time work other than training may take. It uses the same device, so training waits meanwhile.

/** The time in milliseconds since a fixed moment. */
export type Clock = () => number;

interface Allowance {
  /** At most this share of the time. */
  share: number;
  /** Least time in milliseconds from the end of one to the beginning of the next. */
  interval_ms: number;
}

/**
 * Evaluations and comparisons begin after so many steps: before that there is little to see. Where steps are slow, the first comparison does not
 * wait for all of them. The time of a comparison is estimated from these steps alone, so that it is known when the first one is due.
 */
export const FIRST_STEPS = 30;

/** The kinds of work that a run repeats. */
export const SIDE_WORK = {
  /** The weights of the first convolution: little to read, and the pictures should change visibly. */
  filters: { share: 0.05, interval_ms: 300 },

  /**
   * A checkpoint: every weight is read and sent to the page, and only a crash or a reload needs it, so it has the smallest share. A checkpoint
   * of more than `most_bytes` is saved only when it is asked for.
   */
  checkpoint: { share: 0.02, interval_ms: 5000, most_bytes: 256 << 20 },

  /**
   * An evaluation: the curve of accuracy gets a point every `interval_steps` steps, or every `interval_ms` where steps are slow. It takes
   * `most_images`, or as many as fit in `aim_ms`, but at least `least_images`: fewer give no useful accuracy. At the end of a run it takes
   * the whole test set, unless that takes longer than `final_ms`.
   */
  test: { share: 0.1, interval_ms: 2000, interval_steps: 200, most_images: 2000, least_images: 200, aim_ms: 1000, final_ms: 60_000 },

  /**
   * A comparison with a dense step, which opens a second network. The first one begins at the latest `first_ms` after the first step.
   * The answer changes with the number of kept units: it is measured again after
   * `interval_ms`, or after `changed_interval_ms` where that number has changed by more than the share `change`. It takes the time of
   * `steps` steps of this run and of a dense one: a warm-up, three turns and a profile. A comparison that lasts longer than `unasked_ms`,
   * or whose second network is larger than `unasked_bytes`, is made only when it is asked for.
   */
  comparison: {
    share: 0.15,
    interval_ms: 10_000,
    first_ms: 1500,
    changed_interval_ms: 1000,
    change: 0.2,
    steps: 5,
    unasked_ms: 6000,
    unasked_bytes: 512 << 20,
  },

  /**
   * The visitor's image is classified again while the network learns. What contributes to its class takes many more passes: that is
   * computed again only where it took less than `quick_ms` the last time.
   */
  classification: { share: 0.1, interval_ms: 250, quick_ms: 400 },

  /** A report of the estimator lab reads everything that was drawn. Training is paused; most of the time is for drawing. */
  lab_report: { share: 0.25, interval_ms: 0 },
} as const satisfies Record<string, Allowance & Record<string, number>>;

/** Work that a visitor asks for is split into short calls to the engine, because every other call waits for the end of one. */
export const ASKED_WORK = {
  /** One call of the estimator lab draws pairs of masks for about `aim_ms`. */
  lab_draw: { aim_ms: 150, most_pairs: 512 },
  /** The worth of a unit is measured on as many batches as `aim_ms` allows: too few are mostly noise, and more add little. */
  unit_cost: { aim_ms: 1500, least_batches: 4, most_batches: 32 },
} as const;

/** Holds one kind of work within its allowance. */
export class TimeBudget {
  private readonly begun_ms: number;
  private ended_ms = Number.NEGATIVE_INFINITY;
  /** The cost of the last time. */
  private cost_ms = 0;
  private readonly allowance: Allowance;
  private readonly clock: Clock;

  constructor(allowance: Allowance, clock: Clock) {
    this.allowance = allowance;
    this.clock = clock;
    this.begun_ms = clock();
  }

  /** Time since the work was last done; infinite before the first time. */
  idle_ms(): number {
    return this.clock() - this.ended_ms;
  }

  /**
   * Whether the work stays within its share if it is done now and takes as long as the last time. `expected_ms`: the expected time of the
   * first one, where that is long; otherwise the first one need not wait.
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
