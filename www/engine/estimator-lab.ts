// The estimator lab: draws pairs of masks of a frozen copy of the network while the run is paused.

import type { OpenRun } from './open-run';
import { ASKED_WORK, SIDE_WORK, TimeBudget } from './time-budgets';
import { messageOf } from '../model/words';
import type { LabProgress } from '../protocol/messages';

const { lab_draw } = ASKED_WORK;

/** How many pairs to draw in the next call, where the last one drew `pairs` in `ms`: at most twice as many, as one call may be quick by chance. */
export function nextPairs(pairs: number, ms: number): number {
  const wanted = Math.round(pairs * Math.min(2, lab_draw.aim_ms / Math.max(ms, 1)));
  return Math.min(lab_draw.most_pairs, Math.max(1, wanted));
}

interface Drawing {
  /** The number of pairs asked for; 0: none. */
  wanted: number;
  pairs_a_call: number;
  progress: LabProgress | null;
}

export class EstimatorLab {
  private readonly run: OpenRun;
  private readonly reports: TimeBudget;
  private drawing: Drawing | null = null;

  constructor(run: OpenRun) {
    this.run = run;
    this.reports = new TimeBudget(SIDE_WORK.lab_report, run.environment.clock);
  }

  get isAsked(): boolean {
    return (this.drawing?.wanted ?? 0) > 0;
  }

  /** Pauses the run and draws until there are so many pairs; 0 stops. */
  draw(pairs: number): void {
    this.run.training = false;
    this.drawing ??= { wanted: 0, pairs_a_call: 1, progress: null };
    this.drawing.wanted = pairs;
    this.run.wake();
  }

  /** Draws the pairs of one call if more are wanted. Returns whether it drew. */
  async drawSome(): Promise<boolean> {
    const { run, drawing } = this;
    if (!drawing || run.closed) return false;
    const { wanted, progress } = drawing;
    const has_enough = progress !== null && progress.masks_left === 0 && progress.pairs >= wanted;
    if (wanted === 0 || has_enough) {
      await this.stop(drawing);
      return false;
    }
    const pairs = Math.max(1, Math.min(drawing.pairs_a_call, wanted - (progress?.pairs ?? 0)));
    try {
      const { ms, ...drawn } = await run.call((session) => session.estimator_draw(pairs));
      drawing.pairs_a_call = nextPairs(pairs, ms);
      await this.show({ ...drawn, of: drawing.wanted, drawing: true }, drawn.pairs >= 2 && this.reports.isAffordable());
    } catch (error) {
      await this.release();
      if (!run.isLost()) run.report({ kind: 'lab_refused', run: run.number, message: messageOf(error) });
      return false;
    }
    await run.environment.macrotask();
    return true;
  }

  /** The run continues: the frozen copy is freed. The page still shows its report. */
  async leave(): Promise<void> {
    if (!this.drawing) return;
    await this.stop(this.drawing);
    await this.release();
  }

  /** Reports the end of the drawing once. */
  private async stop({ progress }: Drawing): Promise<void> {
    if (progress?.drawing) await this.show({ ...progress, drawing: false }, true);
  }

  private async release(): Promise<void> {
    this.drawing = null;
    await this.run.call((session) => session.estimator_release());
  }

  private async show(progress: LabProgress, with_report: boolean): Promise<void> {
    const { run } = this;
    if (this.drawing) this.drawing.progress = progress;
    const report = with_report ? await this.reports.spend(() => run.call((session) => session.estimator_report())) : null;
    run.report({ kind: 'lab', run: run.number, progress, report });
  }
}
