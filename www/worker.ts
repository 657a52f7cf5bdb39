// Owns the engine. One run at a time; its loop advances, reports, and yields to messages between submits.

import { type Engine, loadEngine, type Session } from './engine';
import { feedFiles } from './feed';
import type { Failure, Report, Request, RunState, Snapshot } from './protocol';

/** The engine ends a submit after some 30 ms by itself, whatever it may do at most. */
const MOST_STEPS = 4096;
const EVALUATION_IMAGES = 2000;
const EVALUATION_STEPS = 200;
const EVALUATION_MS = 2000;
const EVALUATION_SHARE = 0.1;
const FIRST_MEASUREMENT_STEP = 30;
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
  private ended = -Infinity;
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
  private readonly abort = new AbortController();
  private readonly evaluations = new Sideline(EVALUATION_SHARE);
  private readonly measurements = new Sideline(MEASUREMENT_SHARE);
  private evaluated_step = 0;
  private measured_kept = 0;
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

  change(name: string, value: string): void {
    this.session.change(name, value);
  }

  close(): void {
    this.closed = true;
    this.abort.abort();
    this.wake();
  }

  fail(failure: Failure, message: string): void {
    if (this.closed) return;
    this.close();
    report({ kind: 'failed', run: this.number, failure, message });
  }

  /** Feeds the data beside the loop. */
  async feed(folder: string): Promise<void> {
    let told = -Infinity;
    try {
      await feedFiles(this.session, folder, this.abort.signal, (done, of) => {
        const now = performance.now();
        if (now - told < PROGRESS_MS && done < of) return;
        told = now;
        report({ kind: 'progress', run: this.number, stage: 'data', done, of });
        this.wake();
      });
    } catch (error) {
      this.fail('engine', words(error));
    }
  }

  /** From open to close. */
  async drive(): Promise<void> {
    try {
      let snapshot = this.tell(await this.session.snapshot());
      const started = (): boolean => snapshot.step > 0;
      while (!this.closed) {
        const lost = this.session.lost();
        if (lost !== null) return this.fail('lost', lost);
        const wanted = this.training || this.single_steps > 0;
        if (!wanted) {
          this.enter(started() ? 'paused' : 'idle');
          await this.woken(1000);
        } else if (this.session.rows_ready() === 0) {
          this.enter('loading');
          await this.woken(100);
        } else {
          if (this.training) this.enter('training');
          snapshot = await this.advance();
          if (snapshot.halted !== null) return this.enter('halted');
          if (snapshot.finished) return await this.finish();
          if (this.training) await this.look(snapshot);
          await macrotask();
        }
      }
    } catch (error) {
      const lost = this.session.lost();
      this.fail(lost === null ? 'engine' : 'lost', lost ?? words(error));
    } finally {
      // A run that ended by itself stays open: its picture can still be looked at, its device may still be lost.
      while (!this.closed) {
        await this.woken(1000);
        const lost = this.session.lost();
        if (lost !== null) this.fail('lost', lost);
      }
      this.session.free();
    }
  }

  private enter(state: RunState): void {
    if (this.state === state || this.closed) return;
    this.state = state;
    report({ kind: 'state', run: this.number, state });
  }

  /** Sleeps until something changes, at most so long. */
  private async woken(ms: number): Promise<void> {
    await Promise.race([new Promise<void>((resolve) => (this.wake = resolve)), after(ms)]);
  }

  private tell(snapshot: Snapshot): Snapshot {
    // The loop keeps only the plain numbers; the arrays move to the page, so what they say is read first.
    this.kept_now = snapshot.kept.reduce((sum, kept) => sum + kept, 0);
    const { scores, mask, kept, probe_kept } = snapshot;
    if (!this.closed) {
      report({ kind: 'snapshot', run: this.number, snapshot }, [scores.buffer, mask.buffer, kept.buffer, probe_kept.buffer]);
    }
    return snapshot;
  }
  private kept_now = 0;

  private async advance(): Promise<Snapshot> {
    if (this.single_steps > 0) {
      const snapshot = await this.session.advance(1);
      if (snapshot.records.length > 0) this.single_steps -= 1;
      return this.tell(snapshot);
    }
    if (pace === 0) return this.tell(await this.session.advance(MOST_STEPS));
    const rest = this.next_step_at - performance.now();
    if (rest > 1) await after(rest);
    this.next_step_at = Math.max(this.next_step_at, performance.now() - 1000 / pace) + 1000 / pace;
    return this.tell(await this.session.advance(1));
  }

  /** Now and then during training: how good is the net, how fast is its step? */
  private async look(snapshot: Snapshot): Promise<void> {
    const { step } = snapshot;
    const drift = Math.abs(this.kept_now - this.measured_kept) / Math.max(1, this.measured_kept);
    const idle_ms = this.measurements.idle_ms();
    const measurement_due = idle_ms >= MEASUREMENT_MS || (drift > MEASUREMENT_DRIFT && idle_ms >= MEASUREMENT_LEAST_MS);
    if (step >= FIRST_MEASUREMENT_STEP && measurement_due && this.measurements.affordable()) {
      await this.measure();
    }
    const evaluation_due = step - this.evaluated_step >= EVALUATION_STEPS || this.evaluations.idle_ms() >= EVALUATION_MS;
    if (step >= FIRST_MEASUREMENT_STEP && evaluation_due && this.evaluations.affordable()) {
      await this.evaluate(step, EVALUATION_IMAGES, false);
    }
  }

  private async measure(): Promise<void> {
    this.measured_kept = this.kept_now;
    const speed = await this.measurements.spend(() => this.session.measure_speed());
    if (!this.closed) report({ kind: 'speed', run: this.number, speed });
  }

  private async evaluate(step: number, images: number, whole: boolean): Promise<void> {
    this.evaluated_step = step;
    const evaluation = await this.evaluations.spend(() => this.session.evaluate(images));
    if (!this.closed) report({ kind: 'evaluated', run: this.number, evaluation, whole });
  }

  /** The end of a run: the whole test set, one last measurement, and fine-tuning under a selected mask where that is asked for. */
  private async finish(): Promise<void> {
    const { test } = this.session.description().dataset;
    await this.evaluate(0, test, true);
    if (this.closed) return;
    await this.measure();
    if (this.closed) return;
    const selected = await this.session.finish((stage, done, of) =>
      report({ kind: 'progress', run: this.number, stage, done, of }),
    );
    if (selected && !this.closed) report({ kind: 'selected', run: this.number, accuracy: selected.selected_accuracy });
    this.enter('finished');
  }
}

let engine: Promise<Engine> | null = null;
let data = '';
let pace = 0;
let run: Run | null = null;
let driving: Promise<void> = Promise.resolve();
/** The last run asked for; one that is overtaken while it waits is never opened. */
let latest = 0;

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

async function open(request: Request & { kind: 'open' }): Promise<void> {
  latest = request.run;
  run?.close();
  run = null;
  await driving;
  if (latest !== request.run || !engine) return;
  try {
    const { Session } = await engine;
    const session = await Session.open(request.query, (stage, done, of) =>
      report({ kind: 'progress', run: request.run, stage, done, of }),
    );
    const opened = new Run(request.run, session, wants_training ?? request.train);
    if (latest !== request.run) return session.free();
    run = opened;
    report({ kind: 'opened', run: request.run, description: session.description(), query: request.query });
    driving = opened.drive();
    void opened.feed(data);
  } catch (error) {
    const failure = (await hasAdapter()) ? 'engine' : 'webgpu';
    report({ kind: 'failed', run: request.run, failure, message: words(error) });
  }
}

/** Whether this browser gives out any WebGPU adapter: tells "there is none" from every other trouble. */
async function hasAdapter(): Promise<boolean> {
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<unknown> } };
  return gpu !== undefined && (await gpu.requestAdapter().catch(() => null)) !== null;
}

/** Train or pause pressed while the run still opens. */
let wants_training: boolean | null = null;
/** Opens follow one another: a session is freed before the next asks for a device. */
let opening: Promise<void> = Promise.resolve();

self.onmessage = async ({ data: request }: MessageEvent<Request>) => {
  switch (request.kind) {
    case 'start':
      return start(request).catch((error: unknown) => report({ kind: 'failed', run: 0, failure: 'engine', message: words(error) }));
    case 'open':
      wants_training = null;
      latest = request.run;
      run?.close();
      opening = opening.then(() => (latest === request.run ? open(request) : undefined));
      return;
    case 'read':
    case 'link': {
      if (!engine) return;
      const { read_link, write_link } = await engine;
      if (request.kind === 'read') {
        try {
          report({ kind: 'values', values: read_link(request.query), query: request.query, refused: null });
        } catch (error) {
          report({ kind: 'refused', ticket: 0, message: words(error) });
        }
        return;
      }
      try {
        report({ kind: 'linked', ticket: request.ticket, query: write_link(request.values) });
      } catch (error) {
        report({ kind: 'refused', ticket: request.ticket, message: words(error) });
      }
      return;
    }
    case 'train':
      if (run) run.train();
      else wants_training = true;
      return;
    case 'pause':
      if (run) run.pause();
      else wants_training = false;
      return;
    case 'step':
      run?.step();
      return;
    case 'change':
      try {
        run?.change(request.name, request.value);
      } catch (error) {
        report({ kind: 'refused', ticket: 0, message: words(error) });
      }
      return;
    case 'pace':
      pace = request.steps_per_second;
      return;
  }
};
