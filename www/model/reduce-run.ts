// How runs begin, continue and replace one another.

import type { Entrant, Description, Failure, Plan, Report, Snapshot, Values } from '../protocol/messages';
import * as comparisons from './comparison';
import { accept, differ, follow, settingOf, requestChange, requestedValues, withoutComparison } from './controls';
import { Curves } from './curves';
import type { Draft } from './draft';
import { Timeline } from './history';
import { withPin } from './pins';
import { Rate } from './run-stats';
import { type ListedRun, admit } from './runs';
import type { SavedRun } from './saved-run';
import { isOver, openedOf, phaseOf } from './selectors';
import type { Opened } from './state';
import { along } from './suggestions';
import { t } from '../words/words';

const OPENING = { kind: 'opening', unopened: false, sizing: false, plan: null, progress: null, busy: null } as const;

/**
 * Opens a run with the settings of the controls, or one that continues from a checkpoint. It replaces the run before. `passing`: nobody goes back to
 * it.
 */
export function open(draft: Draft, train: boolean, in_comparison = false, saved: SavedRun | null = null, passing = in_comparison): void {
  toNow(draft);
  draft.do({ kind: 'reopen_never' });
  const controls = saved?.follows ? takeUp(draft, saved.values, saved.query_now) : draft.state.controls;
  const number = draft.state.run.number + 1;
  draft.set({
    reopens: false,
    comparison: in_comparison ? draft.state.comparison : null,
    lacks_data: null,
    trouble: null,
    waits: train,
    run: { ...OPENING, number, asked: saved?.values ?? controls.values ?? {}, saved },
  });
  draft.ask({
    kind: 'open',
    run: number,
    query: saved?.query ?? controls.query,
    train,
    ...(saved?.resumed && { resumed: saved.resumed.bytes }),
    ...(saved?.trained_on && { trained_on: saved.trained_on }),
    ...(passing && { passing }),
  });
}

/** Makes the controls show these settings. `is_addressed`: the address then names them. */
export function takeUp(draft: Draft, values: Values, query: string, is_addressed = true): Draft['state']['controls'] {
  const controls = follow(draft.state.controls, values, query);
  draft.set({ controls });
  if (is_addressed) draft.do({ kind: 'address', query: controls.query });
  return controls;
}

/** The state of a run that was just opened. */
function fresh(number: number, asked: Values, saved: SavedRun | null, description: Description): Opened {
  return {
    number,
    asked,
    saved,
    description,
    values: asked,
    replaced: {},
    history: saved?.timeline ?? new Timeline(description.units, description.history_columns),
    curves: saved?.curves ?? new Curves(),
    rate: new Rate(),
    snapshot: null,
    stepped_at: 0,
    evaluation: saved?.evaluation ?? null,
    speed: null,
    costly: null,
    measuring: false,
    filters: null,
    step_through: null,
    lab: null,
    unit_cost: null,
    classes: null,
    listed: null,
  };
}

/** The engine opened the network. */
export function opened(draft: Draft, description: Description): void {
  const { run } = draft.state;
  if (run.kind !== 'opening') return;
  const { number, asked, saved, unopened: _, plan: __, sizing: ___, ...rest } = run;
  const made = fresh(number, asked, saved, description);
  draft.set({
    run: {
      ...made,
      ...rest,
      kind: 'open',
      phase: 'loading',
      listed: {
        number,
        slot: 0,
        values: asked,
        replaced: {},
        description,
        curves: made.curves,
        evaluation: null,
        cost: { forward: 0, backward: 0, structure: 0, near_dense: 0 },
        bytes: 0,
        speed: null,
        state: 'loading',
      },
    },
  });
  for (const [name, value] of saved?.late ?? []) adjust(draft, name, value);
  followControls(draft);
}

/** Shows a recorded run without an engine. */
export function replay(draft: Draft, saved: SavedRun, description: Description, last: Snapshot, refusal: string): void {
  toNow(draft);
  draft.do({ kind: 'reopen_never' });
  draft.ask({ kind: 'close' });
  const controls = takeUp(draft, saved.values, saved.query_now);
  const made = fresh(draft.state.run.number + 1, saved.values, saved, description);
  draft.set({
    reopens: false,
    comparison: null,
    waits: false,
    trouble: null,
    controls: { ...controls, plan: description },
    run: { ...made, snapshot: last, kind: 'replay', playing: false, refusal },
  });
  view(draft, 'network');
}

export function view(draft: Draft, name: string): void {
  draft.set({ view: name });
  draft.do({ kind: 'tell', news: { kind: 'viewed', name } });
}

/** Looks back at a column of the history, or at the present. */
export function look(draft: Draft, column: number | null): void {
  const history = openedOf(draft.state.run)?.history;
  if (!history || history.columns === 0) return;
  const looking = column === null || column >= history.columns - 1 ? null : Math.max(0, column);
  draft.set({ looking });
  draft.do({ kind: 'tell', news: { kind: 'looked', step: looking === null ? null : (history.at(looking)?.step ?? null) } });
}

/** Returns to the present, if the page looks back. */
export function toNow(draft: Draft): void {
  if (draft.state.looking !== null) look(draft, null);
}

/** Train or pause was pressed. */
export function train(draft: Draft): void {
  const { state } = draft;
  const phase = phaseOf(state.run);
  if (state.run.kind === 'replay') return draft.do({ kind: 'tell', news: { kind: 'play_pressed' } });
  // Settings were just changed: the run with the new settings trains, not the one that it is about to replace.
  if (phase === 'unopened' || isOver(state.run) || state.reopens) return open(draft, true);
  const wants = phase === 'training' || state.waits;
  draft.set({ waits: !wants });
  if (!wants) toNow(draft);
  draft.ask({ kind: wants ? 'pause' : 'train' });
}

export function step(draft: Draft): void {
  draft.set({ waits: false });
  const { run } = draft.state;
  if (run.kind === 'replay') return draft.do({ kind: 'tell', news: { kind: 'play_stepped' } });
  toNow(draft);
  draft.ask({ kind: 'step' });
  if (!openedOf(run)?.step_through) draft.do({ kind: 'tell', news: { kind: 'stepped' } });
}

export function phase(draft: Draft): void {
  draft.set({ waits: false });
  toNow(draft);
  draft.ask({ kind: 'phase' });
}

/** Opens a new run. It trains at once if the run before was training or had finished. */
export function restart(draft: Draft): void {
  const { run, waits } = draft.state;
  const phase = phaseOf(run);
  open(draft, phase !== 'idle' && phase !== 'unopened' && phase !== 'paused' && !(phase === 'loading' && !waits));
}

/** Changes the run's entry in the list of runs. `admits`: adds the entry if it is missing. */
export function relist(draft: Draft, part: Partial<ListedRun>, admits = false): void {
  const { run, runs } = draft.state;
  if (run.kind !== 'open' || !run.listed) return;
  const listed = { ...run.listed, ...part };
  draft.setRun('open', { listed });
  if (admits || runs.list.some(({ number }) => number === listed.number)) draft.set({ runs: { ...runs, ...admit(runs, listed) } });
}

/** Failures after which the engine must be replaced. */
const BREAKS: Failure[] = ['lost', 'crashed', 'engine'];

/** The run failed, while it was opened or later. */
export function fail(draft: Draft, failure: Failure, message: string): void {
  const { run, trouble, controls } = draft.state;
  if (BREAKS.includes(failure)) draft.do({ kind: 'engine_broke' });
  relist(draft, { state: 'error' });
  const { number } = run;
  const [asked, saved, plan] = run.kind === 'none' ? [controls.values ?? {}, null, null] : [run.asked, run.saved, run.kind === 'opening' ? run.plan : null];
  const opened = openedOf(draft.state.run);
  draft.set({
    waits: false,
    comparison: null,
    // The first failure is shown, because later ones are usually its consequences. A link that could not be read is no cause: the page works on.
    trouble: trouble && trouble.failure !== 'link' && trouble.failure !== 'part_of_link' ? trouble : { failure, message },
    run: { kind: 'failed', number, asked, saved, failure, plan: plan ?? opened?.description ?? null, last: opened },
  });
}

/** Whether a run has begun, so that it must stay on its data. */
export const hasBegun = ({ state: { run } }: Draft): boolean => phaseOf(run) === 'training' || (openedOf(run)?.snapshot?.step ?? 0) > 0;

// Settings.

/** A setting was changed. The engine checks the whole before anything changes. */
export function change(draft: Draft, name: string, value: string): void {
  const { controls } = draft.state;
  const from = requestedValues(controls);
  if (!from) return;
  if (name === 'dataset' && value === 'own') {
    view(draft, 'own');
    // Before files are given the settings do not change, and the control shows the old value again.
    if (!controls.own) return draft.setControls({ reverts: controls.reverts + 1 });
  }
  // The visitor took a refused value back.
  if (from[name] === value) return draft.setControls({ refusal: null });
  const { brought, replaced } = along(from, name, value, controls);
  draft.setControls({ replaced });
  ask(draft, name, { ...from, ...brought, [name]: value });
}

export function pin(draft: Draft, unit: number, how: 'on' | 'off' | null): void {
  change(draft, 'pins', withPin(requestedValues(draft.state.controls)?.['pins'], unit, how));
}

/** Asks the engine to check settings. */
export function ask(draft: Draft, name: string, values: Values, compared: Values | null = null): void {
  const controls = requestChange(draft.state.controls, name, values, compared);
  draft.set({ controls });
  draft.ask({ kind: 'link', ticket: controls.ticket, values });
}

/** The engine accepts settings that were asked for. */
export function linked(draft: Draft, link: { ticket: number; query: string; plan: Plan }): void {
  const accepted = accept(draft.state.controls, link);
  if (!accepted) return;
  const { controls, changed, wish: found } = accepted;
  const others = changed.filter(([name]) => name !== found.name);
  draft.set({ controls: { ...controls, refusal: null, along: others.length > 0 && !found.compared ? others : null } });
  draft.do({ kind: 'address', query: controls.query });
  if (found.compared && draft.state.comparison) return open(draft, true, true);
  for (const [name, value] of changed) {
    const { run } = draft.state;
    if (settingOf(controls, name)?.live && (run.kind === 'opening' || ['loading', 'training', 'paused'].includes(phaseOf(run)))) adjust(draft, name, value);
  }
  followControls(draft);
}

/** The run continues with another value of a live setting. */
function adjust(draft: Draft, name: string, value: string): void {
  const { run } = draft.state;
  // A run that is being opened from a checkpoint takes the value as soon as it is open.
  if (run.kind === 'opening') {
    if (run.saved && !run.unopened) draft.setRun('opening', { saved: { ...run.saved, late: [...run.saved.late, [name, value]] } });
    return;
  }
  if (run.kind !== 'open') return;
  draft.ask({ kind: 'change', name, value });
  draft.setOpened({ replaced: { [name]: run.values[name] ?? '', ...run.replaced }, values: { ...run.values, [name]: value } });
}

/** The run could not take a live setting: the next run has it. */
export function unchanged(draft: Draft, name: string): void {
  const { run } = draft.state;
  if (run.kind !== 'open') return;
  const { [name]: before = '', ...replaced } = run.replaced;
  draft.setOpened({ values: { ...run.values, [name]: before }, replaced });
}

/** Before the first step nothing would be lost: a run with the changed settings replaces this one. */
function followControls(draft: Draft): void {
  const { run, controls } = draft.state;
  if (run.kind === 'none' || run.kind === 'replay') return;
  const phase = phaseOf(run);
  // A run from a checkpoint has done its first step.
  if (phase === 'loading' && run.saved) return;
  const unbegun = phase === 'loading' && (openedOf(run)?.snapshot?.step ?? 0) === 0;
  if (!differ(controls, run.asked) || !(phase === 'idle' || phase === 'unopened' || phase === 'error' || unbegun)) return;
  reopenLater(draft);
}

export function reopenLater(draft: Draft): void {
  draft.set({ reopens: true });
  draft.do({ kind: 'reopen_later' });
}

// Comparisons.

export function compare(draft: Draft, entrants: Entrant[], best: boolean, common: Values): void {
  const base = withoutComparison(draft.state.controls);
  if (!base) return;
  draft.set({ comparison: comparisons.begun(entrants, { ...base, ...common }, best) });
  nextRun(draft);
}

/** Opens the next run of a comparison, if one is in progress. */
export function nextRun(draft: Draft): void {
  const { comparison, run } = draft.state;
  if (!comparison) return;
  const last = openedOf(run);
  const so_far = phaseOf(run) === 'finished' && last?.evaluation ? comparisons.ended(comparison, last.evaluation) : comparison;
  const following = comparisons.next(so_far, draft.state.controls);
  draft.set({ comparison: following?.comparison ?? null });
  if (!following) return;
  if ('refused' in following.asked) {
    draft.do({ kind: 'toast', words: following.asked.refused });
    endComparison(draft);
  } else ask(draft, 'method', following.asked.values, comparison.base);
}

/** Ends a comparison. Its runs stay in the list. */
export function endComparison(draft: Draft): void {
  draft.set({ comparison: null, waits: false });
  draft.ask({ kind: 'pause' });
}

/** Opens the settings of a link: the page's own link, or one that was asked for. */
export function readLink(draft: Draft, report: Report & { kind: 'values' }): void {
  const { state } = draft;
  // The visitor may continue a saved run or open a file before the page's own link is read: then the link is not opened.
  if (report.asked !== 'read' && state.controls.values) return;
  if (report.asked === 'first') {
    draft.set({
      controls: follow(state.controls, report.values, report.query),
      run: { ...OPENING, number: state.run.number, asked: report.values, saved: null, sizing: true },
    });
    return;
  }
  const is_demonstration = state.playing === report.query;
  const waits = state.waits || is_demonstration;
  const { refused } = report;
  // An address with a mistake stays as it was given, so that the visitor can mend it.
  takeUp(draft, report.values, report.query, refused === null);
  draft.set({ playing: null });
  const words = refused?.is_rest ? t`Part of the link could not be read` : t`The link could not be read`;
  draft.setControls({ refusal: refused === null ? null : { message: `${words}: ${refused.message.replaceAll('\n', '; ')}`, name: undefined } });
  open(draft, waits, false, null, is_demonstration);
  if (refused !== null) draft.set({ trouble: { failure: refused.is_rest ? 'part_of_link' : 'link', message: refused.message } });
}

/** The device of a first visit was measured: the run that fits it is opened, unless another one was opened meanwhile. */
export function sized(draft: Draft, { speed, values, query }: Report & { kind: 'sized' }): void {
  const { run, controls, waits, comparison } = draft.state;
  if (run.kind !== 'opening' || !run.sizing) return;
  // Settings that the visitor has changed meanwhile stay as they are.
  if (controls.pending.length === 0 && !differ(controls, run.asked)) {
    takeUp(draft, values, query);
    draft.setControls({ sized: speed === null ? null : { values, speed } });
  }
  open(draft, waits, comparison !== null);
}
