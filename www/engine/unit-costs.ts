// The worth of a unit: the difference of the loss with it on and with it off.

import type { OpenRun } from './open-run';
import { ASKED_WORK } from './time-budgets';
import { messageOf } from '../model/words';

const { aim_ms, least_batches, most_batches } = ASKED_WORK.unit_cost;

/** On how many batches a unit is measured, where a training step takes `step_ms`. A batch goes forward twice, at about the cost of two steps. */
export function batchesFor(step_ms: number): number {
  return Math.max(least_batches, Math.min(most_batches, Math.floor(aim_ms / Math.max(1, 2 * step_ms))));
}

export class UnitCosts {
  private readonly run: OpenRun;
  /** The last unit that was asked for. */
  private unit: number | null = null;

  constructor(run: OpenRun) {
    this.run = run;
  }

  get isAsked(): boolean {
    return this.unit !== null;
  }

  ask(unit: number): void {
    this.unit = unit;
    this.run.wake();
  }

  async answer(): Promise<void> {
    const { run, unit } = this;
    if (unit === null || run.closed) return;
    this.unit = null;
    const batches = batchesFor(run.step_ms);
    const answer = { kind: 'cost', run: run.number, unit } as const;
    try {
      const cost = await run.call((session) => session.unit_cost(unit, batches));
      run.report({ ...answer, cost, refused: null });
    } catch (error) {
      if (!run.isLost()) run.report({ ...answer, cost: null, refused: messageOf(error) });
    }
  }
}
