// Loads the engine of the worker: the GPU engine, or the CPU engine where the browser offers no GPU.

import { type KnownAdapter, hasAdapter, knownAdapter } from './adapter';
import { type Engine, loadEngine } from './load';

export class EngineLoader {
  private loading: Promise<Engine> | null = null;
  private found: Promise<KnownAdapter | null> = Promise.resolve(null);

  /** The engine that was loaded last; null before the first. */
  get engine(): Promise<Engine> | null {
    return this.loading;
  }

  /** The adapter of the GPU engine; null for the CPU engine. */
  get adapter(): Promise<KnownAdapter | null> {
    return this.found;
  }

  /** Loads the engine for what this browser offers now. It replaces the engine before. */
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
