// The visitor's own data: given as files, read by a worker, loaded into the engine. Numbers are places in the list `given`.

import type { OwnData, OwnFile, OwnReport, DatasetIdentity, TableReading } from '../protocol/messages';
import { isSame } from './dataset-identity';
import type { Draft } from './draft';
import { ask, change, fail, hasBegun, open, reopenLater } from './reduce-run';
import type { Given, UserData } from './state';
import { forData } from './suggestions';

function set(draft: Draft, part: Partial<UserData>): void {
  draft.set({ user_data: { ...draft.state.user_data, ...part } });
}

function setGiven(draft: Draft, number: number, part: Partial<Given>): void {
  const { given } = draft.state.user_data;
  const found = given[number];
  if (found) set(draft, { given: given.with(number, { ...found, ...part }) });
}

function read(draft: Draft, number: number, again: boolean): void {
  const found = draft.state.user_data.given[number];
  if (!found) return;
  set(draft, { reading: number, again });
  draft.do({ kind: 'read_files', given: number, files: found.files, table: found.table });
}

/** Files were given: starts to read them. */
export function give(draft: Draft, files: OwnFile[], table: TableReading): void {
  if (files.length === 0) return;
  const { given } = draft.state.user_data;
  set(draft, { given: [...given, { files, table, columns: [], dataset: null, accepted: false }], refusal: null, progress: { done: 0, of: 0 } });
  read(draft, given.length, false);
}

/** A report of the worker that reads files. */
export function receive(draft: Draft, number: number, report: OwnReport): void {
  const { reading, again, wanted } = draft.state.user_data;
  if (reading !== number) return;
  if (report.kind === 'progress') return again ? undefined : set(draft, { progress: { done: report.done, of: report.of } });
  set(draft, { reading: null });
  draft.do({ kind: 'stop_reading' });
  if (report.kind === 'set') {
    const {
      about,
      shape: [channels, height, width],
    } = report.set;
    const { train, test } = about;
    setGiven(draft, number, {
      columns: about.columns,
      dataset: { name: 'own', train, test, classes: about.classes.length, channels, height, width, own: about },
    });
    // Whether it was read once more is known until the engine has it.
    draft.ask({ kind: 'own', set: report.set, given: number });
  } else if (again) {
    // Files that cannot be read again count as not given.
    setGiven(draft, number, { accepted: false });
    set(draft, { again: false, wanted: wanted === number ? null : wanted });
    lost(draft, report.message);
  } else {
    setGiven(draft, number, { columns: report.columns });
    refused(draft, report.message);
  }
}

/** Data that were given before cannot be read again. A run that waits for them fails, as if they had never been given. */
function lost(draft: Draft, message: string): void {
  refused(draft, message);
  const { run, lacks_data, waits } = draft.state;
  if (run.kind !== 'opening' || !lacks_data) return;
  draft.set({ lacks_data: { saved: run.saved, train: waits } });
  fail(draft, 'own', message);
}

/** Why data cannot be used. */
export function refused(draft: Draft, message: string): void {
  set(draft, { refusal: message, progress: null });
}

/** The engine has the data: they become the data of the controls. A run that has begun stays on its data. */
export function accepted(draft: Draft, own: OwnData, number: number): void {
  const { lacks_data, run, waits } = draft.state;
  const { again } = draft.state.user_data;
  setGiven(draft, number, { accepted: true });
  set(draft, { in_engine: number, again: false });
  // A run from a checkpoint has begun, even while it is being opened.
  const goes_on = run.kind === 'opening' && run.saved !== null;
  const begun = lacks_data === null && (goes_on || hasBegun(draft));
  if (!again) {
    set(draft, { wanted: number, progress: null, refusal: null, waits: begun });
    draft.setControls({ own });
  }
  // Train may have been pressed while they were read again.
  const train = lacks_data && run.kind === 'failed' ? lacks_data.train : waits;
  if (lacks_data && (lacks_data.saved || again)) return open(draft, train, draft.state.comparison !== null, lacks_data.saved);
  const { values } = draft.state.controls;
  if (again || !values) return;
  if (values['dataset'] !== 'own') return change(draft, 'dataset', 'own');
  // Other files under the same name: the link is the same, but the run is not.
  const { brought, replaced } = forData(values, 'own', draft.state.controls);
  draft.setControls({ replaced });
  ask(draft, 'dataset', { ...values, ...brought });
  if (!begun) {
    draft.set({ waits: train });
    reopenLater(draft);
  }
}

/** Reads again the data that the run learned from, or those that were given last. Returns false if they were never given in this tab, or if the engine has them. */
export function readAgain(draft: Draft, trained_on: DatasetIdentity | null): boolean {
  const { given, wanted, in_engine, reading, again } = draft.state.user_data;
  const number = trained_on ? given.findLastIndex(({ accepted: is, dataset }) => is && dataset && isSame(trained_on, dataset)) : (wanted ?? -1);
  if (number < 0 || number === in_engine) return false;
  if (again && reading === number) return true;
  read(draft, number, true);
  return true;
}

/** The run has its data: the data that the controls mean are loaded for the next run. */
export function settled(draft: Draft): void {
  const { wanted, in_engine, reading } = draft.state.user_data;
  if (wanted !== null && in_engine !== wanted && reading === null) readAgain(draft, null);
}

/** A new engine has no data. */
export function engineRenewed(draft: Draft): void {
  const { again, reading } = draft.state.user_data;
  set(draft, { in_engine: null });
  if (!again) return;
  set(draft, { again: false, reading: null });
  if (reading !== null) draft.do({ kind: 'stop_reading' });
}
