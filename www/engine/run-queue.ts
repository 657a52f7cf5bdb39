// Opens runs one after another: a run gives its device back before the next one asks for it.

import type { EngineLoader } from './engine-loader';
import { failureOf, hasTrapped } from './failures';
import { chooseKernels } from './kernel-choice';
import type { Session } from './load';
import { type Environment, OpenRun } from './open-run';
import type { Pace } from './pacer';
import { planRun, totalBytes } from './run-plan';
import { SerialQueue } from './serial-queue';
import { TrainingLoop } from './training-loop';
import { messageOf } from '../model/words';
import type { Failure, Progress, Request } from '../protocol/messages';

type Asked = Request & { kind: 'open' };

/** A network that takes more memory is opened only when the visitor presses Train or continues a run. */
const OPENED_UNASKED_BYTES = 1 << 30;

/** Loads a checkpoint into a new session. If that fails, the session is freed. */
function restore(session: Session, saved: Uint8Array): void {
  try {
    session.restore(saved);
  } catch (error) {
    if (!hasTrapped(error)) session.free();
    throw error;
  }
}

export class RunQueue {
  /** The absolute address of the data folder. */
  folder = '';
  /** Whether the run that is being opened shall train at once. */
  train_at_once = false;
  readonly pace: Pace = { steps_per_second: 0 };
  private readonly queue = new SerialQueue();
  private readonly loader: EngineLoader;
  private readonly environment: Environment;
  private opened: TrainingLoop | null = null;
  private latest = 0;

  constructor(loader: EngineLoader, environment: Environment) {
    this.loader = loader;
    this.environment = environment;
  }

  /** The open run, or null. */
  get current(): TrainingLoop | null {
    return this.opened;
  }

  /** The number of the last run that was asked for; 0 after `close`. */
  get asked(): number {
    return this.latest;
  }

  /** Closes the run before and then opens this one, unless another was asked for meanwhile. */
  open(request: Asked): void {
    this.close();
    this.latest = request.run;
    this.train_at_once = request.train;
    void this.queue.add(() => this.serve(request));
  }

  /** Works with the device between two runs. A run that is asked for meanwhile is opened afterwards. */
  useDevice(work: () => Promise<void>): Promise<void> {
    return this.queue.add(work);
  }

  close(): void {
    this.latest = 0;
    this.opened?.run.close();
    this.opened = null;
  }

  /** Opens a run and stays with it until it is closed. */
  private async serve(request: Asked): Promise<void> {
    try {
      await this.openAndDrive(request);
    } catch (error) {
      if (await this.loader.hasLostAdapter()) {
        // The GPU is gone for good: the CPU takes its place.
        await this.loader.load();
        return this.serve(request);
      }
      this.fail(request, error instanceof Error && error.name === 'TooLarge' ? 'large' : failureOf(error), messageOf(error));
    }
  }

  private fail({ run }: Asked, failure: Failure, message: string): void {
    this.environment.post({ kind: 'failed', run, failure, message });
  }

  private async openAndDrive(request: Asked): Promise<void> {
    const { run: number, query, resumed, trained_on } = request;
    const { loader } = this;
    const { post } = this.environment;
    if (number !== this.latest || !loader.engine) return;
    const engine = await loader.engine;
    const adapter = await loader.adapter;
    const planned = planRun(engine, query, adapter?.most_bytes ?? engine.most_bytes(), trained_on);
    if ('failure' in planned) return this.fail(request, planned.failure, planned.message);
    const { plan, too_large } = planned;
    post({ kind: 'planned', run: number, plan });
    if (too_large !== null) return this.fail(request, 'large', too_large);
    if (totalBytes(plan) > OPENED_UNASKED_BYTES && !this.train_at_once && !resumed) return post({ kind: 'state', run: number, state: 'unopened' });
    const progress: Progress = (stage, done, of) => post({ kind: 'progress', run: number, stage, done, of });
    const session = await engine.Session.open(query, progress, adapter?.name ?? undefined);
    if (number !== this.latest) return session.free();
    if (resumed) restore(session, resumed);
    else await chooseKernels(session, progress);
    if (number !== this.latest) return session.free();
    const opened = { number, session, plan, training: this.train_at_once, passing: request.passing ?? false };
    const loop = new TrainingLoop(new OpenRun(opened, this.environment), this.pace);
    this.opened = loop;
    post({ kind: 'opened', run: number, description: session.description(), query });
    loop.dataset.begin(this.folder);
    await loop.drive();
  }
}
