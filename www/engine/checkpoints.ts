// Checkpoints: the run as a file, written by the engine and handed to the page.

import type { OpenRun } from './open-run';
import { SIDE_WORK, TimeBudget } from './time-budgets';
import { messageOf } from '../model/words';

export class Checkpoints {
  private readonly run: OpenRun;
  private readonly budget: TimeBudget;
  private saved_step = 0;
  private asked = false;

  constructor(run: OpenRun) {
    this.run = run;
    this.budget = new TimeBudget(SIDE_WORK.checkpoint, run.environment.clock);
  }

  get isAsked(): boolean {
    return this.asked;
  }

  /** The visitor wants one now, whatever it costs. */
  ask(): void {
    this.asked = true;
    this.run.wake();
  }

  async answer(): Promise<void> {
    if (!this.asked) return;
    this.asked = false;
    await this.write();
  }

  /** Saves the run as it stands, unless this step is saved already or the network is too large to save it unasked. */
  async save(): Promise<void> {
    // A weight and its velocity take four bytes each; scores are few beside them.
    const is_large = 8 * this.run.plan.weights > SIDE_WORK.checkpoint.most_bytes;
    if (this.run.step !== this.saved_step && !is_large) await this.write();
  }

  async saveIfDue(): Promise<void> {
    if (this.budget.isDue()) await this.save();
  }

  /** The run as a file that is only looked at. No device is asked. */
  async record(ticket: number): Promise<void> {
    const { post } = this.run.environment;
    try {
      const bytes = await this.run.call((session) => session.recording());
      post({ kind: 'recording', ticket, bytes }, [bytes.buffer]);
    } catch (error) {
      post({ kind: 'refused', ticket, message: messageOf(error) });
    }
  }

  private async write(): Promise<void> {
    const { run } = this;
    if (run.closed) return;
    this.saved_step = run.step;
    const checkpoint = await this.budget.spend(() => run.call((session) => session.checkpoint()));
    run.report({ kind: 'checkpoint', run: run.number, checkpoint }, [checkpoint.bytes.buffer]);
  }
}
