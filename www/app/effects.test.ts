// Effects that the reducer asks for are performed.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import type { EngineClient } from '../engine/client';
import type { Action, Effect, News } from '../model/actions';
import { Curves } from '../model/curves';
import { Timeline } from '../model/history';
import { Rate } from '../model/run-stats';
import { initialState, type State } from '../model/state';
import type { Request } from '../protocol/messages';
import { evaluation, snapshot } from '../testing/samples';
import { effects, firstRequests } from './effects';

/** The parts of a browser that effects use. */
const address = { hash: '', search: '', written: [] as string[] };
const GLOBALS: Record<string, unknown> = {
  window: globalThis,
  document: { baseURI: 'https://example.org/lacuna/' },
  location: address,
  history: { replaceState: (_: unknown, __: string, to: string) => address.written.push(to) },
};
const before = Object.keys(GLOBALS).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const);
beforeEach(() => {
  Object.assign(address, { hash: '', search: '', written: [] });
  for (const [name, value] of Object.entries(GLOBALS)) Object.defineProperty(globalThis, name, { value, configurable: true });
  mock.timers.enable({ apis: ['setTimeout'] });
});
afterEach(() => {
  mock.timers.reset();
  for (const [name, property] of before) {
    if (property) Object.defineProperty(globalThis, name, property);
    else Reflect.deleteProperty(globalThis, name);
  }
});

interface Done {
  perform: (effect: Effect) => void;
  asked: Request[];
  dispatched: Action[];
  told: News[];
  called: [name: string, argument: unknown][];
  engine: { broken: boolean; renewed: number };
}

function made(state: Partial<State> = {}): Done {
  const done = { asked: [], dispatched: [], told: [], called: [] } as Omit<Done, 'perform' | 'engine'>;
  const engine = {
    broken: false,
    renewed: 0,
    ask: (request: Request) => done.asked.push(request),
    renew: () => {
      engine.renewed += 1;
    },
  };
  const perform = effects({
    engine: engine as unknown as EngineClient,
    state: () => ({ ...initialState, ...state }),
    dispatch: (action) => done.dispatched.push(action),
    tell: (news) => done.told.push(news),
    call: (name, argument) => done.called.push([name, argument]),
  });
  return { ...done, engine, perform };
}

test('the address follows after a moment, once for many changes, and keeps what stands behind its #', () => {
  const { perform } = made();
  address.hash = '#lesson=history';
  perform({ kind: 'address', query: 'seed=1' });
  perform({ kind: 'address', query: 'seed=2' });
  mock.timers.tick(249);
  assert.deepEqual(address.written, []);
  mock.timers.tick(1);
  assert.deepEqual(address.written, ['?seed=2#lesson=history']);
});

test('a new engine is asked to load, with the page’s link where nothing is known yet, and told the pace', () => {
  address.search = '?seed=4';
  const data = 'https://example.org/lacuna/data/';
  const fallback = { gpu: 'gate_inputs=true', cpu: 'gate_inputs=true&batch_size=64' };
  const pace = { kind: 'pace', steps_per_second: 30 };
  assert.deepEqual(firstRequests({ ...initialState, pace: 30 }), [{ kind: 'start', query: 'seed=4', may_be_first: true, data, fallback }, pace]);
  const known = { ...initialState, pace: 30, controls: { ...initialState.controls, values: {} } };
  assert.deepEqual(firstRequests(known), [{ kind: 'wake', data }, pace]);
});

test('an address with a lesson or a claim is no first visit', () => {
  const mayBeFirst = (hash: string): boolean => {
    Object.assign(address, { search: '', hash });
    const [request] = firstRequests(initialState);
    return request?.kind === 'start' && request.may_be_first;
  };
  assert.deepEqual(['', '#theme=dark', '#lesson=history', '#theme=dark&claim=digits'].map(mayBeFirst), [true, true, false, false]);
});

test('a run is opened anew once, a moment after the last change, and not at all where that was taken back', () => {
  const { perform, dispatched } = made();
  perform({ kind: 'reopen_later' });
  mock.timers.tick(300);
  perform({ kind: 'reopen_later' });
  mock.timers.tick(349);
  assert.deepEqual(dispatched, []);
  mock.timers.tick(1);
  assert.deepEqual(dispatched, [{ kind: 'reopen' }]);
  perform({ kind: 'reopen_later' });
  perform({ kind: 'reopen_never' });
  mock.timers.tick(1000);
  assert.equal(dispatched.length, 1);
});

test('a snapshot is written into all recordings, and what is looked back at stays the same moment when columns are halved', () => {
  const [history, curves, rate] = [new Timeline(10, 64), new Curves(), new Rate()];
  const { perform, dispatched } = made({ looking: 40 });
  for (let step = 0; step <= 64; step++) {
    const told = snapshot(step);
    if (step === 64 && told.recorded) [told.recorded.column, told.recorded.stride] = [32, 2];
    perform({ kind: 'record', history, curves, rate, snapshot: told, values: {}, at: 10 * step });
    assert.equal(dispatched.length, step < 64 ? 0 : 1);
  }
  assert.deepEqual(dispatched, [{ kind: 'look', column: 20 }]);
  assert.equal(history.at(20)?.step, 40);
  assert.deepEqual([curves.rows.length, curves.last.step], [64, 63]);
  assert(Math.abs(rate.steps_per_second - 100) < 1e-9);
  perform({ kind: 'forget_rate', rate });
  assert(Number.isNaN(rate.steps_per_second));
});

test('tests are written into the curves, as many as the run’s file has', () => {
  const { perform } = made();
  const curves = new Curves();
  for (const [step, tests] of [
    [5, 1],
    [6, 2],
    [6, 2],
    [7, 3],
    [8, 2],
  ] as const)
    perform({ kind: 'record_test', curves, evaluation: evaluation({ step }), tests });
  assert.deepEqual(
    curves.tests.map(({ step }) => step),
    [6, 8],
  );
});

test('the rest goes to who offers it', () => {
  const { perform, called, told, engine } = made();
  const files: Effect = { kind: 'read_files', given: 2, files: [], table: { label: 'auto', missing: 'refuse' } };
  for (const effect of [
    { kind: 'announce', words: 'so' },
    { kind: 'store_runs' },
    files,
    { kind: 'stop_reading' },
    { kind: 'tell', news: { kind: 'stepped' } },
    { kind: 'engine_broke' },
    { kind: 'renew_engine' },
  ] as Effect[])
    perform(effect);
  assert.deepEqual(called, [
    ['announce', 'so'],
    ['store-runs', null],
    ['read-files', files],
    ['stop-reading', null],
  ]);
  assert.deepEqual(told, [{ kind: 'stepped' }]);
  assert.deepEqual([engine.broken, engine.renewed], [true, 1]);
});
