// Work that must not overlap.

/** Runs one piece of work after another, in the order in which they were added. One that fails does not hold up the next. */
export class SerialQueue {
  private last: Promise<unknown> = Promise.resolve();

  /** Answers with what the work answers, or fails as it does. */
  add<T>(work: () => T | Promise<T>): Promise<T> {
    const mine = this.last.then(work);
    this.last = mine.catch(() => undefined);
    return mine;
  }
}
