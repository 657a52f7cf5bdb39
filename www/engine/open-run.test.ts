// The state of an open run that parts of the worker share.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeSession, opened } from '../testing/engine';

test('a state is reported where it is another one than before', () => {
  const { run, reports } = opened();
  for (const state of ['idle', 'idle', 'training', 'idle'] as const) run.enter(state);
  assert.deepEqual(
    reports.map((report) => report.kind === 'state' && report.state),
    ['idle', 'training', 'idle'],
  );
});

test('work is announced where it lasts or nobody knows how long, and its end only then', () => {
  const { run, reports } = opened();
  run.announce('test', 699);
  run.announce(null);
  assert.equal(reports.length, 0);
  run.announce('test', 700);
  run.announce(null);
  run.announce('step');
  run.announce('step');
  run.announce(null);
  assert.deepEqual(
    reports.map((report) => report.kind === 'busy' && [report.task, report.ms]),
    [
      ['test', 700],
      [null, null],
      ['step', null],
      [null, null],
    ],
  );
});

test('a closed run reports nothing, and what the engine is doing is stopped', async ({ mock }) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  let stopped = 0;
  const { run, reports } = opened({ session: fakeSession({ stopper: () => ({ stop: () => void (stopped += 1), free: () => undefined }) }) });
  const sleeping = run.sleep(60_000);
  run.close();
  await sleeping;
  run.enter('idle');
  run.fail('engine', 'too late');
  assert(run.closed && run.signal.aborted);
  assert(stopped > 0);
  assert.deepEqual(reports, []);
});

test('a run whose device is gone fails once', () => {
  const { run, reports } = opened({ session: fakeSession({ lost: () => 'the device was removed' }) });
  assert(run.isLost() && run.isLost());
  assert.deepEqual(reports, [{ kind: 'failed', run: 1, failure: 'lost', message: 'the device was removed' }]);
});

test('an engine that trapped is another failure than one that refuses', () => {
  const failures = [new WebAssembly.RuntimeError('unreachable'), new Error('no'), 'no'].map((error) => {
    const { run, reports } = opened();
    run.failWith(error);
    return reports[0];
  });
  assert.deepEqual(failures, [
    { kind: 'failed', run: 1, failure: 'crashed', message: 'unreachable' },
    { kind: 'failed', run: 1, failure: 'engine', message: 'no' },
    { kind: 'failed', run: 1, failure: 'engine', message: 'no' },
  ]);
});

test('what changes while nobody sleeps is looked at without a sleep, once', async ({ mock }) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const { run } = opened();
  run.wake();
  await run.sleep(60_000);
  let ended = false;
  const sleeping = run.sleep(60_000).then(() => (ended = true));
  await new Promise<void>((resolve) => setImmediate(resolve));
  assert.equal(ended, false, 'the second sleep is one');
  run.wake();
  await sleeping;
});
