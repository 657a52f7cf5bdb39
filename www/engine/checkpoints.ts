// Checkpoints: the engine writes the run as a file, and the worker sends it to the page.

import { OnRequest } from './on-request';
import type { OpenRun } from './open-run';
import { SIDE_WORK, TimeBudget } from './time-budgets';
import { messageOf } from '../model/words';

export class Checkpoints extends OnRequest {
  private readonly budget: TimeBudget;
  private saved_step = 0;

  constructor(run: OpenRun) {
    super(run);
    this.budget = new TimeBudget(SIDE_WORK.checkpoint, run.environment.clock);
  }

  /** Saves the run, unless this step is saved already or the network is too large to be saved unasked. */
  async save(): Promise<void> {
    // A weight and its velocity take four bytes each; scores are few beside them.
    const is_large = 8 * this.run.plan.weights > SIDE_WORK.checkpoint.most_bytes;
    if (this.run.step !== this.saved_step && !is_large) await this.work();
  }

  async saveIfDue(): Promise<void> {
    if (this.budget.isDue()) await this.save();
  }

  /** The run as a file without weights. The device is not read. */
  async record(ticket: number): Promise<void> {
    const { post } = this.run.environment;
    try {
      const bytes = await this.run.call((session) => session.recording());
      post({ kind: 'recording', ticket, bytes }, [bytes.buffer]);
    } catch (error) {
      post({ kind: 'refused', ticket, message: messageOf(error) });
    }
  }

  protected async work(): Promise<void> {
    const { run } = this;
    if (run.closed) return;
    this.saved_step = run.step;
    const checkpoint = await this.budget.spend(() => run.call((session) => session.checkpoint()));
    run.report({ kind: 'checkpoint', run: run.number, checkpoint }, [checkpoint.bytes.buffer]);
  }
}
