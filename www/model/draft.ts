// The next state while a reducer makes it, and its effects.

import type { Request } from '../protocol/messages';
import type { Effect } from './actions';
import type { Controls, Opened, Run, State } from './state';

/** Exists for one action. It never writes into the state that it began with. */
export class Draft {
  state: State;
  readonly effects: Effect[] = [];
  /** The page's clock, in milliseconds. */
  readonly now: number;

  constructor(state: State, now: number) {
    this.state = state;
    this.now = now;
  }

  set(part: Partial<State>): void {
    this.state = { ...this.state, ...part };
  }

  setControls(part: Partial<Controls>): void {
    this.set({ controls: { ...this.state.controls, ...part } });
  }

  /** Changes the run. The fields must belong to its kind. */
  setRun<Kind extends Run['kind']>(kind: Kind, part: Partial<Extract<Run, { kind: Kind }>>): void {
    const { run } = this.state;
    if (run.kind === kind) this.set({ run: { ...run, ...part } as Run });
  }

  /** Changes the run whose network the page shows. */
  setOpened(part: Partial<Opened>): void {
    const { run } = this.state;
    if (run.kind === 'open' || run.kind === 'replay') this.set({ run: { ...run, ...part } });
    else if (run.kind === 'failed' && run.last) this.set({ run: { ...run, last: { ...run.last, ...part } } });
  }

  do(...effects: Effect[]): void {
    this.effects.push(...effects);
  }

  ask(request: Request): void {
    this.do({ kind: 'ask', request });
  }
}
