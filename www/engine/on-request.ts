// Work of a run that somebody asks for, and that the worker does between two submits.

import type { OpenRun } from './open-run';

export abstract class OnRequest {
  protected readonly run: OpenRun;
  private asked = false;

  constructor(run: OpenRun) {
    this.run = run;
  }

  get isAsked(): boolean {
    return this.asked;
  }

  /** Asks for the work now, whatever time it takes. */
  ask(): void {
    this.asked = true;
    this.run.wake();
  }

  /** Does the work if somebody has asked for it. */
  async answer(): Promise<void> {
    if (!this.asked) return;
    this.asked = false;
    await this.work();
  }

  protected abstract work(): Promise<void>;
}
