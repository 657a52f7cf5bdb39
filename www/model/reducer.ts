// The reducer: the next state and the effects of each action. It is pure: it reads no clock and changes nothing.

import type { Action, Effect } from './actions';
import { Draft } from './draft';
import { reduceReport } from './reduce-report';
import * as runs from './reduce-run';
import * as user_data from './reduce-user-data';
import { forget, restore } from './runs';
import { allowed, openedOf, phaseOf, recordedRefusal } from './selectors';
import type { State } from './state';

/** `now`: the page's clock, in milliseconds. */
export function reduce(state: State, action: Action, now: number): [State, Effect[]] {
  const draft = new Draft(state, now);
  apply(draft, action);
  return [draft.state, draft.effects];
}

function apply(draft: Draft, action: Action): void {
  const { state } = draft;
  switch (action.kind) {
    case 'report':
      return reduceReport(draft, action.report);
    case 'engine_renewed':
      return user_data.engineRenewed(draft);
    case 'train':
      return allowed(state).train ? runs.train(draft) : undefined;
    case 'step':
      return allowed(state).step ? runs.step(draft) : undefined;
    case 'phase':
      return allowed(state).phase ? runs.phase(draft) : undefined;
    case 'restart':
      return allowed(state).restart ? runs.restart(draft) : undefined;
    case 'leave_step':
      return leaveStep(draft);
    case 'again':
      if (state.controls.values) return runs.open(draft, true);
      draft.set({ trouble: null, waits: true });
      return draft.do({ kind: 'renew_engine' });
    case 'open':
      return runs.open(draft, action.train, action.in_comparison, action.saved);
    case 'reopen':
      return state.reopens ? runs.open(draft, state.waits || phaseOf(state.run) === 'training') : undefined;
    case 'replay':
      return runs.replay(draft, action.saved, action.description, action.last, action.refusal);
    case 'playing':
      return draft.setRun('replay', { playing: action.on });
    case 'change':
      return runs.change(draft, action.name, action.value);
    case 'link':
      if (action.trains) draft.set({ playing: action.query });
      return draft.ask({ kind: 'read', query: action.query });
    case 'look':
      return action.column === null ? runs.toNow(draft) : runs.look(draft, action.column);
    case 'view':
      return runs.view(draft, action.name);
    case 'pace':
      draft.set({ pace: action.steps_per_second });
      return draft.ask({ kind: 'pace', steps_per_second: action.steps_per_second });
    case 'measure':
      draft.setOpened({ measuring: true });
      return draft.ask({ kind: 'measure' });
    case 'draw_pairs':
      draft.set({ waits: false });
      return draft.ask({ kind: 'draw', pairs: action.pairs });
    case 'pick':
      return pick(draft, action.unit);
    case 'pin':
      return runs.pin(draft, action.unit, action.pin);
    case 'classes':
      return draft.setOpened({ classes: action.probabilities });
    case 'compare':
      return runs.compare(draft, action.entrants, action.best, action.common);
    case 'stop_comparison':
      return runs.endComparison(draft);
    case 'forget_runs':
      draft.set({ runs: { ...state.runs, ...forget(state.runs, action.numbers) } });
      return draft.do({ kind: 'store_runs' });
    case 'restore_runs':
      return draft.set({ runs: { ...state.runs, ...restore(state.runs, action.runs) } });
    case 'stored_runs':
      return draft.set({ runs: { ...state.runs, unstored: action.refusal } });
    case 'give_files':
      return user_data.give(draft, action.files, action.table);
    case 'files_unreadable':
      return user_data.refused(draft, action.message);
    case 'files_report':
      return user_data.receive(draft, action.given, action.report);
  }
}

/** Finishes a step that is executed phase by phase, or stops showing the finished one. */
function leaveStep(draft: Draft): void {
  const { run } = draft.state;
  if (run.kind !== 'open' || !run.step_through) return;
  if (run.step_through.partial.left.length > 0) return allowed(draft.state).step ? runs.step(draft) : undefined;
  draft.setRun('open', { step_through: null });
}

/** Opens the menu of a unit and measures what the unit is worth. */
function pick(draft: Draft, unit: State['picked']): void {
  if (unit === null) return draft.set({ picked: null });
  const { run } = draft.state;
  if (!openedOf(run) || run.kind === 'failed') return;
  runs.toNow(draft);
  draft.set({ picked: unit });
  const refused = recordedRefusal(run);
  draft.setOpened({ unit_cost: refused === null ? null : { unit: unit.unit, cost: null, refused } });
  if (refused === null) draft.ask({ kind: 'cost', unit: unit.unit });
}
