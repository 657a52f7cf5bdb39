// Feeds the data of a run to its session. The run may train meanwhile.

import { feedFiles } from './dataset-fetch';
import type { OpenRun } from './open-run';
import { said } from '../words/said';

/** Least time between two reports of progress. */
const PROGRESS_MS = 80;

export class DatasetFeed {
  private readonly run: OpenRun;
  private complete = false;
  private fed: Promise<void> = Promise.resolve();

  constructor(run: OpenRun) {
    this.run = run;
  }

  /** Whether all data have arrived, test images included. */
  get is_complete(): boolean {
    return this.complete;
  }

  /** Begins to feed the files of the run. `folder`: an absolute address. */
  begin(folder: string): void {
    const { run } = this;
    const { clock } = run.environment;
    let told_ms = Number.NEGATIVE_INFINITY;
    const arrived = (done: number, of: number): void => {
      run.wake();
      const now_ms = clock();
      if (now_ms - told_ms < PROGRESS_MS && done < of) return;
      told_ms = now_ms;
      run.report({ kind: 'progress', run: run.number, stage: said`data`, done, of });
    };
    const uncached = (why: string): void => run.report({ kind: 'uncached', run: run.number, message: why });
    this.fed = feedFiles(run.session, folder, run.signal, (work) => run.call(work), arrived, uncached).then(
      () => void (this.complete = true),
      (error: unknown) => run.failWith(error),
    );
  }

  /** Resolves when feeding has ended, also where it failed or the run was closed. */
  ended(): Promise<void> {
    return this.fed;
  }

  /** Reports a test image once all data have arrived. */
  async showExample(index: number): Promise<void> {
    const { run } = this;
    await this.fed;
    if (run.closed) return;
    const { inputs, label } = await run.call((session) => session.example(index));
    run.report({ kind: 'example', run: run.number, index, inputs, label }, [inputs.buffer]);
  }
}
