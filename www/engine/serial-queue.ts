// Work that must not overlap.

/** Runs one piece of work after another, in the order in which they were added. After one that fails the next one runs. */
export class SerialQueue {
  private last: Promise<unknown> = Promise.resolve();

  /** Resolves or rejects as the work does. */
  add<T>(work: () => T | Promise<T>): Promise<T> {
    const mine = this.last.then(work);
    this.last = mine.catch(() => undefined);
    return mine;
  }
}
