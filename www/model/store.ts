// Holds the state of the page, and calls its followers when a part of it changed.

import type { Action, Effect } from './actions';
import { reduce } from './reducer';
import { initialState, type State } from './state';

const isSame = (a: readonly unknown[], b: readonly unknown[]): boolean => a.length === b.length && a.every((value, index) => Object.is(value, b[index]));

export class Store {
  private current: State;
  private readonly followers = new Set<() => void>();
  private readonly waiting: Action[] = [];
  private busy = false;
  private readonly perform: (effect: Effect) => void;
  private readonly clock: () => number;

  /** `perform` performs an effect; `clock` gives milliseconds. */
  constructor(perform: (effect: Effect) => void, clock: () => number = () => performance.now(), state = initialState) {
    this.perform = perform;
    this.clock = clock;
    this.current = state;
  }

  get state(): State {
    return this.current;
  }

  /** Changes the state, calls its followers, and then performs the effects. An action that is dispatched meanwhile waits for the end of this one. */
  dispatch(action: Action): void {
    this.waiting.push(action);
    if (this.busy) return;
    this.busy = true;
    try {
      for (let next = this.waiting.shift(); next; next = this.waiting.shift()) {
        const [state, effects] = reduce(this.current, next, this.clock());
        this.current = state;
        for (const follow of [...this.followers]) follow();
        for (const effect of effects) this.perform(effect);
      }
    } finally {
      this.busy = false;
    }
  }

  /** Calls `act` now, and whenever one of the values that `of` selects has changed. */
  follow(of: (state: State) => readonly unknown[], act: () => void): void {
    let before = of(this.current);
    act();
    this.followers.add(() => {
      const now = of(this.current);
      if (isSame(before, now)) return;
      before = now;
      act();
    });
  }
}
