// The loop of an open run: it trains, reports and does what is asked for. Between two submits it lets messages be handled.

import { Checkpoints } from './checkpoints';
import { Classifier } from './classifier';
import { DatasetFeed } from './dataset-feed';
import { EstimatorLab } from './estimator-lab';
import { Evaluations } from './evaluations';
import { Filters } from './filters';
import type { Session } from './load';
import { after, type OpenRun } from './open-run';
import { type Pace, Pacer } from './pacer';
import { SpeedComparison } from './speed-comparison';
import { FIRST_STEPS } from './time-budgets';
import { UnitCosts } from './unit-costs';
import { messageOf } from '../model/words';
import type { Snapshot } from '../protocol/messages';

/** More steps than a submit ever takes: the engine ends a submit after some 30 ms. */
const MOST_STEPS = 4096;
/** How long the loop sleeps at most: while data are missing, and while it has nothing to do. */
const WAIT_FOR_DATA_MS = 100;
const WAIT_FOR_WORK_MS = 1000;

export class TrainingLoop {
  readonly run: OpenRun;
  readonly dataset: DatasetFeed;
  readonly checkpoints: Checkpoints;
  readonly comparison: SpeedComparison;
  readonly unit_costs: UnitCosts;
  readonly lab: EstimatorLab;
  readonly classifier: Classifier;
  private readonly evaluations: Evaluations;
  private readonly filters: Filters;
  private readonly pacer: Pacer;
  /** Single steps, and single phases of a step, that were asked for and are not done yet. */
  private single_steps = 0;
  private single_phases = 0;
  /** Whether a step has begun and is not finished. */
  private is_mid_step = false;
  /** Whether it took a step since it was opened. */
  private has_trained = false;
  /** Of the last snapshot that the loop took. */
  private last: Pick<Snapshot, 'step' | 'halted' | 'finished'> = { step: 0, halted: null, finished: false };

  constructor(run: OpenRun, pace: Pace) {
    this.run = run;
    this.dataset = new DatasetFeed(run);
    this.checkpoints = new Checkpoints(run);
    this.comparison = new SpeedComparison(run);
    this.unit_costs = new UnitCosts(run);
    this.lab = new EstimatorLab(run);
    this.classifier = new Classifier(run);
    this.evaluations = new Evaluations(run, this.dataset);
    this.filters = new Filters(run);
    this.pacer = new Pacer(pace, run.environment.clock);
  }

  train(): void {
    this.run.training = true;
    this.run.wake();
  }

  pause(): void {
    this.run.training = false;
    this.run.wake();
  }

  /** Pauses, and takes one step. */
  takeStep(): void {
    this.single_steps += 1;
    this.pause();
  }

  /** Pauses, and takes one phase of a step. */
  takePhase(): void {
    this.single_phases += 1;
    this.pause();
  }

  /** Changes a live setting. Where the run cannot take it, as with a fixed mask and another keep ratio, the page applies it to the next run. */
  change(name: string, value: string): void {
    const { run } = this;
    run
      .call((session) => session.change(name, value))
      .then(
        // Pinned units are shown at once, not after the next step.
        () => (name === 'pins' && !this.is_mid_step ? this.show((session) => session.snapshot()) : undefined),
        () => run.report({ kind: 'unchanged', run: run.number, name }),
      )
      .catch((error: unknown) => run.fail('engine', messageOf(error)));
  }

  /** Serves the run until it is closed. */
  async drive(): Promise<void> {
    const { run } = this;
    try {
      this.last = await this.show((session) => session.snapshot());
      await this.filters.show(this.last.step);
      // A run that was saved at its end has nothing left to do.
      if (this.last.step >= run.session.description().steps) run.enter('finished');
      else await this.trainToEnd();
      await this.stayOpen();
    } catch (error) {
      if (!run.isLost()) run.failWith(error);
    }
    await this.dataset.ended();
    await this.leave().catch(() => undefined);
    // An engine that trapped cannot free anything.
    await run.call((session) => session.free()).catch(() => undefined);
  }

  /** Sends what the visitor goes back to, if another run or a file replaces this one. */
  private async leave(): Promise<void> {
    const { run } = this;
    if (run.has_failed || run.passing || !this.has_trained || this.last.halted !== null) return;
    if (this.is_mid_step) this.last = await this.show((session) => session.advance(1));
    await this.checkpoints.leave();
  }

  /** Trains until the run ends or is closed. */
  private async trainToEnd(): Promise<void> {
    const { run } = this;
    while (!run.closed && !run.isLost()) {
      await this.completeStep();
      await this.answer();
      const has_ended = await (run.training || this.single_steps > 0 ? this.trainOn() : this.stayPaused());
      if (has_ended) return;
    }
  }

  /** After its last step a run still answers requests, and its device may still be lost. */
  private async stayOpen(): Promise<void> {
    const { run } = this;
    while (!run.closed && !run.isLost()) {
      await this.answer();
      if (await this.classifier.classify(this.last.step, true)) continue;
      if (!(await this.lab.drawSome())) await run.sleep(WAIT_FOR_WORK_MS);
    }
  }

  /** Does the work that was asked for meanwhile. */
  private async answer(): Promise<void> {
    await this.comparison.answer();
    await this.checkpoints.answer();
    await this.unit_costs.answer();
  }

  /** Other work cannot use the device in the middle of a step: the step is finished at once. */
  private async completeStep(): Promise<void> {
    const wanted = [this.comparison, this.checkpoints, this.unit_costs, this.lab].some(({ isAsked }) => isAsked);
    if (this.is_mid_step && wanted) this.last = await this.show((session) => session.advance(1));
  }

  /** One round of a paused run. Returns whether the run has ended. */
  private async stayPaused(): Promise<boolean> {
    const { run } = this;
    if (!this.is_mid_step) await this.filters.show(this.last.step);
    run.enter(this.last.step > 0 || this.is_mid_step ? 'paused' : 'idle');
    if (!this.is_mid_step) {
      await this.checkpoints.save();
      if (await this.classifier.classify(this.last.step, true)) return false;
    }
    if (this.single_phases > 0) {
      await this.advancePhase();
      return this.endIfOver();
    }
    if (!(await this.lab.drawSome())) await run.sleep(WAIT_FOR_WORK_MS);
    return false;
  }

  /** One round of a run that trains. Returns whether the run has ended. */
  private async trainOn(): Promise<boolean> {
    const { run } = this;
    this.single_phases = 0;
    await this.lab.leave();
    if (run.session.rows_ready() > 0) {
      if (this.last.step === 0) run.announce('step');
      const snapshot = await this.advance();
      this.last = snapshot;
      run.announce(null);
      if (await this.endIfOver()) return true;
      if (snapshot.records.length > 0) {
        await this.classifier.classifyIfDue(snapshot.step);
        if (run.training) await this.workBeside(snapshot.step);
        await run.environment.macrotask();
        return false;
      }
    }
    await this.waitForData();
    return false;
  }

  private async waitForData(): Promise<void> {
    this.run.enter('loading');
    await this.run.sleep(WAIT_FOR_DATA_MS);
  }

  /** One submit: one step if that is asked for or the visitor limits the pace, otherwise as many as fit. */
  private async advance(): Promise<Snapshot> {
    const { pacer } = this;
    if (this.single_steps > 0) {
      const snapshot = await this.show((session) => session.advance(1));
      if (snapshot.records.length > 0) this.single_steps -= 1;
      return snapshot;
    }
    if (!pacer.isLimited()) return this.show((session) => session.advance(MOST_STEPS));
    const rest_ms = pacer.rest_ms();
    if (rest_ms > 1) await after(rest_ms);
    pacer.begin();
    return this.show((session) => session.advance(1));
  }

  /** The next phase of a step. */
  private async advancePhase(): Promise<void> {
    const { run } = this;
    await this.lab.leave();
    if (run.session.rows_ready() === 0) return this.waitForData();
    const taken = await run.call((session) => session.phase());
    if (taken === null && !this.dataset.is_complete) return this.waitForData();
    this.single_phases -= 1;
    if (taken === null) return;
    if ('stage' in taken) {
      this.is_mid_step = taken.left.length > 0;
      run.report({ kind: 'partial_step', run: run.number, partial: taken });
      if (this.is_mid_step) return;
    }
    this.last = await this.show(() => Promise.resolve(taken.snapshot));
  }

  /** Reports a snapshot. Its arrays are transferred to the page, so the loop may read only its numbers afterwards. */
  private async show(work: (session: Session) => Promise<Snapshot>): Promise<Snapshot> {
    const { run } = this;
    const snapshot = await run.call(work);
    const { scores, shades, mask, kept, probe_kept, recorded, records, finished, halted, step } = snapshot;
    this.is_mid_step = false;
    run.step = step;
    run.kept_units = kept.reduce((sum, units) => sum + units, 0);
    if (records.length > 0) {
      this.has_trained = true;
      run.step_ms = snapshot.step_ms;
      this.comparison.observe(snapshot);
      if (run.training && !finished && halted === null) run.enter('training');
    }
    const arrays = [scores, shades, mask, kept, probe_kept, ...(recorded ? [recorded.rows] : [])];
    run.report(
      { kind: 'snapshot', run: run.number, snapshot },
      arrays.map(({ buffer }) => buffer),
    );
    this.comparison.warn();
    return snapshot;
  }

  /** Work during training when it is due: filters, a checkpoint, a speed comparison, an evaluation. */
  private async workBeside(step: number): Promise<void> {
    await this.filters.showIfDue(step);
    await this.checkpoints.saveIfDue();
    await this.comparison.measureIfDue();
    if (step >= FIRST_STEPS) await this.evaluations.testIfDue(step);
  }

  /** Ends a run that diverged or took its last step. Returns whether it ended. */
  private async endIfOver(): Promise<boolean> {
    const { halted, finished } = this.last;
    if (halted !== null) {
      this.run.enter('halted');
      return true;
    }
    if (!finished || this.is_mid_step) return false;
    await this.finish();
    return true;
  }

  /** The end of a run: fine-tuning under a selected mask where that is asked for, the test set, a last comparison. */
  private async finish(): Promise<void> {
    const { run } = this;
    await this.dataset.ended();
    const progress = (stage: string, done: number, of: number): void => run.report({ kind: 'progress', run: run.number, stage, done, of });
    if (!run.closed) await run.call((session) => session.finish(progress));
    await this.filters.show(Number.POSITIVE_INFINITY);
    await this.evaluations.testAtEnd();
    await this.checkpoints.save();
    await this.comparison.measureAtEnd();
    run.enter('finished');
  }
}
