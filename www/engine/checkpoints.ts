// Checkpoints: what it takes to go on with the run, read from the device and handed to the page.

import type { Session } from './load';
import type { OpenRun } from './open-run';
import { SIDE_WORK, TimeBudget } from './time-budgets';
import type { Change } from '../protocol/messages';

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
    await this.read();
  }

  /** Saves the run as it stands, unless this step is saved already or the network is too large to save it unasked. */
  async save(): Promise<void> {
    // A weight and its velocity take four bytes each; scores are few beside them.
    const is_large = 8 * this.run.plan.weights > SIDE_WORK.checkpoint.most_bytes;
    if (this.run.step !== this.saved_step && !is_large) await this.read();
  }

  async saveIfDue(): Promise<void> {
    if (this.budget.isDue()) await this.save();
  }

  private async read(): Promise<void> {
    const { run } = this;
    if (run.closed) return;
    this.saved_step = run.step;
    let changes: Change[] = [];
    // A setting that changes while the device is read is not part of what was read.
    const read = (session: Session): ReturnType<Session['checkpoint']> => {
      changes = [...run.changes];
      return session.checkpoint();
    };
    const state = await this.budget.spend(() => run.call(read));
    const { counts, integers, floats, sizes } = state;
    run.report({ kind: 'kept', run: run.number, state, changes }, [counts.buffer, integers.buffer, floats.buffer, sizes.buffer]);
  }
}
