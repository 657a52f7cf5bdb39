// When a run is saved, and what a checkpoint says of its settings.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Checkpoints } from './checkpoints';
import { fakeSession, opened } from '../testing/engine';
import { description } from '../testing/samples';
import type { Report } from '../protocol/messages';

const changes = (reports: Report[]) => reports.flatMap((report) => (report.kind === 'kept' ? [report.changes] : []));

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
    ['kept', 'kept'],
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

test('it names the settings that were changed before it was read, not those that changed meanwhile', async () => {
  const plain = fakeSession();
  const { run, reports } = opened({
    changes: [[3, 'lr', '0.1']],
    session: fakeSession({
      checkpoint: async () => {
        run.changes.push([7, 'momentum', '0.5']);
        return plain.checkpoint();
      },
    }),
  });
  const checkpoints = new Checkpoints(run);
  run.step = 7;
  await checkpoints.save();
  assert.deepEqual(changes(reports), [[[3, 'lr', '0.1']]]);
});
