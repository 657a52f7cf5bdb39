// Owns the engine. One run at a time; its loop advances, reports, and yields to messages between submits.

import { type Known, hasAdapter, knownAdapter } from './adapter';
import { type Engine, loadEngine, type Session } from './load';
import { feedFiles } from './dataset-fetch';
import { macrotask } from './macrotask';
import { isSame } from '../model/dataset-identity';
import type { Bytes, Change, Failure, LabProgress, OwnSet, Plan, Progress, Report, Request, Resumed, RunState, Snapshot, Task } from '../protocol/messages';

/** The engine ends a submit after some 30 ms by itself, whatever it may do at most. */
const MOST_STEPS = 4096;
/** Before this step there is little to see, and the first steps of a device are not its speed. */
const FIRST_LOOK_STEP = 30;
const EVALUATION_IMAGES = 2000;
/** Where a test of all of them lasts longer than the aim, it is one of fewer, but not of so few that it says nothing. */
const EVALUATION_LEAST_IMAGES = 200;
const EVALUATION_AIM_MS = 1000;
const EVALUATION_STEPS = 200;
const EVALUATION_MS = 2000;
const EVALUATION_SHARE = 0.1;
/** At the end the whole test set, unless that lasts longer than this. */
const FINAL_MS = 60_000;
const MEASUREMENT_MS = 10_000;
const MEASUREMENT_LEAST_MS = 1000;
const MEASUREMENT_SHARE = 0.15;
/** Kept units may change by this share before the speed is measured again. */
const MEASUREMENT_DRIFT = 0.2;
/** What a comparison costs, in steps of this run and of a dense one: a warm-up, three turns and a profile. */
const MEASUREMENT_STEPS = 5;
/** A comparison that lasts longer, or whose second network takes more, is made only when it is asked for. */
const MEASUREMENT_UNASKED_MS = 6000;
const MEASUREMENT_UNASKED_BYTES = 512 << 20;
/** Nor is a network opened unasked that takes more than this. */
const OPENED_UNASKED_BYTES = 1 << 30;
/** What a unit is worth is measured on so many batches: fewer where they last. */
const COST_MS = 1500;
const COST_BATCHES: [least: number, most: number] = [4, 32];
const FILTERS_MS = 300;
const FILTERS_SHARE = 0.05;
/** The estimators' lab draws so long at a time, so many pairs at most, and sums up what it found in so much of the time. */
const LAB_MS = 150;
const LAB_PAIRS = 512;
const LAB_REPORT_SHARE = 0.25;
/** Between two checkpoints, and what they may take: of the time, and of memory. */
const KEEP_MS = 5000;
const KEEP_SHARE = 0.02;
const KEEP_MOST_BYTES = 256 << 20;
/** An image at hand is looked at anew so often while the run trains; what contributes, only where that is quick. */
const CLASSIFY_MS = 250;
const CLASSIFY_SHARE = 0.1;
const EXPLAIN_QUICK_MS = 400;
/** What lasts longer is announced. */
const ANNOUNCED_MS = 700;
const PROGRESS_MS = 80;

function report(message: Report, transfer: Transferable[] = []): void {
  self.postMessage(message, { transfer });
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));
/** An engine that trapped is of no more use. */
const failureOf = (error: unknown): Failure => (error instanceof WebAssembly.RuntimeError ? 'crashed' : 'engine');
const all = ({ data, activations, weights, optimiser }: Bytes): number => data + activations + weights + optimiser;
const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Work beside the training that may take at most a share of the time. */
class Sideline {
  private readonly begun = performance.now();
  private ended = Number.NEGATIVE_INFINITY;
  private cost_ms = 0;
  private readonly share: number;

  constructor(share: number) {
    this.share = share;
  }

  idle_ms(): number {
    return performance.now() - this.ended;
  }

  /** `expected_ms`: what is known of the cost of the first time, where that is much. */
  affordable(expected_ms = 0): boolean {
    const idle = Math.min(this.idle_ms(), performance.now() - this.begun);
    return idle >= Math.max(this.cost_ms, expected_ms) * (1 / this.share - 1);
  }

  async spend<T>(work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.ended = performance.now();
      this.cost_ms = this.ended - start;
    }
  }
}

class Run {
  private training: boolean;
  private single_steps = 0;
  private single_phases = 0;
  /** Whether a step is begun and not finished. */
  private mid_step = false;
  private cost_of: number | null = null;
  private closed = false;
  private wake: () => void = () => undefined;
  private state: RunState | null = null;
  private next_step_at = 0;
  private kept_now = 0;
  private evaluated_step = 0;
  private measured_kept = 0;
  private step_ms = 0;
  /** The quickest of the first steps, and what they let expect of a dense one. */
  private quick_ms = Number.POSITIVE_INFINITY;
  private dense_ms = Number.POSITIVE_INFINITY;
  private told_costly = false;
  private measure_asked = false;
  private filters_step = -1;
  private keep_asked = false;
  private step_now = 0;
  private kept_step = 0;
  /** The estimators' lab: how many pairs are wanted, and how many it draws at a time. */
  private lab: { wanted: number; at_a_time: number; progress: LabProgress | null } | null = null;
  /** The image at hand, and at which step it was looked at last; what contributes is told once for each, and again where that is quick. */
  private image: { ticket: number; bytes: Uint8Array; step: number; explained: number } | null = null;
  private explain_ms = 0;
  private task: Task | null = null;
  private fed: Promise<void> = Promise.resolve();
  private all_fed = false;
  private last_turn: Promise<unknown> = Promise.resolve();
  private readonly abort = new AbortController();
  private readonly evaluations = new Sideline(EVALUATION_SHARE);
  private readonly measurements = new Sideline(MEASUREMENT_SHARE);
  private readonly filters = new Sideline(FILTERS_SHARE);
  private readonly classifications = new Sideline(CLASSIFY_SHARE);
  private readonly lab_reports = new Sideline(LAB_REPORT_SHARE);
  private readonly keeping = new Sideline(KEEP_SHARE);
  readonly number: number;
  private readonly session: Session;
  private readonly stopper: ReturnType<Session['stopper']>;
  private readonly plan: Plan;
  private readonly changes: Change[];

  constructor(number: number, session: Session, plan: Plan, train: boolean, changes: Change[]) {
    this.changes = changes;
    this.number = number;
    this.session = session;
    this.stopper = session.stopper();
    this.plan = plan;
    this.training = train;
  }

  train(): void {
    this.training = true;
    this.wake();
  }

  pause(): void {
    this.training = false;
    this.wake();
  }

  step(): void {
    this.training = false;
    this.single_steps += 1;
    this.wake();
  }

  phase(): void {
    this.training = false;
    this.single_phases += 1;
    this.wake();
  }

  /** The last unit that was asked for. */
  cost(unit: number): void {
    this.cost_of = unit;
    this.wake();
  }

  /** Pauses, and draws pairs of masks of the network as it stands until there are so many. */
  draw(pairs: number): void {
    this.training = false;
    this.lab ??= { wanted: 0, at_a_time: 1, progress: null };
    this.lab.wanted = pairs;
    this.wake();
  }

  /** Looks at an image, now and while the run goes on; null ends that. */
  classify(ticket: number, bytes: Uint8Array | null): void {
    this.image = bytes && { ticket, bytes, step: -1, explained: -1 };
    if (!bytes) void this.turn(() => this.session.classify_release());
    this.wake();
  }

  /** Tells a test image, once it is there. */
  async example(index: number): Promise<void> {
    await this.fed;
    if (this.closed) return;
    const { inputs, label } = await this.turn(() => this.session.example(index));
    this.report({ kind: 'example', run: this.number, index, inputs, label }, [inputs.buffer]);
  }

  measure(): void {
    this.measure_asked = true;
    this.wake();
  }

  askToKeep(): void {
    this.keep_asked = true;
    this.wake();
  }

  /** Takes a live setting over; where the run refuses it, as a fixed mask refuses another keep ratio, it waits for a restart. */
  change(name: string, value: string): void {
    const work = (): void => {
      this.changes.push([this.session.change(name, value), name, value]);
    };
    this.turn(work)
      .then(
        // What is pinned is seen at once.
        () => (name === 'pins' && !this.mid_step ? this.tell(() => this.session.snapshot()) : undefined),
        () => this.report({ kind: 'unchanged', run: this.number, name }),
      )
      .catch((error: unknown) => this.fail('engine', words(error)));
  }

  close(): void {
    this.closed = true;
    this.stopper.stop();
    this.abort.abort();
    this.wake();
  }

  /** Feeds the data beside the loop. */
  feed(folder: string): void {
    let told = -Infinity;
    const { signal } = this.abort;
    const arrived = (done: number, of: number): void => {
      this.wake();
      const now = performance.now();
      if (now - told < PROGRESS_MS && done < of) return;
      told = now;
      this.report({ kind: 'progress', run: this.number, stage: 'data', done, of });
    };
    const unkept = (why: string): void => this.report({ kind: 'unkept', run: this.number, message: why });
    this.fed = feedFiles(this.session, folder, signal, (work) => this.turn(work), arrived, unkept).then(
      () => void (this.all_fed = true),
      (error: unknown) => this.fail(failureOf(error), words(error)),
    );
  }

  /** From open to close. */
  async drive(): Promise<void> {
    try {
      let snapshot = await this.tell(() => this.session.snapshot());
      await this.showFilters(snapshot.step);
      // A run that was kept at its end has nothing left to do.
      const ended = snapshot.step >= this.session.description().steps;
      if (ended) this.enter('finished');
      while (!this.closed && !ended) {
        if (this.isLost()) break;
        snapshot = (await this.wholeStep()) ?? snapshot;
        await this.answerMeasurement();
        await this.answerKeep();
        await this.answerCost();
        if (!this.training && this.single_steps === 0) {
          if (!this.mid_step) await this.showFilters(snapshot.step);
          this.enter(snapshot.step > 0 || this.mid_step ? 'paused' : 'idle');
          if (!this.mid_step) {
            await this.keepNow();
            if (await this.classifyImage(snapshot.step, true)) continue;
          }
          if (this.single_phases > 0) {
            snapshot = (await this.walk()) ?? snapshot;
            if (snapshot.halted !== null) {
              this.enter('halted');
              break;
            }
            if (!this.mid_step && snapshot.finished) {
              await this.finish();
              break;
            }
            continue;
          }
          if (!(await this.drawPairs())) await this.woken(1000);
          continue;
        }
        this.single_phases = 0;
        await this.leaveLab();
        if (this.session.rows_ready() > 0) {
          snapshot = await this.advance(snapshot.step);
          if (snapshot.halted !== null) {
            this.enter('halted');
            break;
          }
          if (snapshot.finished) {
            await this.finish();
            break;
          }
          if (snapshot.records.length > 0) {
            await this.keepClassifying(snapshot.step);
            if (this.training) await this.look(snapshot);
            await macrotask();
            continue;
          }
        }
        this.enter('loading');
        await this.woken(100);
      }
      // A run that ended by itself stays open: its picture can still be looked at, its device may still be lost.
      while (!this.closed && !this.isLost()) {
        await this.answerMeasurement();
        await this.answerKeep();
        await this.answerCost();
        if (await this.classifyImage(snapshot.step, true)) continue;
        if (!(await this.drawPairs())) await this.woken(1000);
      }
    } catch (error) {
      if (!this.isLost()) this.fail(failureOf(error), words(error));
    }
    await this.fed;
    // An engine that trapped cannot free anything.
    await this.turn(() => this.session.free()).catch(() => undefined);
  }

  /** The session takes one call at a time, and a call that waits for the device lasts: who wants it waits for its turn. */
  private turn<T>(work: () => T | Promise<T>): Promise<T> {
    const mine = this.last_turn.then(work);
    this.last_turn = mine.catch(() => undefined);
    return mine;
  }

  private report(message: Report, transfer: Transferable[] = []): void {
    if (!this.closed) report(message, transfer);
  }

  private fail(failure: Failure, message: string): void {
    this.report({ kind: 'failed', run: this.number, failure, message });
    this.close();
  }

  private isLost(): boolean {
    const lost = this.session.lost();
    if (lost) this.fail('lost', lost);
    return Boolean(lost);
  }

  private enter(state: RunState): void {
    if (this.state === state) return;
    this.state = state;
    this.report({ kind: 'state', run: this.number, state });
  }

  /** Sleeps until something changes, at most so long. */
  private async woken(ms: number): Promise<void> {
    await Promise.race([new Promise<void>((resolve) => (this.wake = resolve)), after(ms)]);
  }

  /** Says what the device is at, where that lasts. */
  private busy(task: Task | null, ms: number | null = null): void {
    if (task === this.task || (ms !== null && ms < ANNOUNCED_MS)) return;
    this.task = task;
    this.report({ kind: 'busy', run: this.number, task, ms });
  }

  /** Hands a snapshot on to the page. Its arrays move there; the loop goes on with its plain numbers. */
  private async tell(work: () => Promise<Snapshot>): Promise<Snapshot> {
    const snapshot = await this.turn(work);
    this.mid_step = false;
    const { scores, mask, kept, probe_kept, records, finished, halted, step } = snapshot;
    this.step_now = step;
    this.kept_now = kept.reduce((sum, units) => sum + units, 0);
    if (records.length > 0) {
      this.step_ms = snapshot.step_ms;
      // The very first step also warms the device up.
      if (step > records.length && step <= FIRST_LOOK_STEP) {
        this.quick_ms = Math.min(this.quick_ms, snapshot.step_ms);
        this.dense_ms = Math.min(this.dense_ms, this.expectedDense(snapshot));
      }
    }
    if (this.training && records.length > 0 && !finished && halted === null) this.enter('training');
    this.report({ kind: 'snapshot', run: this.number, snapshot }, [scores.buffer, mask.buffer, kept.buffer, probe_kept.buffer]);
    this.weighMeasurement();
    return snapshot;
  }

  /** One part of a step; the snapshot of a step that it finished, or that ended the run. */
  private async walk(): Promise<Snapshot | null> {
    await this.leaveLab();
    if (this.session.rows_ready() === 0) {
      this.enter('loading');
      await this.woken(100);
      return null;
    }
    const walked = await this.turn(() => this.session.phase());
    if (walked === null && !this.all_fed) {
      this.enter('loading');
      await this.woken(100);
      return null;
    }
    this.single_phases -= 1;
    if (walked === null) return null;
    if (!('stage' in walked)) return this.tell(() => Promise.resolve(walked.snapshot));
    this.mid_step = walked.left.length > 0;
    this.report({ kind: 'walked', run: this.number, walked });
    return this.mid_step ? null : this.tell(() => Promise.resolve(walked.snapshot));
  }

  /** Whatever else wants the device in the middle of a step waits for its end. */
  private async wholeStep(): Promise<Snapshot | null> {
    const wanted = this.measure_asked || this.keep_asked || this.cost_of !== null || (this.lab?.wanted ?? 0) > 0;
    if (!this.mid_step || !wanted) return null;
    return this.tell(() => this.session.advance(1));
  }

  private async answerCost(): Promise<void> {
    const { cost_of: unit } = this;
    if (unit === null || this.closed) return;
    this.cost_of = null;
    const batches = Math.max(COST_BATCHES[0], Math.min(COST_BATCHES[1], Math.floor(COST_MS / Math.max(1, 2 * this.step_ms))));
    const answer = { kind: 'cost', run: this.number, unit } as const;
    try {
      const cost = await this.turn(() => this.session.unit_cost(unit, batches));
      this.report({ ...answer, cost, refused: null });
    } catch (error) {
      if (!this.isLost()) this.report({ ...answer, cost: null, refused: words(error) });
    }
  }

  private async advance(step: number): Promise<Snapshot> {
    if (step === 0) this.busy('step');
    const snapshot = await this.step_on();
    this.busy(null);
    return snapshot;
  }

  private async step_on(): Promise<Snapshot> {
    if (this.single_steps > 0) {
      const snapshot = await this.tell(() => this.session.advance(1));
      if (snapshot.records.length > 0) this.single_steps -= 1;
      return snapshot;
    }
    if (pace === 0) return this.tell(() => this.session.advance(MOST_STEPS));
    const rest = this.next_step_at - performance.now();
    if (rest > 1) await after(rest);
    this.next_step_at = Math.max(this.next_step_at, performance.now() - 1000 / pace) + 1000 / pace;
    return this.tell(() => this.session.advance(1));
  }

  /** Now and then during training: how good is the net, how fast is its step, what do its filters look like? */
  private async look({ step }: Snapshot): Promise<void> {
    if (this.filters.idle_ms() >= FILTERS_MS && this.filters.affordable()) await this.showFilters(step);
    if (this.keeping.idle_ms() >= KEEP_MS && this.keeping.affordable()) await this.keepNow();
    if (step < FIRST_LOOK_STEP) return;
    const drift = Math.abs(this.kept_now - this.measured_kept) / Math.max(1, this.measured_kept);
    const idle_ms = this.measurements.idle_ms();
    const measurement_due = idle_ms >= MEASUREMENT_MS || (drift > MEASUREMENT_DRIFT && idle_ms >= MEASUREMENT_LEAST_MS);
    if (measurement_due && !this.isCostly() && this.measurements.affordable()) await this.measureSpeed();
    const evaluation_due = step - this.evaluated_step >= EVALUATION_STEPS || this.evaluations.idle_ms() >= EVALUATION_MS;
    const images = this.testable(EVALUATION_AIM_MS, EVALUATION_IMAGES);
    const expected = this.test_ms(images);
    // The test images come last; before they are there, an accuracy would mean nothing.
    if (this.all_fed && evaluation_due && this.evaluations.affordable(expected > EVALUATION_AIM_MS ? expected : 0)) {
      await this.evaluate(images, false);
      this.evaluated_step = step;
    }
  }

  /** Tells the page what it takes to go on, unless it knows already or a network is too large for that unasked. */
  private async keepNow(asked = false): Promise<void> {
    const known = this.step_now === this.kept_step || 8 * this.plan.weights > KEEP_MOST_BYTES;
    if (this.closed || (known && !asked)) return;
    this.kept_step = this.step_now;
    let changes: Change[] = [];
    // What changes while the device is read is not in what was read.
    const read = (): ReturnType<Session['checkpoint']> => ((changes = [...this.changes]), this.session.checkpoint());
    const state = await this.keeping.spend(() => this.turn(read));
    const { counts, integers, floats, sizes } = state;
    this.report({ kind: 'kept', run: this.number, state, changes }, [counts.buffer, integers.buffer, floats.buffer, sizes.buffer]);
  }

  private async answerKeep(): Promise<void> {
    if (!this.keep_asked) return;
    this.keep_asked = false;
    await this.keepNow(true);
  }

  /** The first convolution's weights, where they are not shown yet. */
  private async showFilters(step: number): Promise<void> {
    if (!this.plan.filters || this.filters_step === step || this.closed) return;
    const weights = await this.filters.spend(() => this.turn(() => this.session.filters()));
    this.filters_step = step;
    if (weights) this.report({ kind: 'filters', run: this.number, weights }, [weights.buffer]);
  }

  /**
   * A dense step goes forward once and backward once, which is twice the work; this one forward under two masks, backward under
   * one. Half of the time is taken for what does not shrink with the units.
   */
  private expectedDense({ step_ms, kept, probe_kept, records }: Snapshot): number {
    const { groups, layers } = this.plan;
    const work = (units: (group: number) => number): number =>
      layers.reduce((sum, { taps, pixels, from, to }) => sum + pixels * taps * units(from) * units(to), 0);
    const probed = records.some(({ probe_loss }) => Number.isFinite(probe_loss));
    const mine = 3 * work((group) => kept[group] ?? 0) + (probed ? work((group) => probe_kept[group] ?? 0) : 0);
    const ratio = (3 * work((group) => groups[group]?.size ?? 0)) / Math.max(1, mine);
    return (step_ms * (1 + ratio)) / 2;
  }

  private measurement_ms(): number {
    return MEASUREMENT_STEPS * (this.quick_ms + this.dense_ms);
  }

  private isCostly(): boolean {
    const ms = this.measurement_ms();
    // Of a run that ended before any step could be timed nothing is known, and little is lost.
    return (Number.isFinite(ms) && ms > MEASUREMENT_UNASKED_MS) || this.plan.dense_bytes > MEASUREMENT_UNASKED_BYTES;
  }

  /** Says so once where a comparison with a dense step would cost much. */
  private weighMeasurement(): void {
    const ms = this.measurement_ms();
    if (this.told_costly || !Number.isFinite(ms) || !this.isCostly()) return;
    this.told_costly = true;
    this.report({ kind: 'costly', run: this.number, ms, bytes: this.plan.dense_bytes });
  }

  private async answerMeasurement(): Promise<void> {
    if (!this.measure_asked) return;
    this.measure_asked = false;
    await this.measureSpeed();
  }

  private async measureSpeed(): Promise<void> {
    if (this.closed) return;
    this.measured_kept = this.kept_now;
    this.busy('speed', Number.isFinite(this.measurement_ms()) ? this.measurement_ms() : null);
    const speed = await this.measurements.spend(() => this.turn(() => this.session.measure_speed()));
    this.busy(null);
    this.report({ kind: 'speed', run: this.number, speed });
  }

  /** Draws some pairs of masks, where that is wanted. */
  private async drawPairs(): Promise<boolean> {
    const { lab } = this;
    if (!lab || this.closed) return false;
    const enough = (progress: LabProgress | null): boolean => progress !== null && progress.masks_left === 0 && progress.pairs >= lab.wanted;
    const stopped = lab.wanted === 0 || enough(lab.progress);
    if (stopped) {
      if (lab.progress?.drawing) await this.tellLab({ ...lab.progress, drawing: false }, true);
      return false;
    }
    const before = lab.progress?.pairs ?? 0;
    const pairs = Math.max(1, Math.min(lab.at_a_time, lab.wanted - before));
    try {
      const { ms, ...drawn } = await this.turn(() => this.session.estimator_draw(pairs));
      lab.at_a_time = Math.min(LAB_PAIRS, Math.max(1, Math.round(pairs * Math.min(2, LAB_MS / Math.max(ms, 1)))));
      await this.tellLab({ ...drawn, of: lab.wanted, drawing: true }, drawn.pairs >= 2 && this.lab_reports.affordable());
    } catch (error) {
      this.lab = null;
      await this.turn(() => this.session.estimator_release());
      if (!this.isLost()) this.report({ kind: 'lab_refused', run: this.number, message: words(error) });
      return false;
    }
    await macrotask();
    return true;
  }

  private async tellLab(progress: LabProgress, whole: boolean): Promise<void> {
    if (this.lab) this.lab.progress = progress;
    const report = whole ? await this.lab_reports.spend(() => this.turn(() => this.session.estimator_report())) : null;
    this.report({ kind: 'lab', run: this.number, progress, report });
  }

  /** The run goes on: what was drawn stays on the page, the frozen copies go. */
  private async leaveLab(): Promise<void> {
    const { lab } = this;
    if (!lab) return;
    if (lab.progress?.drawing) await this.tellLab({ ...lab.progress, drawing: false }, true);
    this.lab = null;
    await this.turn(() => this.session.estimator_release());
  }

  /** During training: a new image at once, the same one now and then. */
  private async keepClassifying(step: number): Promise<void> {
    const { image, classifications } = this;
    if (!image) return;
    const is_new = image.step < 0;
    if (!is_new && (classifications.idle_ms() < CLASSIFY_MS || !classifications.affordable())) return;
    await classifications.spend(() => this.classifyImage(step, is_new || this.explain_ms < EXPLAIN_QUICK_MS));
  }

  /** What the network as it stands makes of the image at hand, told piece by piece. Whether a newer image, or Train, ended it. */
  private async classifyImage(step: number, explain: boolean): Promise<boolean> {
    const { image, training } = this;
    if (!image || this.session.rows_ready() === 0 || (explain ? image.explained : image.step) === step) return false;
    const begin = performance.now();
    try {
      await this.turn(() => this.session.classify(image.bytes));
      while (this.image === image && this.training === training && !this.closed) {
        const found = await this.turn(() => this.session.classify_more(explain));
        if (!found) {
          if (explain) [image.explained, this.explain_ms] = [step, performance.now() - begin];
          return false;
        }
        this.report({ kind: 'classified', run: this.number, ticket: image.ticket, found });
        image.step = step;
        await macrotask();
      }
    } catch (error) {
      if (this.isLost()) return false;
      this.image = null;
      this.report({ kind: 'classify_refused', run: this.number, message: words(error) });
      return false;
    }
    return true;
  }

  /** A batch under two masks costs about a step. */
  private test_ms(images: number): number {
    return Math.ceil(images / this.plan.batch_size) * this.step_ms;
  }

  /** How many test images can be looked at in that time, at most and at least so many as make sense. */
  private testable(ms: number, most: number): number {
    const images = Math.floor(ms / Math.max(this.step_ms, 0.01)) * this.plan.batch_size;
    return Math.min(most, this.plan.dataset.test, Math.max(EVALUATION_LEAST_IMAGES, images));
  }

  private async evaluate(images: number, whole: boolean): Promise<void> {
    if (this.closed) return;
    this.busy('test', this.test_ms(images));
    const evaluation = await this.evaluations.spend(() => this.turn(() => this.session.evaluate(images)));
    this.busy(null);
    this.report({ kind: 'evaluated', run: this.number, evaluation, whole });
  }

  /** The end of a run: fine-tuning under a selected mask where that is asked for, the test set, one last measurement. */
  private async finish(): Promise<void> {
    await this.fed;
    const progress = (stage: string, done: number, of: number): void => this.report({ kind: 'progress', run: this.number, stage, done, of });
    if (!this.closed) await this.turn(() => this.session.finish(progress));
    await this.showFilters(Number.POSITIVE_INFINITY);
    await this.evaluate(this.testable(FINAL_MS, this.plan.dataset.test), true);
    await this.keepNow();
    if (!this.isCostly()) await this.measureSpeed();
    this.enter('finished');
  }
}

/** The engine, and the adapter that it computes on; null where that is the CPU. */
let engine: Promise<Engine> | null = null;
let adapter: Promise<Known | null> = Promise.resolve(null);
let data = '';
let pace = 0;
let run: Run | null = null;
/** The last run asked for: one that is overtaken while it waits is never opened. */
let latest = 0;
/** Whether the run that is being opened shall train at once. */
let train_at_once = false;
/** Runs follow one another: a device is given back before the next is asked for. */
let turnstile: Promise<void> = Promise.resolve();

/** Loads the engine that fits what this browser offers. */
function load(): Promise<Engine> {
  adapter = knownAdapter();
  return (engine = adapter.then((found) => loadEngine(found ? 'gpu' : 'cpu')));
}

async function start(request: Request & { kind: 'start' }): Promise<void> {
  data = request.data;
  const { knobs, contenders, read_link } = await load();
  report({ kind: 'knobs', knobs: knobs(), contenders: contenders() });
  const fallback = request.fallback[(await adapter) ? 'gpu' : 'cpu'];
  const query = request.query === '' ? fallback : request.query;
  try {
    report({ kind: 'values', asked: 'start', values: read_link(query), query, refused: null });
  } catch (error) {
    report({ kind: 'values', asked: 'start', values: read_link(fallback), query: fallback, refused: words(error) });
  }
}

/** Whether a link is of data that only their owner has. */
function asksForOwn(read_link: Engine['read_link'], query: string): boolean {
  try {
    return read_link(query)['dataset'] === 'own';
  } catch {
    return false;
  }
}

/** The visitor's own data go to the engine's memory, and nowhere else. */
async function takeOwn({ about, shape, inputs, labels, test_inputs, test_labels }: OwnSet, given: number): Promise<void> {
  try {
    (await engine)?.take_own(about, about.classes.length, Uint32Array.from(shape), inputs, labels, test_inputs, test_labels);
    report({ kind: 'owned', own: about, given });
  } catch (error) {
    report({ kind: 'own_refused', message: words(error) });
  }
}

/** Puts a run where it was left; one that cannot be is given back. */
function takeUp(session: Session, { state: { counts, integers, floats }, changes }: Resumed): void {
  try {
    for (const [, name, value] of changes) session.change(name, value);
    session.restore(counts, integers, floats);
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) session.free();
    throw error;
  }
}

/** Opens a run and stays with it until it is closed. */
async function serve(request: Request & { kind: 'open' }): Promise<void> {
  const { run: number, query, resumed, shown } = request;
  if (number !== latest || !engine) return;
  const fail = (failure: Failure, message: string): void => report({ kind: 'failed', run: number, failure, message });
  try {
    const { describe, most_bytes, own_data, read_link, Session } = await engine;
    const known = await adapter;
    let described: ReturnType<typeof describe>;
    const others = (): string => `these are other data than the run learned from, ${shown?.name}: give the same files`;
    try {
      described = describe(query, known?.most_bytes ?? most_bytes());
    } catch (error) {
      if (!asksForOwn(read_link, query)) return fail('refused', words(error));
      // What goes on with its data fits them; what does not fit, with others in their place.
      return own_data() === null ? fail('own', words(error)) : shown ? fail('own', others()) : fail('refused', words(error));
    }
    const { plan, refused } = described;
    if (shown && plan.dataset.own && !isSame(shown, plan.dataset)) return fail('own', others());
    report({ kind: 'planned', run: number, plan });
    if (refused !== null) return fail('large', refused);
    if (all(plan.bytes) > OPENED_UNASKED_BYTES && !train_at_once && !resumed) return report({ kind: 'state', run: number, state: 'held' });
    const progress: Progress = (stage, done, of) => report({ kind: 'progress', run: number, stage, done, of });
    const session = await Session.open(query, progress, known?.name ?? undefined);
    if (number !== latest) return session.free();
    if (resumed) takeUp(session, resumed);
    run = new Run(number, session, plan, train_at_once, resumed?.changes ?? []);
    report({ kind: 'opened', run: number, description: session.description(), query });
    run.feed(data);
    await run.drive();
  } catch (error) {
    if ((await adapter) && !(await hasAdapter())) {
      // The GPU went away for good: the CPU does what it did.
      await load();
      return serve(request);
    }
    fail(error instanceof Error && error.name === 'TooLarge' ? 'large' : failureOf(error), words(error));
  }
}

/** Answers with what the engine says, or with why it refuses. */
async function answer(ticket: number, say: (engine: Engine) => Report): Promise<void> {
  try {
    if (engine) report(say(await engine));
  } catch (error) {
    report({ kind: 'refused', ticket, message: words(error) });
  }
}

self.onmessage = ({ data: request }: MessageEvent<Request>): void => {
  switch (request.kind) {
    case 'start':
      start(request).catch((error: unknown) => report({ kind: 'failed', run: 0, failure: 'engine', message: words(error) }));
      return;
    case 'open':
      run?.close();
      run = null;
      latest = request.run;
      train_at_once = request.train;
      turnstile = turnstile.then(() => serve(request));
      return;
    case 'wake':
      data = request.data;
      load().catch((error: unknown) => report({ kind: 'failed', run: 0, failure: 'engine', message: words(error) }));
      return;
    case 'close':
      latest = 0;
      run?.close();
      run = null;
      return;
    case 'keep':
      run?.askToKeep();
      return;
    case 'describe':
      void answer(request.ticket, ({ read_link, write_link, describe }) => {
        const began = read_link(request.query);
        const values = { ...began, ...Object.fromEntries(request.changes.map(([, name, value]) => [name, value])) };
        const { plan } = describe(request.query, undefined, request.shown);
        return { kind: 'described', ticket: request.ticket, plan, values, began, query: write_link(values) };
      });
      return;
    case 'read':
      void answer(0, ({ read_link }) => ({ kind: 'values', asked: 'read', values: read_link(request.query), query: request.query, refused: null }));
      return;
    case 'link':
      void answer(request.ticket, ({ write_link, describe }) => {
        const query = write_link(request.values);
        const { plan } = describe(query);
        return { kind: 'linked', ticket: request.ticket, query, plan };
      });
      return;
    case 'change':
      run?.change(request.name, request.value);
      return;
    case 'train':
      train_at_once = true;
      run?.train();
      return;
    case 'pause':
      train_at_once = false;
      run?.pause();
      return;
    case 'step':
      train_at_once = false;
      run?.step();
      return;
    case 'phase':
      train_at_once = false;
      run?.phase();
      return;
    case 'cost':
      run?.cost(request.unit);
      return;
    case 'measure':
      run?.measure();
      return;
    case 'draw':
      train_at_once = false;
      run?.draw(request.pairs);
      return;
    case 'own':
      void takeOwn(request.set, request.given);
      return;
    case 'example':
      run?.example(request.index).catch((error: unknown) => report({ kind: 'classify_refused', run: latest, message: words(error) }));
      return;
    case 'classify':
      run?.classify(request.ticket, request.image);
      return;
    case 'pace':
      pace = request.steps_per_second;
      return;
  }
};
