// Values that are computed from the state.

import type { Plan, RunState, Values } from '../protocol/messages';
import { differ } from './controls';
import type { Moment } from './history';
import { gatedKept, plannedSteps, settles } from './run-stats';
import type { Busy, Opened, Progress, Run, State } from './state';

/** The state of the run, in the word that the worker uses. */
export function phaseOf(run: Run): RunState {
  switch (run.kind) {
    case 'none':
      return 'loading';
    case 'opening':
      return run.unopened ? 'unopened' : 'loading';
    case 'open':
      return run.phase;
    case 'replay':
      return 'replay';
    case 'failed':
      return 'error';
  }
}

/** The run whose network the page shows. After a failure it is still shown. */
export function openedOf(run: Run): Opened | null {
  if (run.kind === 'open' || run.kind === 'replay') return run;
  return run.kind === 'failed' ? run.last : null;
}

/** The network that is being opened, or is open. */
export function planOf(run: Run): Plan | null {
  if (run.kind === 'opening' || run.kind === 'failed') return run.plan;
  return openedOf(run)?.description ?? null;
}

export const progressOf = (run: Run): Progress | null => (run.kind === 'opening' || run.kind === 'open' ? run.progress : null);
export const busyOf = (run: Run): Busy | null => (run.kind === 'opening' || run.kind === 'open' ? run.busy : null);

/** The current settings of the run. */
export const valuesOf = (run: Run): Values | null => openedOf(run)?.values ?? null;

/** Multiply-adds a second of the device that the run was sized for; null where it was not sized. */
export const sizedFor = ({ controls: { sized }, run }: State): number | null => (sized && openedOf(run)?.asked === sized.values ? sized.speed : null);

/** The recorded step that the page looks back at. */
export function momentOf({ run, looking }: State): Moment | null {
  return looking === null ? null : (openedOf(run)?.history.at(looking) ?? null);
}

/** Steps of the run without fine-tuning. */
export function stepsOf(run: Run): number {
  const opened = openedOf(run);
  return opened ? plannedSteps(opened.description, opened.values) : 0;
}

/** The step at which a falling budget reaches its end; null where it does not fall. */
export function settlesAt(run: Run): number | null {
  const values = valuesOf(run);
  return values && settles(values, stepsOf(run));
}

/** Kept units among those that are gated, at the moment that is shown. */
export function keptUnits(state: State): number {
  const opened = openedOf(state.run);
  const shown = momentOf(state) ?? opened?.snapshot;
  return opened && shown ? gatedKept(opened.description.groups, shown.kept) : 0;
}

/** Whether the run trains, plays, or will train as soon as it can. */
export function trains({ run, waits }: State): boolean {
  if (run.kind === 'replay') return run.playing;
  return waits || phaseOf(run) === 'training';
}

/** Whether the settings of the controls differ from those of the run. */
export function isFresh({ controls, run }: State): boolean {
  const values = valuesOf(run);
  return values !== null && differ(controls, values);
}

const OVER: RunState[] = ['finished', 'halted'];
export const isOver = (run: Run): boolean => OVER.includes(phaseOf(run));

/** Which requests the run can take. */
export function allowed({ run }: State): Record<'train' | 'step' | 'phase' | 'restart', boolean> {
  const train = run.kind !== 'failed';
  const is_open = openedOf(run) !== null;
  const step = train && is_open && phaseOf(run) !== 'unopened' && !isOver(run);
  return { train, step, phase: step && run.kind !== 'replay', restart: train && is_open };
}

/** Of a recorded run: why its network cannot answer. */
export const recordedRefusal = (run: Run): string | null => (run.kind === 'replay' ? run.refusal : null);
