// Runs are opened one after another, and only those that are still wanted.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { EngineLoader } from './engine-loader';
import type { Engine, Session } from './load';
import { RunQueue } from './run-queue';
import { brief, fakeSession } from '../testing/engine';
import { description } from '../testing/samples';
import type { Report, Request } from '../protocol/messages';

const soon = async (): Promise<void> => {
  for (let left = 50; left > 0; left--) await new Promise((resolve) => setImmediate(resolve));
};

/** Runs of an engine whose sessions say when they are opened and freed; `session` may refuse to open. */
function made({ mock }: TestContext, session: (query: string) => Partial<Session> = () => ({}), activations = 200) {
  // No sleep ends by itself.
  mock.timers.enable({ apis: ['setTimeout'] });
  const [log, reports]: [string[], Report[]] = [[], []];
  const plan = { ...description(), bytes: { data: 0, activations, weights: 0, optimiser: 0 } };
  const engine = {
    describe: () => ({ plan, refused: null }),
    most_bytes: () => undefined,
    Session: {
      open: async (query: string) => {
        const more = session(query);
        log.push(`${query} opens`);
        return fakeSession({ ...more, free: () => void log.push(`${query} is freed`) });
      },
    },
  } as unknown as Engine;
  const device = { is_lost: false };
  const loader = {
    engine: Promise.resolve(engine),
    adapter: Promise.resolve(null),
    hasLostAdapter: async () => device.is_lost,
    load: async () => {
      log.push('another engine');
      device.is_lost = false;
    },
  } as unknown as EngineLoader;
  const environment = {
    post: (report: Report) => void reports.push(report),
    clock: () => 0,
    macrotask: () => new Promise<void>((resolve) => setImmediate(resolve)),
  };
  const runs = new RunQueue(loader, environment);
  const open = (run: number, query: string, more: Partial<Request & { kind: 'open' }> = {}): void =>
    runs.open({ kind: 'open', run, query, train: false, ...more });
  return { runs, open, log, reports, device };
}

test('a run gives the device back before the next one asks for it', async (t) => {
  const { runs, open, log } = made(t);
  const current = (): number | undefined => runs.current?.run.number;
  open(1, 'a');
  await soon();
  assert.equal(current(), 1);
  open(2, 'b');
  assert.equal(current(), undefined);
  await soon();
  assert.equal(current(), 2);
  runs.close();
  await soon();
  assert.deepEqual(log, ['a opens', 'a is freed', 'b opens', 'b is freed']);
});

test('a run that is overtaken while it waits is never opened', async (t) => {
  const { runs, open, log } = made(t);
  open(1, 'a');
  open(2, 'b');
  open(3, 'c');
  await soon();
  runs.close();
  await soon();
  assert.deepEqual(log, ['c opens', 'c is freed']);
});

test('a run that is closed while it is opened is given back unseen', async (t) => {
  const { runs, open, log, reports } = made(t, () => {
    runs.close();
    return {};
  });
  open(1, 'a');
  await soon();
  assert.deepEqual(log, ['a opens', 'a is freed']);
  assert.deepEqual(reports.map(brief), ['planned']);
});

test('a run of more than 1 GB waits to be asked for', async (t) => {
  const { runs, open, log, reports } = made(t, undefined, 2 ** 30 + 1);
  open(1, 'a');
  await soon();
  assert.deepEqual(reports.map(brief), ['planned', 'unopened']);
  open(2, 'a', { train: true });
  await soon();
  assert(log.includes('a opens'));
  runs.close();
  await soon();
});

test('a run continues from the bytes of a checkpoint; a session that cannot load it is freed', async (t) => {
  const restored: Uint8Array[] = [];
  const restore = (bytes: Uint8Array): void => {
    if (bytes[0] === 9) throw new Error('another network');
    restored.push(bytes);
  };
  const { open, log, reports } = made(t, () => ({ restore }));
  open(1, 'a', { resumed: Uint8Array.of(3) });
  await soon();
  assert.deepEqual(restored, [Uint8Array.of(3)]);
  open(2, 'b', { resumed: Uint8Array.of(9) });
  await soon();
  assert.deepEqual(log, ['a opens', 'a is freed', 'b opens', 'b is freed']);
  assert.deepEqual(reports.at(-1), { kind: 'failed', run: 2, failure: 'engine', message: 'another network' });
});

test('a device that is too small, an engine that trapped and every other trouble are told apart', async (t) => {
  const errors: Record<string, Error> = {
    large: Object.assign(new Error('no memory'), { name: 'TooLarge' }),
    crashed: new WebAssembly.RuntimeError('unreachable'),
    engine: new Error('no shader'),
  };
  const { open, reports } = made(t, (query) => {
    throw errors[query];
  });
  for (const [index, query] of Object.keys(errors).entries()) {
    open(index + 1, query);
    await soon();
  }
  assert.deepEqual(
    reports.flatMap((report) => (report.kind === 'failed' ? [report.failure] : [])),
    ['large', 'crashed', 'engine'],
  );
});

test('where the GPU is gone for good, the run is opened on the engine that takes its place', async (t) => {
  const { runs, open, log, device } = made(t, () => {
    if (device.is_lost) throw new Error('no adapter');
    return {};
  });
  device.is_lost = true;
  open(1, 'a');
  await soon();
  assert.deepEqual(log, ['another engine', 'a opens']);
  assert.equal(runs.current?.run.number, 1);
  runs.close();
  await soon();
});
