// The engine client of the page: the engine runs in a worker, and in a new one where the worker before broke.

import type { Report, Request } from '../protocol/messages';
import { t } from '../words/words';

/** The functions that the page gives the client. */
interface Owner {
  receive: (report: Report) => void;
  /** Whether a run is open in the engine. */
  isOpen: () => boolean;
  /** The first requests to a new worker: load the engine, and what else it must know. */
  first: () => Request[];
  /** A new worker took the place of one that broke: no run is open in it. */
  renewed: () => void;
}

export class EngineClient {
  /** Whether the worker broke: a new one replaces it before the next request. */
  broken = false;
  private worker: Worker;
  private readonly owner: Owner;

  constructor(owner: Owner) {
    this.owner = owner;
    this.worker = this.start();
  }

  /** Posts the first requests to a new worker. */
  begin(): void {
    for (const request of this.owner.first()) this.worker.postMessage(request);
  }

  ask(request: Request): void {
    // A broken engine has nothing left to save, so that a request to save starts no new one.
    if (this.broken && request.kind !== 'checkpoint') this.renew();
    this.worker.postMessage(request);
  }

  /** Ends the worker and starts a new one. */
  renew(): void {
    this.broken = false;
    this.worker.terminate();
    this.worker = this.start();
    this.begin();
    this.owner.renewed();
  }

  /** Reports of an old worker that are still on their way are dropped. */
  private start(): Worker {
    const started = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'engine' });
    started.addEventListener('message', ({ data }: MessageEvent<Report>) => {
      if (started === this.worker) this.owner.receive(data);
    });
    started.addEventListener('error', (event) => {
      event.preventDefault();
      if (started !== this.worker) return;
      this.owner.receive({
        kind: 'failed',
        run: 0,
        failure: this.owner.isOpen() ? 'crashed' : 'engine',
        message: event.message || t`The engine’s file could not be loaded.`,
      });
    });
    return started;
  }
}
