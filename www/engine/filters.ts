// The weights of the first convolution, which the page draws as pictures.

import type { OpenRun } from './open-run';
import { SIDE_WORK, TimeBudget } from './time-budgets';

export class Filters {
  private readonly run: OpenRun;
  private readonly budget: TimeBudget;
  /** The step at which they were last reported. */
  private shown_step = -1;

  constructor(run: OpenRun) {
    this.run = run;
    this.budget = new TimeBudget(SIDE_WORK.filters, run.environment.clock);
  }

  /** Reports the weights as they are now, unless those of this step were reported or the network has no such weights. */
  async show(step: number): Promise<void> {
    const { run } = this;
    if (!run.plan.filters || this.shown_step === step || run.closed) return;
    const weights = await this.budget.spend(() => run.call((session) => session.filters()));
    this.shown_step = step;
    if (weights) run.report({ kind: 'filters', run: run.number, weights }, [weights.buffer]);
  }

  async showIfDue(step: number): Promise<void> {
    if (this.budget.isDue()) await this.show(step);
  }
}
