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

  /** Saves the run, unless this step is saved already or the network is too large. */
  async save(): Promise<void> {
    if (this.run.step !== this.saved_step && !this.isLarge) await this.work();
  }

  /** Whether it is too large to be saved unasked. A weight and its velocity take four bytes each; scores are few beside them. */
  private get isLarge(): boolean {
    return 8 * this.run.plan.weights > SIDE_WORK.checkpoint.most_bytes;
  }

  /** The last checkpoint of a run that is closed because another one replaces it. */
  async leave(): Promise<void> {
    const { run } = this;
    if (this.isLarge) return;
    const checkpoint = run.step === this.saved_step ? null : await run.call((session) => session.checkpoint());
    run.environment.post({ kind: 'left', left: run.number, checkpoint }, checkpoint ? [checkpoint.bytes.buffer] : []);
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
