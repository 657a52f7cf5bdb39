// Measures a step of this run and a step of the dense network in turns.

import { OnRequest } from './on-request';
import type { OpenRun } from './open-run';
import { type Clock, FIRST_STEPS, SIDE_WORK, TimeBudget } from './time-budgets';
import type { Plan, Snapshot } from '../protocol/messages';

const { comparison } = SIDE_WORK;

/**
 * How long a dense step is expected to take, in milliseconds, where a step of this run took `step_ms`. The time of a step is taken to be half
 * in proportion to its multiply-adds, and half independent of the kept units.
 *
 * Multiply-adds are counted in forward passes of the mask m. Both steps go forward once and backward once, and a backward pass is two forward
 * ones. A step with a second loss also goes forward under m′.
 */
export function expectedDenseMs({ groups, layers }: Pick<Plan, 'groups' | 'layers'>, { step_ms, kept, probe_kept, records }: Snapshot): number {
  const forward = (units: (group: number) => number): number =>
    layers.reduce((sum, { taps, pixels, from, to }) => sum + pixels * taps * units(from) * units(to), 0);
  const has_probe = records.some(({ probe_loss }) => Number.isFinite(probe_loss));
  const own = 3 * forward((group) => kept[group] ?? 0) + (has_probe ? forward((group) => probe_kept[group] ?? 0) : 0);
  const ratio = (3 * forward((group) => groups[group]?.size ?? 0)) / Math.max(1, own);
  return (step_ms * (1 + ratio)) / 2;
}

/** The time of a comparison, estimated from the first steps of a run. */
export class ComparisonCost {
  private readonly plan: Plan;
  /** The least time of the first steps, and the least estimate of a dense step. */
  private own_ms = Number.POSITIVE_INFINITY;
  private dense_ms = Number.POSITIVE_INFINITY;

  constructor(plan: Plan) {
    this.plan = plan;
  }

  /** Takes the steps of a snapshot into account, where they are among the first. */
  observe(snapshot: Snapshot): void {
    const { step, step_ms, records } = snapshot;
    // The very first step of a run also warms the device up.
    if (records.length === 0 || step <= records.length || step > FIRST_STEPS) return;
    this.own_ms = Math.min(this.own_ms, step_ms);
    this.dense_ms = Math.min(this.dense_ms, expectedDenseMs(this.plan, snapshot));
  }

  /** Null before a step could be timed. */
  expected_ms(): number | null {
    const ms = comparison.steps * (this.own_ms + this.dense_ms);
    return Number.isFinite(ms) ? ms : null;
  }

  /** Whether it takes longer than a comparison that nobody asked for may. A run that ended before a step could be timed is short, and so is its comparison. */
  isHigh(): boolean {
    return (this.expected_ms() ?? 0) > comparison.unasked_ms || this.plan.dense_bytes > comparison.unasked_bytes;
  }
}

/** Decides when the speed is measured again. */
export class ComparisonSchedule {
  private readonly budget: TimeBudget;
  /** Kept units at the last comparison. */
  private compared_units = 0;

  constructor(clock: Clock) {
    this.budget = new TimeBudget(comparison, clock);
  }

  isDue(kept_units: number): boolean {
    const change = Math.abs(kept_units - this.compared_units) / Math.max(1, this.compared_units);
    const has_changed = change > comparison.change && this.budget.idle_ms() >= comparison.changed_interval_ms;
    return (has_changed || this.budget.idle_ms() >= comparison.interval_ms) && this.budget.isAffordable();
  }

  /** Makes a comparison. */
  spend<T>(kept_units: number, compare: () => Promise<T>): Promise<T> {
    this.compared_units = kept_units;
    return this.budget.spend(compare);
  }
}

export class SpeedComparison extends OnRequest {
  private readonly schedule: ComparisonSchedule;
  private readonly cost: ComparisonCost;
  private warned = false;
  /** When the first step had ended. */
  private stepped_ms: number | null = null;

  constructor(run: OpenRun) {
    super(run);
    this.schedule = new ComparisonSchedule(run.environment.clock);
    this.cost = new ComparisonCost(run.plan);
  }

  observe(snapshot: Snapshot): void {
    this.stepped_ms ??= this.run.environment.clock();
    this.cost.observe(snapshot);
  }

  /** Whether the steps so far are enough for a first comparison: there are many, or few took so long that its time is known. */
  private mayBegin(): boolean {
    const { run, stepped_ms } = this;
    if (run.step >= FIRST_STEPS) return true;
    return stepped_ms !== null && this.cost.expected_ms() !== null && run.environment.clock() - stepped_ms >= comparison.first_ms;
  }

  /** Reports once, as soon as it is known, that a comparison must be asked for. */
  warn(): void {
    const ms = this.cost.expected_ms();
    if (this.warned || ms === null || !this.cost.isHigh()) return;
    this.warned = true;
    this.run.report({ kind: 'costly', run: this.run.number, ms, bytes: this.run.plan.dense_bytes });
  }

  /** During training: a comparison where one is due. */
  async measureIfDue(): Promise<void> {
    if (this.mayBegin() && !this.cost.isHigh() && this.schedule.isDue(this.run.kept_units)) await this.work();
  }

  /** At the end of the run: the last comparison. */
  async measureAtEnd(): Promise<void> {
    if (!this.cost.isHigh()) await this.work();
  }

  protected async work(): Promise<void> {
    const { run } = this;
    if (run.closed) return;
    run.announce('speed', this.cost.expected_ms());
    const speed = await this.schedule.spend(run.kept_units, () => run.call((session) => session.measure_speed()));
    run.announce(null);
    run.report({ kind: 'speed', run: run.number, speed });
  }
}
