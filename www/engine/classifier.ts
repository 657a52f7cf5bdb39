// The visitor's image: classified by the network at once, and again while the network learns.

import type { OpenRun } from './open-run';
import { SIDE_WORK, TimeBudget } from './time-budgets';
import { messageOf } from '../model/words';

interface Image {
  /** The number of the page's request. */
  ticket: number;
  /** [I] */
  bytes: Uint8Array;
  /** The steps at which it was last classified and at which its contributions were last computed; −1 before that. */
  step: number;
  explained_step: number;
}

export class Classifier {
  private readonly run: OpenRun;
  private readonly budget: TimeBudget;
  private image: Image | null = null;
  /** How long a classification with contributions took the last time. */
  private explain_ms = 0;

  constructor(run: OpenRun) {
    this.run = run;
    this.budget = new TimeBudget(SIDE_WORK.classification, run.environment.clock);
  }

  /** Classifies an image now and again during the run; null stops that. */
  take(ticket: number, bytes: Uint8Array | null): void {
    this.image = bytes && { ticket, bytes, step: -1, explained_step: -1 };
    if (!bytes) void this.run.call((session) => session.classify_release());
    this.run.wake();
  }

  /** During training: classifies a new image at once, and the same image again when that is due. */
  async classifyIfDue(step: number): Promise<void> {
    const { image, budget } = this;
    if (!image) return;
    const is_new = image.step < 0;
    if (!is_new && !budget.isDue()) return;
    const explain = is_new || this.explain_ms < SIDE_WORK.classification.quick_ms;
    await budget.spend(() => this.classify(step, explain));
  }

  /**
   * Reports the class probabilities piece by piece; `explain`: with contributions. Does nothing where they were reported at this step.
   * Returns whether it was interrupted, by another image or because training began or ended.
   */
  async classify(step: number, explain: boolean): Promise<boolean> {
    const { image, run } = this;
    const { training, environment } = run;
    if (!image || run.session.rows_ready() === 0 || (explain ? image.explained_step : image.step) === step) return false;
    const begin_ms = environment.clock();
    try {
      await run.call((session) => session.classify(image.bytes));
      while (this.image === image && run.training === training && !run.closed) {
        const found = await run.call((session) => session.classify_more(explain));
        if (!found) {
          if (explain) [image.explained_step, this.explain_ms] = [step, environment.clock() - begin_ms];
          return false;
        }
        run.report({ kind: 'classified', run: run.number, ticket: image.ticket, found });
        image.step = step;
        await environment.macrotask();
      }
    } catch (error) {
      if (run.isLost()) return false;
      this.image = null;
      run.report({ kind: 'classify_refused', run: run.number, message: messageOf(error) });
      return false;
    }
    return true;
  }
}
