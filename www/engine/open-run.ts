// An open run: its session of the engine, and the state that parts of the worker share.

import { failureOf } from './failures';
import type { Session } from './load';
import { SerialQueue } from './serial-queue';
import type { Clock } from './time-budgets';
import { messageOf } from '../model/words';
import type { Failure, Plan, Report, RunState, Task } from '../protocol/messages';

export type Post = (report: Report, transfer?: Transferable[]) => void;

/** The functions of the worker that a run uses. */
export interface Environment {
  /** Sends a report to the page. */
  post: Post;
  clock: Clock;
  /** Lets the worker handle the messages that wait. */
  macrotask: () => Promise<void>;
}

/** What a run is opened with. */
export interface Opened {
  number: number;
  session: Session;
  plan: Plan;
  /** Whether it trains at once. */
  training: boolean;
  /** Whether nobody goes back to it. */
  passing: boolean;
}

/** Work that is expected to last this long is announced to the page. */
const ANNOUNCED_MS = 700;

export const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export class OpenRun {
  readonly number: number;
  /** For calls that answer at once and change nothing; every other one goes through `call`. */
  readonly session: Session;
  readonly plan: Plan;
  readonly environment: Environment;
  /** Whether the visitor wants it to train. */
  training: boolean;
  /** Whether nobody goes back to it. */
  readonly passing: boolean;
  /** Whether it failed; such a run cannot be read any more. */
  has_failed = false;
  /** The step of the last snapshot, and how many units its mask keeps. */
  step = 0;
  kept_units = 0;
  /** How long the last step took. */
  step_ms = 0;
  private state: RunState | null = null;
  private task: Task | null = null;
  private end_sleep: () => void = () => undefined;
  /** Whether `wake` was called since the last sleep. */
  private is_woken = false;
  private readonly calls = new SerialQueue();
  private readonly closing = new AbortController();
  private readonly stopper: ReturnType<Session['stopper']>;

  constructor({ number, session, plan, training, passing }: Opened, environment: Environment) {
    this.number = number;
    this.session = session;
    this.plan = plan;
    this.training = training;
    this.passing = passing;
    this.environment = environment;
    this.stopper = session.stopper();
  }

  get closed(): boolean {
    return this.signal.aborted;
  }

  /** Aborted when the run is closed. */
  get signal(): AbortSignal {
    return this.closing.signal;
  }

  /** Closes the run: it reports nothing more, and a call that is in progress ends early if it can. */
  close(): void {
    this.closing.abort();
    this.stopper.stop();
    this.wake();
  }

  /** Calls the session, after the calls before have ended: a session takes one call at a time. */
  call<T>(work: (session: Session) => T | Promise<T>): Promise<T> {
    return this.calls.add(() => work(this.session));
  }

  report(message: Report, transfer: Transferable[] = []): void {
    if (!this.closed) this.environment.post(message, transfer);
  }

  /** Reports what stopped the run, and closes it. */
  fail(failure: Failure, message: string): void {
    this.report({ kind: 'failed', run: this.number, failure, message });
    this.has_failed = true;
    this.close();
  }

  /** Fails with what the engine or the browser threw. */
  failWith(error: unknown): void {
    this.fail(failureOf(error), messageOf(error));
  }

  /** Whether the device is gone; a run whose device is gone fails. */
  isLost(): boolean {
    const lost = this.session.lost();
    if (lost) this.fail('lost', lost);
    return Boolean(lost);
  }

  /** Reports the state if it has changed. */
  enter(state: RunState): void {
    if (this.state === state) return;
    this.state = state;
    this.report({ kind: 'state', run: this.number, state });
  }

  /** Reports the task of the device if `ms`, its expected time, is long; null: it trains again. */
  announce(task: Task | null, ms: number | null = null): void {
    if (task === this.task || (ms !== null && ms < ANNOUNCED_MS)) return;
    this.task = task;
    this.report({ kind: 'busy', run: this.number, task, ms });
  }

  /** Sleeps until `wake` is called, at most `ms`; not at all if it was called since the last sleep. */
  async sleep(ms: number): Promise<void> {
    if (this.is_woken) {
      this.is_woken = false;
      return;
    }
    await Promise.race([new Promise<void>((resolve) => (this.end_sleep = resolve)), after(ms)]);
    this.is_woken = false;
  }

  /** Wakes the loop, because something changed. */
  wake(): void {
    this.is_woken = true;
    this.end_sleep();
  }
}
