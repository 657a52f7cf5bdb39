// Which engine the worker has: the one that computes on the GPU, or the one that computes on the CPU where the browser offers no GPU.

import { type KnownAdapter, hasAdapter, knownAdapter } from './adapter';
import { type Engine, loadEngine } from './load';

export class EngineLoader {
  private loading: Promise<Engine> | null = null;
  private found: Promise<KnownAdapter | null> = Promise.resolve(null);

  /** The engine that was loaded last; null before the first. */
  get engine(): Promise<Engine> | null {
    return this.loading;
  }

  /** The adapter that it computes on; null where that is the CPU. */
  get adapter(): Promise<KnownAdapter | null> {
    return this.found;
  }

  /** Loads the engine that fits what this browser offers now, in the place of the one before. */
  load(): Promise<Engine> {
    this.found = knownAdapter();
    this.loading = this.found.then((adapter) => loadEngine(adapter ? 'gpu' : 'cpu'));
    return this.loading;
  }

  /** Whether the engine computes on a GPU that the browser does not offer any more. */
  async hasLostAdapter(): Promise<boolean> {
    return (await this.found) !== null && !(await hasAdapter());
  }
}
