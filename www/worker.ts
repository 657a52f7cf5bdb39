// Owns the engine. One run at a time; its loop advances, reports, and yields to messages between submits.

import { adapterName, hasAdapter } from './adapter';
import { type Engine, loadEngine, type Progress, type Session } from './engine';
import { feedFiles } from './feed';
import type { Failure, Report, Request, RunState, Snapshot } from './protocol';

/** The engine ends a submit after some 30 ms by itself, whatever it may do at most. */
const MOST_STEPS = 4096;
/** Before this step there is little to see, and the first steps of a device are not its speed. */
const FIRST_LOOK_STEP = 30;
const EVALUATION_IMAGES = 2000;
const EVALUATION_STEPS = 200;
const EVALUATION_MS = 2000;
const EVALUATION_SHARE = 0.1;
const MEASUREMENT_MS = 10_000;
const MEASUREMENT_LEAST_MS = 1000;
const MEASUREMENT_SHARE = 0.15;
/** Kept units may change by this share before the speed is measured again. */
const MEASUREMENT_DRIFT = 0.2;
const PROGRESS_MS = 80;

function report(message: Report, transfer: Transferable[] = []): void {
  self.postMessage(message, { transfer });
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Lets waiting messages in. A timer would be held back to 4 ms, a message to oneself is not. */
const channel = new MessageChannel();
const waiting: (() => void)[] = [];
channel.port1.onmessage = () => waiting.shift()?.();
const macrotask = (): Promise<void> =>
  new Promise((resolve) => {
    waiting.push(resolve);
    channel.port2.postMessage(null);
  });

/** Work beside the training that may take at most a share of the time. */
class Sideline {
  private ended = Number.NEGATIVE_INFINITY;
  private cost_ms = 0;
  private readonly share: number;

  constructor(share: number) {
    this.share = share;
  }

  idle_ms(): number {
    return performance.now() - this.ended;
  }

  affordable(): boolean {
    return this.idle_ms() >= this.cost_ms * (1 / this.share - 1);
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
  private closed = false;
  private wake: () => void = () => undefined;
  private state: RunState | null = null;
  private next_step_at = 0;
  private kept_now = 0;
  private evaluated_step = 0;
  private measured_kept = 0;
  private fed: Promise<void> = Promise.resolve();
  private all_fed = false;
  private last_turn: Promise<unknown> = Promise.resolve();
  private readonly abort = new AbortController();
  private readonly evaluations = new Sideline(EVALUATION_SHARE);
  private readonly measurements = new Sideline(MEASUREMENT_SHARE);
  readonly number: number;
  private readonly session: Session;

  constructor(number: number, session: Session, train: boolean) {
    this.number = number;
    this.session = session;
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

  /** Takes a live setting over; where the run refuses it, as a fixed mask refuses another keep ratio, it waits for a restart. */
  change(name: string, value: string): void {
    this.turn(() => this.session.change(name, value)).catch(() => this.report({ kind: 'unchanged', run: this.number, name }));
  }

  close(): void {
    this.closed = true;
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
    this.fed = feedFiles(this.session, folder, signal, (work) => this.turn(work), arrived).then(
      () => void (this.all_fed = true),
      (error: unknown) => this.fail('engine', words(error)),
    );
  }

  /** From open to close. */
  async drive(): Promise<void> {
    try {
      let snapshot = await this.tell(() => this.session.snapshot());
      while (!this.closed) {
        if (this.isLost()) break;
        if (!this.training && this.single_steps === 0) {
          this.enter(snapshot.step > 0 ? 'paused' : 'idle');
          await this.woken(1000);
          continue;
        }
        if (this.session.rows_ready() > 0) {
          snapshot = await this.advance();
          if (snapshot.halted !== null) {
            this.enter('halted');
            break;
          }
          if (snapshot.finished) {
            await this.finish();
            break;
          }
          if (snapshot.records.length > 0) {
            if (this.training) await this.look(snapshot);
            await macrotask();
            continue;
          }
        }
        this.enter('loading');
        await this.woken(100);
      }
    } catch (error) {
      if (!this.isLost()) this.fail('engine', words(error));
    }
    // A run that ended by itself stays open: its picture can still be looked at, its device may still be lost.
    while (!this.closed && !this.isLost()) await this.woken(1000);
    await this.fed;
    await this.turn(() => this.session.free());
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

  /** Hands a snapshot on to the page. Its arrays move there; the loop goes on with its plain numbers. */
  private async tell(work: () => Promise<Snapshot>): Promise<Snapshot> {
    const snapshot = await this.turn(work);
    const { scores, mask, kept, probe_kept, records, finished, halted } = snapshot;
    this.kept_now = kept.reduce((sum, units) => sum + units, 0);
    if (this.training && records.length > 0 && !finished && halted === null) this.enter('training');
    this.report({ kind: 'snapshot', run: this.number, snapshot }, [scores.buffer, mask.buffer, kept.buffer, probe_kept.buffer]);
    return snapshot;
  }

  private async advance(): Promise<Snapshot> {
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

  /** Now and then during training: how good is the net, how fast is its step? */
  private async look({ step }: Snapshot): Promise<void> {
    if (step < FIRST_LOOK_STEP) return;
    const drift = Math.abs(this.kept_now - this.measured_kept) / Math.max(1, this.measured_kept);
    const idle_ms = this.measurements.idle_ms();
    const measurement_due = idle_ms >= MEASUREMENT_MS || (drift > MEASUREMENT_DRIFT && idle_ms >= MEASUREMENT_LEAST_MS);
    if (measurement_due && this.measurements.affordable()) await this.measure();
    const evaluation_due = step - this.evaluated_step >= EVALUATION_STEPS || this.evaluations.idle_ms() >= EVALUATION_MS;
    // The test images come last; before they are there, an accuracy would mean nothing.
    if (this.all_fed && evaluation_due && this.evaluations.affordable()) {
      await this.evaluate(EVALUATION_IMAGES, false);
      this.evaluated_step = step;
    }
  }

  private async measure(): Promise<void> {
    if (this.closed) return;
    this.measured_kept = this.kept_now;
    const speed = await this.measurements.spend(() => this.turn(() => this.session.measure_speed()));
    this.report({ kind: 'speed', run: this.number, speed });
  }

  private async evaluate(images: number, whole: boolean): Promise<void> {
    if (this.closed) return;
    const evaluation = await this.evaluations.spend(() => this.turn(() => this.session.evaluate(images)));
    this.report({ kind: 'evaluated', run: this.number, evaluation, whole });
  }

  /** The end of a run: fine-tuning under a selected mask where that is asked for, the whole test set, one last measurement. */
  private async finish(): Promise<void> {
    await this.fed;
    const { test } = this.session.description().dataset;
    const progress = (stage: string, done: number, of: number): void =>
      this.report({ kind: 'progress', run: this.number, stage, done, of });
    if (!this.closed) await this.turn(() => this.session.finish(progress));
    await this.evaluate(test, true);
    await this.measure();
    this.enter('finished');
  }
}

let engine: Promise<Engine> | null = null;
let data = '';
let pace = 0;
let run: Run | null = null;
/** The last run asked for: one that is overtaken while it waits is never opened. */
let latest = 0;
/** Whether the run that is being opened shall train at once. */
let train_at_once = false;
/** Runs follow one another: a device is given back before the next is asked for. */
let turnstile: Promise<void> = Promise.resolve();

async function start(request: Request & { kind: 'start' }): Promise<void> {
  data = request.data;
  engine = loadEngine();
  const { knobs, read_link } = await engine;
  report({ kind: 'knobs', knobs: knobs() });
  const query = request.query === '' ? request.fallback : request.query;
  try {
    report({ kind: 'values', values: read_link(query), query, refused: null });
  } catch (error) {
    report({ kind: 'values', values: read_link(request.fallback), query: request.fallback, refused: words(error) });
  }
}

/** Opens a run and stays with it until it is closed. */
async function serve(number: number, query: string): Promise<void> {
  if (number !== latest || !engine) return;
  try {
    const { Session } = await engine;
    const name = await adapterName();
    const progress: Progress = (stage, done, of) => report({ kind: 'progress', run: number, stage, done, of });
    const session = await Session.open(query, progress, name ?? undefined);
    if (number !== latest) return session.free();
    run = new Run(number, session, train_at_once);
    report({ kind: 'opened', run: number, description: session.description(), query });
    run.feed(data);
    await run.drive();
  } catch (error) {
    const failure = (await hasAdapter()) ? 'engine' : 'webgpu';
    report({ kind: 'failed', run: number, failure, message: words(error) });
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
      turnstile = turnstile.then(() => serve(request.run, request.query));
      return;
    case 'read':
      void answer(0, ({ read_link }) => ({ kind: 'values', values: read_link(request.query), query: request.query, refused: null }));
      return;
    case 'link':
      void answer(request.ticket, ({ write_link }) => ({ kind: 'linked', ticket: request.ticket, query: write_link(request.values) }));
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
      run?.step();
      return;
    case 'pace':
      pace = request.steps_per_second;
      return;
  }
};
