// The reducer: how runs begin, continue, fail and are replaced; the effects of settings, files and comparisons.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Action, Effect } from './actions';
import { Curves, Rows } from './curves';
import { Timeline } from './history';
import { reduce } from './reducer';
import type { SavedRun } from './saved-run';
import { allowed, openedOf, phaseOf, planOf, trains } from './selectors';
import { initialState, type State } from './state';
import type { OwnSet, Report, Request, RunState, Values, PartialStep } from '../protocol/messages';
import { entrant, description, evaluation, setting, record, rows, snapshot } from '../testing/samples';

const VALUES: Values = { dataset: 'planted', method: 'vrpge', seed: '1', keep_ratio: '0.2', model: 'mlp-4', batch_size: '8', pins: '' };
const SETTINGS = [setting('seed', '1'), setting('keep_ratio', '0.2', true), setting('pins', '', true), setting('method', 'vrpge')];

/** A page to which actions happen one after another; `now` is its clock. */
class Page {
  state: State;
  now = 0;
  /** Of the last action. */
  effects: Effect[] = [];

  constructor(state: State = initialState) {
    this.state = state;
  }

  do(action: Action): this {
    this.now += 1;
    const before = JSON.stringify(frozen(this.state));
    const [state, effects] = reduce(this.state, action, this.now);
    assert.equal(JSON.stringify(frozen(this.state)), before, 'the state of before stays as it is');
    [this.state, this.effects] = [state, effects];
    return this;
  }

  receive(report: Report): this {
    return this.do({ kind: 'report', report });
  }

  /** What the last action asked of the worker. */
  get asked(): Request[] {
    return this.effects.flatMap((effect) => (effect.kind === 'ask' ? [effect.request] : []));
  }

  get kinds(): string[] {
    return this.effects.map(({ kind }) => kind);
  }

  get phase(): RunState {
    return phaseOf(this.state.run);
  }

  get number(): number {
    return this.state.run.number;
  }

  enters(state: RunState): this {
    return this.receive({ kind: 'state', run: this.number, state });
  }

  steps(step: number, more = {}): this {
    return this.receive({ kind: 'snapshot', run: this.number, snapshot: snapshot(step, more) });
  }

  /** The engine accepts the last pending change. */
  links(query = '?'): this {
    return this.receive({ kind: 'linked', ticket: this.state.controls.ticket, query, plan: description() });
  }
}

/** The part of a state that can be compared: recordings grow in place. */
const frozen = (value: unknown): unknown =>
  value instanceof Curves || value instanceof Timeline
    ? null
    : Array.isArray(value)
      ? value.map(frozen)
      : value && typeof value === 'object' && !ArrayBuffer.isView(value)
        ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, frozen(each)]))
        : value;

const values = (
  given: Values = VALUES,
  asked: 'start' | 'read' = 'start',
  query = 'q',
  refused: { message: string; is_rest: boolean } | null = null,
): Report => ({
  kind: 'values',
  asked,
  values: given,
  query,
  refused,
});

/** The page's own link is read, and its run is being opened. */
const opening = (given: Values = VALUES): Page => new Page().receive({ kind: 'settings', settings: SETTINGS, entrants: [] }).receive(values(given));
/** The engine opened it. */
const opened = (given: Values = VALUES): Page => {
  const page = opening(given);
  return page.receive({ kind: 'opened', run: page.number, description: description(), query: 'q' });
};
const training = (given: Values = VALUES): Page => opened(given).steps(0).enters('idle').do({ kind: 'train' }).enters('training').steps(5);

const saved = (more: Partial<SavedRun> = {}): SavedRun => ({
  query: 'saved',
  query_now: 'saved-now',
  values: { ...VALUES, seed: '7' },
  follows: true,
  timeline: new Timeline(10, 100),
  curves: new Curves(Rows.of(rows([record(49)]))),
  evaluation: evaluation(),
  resumed: { bytes: Uint8Array.of(50), step: 50, changes: [] },
  trained_on: null,
  late: [],
  ...more,
});

// Beginning.

test('the page’s link is read, its run is opened, and stands idle until Train is pressed', () => {
  const page = new Page().receive({ kind: 'settings', settings: SETTINGS, entrants: [] }).receive(values());
  assert.deepEqual(page.asked, [{ kind: 'open', run: 1, query: 'q', train: false }]);
  assert.equal(page.phase, 'loading');
  page.receive({ kind: 'planned', run: 1, plan: description() });
  assert.equal(planOf(page.state.run)?.model, 'mlp-4');
  page.receive({ kind: 'opened', run: 1, description: description(), query: 'q' }).steps(0).enters('idle');
  assert.deepEqual([page.phase, trains(page.state)], ['idle', false]);
  // Before the first step the mask is the one that the scores decide on.
  assert.deepEqual([...(openedOf(page.state.run)?.snapshot?.mask ?? [])], new Array(10).fill(0));
  page.do({ kind: 'train' });
  assert.deepEqual([page.asked, trains(page.state)], [[{ kind: 'train' }], true]);
  page.enters('training');
  assert.deepEqual([page.phase, page.state.waits], ['training', false]);
});

test('Train that is pressed before anything is open trains what is opened', () => {
  const page = new Page().do({ kind: 'train' });
  assert.equal(page.state.waits, true);
  page.receive({ kind: 'settings', settings: SETTINGS, entrants: [] }).receive(values());
  assert.deepEqual(page.asked.at(-1), { kind: 'open', run: 1, query: 'q', train: true });
  page.do({ kind: 'train' });
  assert.deepEqual([page.asked, page.state.waits], [[{ kind: 'pause' }], false], 'and may be taken back');
});

test('a saved run that is taken up before the page’s own link is read stays', () => {
  const page = new Page().receive({ kind: 'settings', settings: SETTINGS, entrants: [] });
  page.do({ kind: 'open', train: true, saved: saved(), in_comparison: false });
  page.receive(values());
  assert.deepEqual(page.asked, [], 'its link opens nothing');
  assert.equal(page.state.controls.values?.['seed'], '7');
  assert.equal(page.number, 1);
});

test('a link that cannot be read opens another experiment, and says so', () => {
  const page = new Page().receive(values(VALUES, 'start', '', { message: 'there is no setting "x"', is_rest: false }));
  assert.deepEqual(page.state.trouble, { failure: 'link', message: 'there is no setting "x"' });
  assert.match(page.state.controls.refusal?.message ?? '', /^The link could not be read/);
  assert.equal(page.asked.at(-1)?.kind, 'open');
  const part = new Page().receive(values(VALUES, 'start', 'q', { message: 'there is no setting "x"', is_rest: true }));
  assert.equal(part.state.trouble?.failure, 'part_of_link');
  const writesAddress = ({ effects }: Page): boolean => effects.some(({ kind }) => kind === 'address');
  assert.deepEqual(
    [
      writesAddress(new Page().receive(values(VALUES, 'start', '', { message: 'no', is_rest: false }))),
      writesAddress(part),
      writesAddress(new Page().receive(values())),
    ],
    [false, false, true],
  );
  assert.match(part.state.controls.refusal?.message ?? '', /^Part of the link could not be read: there is no/);
  page.receive({ kind: 'failed', run: 1, failure: 'large', message: 'too large' });
  assert.equal(page.state.trouble?.failure, 'large', 'a failure after it is the news');
  page.receive({ kind: 'failed', run: 1, failure: 'engine', message: 'later' });
  assert.equal(page.state.trouble?.failure, 'large', 'but not what follows from that');
});

test('news of a run that was closed is not heard', () => {
  const page = training();
  page.do({ kind: 'restart' });
  const { state } = page;
  page.receive({ kind: 'snapshot', run: 1, snapshot: snapshot(9) });
  page.receive({ kind: 'failed', run: 1, failure: 'lost', message: 'gone' });
  page.receive({ kind: 'opened', run: 1, description: description(), query: 'q' });
  assert.equal(page.state, state);
  assert.deepEqual(page.effects, []);
});

test('a run that would take much memory waits until somebody asks for it', () => {
  const page = opening().enters('unopened');
  assert.equal(page.phase, 'unopened');
  assert.equal(allowed(page.state).step, false);
  page.do({ kind: 'train' });
  assert.deepEqual(page.asked, [{ kind: 'open', run: 2, query: 'q', train: true }]);
  const early = opening().do({ kind: 'train' }).enters('unopened');
  assert.deepEqual(early.asked, [{ kind: 'open', run: 2, query: 'q', train: true }], 'Train was pressed already');
});

// A first visit.

const SMALL = { ...VALUES, model: 'mlp-1' };
const SIZED = { ...VALUES, model: 'mlp-9' };
/** The device of a first visit is being measured. */
const measuring = (): Page =>
  new Page()
    .receive({ kind: 'settings', settings: SETTINGS, entrants: [] })
    .receive({ kind: 'values', asked: 'first', values: SMALL, query: 'small', refused: null });
const fits = (speed: number | null = 2e9): Report => ({ kind: 'sized', speed, values: SIZED, query: 'sized' });

test('a first visit waits for its device to be measured, then opens the experiment that fits it, and the address spells it out', () => {
  const page = measuring();
  assert.deepEqual([page.effects.filter(({ kind }) => kind !== 'tell'), page.phase, page.state.controls.values], [[], 'loading', SMALL]);
  page.receive({ kind: 'progress', run: 0, stage: 'compiling kernels', done: 1, of: 9 });
  assert.equal(page.state.run.kind === 'opening' && page.state.run.progress?.of, 9);
  page.receive(fits());
  assert.deepEqual(page.asked, [{ kind: 'open', run: 1, query: 'sized', train: false }]);
  assert(page.effects.some((effect) => effect.kind === 'address' && effect.query === 'sized'));
  assert.deepEqual(page.state.controls.values, SIZED);
  assert.equal(page.state.controls.sized?.speed, 2e9);
  assert.equal(page.state.run.kind === 'opening' && page.state.run.asked, page.state.controls.sized?.values);
});

test('a link of somebody is never resized', () => {
  const page = opening();
  const { state } = page;
  page.receive(fits());
  assert.equal(page.state, state);
  assert.deepEqual(page.asked, []);
  const read = measuring().receive(values(VALUES, 'read', 'theirs'));
  assert.deepEqual(read.asked, [{ kind: 'open', run: 1, query: 'theirs', train: false }]);
  read.receive(fits());
  assert.deepEqual([read.asked, read.state.controls.query, read.state.controls.sized], [[], 'theirs', null]);
});

test('a saved run, a recorded run and a file are never resized', () => {
  const page = measuring().do({ kind: 'open', train: true, saved: saved(), in_comparison: false });
  page.receive(fits());
  assert.deepEqual([page.asked, page.state.controls.values?.['seed']], [[], '7']);
  const replayed = measuring().do({ kind: 'replay', saved: saved(), description: description(), last: snapshot(9), refusal: 'recorded' });
  replayed.receive(fits());
  assert.deepEqual([replayed.asked, replayed.phase], [[], 'replay']);
  const early = new Page().do({ kind: 'open', train: true, saved: saved(), in_comparison: false });
  early.receive({ kind: 'values', asked: 'first', values: SMALL, query: 'small', refused: null }).receive(fits());
  assert.deepEqual([early.asked, early.state.controls.values?.['seed']], [[], '7']);
});

test('Train that is pressed while the device is measured trains the experiment that fits it', () => {
  const page = measuring().do({ kind: 'train' });
  assert.equal(trains(page.state), true);
  page.receive(fits());
  assert.deepEqual(page.asked, [{ kind: 'open', run: 1, query: 'sized', train: true }]);
});

test('settings that the visitor changed while the device was measured stay, and nothing is sized', () => {
  const changed = (): Page => measuring().do({ kind: 'change', name: 'seed', value: '2' });
  const mine = { ...SMALL, seed: '2' };
  // The engine has checked the change.
  const page = changed().links('seed=2');
  assert(page.kinds.includes('reopen_later'));
  page.receive(fits());
  assert.deepEqual(page.asked, [{ kind: 'open', run: 1, query: 'seed=2', train: false }]);
  assert.deepEqual([page.state.controls.values, page.state.controls.sized], [mine, null]);
  // Its run was opened already.
  const late = changed().links('seed=2').do({ kind: 'reopen' });
  assert.deepEqual(late.asked, [{ kind: 'open', run: 1, query: 'seed=2', train: false }]);
  late.receive(fits());
  assert.deepEqual([late.asked, late.state.controls.values], [[], mine]);
  // The engine has not answered yet.
  const early = changed().receive(fits());
  assert.deepEqual(early.asked, [{ kind: 'open', run: 1, query: 'small', train: false }]);
  early.links('seed=2');
  assert.deepEqual([early.state.controls.values, early.state.reopens], [mine, true]);
  // It refuses the change.
  const refused = changed().receive({ kind: 'refused', ticket: 1, message: 'no' }).receive(fits());
  assert.deepEqual([refused.asked, refused.state.controls.values], [[{ kind: 'open', run: 1, query: 'sized', train: false }], SIZED]);
});

test('a device that could not be measured gets the small experiment, and no speed is told', () => {
  const page = measuring().receive(fits(null));
  assert.equal(page.asked.at(-1)?.kind, 'open');
  assert.equal(page.state.controls.sized, null);
});

test('an engine that breaks while the device is measured can be started again, with the settings that are shown', () => {
  const page = measuring().receive({ kind: 'failed', run: 0, failure: 'engine', message: 'gone' });
  assert.deepEqual([page.phase, page.state.trouble?.message], ['error', 'gone']);
  page.receive(fits()).do({ kind: 'again' });
  assert.deepEqual(page.asked, [{ kind: 'open', run: 1, query: 'small', train: true }]);
});

// Continuing.

test('a restart trains where the run before did or had, and waits where it had not', () => {
  const restarted = (page: Page): boolean | undefined => {
    const request = page.do({ kind: 'restart' }).asked.find(({ kind }) => kind === 'open');
    return request?.kind === 'open' ? request.train : undefined;
  };
  assert.equal(restarted(training()), true);
  assert.equal(restarted(training().enters('finished')), true);
  assert.equal(restarted(training().enters('paused')), false);
  assert.equal(restarted(opened().enters('idle')), false);
  assert.equal(restarted(opened()), false, 'its data are on their way');
  assert.equal(restarted(opened().do({ kind: 'train' })), true, 'and it is to train as soon as they are there');
  assert.equal(restarted(new Page()), undefined, 'nothing is open');
});

test('a new run has nothing of the one before', () => {
  const page = training().receive({ kind: 'evaluated', run: 1, evaluation: evaluation(), tests: 1, whole: false });
  page.receive({ kind: 'filters', run: 1, weights: new Float32Array(3) } as Report).do({ kind: 'look', column: 0 });
  page.do({ kind: 'restart' }).receive({ kind: 'opened', run: 2, description: description(), query: 'q' });
  const run = openedOf(page.state.run) ?? assert.fail();
  assert.deepEqual(
    [run.snapshot, run.evaluation, run.speed, run.filters, run.lab, run.step_through, run.unit_cost],
    [null, null, null, null, null, null, null],
  );
  assert.deepEqual([run.replaced, page.state.looking], [{}, null]);
});

test('a run that waits for its data continues by itself', () => {
  const page = training().enters('loading');
  assert.deepEqual([page.phase, trains(page.state)], ['loading', true]);
  page.enters('training');
  assert.equal(page.state.waits, false);
});

test('a snapshot without steps leaves the last step’s numbers', () => {
  const page = training().steps(8, { step_ms: 3 });
  const recorded = { from: 8, rows: new Float64Array(), column: 8, stride: 1 };
  page.steps(8, { records: [], recorded, step_ms: 0 });
  const run = openedOf(page.state.run);
  assert.deepEqual([run?.snapshot?.records.at(-1)?.step, run?.snapshot?.step_ms], [7, 3]);
  const told = page.effects.find((effect) => effect.kind === 'record');
  assert.equal(told?.kind === 'record' && told.snapshot.recorded, recorded, 'and is no step of its curves');
});

test('a run that diverged says so and stands still', () => {
  const page = training().steps(9, { halted: 'the run diverged' });
  assert.equal(page.phase, 'halted');
  assert.deepEqual([allowed(page.state).step, allowed(page.state).restart], [false, true]);
});

test('a step that is taken phase by phase counts its phases, and goes with the next step', () => {
  const partial = (left: PartialStep['left'], step = 6): Report => ({
    kind: 'partial_step',
    run: 1,
    partial: { stage: 'sample', left, snapshot: snapshot(step), values: null, before: null, stepped: null },
  });
  const page = training()
    .enters('paused')
    .receive(partial(['losses', 'weights']))
    .receive(partial(['weights']));
  const through = () => openedOf(page.state.run)?.step_through;
  assert.deepEqual([through()?.done, through()?.of], [2, 3]);
  page.do({ kind: 'leave_step' });
  assert.deepEqual(page.asked, [{ kind: 'step' }], 'the rest of it is wanted');
  page.steps(6);
  assert.equal(through(), null);
  page.receive(partial([])).steps(6);
  assert.notEqual(through(), null, 'a finished one stays in view');
  page.do({ kind: 'leave_step' });
  assert.equal(through(), null);
});

test('the page looks back at a column of the history, and any request to train returns to the present', () => {
  const page = training();
  const history = openedOf(page.state.run)?.history ?? assert.fail();
  for (const step of [0, 3, 6, 9]) history.take(snapshot(step), VALUES);
  page.do({ kind: 'look', column: 1 });
  assert.equal(page.state.looking, 1);
  assert.deepEqual(page.effects, [{ kind: 'tell', news: { kind: 'looked', step: history.at(1)?.step ?? null } }]);
  page.do({ kind: 'look', column: history.columns - 1 });
  assert.equal(page.state.looking, null, 'the last column is the present');
  page.do({ kind: 'look', column: -4 });
  assert.equal(page.state.looking, 0);
  page.enters('paused').do({ kind: 'step' });
  assert.equal(page.state.looking, null);
});

// Settings.

test('before the first step the run follows the controls, later it waits for a restart', () => {
  const fresh = opened().steps(0).enters('idle').do({ kind: 'change', name: 'seed', value: '2' });
  assert.deepEqual(fresh.asked, [{ kind: 'link', ticket: 1, values: { ...VALUES, seed: '2' } }]);
  fresh.links('seed=2');
  assert(fresh.kinds.includes('reopen_later') && fresh.state.reopens);
  fresh.do({ kind: 'reopen' });
  assert.deepEqual(fresh.asked, [{ kind: 'open', run: 2, query: 'seed=2', train: false }]);
  const begun = training().do({ kind: 'change', name: 'seed', value: '2' }).links('seed=2');
  assert(!begun.kinds.includes('reopen_later') && !begun.state.reopens);
});

test('Train trains the settings that were just changed, not the run that they replace', () => {
  const page = opened().steps(0).enters('idle').do({ kind: 'change', name: 'seed', value: '2' }).links('seed=2').do({ kind: 'train' });
  assert.deepEqual(page.asked, [{ kind: 'open', run: 2, query: 'seed=2', train: true }]);
  assert(page.kinds.includes('reopen_never'));
  page.do({ kind: 'reopen' });
  assert.deepEqual(page.asked, [], 'and once');
});

test('a live setting goes to the run at once, and back where the run refuses it', () => {
  const page = training().do({ kind: 'change', name: 'keep_ratio', value: '0.5' }).links();
  assert.deepEqual(page.asked, [{ kind: 'change', name: 'keep_ratio', value: '0.5' }]);
  const run = () => openedOf(page.state.run);
  assert.deepEqual([run()?.values['keep_ratio'], run()?.replaced], ['0.5', { keep_ratio: '0.2' }]);
  page.do({ kind: 'change', name: 'keep_ratio', value: '0.6' }).links();
  assert.deepEqual(run()?.replaced, { keep_ratio: '0.2' }, 'as it was at first');
  page.receive({ kind: 'unchanged', run: 1, name: 'keep_ratio' });
  assert.deepEqual([run()?.values['keep_ratio'], run()?.replaced], ['0.2', {}]);
  assert.equal(page.state.controls.values?.['keep_ratio'], '0.6', 'the controls ask for it yet');
});

test('a value that the engine refuses changes nothing, and is told; taking it back takes the words back', () => {
  const page = training().do({ kind: 'change', name: 'seed', value: 'x' });
  page.receive({ kind: 'refused', ticket: 1, message: 'a whole number' });
  assert.deepEqual([page.state.controls.refusal, page.state.controls.reverts], [{ message: 'a whole number', name: 'seed' }, 1]);
  assert.equal(page.state.controls.values?.['seed'], '1');
  assert.deepEqual(page.effects.slice(0, 1), [{ kind: 'announce', words: 'a whole number' }]);
  page.do({ kind: 'change', name: 'seed', value: '1' });
  assert.equal(page.state.controls.refusal, null);
});

test('a question that is not about the controls is not answered to them', () => {
  const page = training();
  page.receive({ kind: 'refused', ticket: -1, message: 'no' });
  assert.equal(page.state.controls.refusal, null);
});

test('settings that come along are named', () => {
  const page = training({ ...VALUES, pins: '2on' });
  page.do({ kind: 'change', name: 'model', value: 'mlp-8' }).links();
  assert.deepEqual(page.state.controls.along, [['pins', '']]);
});

test('a unit is pinned by the setting of pins', () => {
  const page = training().do({ kind: 'pin', unit: 3, pin: 'on' });
  assert.deepEqual(page.asked, [{ kind: 'link', ticket: 1, values: { ...VALUES, pins: '3on' } }]);
});

// Saved runs.

test('a run from a checkpoint has its history at once, and settings that were changed after the checkpoint', () => {
  const page = opened().steps(0);
  const from = saved({ late: [['keep_ratio', '0.4']] });
  page.do({ kind: 'open', train: true, saved: from, in_comparison: false });
  assert.deepEqual(page.asked, [{ kind: 'open', run: 2, query: 'saved', train: true, resumed: from.resumed?.bytes }]);
  assert.equal(page.state.controls.query, 'saved-now');
  page.do({ kind: 'change', name: 'pins', value: '1on' }).links();
  assert.deepEqual(page.asked, [], 'there is no run yet that could take it');
  page.receive({ kind: 'opened', run: 2, description: description(), query: 'saved' });
  assert.deepEqual(page.asked, [
    { kind: 'change', name: 'keep_ratio', value: '0.4' },
    { kind: 'change', name: 'pins', value: '1on' },
  ]);
  const run = openedOf(page.state.run);
  assert.equal(run?.history, from.timeline);
  assert.equal(run?.evaluation, from.evaluation);
  page.steps(50, { records: [] });
  assert.equal(openedOf(page.state.run)?.snapshot?.records.at(-1)?.step, 49, 'the last step of its curves');
});

test('a recorded run is looked at without an engine, and nothing is asked of its network', () => {
  const page = training();
  page.do({ kind: 'replay', saved: saved(), description: description(), last: snapshot(50), refusal: 'this run is recorded' });
  assert.deepEqual([page.phase, page.asked, page.state.view], ['replay', [{ kind: 'close' }], 'network']);
  page.do({ kind: 'train' });
  assert.deepEqual(page.effects, [{ kind: 'tell', news: { kind: 'play_pressed' } }]);
  page.do({ kind: 'step' });
  assert.deepEqual(page.effects, [{ kind: 'tell', news: { kind: 'play_stepped' } }]);
  page.do({ kind: 'phase' });
  assert.deepEqual(page.effects, []);
  page.do({ kind: 'pick', unit: { unit: 1, name: 'one', place: {} as DOMRect, from: {} as HTMLElement } });
  assert.deepEqual([page.asked, openedOf(page.state.run)?.unit_cost?.refused], [[], 'this run is recorded']);
});

// Failures.

test('a failure ends the run, a comparison and what waits; what stood on the page stays to be seen', () => {
  const page = training();
  page.receive({ kind: 'failed', run: 1, failure: 'crashed', message: 'unreachable' });
  assert.deepEqual([page.phase, page.state.waits, page.state.comparison], ['error', false, null]);
  assert.equal(openedOf(page.state.run)?.snapshot?.step, 5);
  assert(page.kinds.includes('engine_broke'));
  assert.deepEqual(allowed(page.state), { train: false, step: false, phase: false, restart: false });
  page.do({ kind: 'again' });
  assert.deepEqual(page.asked, [{ kind: 'open', run: 2, query: 'q', train: true }]);
  assert.equal(page.state.trouble, null);
});

test('an engine that broke before anything was known begins anew', () => {
  const page = new Page().receive({ kind: 'failed', run: 0, failure: 'engine', message: 'not found' }).do({ kind: 'again' });
  assert.deepEqual(page.effects, [{ kind: 'renew_engine' }]);
  assert.equal(page.state.waits, true);
  page.do({ kind: 'pace', steps_per_second: 30 });
  assert.deepEqual([page.asked, page.state.pace], [[{ kind: 'pace', steps_per_second: 30 }], 30]);
});

test('a network that does not fit leaves the engine whole, and other settings are tried at once', () => {
  const page = opening();
  page.receive({ kind: 'planned', run: 1, plan: description() }).receive({ kind: 'failed', run: 1, failure: 'large', message: 'too large' });
  assert(!page.kinds.includes('engine_broke'));
  assert.equal(planOf(page.state.run)?.model, 'mlp-4');
  page.do({ kind: 'change', name: 'model', value: 'mlp-2' }).links('model=mlp-2');
  assert(page.kinds.includes('reopen_later'));
});

// Comparisons.

const compared = (): Page => {
  const page = training();
  page.receive({ kind: 'settings', settings: SETTINGS, entrants: [] });
  return page.do({ kind: 'compare', entrants: [entrant('vrpge'), entrant('dense')], best: false, common: { steps: '50' } });
};

test('a comparison trains one entrant after another with the settings as they are', () => {
  const page = compared();
  assert.deepEqual(page.asked, [{ kind: 'link', ticket: 1, values: { ...VALUES, steps: '50', method: 'dense' } }]);
  page.links('method=dense');
  assert.deepEqual(page.asked, [{ kind: 'open', run: 2, query: 'method=dense', train: true, passing: true }]);
  page.receive({ kind: 'opened', run: 2, description: description(), query: 'q' }).steps(50).enters('finished');
  assert.deepEqual(page.asked, [{ kind: 'link', ticket: 2, values: { ...VALUES, steps: '50', method: 'vrpge' } }]);
  page.links('method=vrpge').receive({ kind: 'opened', run: 3, description: description(), query: 'q' }).steps(50).enters('finished');
  assert.deepEqual([page.asked, page.state.comparison], [[], null]);
});

test('a comparison ends where the visitor restarts, stops it, or an entrant is refused', () => {
  const page = compared().links();
  page.receive({ kind: 'opened', run: 2, description: description(), query: 'q' }).do({ kind: 'restart' });
  assert.deepEqual([page.number, page.state.comparison], [3, null]);
  const stopped = compared().links().do({ kind: 'stop_comparison' });
  assert.deepEqual([stopped.asked, stopped.state.comparison], [[{ kind: 'pause' }], null]);
  const refused = compared();
  refused.receive({ kind: 'refused', ticket: 1, message: 'steps must be whole' });
  assert.equal(refused.state.comparison, null);
  assert(refused.effects.some((effect) => effect.kind === 'toast' && /^The comparison ends here/.test(effect.words)));
});

test('runs are listed once they have a curve, with what becomes of them', () => {
  const page = opened().steps(0).steps(1);
  assert.equal(page.state.runs.list.length, 0);
  page.steps(2).enters('finished');
  assert.deepEqual(
    page.state.runs.list.map(({ number, state }) => [number, state]),
    [[1, 'finished']],
  );
  assert(page.kinds.includes('store_runs'));
  page.receive({ kind: 'evaluated', run: 1, evaluation: evaluation(), tests: 1, whole: true });
  assert.equal(page.state.runs.list[0]?.evaluation?.decided, 0.9);
  page.do({ kind: 'forget_runs', numbers: [1] });
  assert.equal(page.state.runs.list.length, 0);
});

// The visitor's own data.

const about = { name: 'ants.csv', words: '', notes: [], columns: [], train: 4, test: 1, has_test: false, is_image: false, classes: ['ant', 'bee'], sum: 'a' };
const set: OwnSet = {
  about,
  shape: [1, 1, 3],
  inputs: new Uint8Array(12),
  labels: new Uint8Array(4),
  test_inputs: new Uint8Array(),
  test_labels: new Uint8Array(),
};
const AS_FOUND = { label: 'auto', missing: 'refuse' };
const FILES = [{ path: 'ants.csv', file: {} as File }];
const given = (page: Page, number = 0): Page =>
  page
    .do({ kind: 'give_files', files: FILES, table: AS_FOUND })
    .do({ kind: 'files_report', given: number, report: { kind: 'set', set } })
    .receive({ kind: 'owned', own: about, given: number });

test('files are read, go to the engine, and become the data of the controls', () => {
  const page = opened().steps(0).enters('idle').do({ kind: 'give_files', files: FILES, table: AS_FOUND });
  assert.deepEqual(page.effects, [{ kind: 'read_files', given: 0, files: FILES, table: AS_FOUND }]);
  page.do({ kind: 'files_report', given: 0, report: { kind: 'progress', done: 1, of: 2 } });
  assert.deepEqual(page.state.user_data.progress, { done: 1, of: 2 });
  page.do({ kind: 'files_report', given: 0, report: { kind: 'set', set } });
  assert.deepEqual(page.asked, [{ kind: 'own', set, given: 0 }]);
  page.receive({ kind: 'owned', own: about, given: 0 });
  assert.deepEqual(page.asked, [{ kind: 'link', ticket: 1, values: { ...VALUES, dataset: 'own', batch_size: '4' } }]);
  assert.deepEqual([page.state.user_data.wanted, page.state.user_data.in_engine, page.state.view], [0, 0, 'own']);
});

test('files that cannot be read leave what was given before', () => {
  const page = given(opened().steps(0).enters('idle'));
  page.do({ kind: 'give_files', files: FILES, table: { ...AS_FOUND, label: 'column 1' } });
  page.do({ kind: 'files_report', given: 1, report: { kind: 'refused', message: 'no table', columns: ['a', 'b'] } });
  assert.deepEqual([page.state.user_data.refusal, page.state.user_data.wanted], ['no table', 0]);
  assert(page.kinds.includes('stop_reading'));
});

test('a report of files that were overtaken is not heard', () => {
  const page = opened()
    .do({ kind: 'give_files', files: FILES, table: AS_FOUND })
    .do({ kind: 'give_files', files: FILES, table: { ...AS_FOUND, label: 'column 2' } });
  const { state } = page;
  page.do({ kind: 'files_report', given: 0, report: { kind: 'set', set } });
  assert.equal(page.state, state);
});

test('a new engine has no data: what was given once is read once more, and the run opens with it', () => {
  const page = given(
    opened({ ...VALUES, dataset: 'own' })
      .steps(0)
      .enters('idle'),
  ).do({ kind: 'engine_renewed' });
  assert.equal(page.state.user_data.in_engine, null);
  page.do({ kind: 'open', train: true, saved: null, in_comparison: false });
  const { number } = page;
  page.receive({ kind: 'failed', run: number, failure: 'own', message: 'give them' });
  assert.deepEqual([page.phase, page.kinds.slice(0, 1)], ['loading', ['read_files']], 'nobody is asked for what is known');
  page.do({ kind: 'files_report', given: 0, report: { kind: 'set', set } }).receive({ kind: 'owned', own: about, given: 0 });
  assert.deepEqual(
    page.asked.map((request) => request.kind === 'open' && [request.run, request.train]),
    [[number + 1, true]],
  );
});

test('unknown data are asked for, and then the run that waits continues', () => {
  const page = opening({ ...VALUES, dataset: 'own' });
  const from = saved({ trained_on: { name: 'own', train: 4, test: 1, classes: 2, channels: 1, width: 3, height: 1, sum: 'a' } });
  page.do({ kind: 'open', train: true, saved: from, in_comparison: false });
  page.receive({ kind: 'failed', run: page.number, failure: 'own', message: 'give them' });
  assert.deepEqual([page.phase, page.state.trouble?.failure, page.state.lacks_data?.train], ['error', 'own', true]);
  given(page);
  const [request] = page.asked;
  assert(request?.kind === 'open' && request.train && request.resumed === from.resumed?.bytes);
});

test('a run stays on its data, and the new data are announced for the next run', () => {
  const page = given(training());
  assert.equal(page.state.user_data.waits, true);
  assert(!page.state.reopens);
});
