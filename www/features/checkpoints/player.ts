// Plays the history of a recorded run, from the moment in view to its end.

import { openedOf } from '../../model/selectors';
import type { Page } from '../../ui/page';

/** The duration of a whole run. */
const PLAY_MS = 14_000;
const FRAME_MS = 40;

export class Player {
  private readonly page: Page;
  private timer = 0;
  /** The column that was played last. Playing stops when the visitor looks at another one. */
  private played: number | null = null;

  constructor(page: Page) {
    this.page = page;
  }

  toggle(): void {
    if (this.timer !== 0) return this.stop();
    const columns = openedOf(this.page.state.run)?.history.columns ?? 0;
    const from = this.page.state.looking ?? 0;
    const began = performance.now() - (PLAY_MS * from) / Math.max(1, columns);
    this.timer = window.setInterval(() => {
      if (this.page.state.run.kind !== 'replay' || this.page.state.looking !== this.played) return this.stop();
      const column = Math.floor(((performance.now() - began) / PLAY_MS) * columns);
      if (column < columns - 1) return this.play(column);
      this.page.dispatch({ kind: 'look', column: null });
      this.stop();
    }, FRAME_MS);
    this.play(from);
    this.page.dispatch({ kind: 'playing', on: true });
  }

  /** Shows the next column. */
  step(): void {
    this.stop();
    const { looking } = this.page.state;
    this.page.dispatch({ kind: 'look', column: looking === null ? 0 : looking + 1 });
  }

  stop(): void {
    if (this.timer === 0) return;
    clearInterval(this.timer);
    this.timer = 0;
    this.page.dispatch({ kind: 'playing', on: false });
  }

  private play(column: number): void {
    this.played = column;
    this.page.dispatch({ kind: 'look', column });
  }
}
