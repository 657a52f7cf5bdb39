// The engine as the page has it: in a worker of its own, and in another one where that broke.

import type { Report, Request } from '../protocol/messages';

interface Owner {
  hear: (report: Report) => void;
  /** Whether a network stands in the engine. */
  isOpen: () => boolean;
  /** Another engine is there, and knows nothing. */
  begin: () => void;
}

export class EngineClient {
  /** Of no more use: before it is asked for anything, another takes its place. */
  broken = false;
  private worker: Worker;
  private readonly owner: Owner;

  constructor(owner: Owner) {
    this.owner = owner;
    this.worker = this.engage();
  }

  ask(request: Request): void {
    if (this.broken && request.kind !== 'keep') this.renew();
    this.worker.postMessage(request);
  }

  renew(): void {
    this.broken = false;
    this.worker.terminate();
    this.worker = this.engage();
    this.owner.begin();
  }

  /** What an old one still has to say is not heard. */
  private engage(): Worker {
    const engaged = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'engine' });
    engaged.addEventListener('message', ({ data }: MessageEvent<Report>) => {
      if (engaged === this.worker) this.owner.hear(data);
    });
    engaged.addEventListener('error', (event) => {
      event.preventDefault();
      if (engaged !== this.worker) return;
      this.owner.hear({
        kind: 'failed',
        run: 0,
        failure: this.owner.isOpen() ? 'crashed' : 'engine',
        message: event.message || 'The engine’s file could not be loaded.',
      });
    });
    return engaged;
  }
}
