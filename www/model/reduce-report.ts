// Changes the state of the page by the worker's reports.

import type { Report, Snapshot, PartialStep } from '../protocol/messages';
import { settle } from './controls';
import type { Draft } from './draft';
import { endComparison, fail, linked, nextRun, open, opened, readLink, relist, sized, toNow, unchanged } from './reduce-run';
import * as user_data from './reduce-user-data';
import { openedOf } from './selectors';
import type { Open } from './state';
import { sentence } from './words';
import { t } from '../words/words';

/** Whether a report belongs to another run than the current one. */
const isOfAnother = (report: Report, number: number): boolean => 'run' in report && report.run !== number && report.run !== 0;

export function reduceReport(draft: Draft, report: Report): void {
  const { state } = draft;
  if (isOfAnother(report, state.run.number)) return;
  apply(draft, report);
  draft.do({ kind: 'tell', news: report });
}

function apply(draft: Draft, report: Report): void {
  const { state } = draft;
  switch (report.kind) {
    case 'settings':
      return draft.setControls({ settings: report.settings, entrants: report.entrants });
    case 'values':
      return readLink(draft, report);
    case 'sized':
      return sized(draft, report);
    case 'linked':
      return linked(draft, report);
    case 'refused':
      return refused(draft, report.ticket, report.message);
    case 'unchanged':
      return unchanged(draft, report.name);
    case 'progress':
      return progress(draft, report);
    case 'uncached':
      return draft.do({ kind: 'toast', words: t`The data could not be stored for use without a network: ${sentence(report.message)}` });
    case 'planned':
      toNow(draft);
      draft.setRun('opening', { plan: report.plan });
      return draft.setControls({ plan: report.plan });
    case 'opened':
      return opened(draft, report.description);
    case 'state':
      return changeState(draft, report);
    case 'snapshot':
      return take(draft, report.snapshot);
    case 'cost':
      return draft.setOpened({ unit_cost: { unit: report.unit, cost: report.cost, refused: report.refused } });
    case 'partial_step':
      return walk(draft, report.partial);
    case 'evaluated':
      return evaluated(draft, report);
    case 'speed': {
      const { run } = state;
      draft.setOpened({ speed: report.speed, measuring: false });
      if (run.kind === 'open') relist(draft, { speed: { ...report.speed, step: run.snapshot?.step ?? 0 } });
      return;
    }
    case 'costly':
      return draft.setOpened({ costly: { ms: report.ms, bytes: report.bytes }, measuring: false });
    case 'filters':
      return draft.setOpened({ filters: report.weights });
    case 'lab': {
      const lab = openedOf(state.run)?.lab;
      const before = lab?.progress.step === report.progress.step ? (lab?.report ?? null) : null;
      return draft.setOpened({ lab: { progress: report.progress, report: report.report ?? before } });
    }
    case 'lab_refused':
      return draft.do({ kind: 'announce', words: report.message });
    case 'owned':
      return user_data.accepted(draft, report.own, report.given);
    case 'own_refused':
      return user_data.refused(draft, report.message);
    case 'busy':
      return setBusy(draft, report);
    case 'failed':
      return failed(draft, report);
    // Only the features that asked use these.
    case 'run_read':
    case 'recording':
    case 'checkpoint':
    case 'example':
    case 'classified':
    case 'classify_refused':
      return;
  }
}

function refused(draft: Draft, ticket: number, message: string): void {
  // Questions with a ticket below 0 are not about the controls.
  if (ticket < 0) return;
  const { controls, wish } = settle(draft.state.controls, ticket);
  draft.set({ controls: { ...controls, refusal: { message, name: wish?.name }, reverts: controls.reverts + 1 } });
  draft.do({ kind: 'announce', words: message });
  if (!wish?.compared) return;
  draft.do({ kind: 'toast', words: t`The comparison ends here: ${message}` });
  endComparison(draft);
}

function progress(draft: Draft, { stage, done, of }: Report & { kind: 'progress' }): void {
  const { run } = draft.state;
  if (run.kind !== 'opening' && run.kind !== 'open') return;
  const since = run.progress?.stage === stage ? run.progress.since : draft.now;
  draft.set({ run: { ...run, progress: { stage, done, of, since } } });
}

function setBusy(draft: Draft, { task, ms }: Report & { kind: 'busy' }): void {
  const { run } = draft.state;
  if (run.kind === 'opening' || run.kind === 'open') draft.set({ run: { ...run, busy: task && { task, since: draft.now, ms } } });
}

function changeState(draft: Draft, { state: phase }: Report & { kind: 'state' }): void {
  const { run, waits, comparison } = draft.state;
  if (phase === 'unopened') {
    // The visitor pressed Train before the page knew that this network opens only on request.
    if (waits) return open(draft, true, comparison !== null);
    draft.setRun('opening', { unopened: true });
    draft.set({ waits: false });
    return;
  }
  if (run.kind !== 'open' || phase === 'replay' || phase === 'error') return;
  if (phase === 'loading') {
    // It continues as soon as its data are loaded.
    draft.set({ waits: waits || run.phase === 'training' });
    draft.setRun('open', { phase });
  } else {
    draft.set({ waits: false, ...(phase === 'training' && { trouble: null }) });
    draft.setRun('open', { phase, ...(run.progress && run.progress.done >= run.progress.of && { progress: null }) });
    user_data.settled(draft);
  }
  draft.do({ kind: 'forget_rate', rate: run.rate });
  relist(draft, { state: phase });
  if (phase !== 'training' && phase !== 'loading') draft.do({ kind: 'store_runs' });
  if (phase === 'finished' || phase === 'halted') nextRun(draft);
}

function take(draft: Draft, reported: Snapshot): void {
  const { run } = draft.state;
  if (run.kind !== 'open') return;
  const next = { ...reported };
  // A snapshot without steps, after a pause or of a resumed run, leaves the numbers of the last step.
  const stepped = reported.records.length > 0;
  const { history, curves, rate, values, replaced, step_through, description } = run;
  if (!stepped) next.records = run.snapshot?.records.slice(-1) ?? [curves.record(description.steps_per_epoch)].filter((record) => record !== null);
  if (!stepped && run.snapshot) next.step_ms = run.snapshot.step_ms;
  // A step whose last phase was stepped through stays in view until the next step; one that was finished at once does not.
  const leaves = step_through !== null && (step_through.partial.left.length > 0 || step_through.partial.snapshot.step !== next.step);
  draft.setRun('open', {
    snapshot: next,
    ...(stepped && { stepped_at: draft.now }),
    ...(leaves && { step_through: null }),
    ...(next.halted !== null && { phase: 'halted' as Open['phase'] }),
  });
  draft.do({ kind: 'record', history, curves, rate, snapshot: next, values, at: draft.now });
  // A run is listed once its curve has two points.
  relist(draft, { values, replaced, cost: next.cost, bytes: next.network_bytes }, next.step > 1);
}

function walk(draft: Draft, partial: PartialStep): void {
  const { run } = draft.state;
  if (run.kind !== 'open') return;
  const before = run.step_through;
  const done = before && before.partial.snapshot.step === partial.snapshot.step ? before.done + 1 : 1;
  draft.setRun('open', { step_through: { partial, done, of: done + partial.left.length } });
}

function evaluated(draft: Draft, { evaluation, tests, whole }: Report & { kind: 'evaluated' }): void {
  const opened = openedOf(draft.state.run);
  if (!opened) return;
  draft.do({ kind: 'record_test', curves: opened.curves, evaluation, tests });
  draft.setOpened({ evaluation });
  if (whole) relist(draft, { evaluation });
}

function failed(draft: Draft, { failure, message }: Report & { kind: 'failed' }): void {
  const { run, waits } = draft.state;
  if (failure === 'own') {
    draft.set({ lacks_data: { saved: run.kind === 'opening' ? run.saved : null, train: waits } });
    // Files that were given before can be read again.
    if (user_data.readAgain(draft, run.kind === 'opening' ? (run.saved?.trained_on ?? null) : null)) return;
    user_data.refused(draft, message);
  }
  fail(draft, failure, message);
}
