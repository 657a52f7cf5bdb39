// When a run is saved, and what is written without the device.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Checkpoints } from './checkpoints';
import { opened } from '../testing/engine';
import { description } from '../testing/samples';

test('a step is saved once, and again only when that is asked for', async () => {
  const { run, reports } = opened();
  const checkpoints = new Checkpoints(run);
  await checkpoints.save();
  assert.equal(reports.length, 0);
  run.step = 7;
  await checkpoints.save();
  await checkpoints.save();
  assert.equal(reports.length, 1);
  await checkpoints.answer();
  checkpoints.ask();
  assert(checkpoints.isAsked);
  await checkpoints.answer();
  assert(!checkpoints.isAsked);
  assert.deepEqual(
    reports.map(({ kind }) => kind),
    ['checkpoint', 'checkpoint'],
  );
});

test('a checkpoint of more than 256 MB is saved only when it is asked for', async () => {
  const { run, reports } = opened({ plan: description({ weights: 2 ** 25 + 1 }) });
  const checkpoints = new Checkpoints(run);
  run.step = 7;
  await checkpoints.save();
  assert.equal(reports.length, 0);
  checkpoints.ask();
  await checkpoints.answer();
  assert.equal(reports.length, 1);
});

test('during training every five seconds, and at most 2 % of the time', async () => {
  const { run, reports, clock } = opened();
  const { checkpoint } = run.session;
  run.session.checkpoint = async () => {
    clock.ms += 200;
    return checkpoint();
  };
  const checkpoints = new Checkpoints(run);
  const saved = async (ms: number): Promise<number> => {
    clock.ms += ms;
    run.step += 1;
    await checkpoints.saveIfDue();
    return reports.length;
  };
  assert.equal(await saved(0), 1);
  assert.equal(await saved(9799), 1);
  assert.equal(await saved(2), 2);
});

test('a recording is written when it is asked for, also of a run that is closed; one that cannot be is refused', async () => {
  const { run, reports } = opened();
  const checkpoints = new Checkpoints(run);
  await checkpoints.record(-1);
  run.close();
  await checkpoints.record(-2);
  run.session.recording = () => {
    throw new Error('it was freed');
  };
  await checkpoints.record(-3);
  assert.deepEqual(reports, [
    { kind: 'recording', ticket: -1, bytes: Uint8Array.of(0) },
    { kind: 'recording', ticket: -2, bytes: Uint8Array.of(0) },
    { kind: 'refused', ticket: -3, message: 'it was freed' },
  ]);
});
