// Evaluations: loss and accuracy on images that the network was never trained on.

import type { DatasetFeed } from './dataset-feed';
import type { OpenRun } from './open-run';
import { SIDE_WORK, TimeBudget } from './time-budgets';

const { test } = SIDE_WORK;

/** What the time of an evaluation is estimated from: a batch under two masks takes about as long as a training step. */
export interface TestCost {
  batch_size: number;
  /** How long a training step takes. */
  step_ms: number;
}

/** How long a test of so many images takes, in milliseconds. */
export function testMs(images: number, { batch_size, step_ms }: TestCost): number {
  return Math.ceil(images / batch_size) * step_ms;
}

/** How many test images fit in `ms`: at least as many as give a useful accuracy, and at most `most`. */
export function affordableImages(ms: number, most: number, { batch_size, step_ms }: TestCost): number {
  const images = Math.floor(ms / Math.max(step_ms, 0.01)) * batch_size;
  return Math.min(most, Math.max(test.least_images, images));
}

export class Evaluations {
  private readonly run: OpenRun;
  private readonly dataset: DatasetFeed;
  private readonly budget: TimeBudget;
  /** Of the last test during training. */
  private last_step = 0;

  constructor(run: OpenRun, dataset: DatasetFeed) {
    this.run = run;
    this.dataset = dataset;
    this.budget = new TimeBudget(SIDE_WORK.test, run.environment.clock);
  }

  /** During training: evaluates some test images when that is due. */
  async testIfDue(step: number): Promise<void> {
    const is_due = step - this.last_step >= test.interval_steps || this.budget.idle_ms() >= test.interval_ms;
    const images = this.affordable(test.aim_ms, test.most_images);
    const ms = testMs(images, this.cost());
    // The test images arrive last: before that there is nothing to evaluate.
    if (!this.dataset.is_complete || !is_due || !this.budget.isAffordable(ms > test.aim_ms ? ms : 0)) return;
    await this.evaluate(images, false);
    this.last_step = step;
  }

  /** At the end of the run: the whole test set, or as much of it as fits in a minute. */
  async testAtEnd(): Promise<void> {
    await this.evaluate(this.affordable(test.final_ms, this.run.plan.dataset.test), true);
  }

  private cost(): TestCost {
    return { batch_size: this.run.plan.batch_size, step_ms: this.run.step_ms };
  }

  private affordable(ms: number, most: number): number {
    return affordableImages(ms, Math.min(most, this.run.plan.dataset.test), this.cost());
  }

  private async evaluate(images: number, whole: boolean): Promise<void> {
    const { run } = this;
    if (run.closed) return;
    run.announce('test', testMs(images, this.cost()));
    const evaluated = await this.budget.spend(() => run.call((session) => session.evaluate(images)));
    run.announce(null);
    run.report({ kind: 'evaluated', run: run.number, ...evaluated, whole });
  }
}
