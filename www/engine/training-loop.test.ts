// The reports of a run, in order, from its opening to its end.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Session } from './load';
import type { Opened } from './open-run';
import { TrainingLoop } from './training-loop';
import { brief, fakeSession, opened } from '../testing/engine';
import { snapshot } from '../testing/samples';
import type { Report, StepPart } from '../protocol/messages';

/** A run with its data, and its loop. `until` waits for a report; `end` closes the run and returns all reports in short form. */
function driven({ mock }: TestContext, more: Partial<Opened> = {}) {
  // No sleep ends by itself.
  mock.timers.enable({ apis: ['setTimeout'] });
  const opening = opened(more);
  const loop = new TrainingLoop(opening.run, { steps_per_second: 0 });
  loop.dataset.begin('http://here/data/');
  const driving = loop.drive();
  const briefs = (): string[] => opening.reports.map(brief);
  const until = async (what: string, times = 1): Promise<void> => {
    for (let left = 1000; briefs().filter((each) => each === what).length < times; left--) {
      assert(left > 0, `no “${what}” among ${briefs()}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const end = async (): Promise<string[]> => {
    opening.run.close();
    await driving;
    return briefs();
  };
  return { ...opening, loop, until, end };
}

const snapshots = (reports: Report[]): number[] => reports.flatMap((report) => (report.kind === 'snapshot' ? [report.snapshot.step] : []));

test('a run that is opened waits; Train takes it to its end', async (t) => {
  const { loop, reports, until, end } = driven(t);
  await until('idle');
  loop.train();
  await until('finished');
  assert.deepEqual(await end(), [
    'snapshot',
    'idle',
    // The first step also compiles.
    'busy step',
    'training',
    'snapshot',
    'busy no more',
    // A checkpoint is due from the beginning, tests and comparisons only later.
    'checkpoint',
    ...Array.from({ length: 9 }, () => 'snapshot'),
    'evaluated',
    'checkpoint',
    'speed',
    'finished',
    // The page has the checkpoint of this step.
    'left',
  ]);
  assert.deepEqual(snapshots(reports), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test('a run that another one replaces sends its last step, unless nobody goes back to it or there is nothing to go back to', async (t) => {
  const left = async (more: Partial<Opened>, steps: number): Promise<Report | undefined> => {
    const { loop, reports, until, end } = driven(t, more);
    await until('idle');
    for (let step = 1; step <= steps; step++) loop.takeStep();
    await until('snapshot', steps + 1);
    await end();
    t.mock.timers.reset();
    return reports.find(({ kind }) => kind === 'left');
  };
  const found = await left({}, 3);
  assert(found?.kind === 'left' && found.left === 1);
  assert(found.checkpoint === null || found.checkpoint.step === 3);
  assert.equal(await left({}, 0), undefined, 'it took no step');
  assert.equal(await left({ passing: true }, 3), undefined, 'a run of a comparison');
  const plain = fakeSession();
  const halted = fakeSession({ advance: async (most) => ({ ...(await plain.advance(most)), halted: 'the loss is not finite' }) });
  const { reports, until, end } = driven(t, { session: halted, training: true });
  await until('halted');
  await end();
  assert(!reports.some(({ kind }) => kind === 'left'), 'a run that diverged');
});

test('a step that is asked for is one step', async (t) => {
  const { loop, run, reports, until, end } = driven(t);
  await until('idle');
  loop.takeStep();
  await until('paused');
  loop.takeStep();
  loop.takeStep();
  await until('snapshot', 4);
  assert(!run.training);
  const told = await end();
  assert.deepEqual(snapshots(reports), [0, 1, 2, 3]);
  assert(!told.includes('training'));
});

test('a run that diverged stays where it is', async (t) => {
  const plain = fakeSession();
  const session = fakeSession({ advance: async (most) => ({ ...(await plain.advance(most)), halted: 'the loss is not finite' }) });
  const { until, end, loop } = driven(t, { session, training: true });
  await until('halted');
  loop.train();
  const told = await end();
  assert.deepEqual(told.slice(told.indexOf('busy step')), ['busy step', 'snapshot', 'busy no more', 'halted']);
});

test('a run whose rows are missing waits for them', async (t) => {
  let rows = 0;
  const { run, until, end } = driven(t, { session: fakeSession({ rows_ready: () => rows }), training: true });
  await until('loading');
  rows = 80;
  run.wake();
  await until('finished');
  assert((await end()).includes('training'));
});

test('a run that was saved at its end is finished at once', async (t) => {
  const { until, end } = driven(t, {
    session: fakeSession({ snapshot: async () => snapshot(10, { steps: 10, finished: true, records: [] }) }),
    training: true,
  });
  await until('finished');
  assert.deepEqual((await end()).slice(-2), ['snapshot', 'finished']);
});

/** A session whose step has three phases; `advance` completes one that is begun. */
function inPhases(): { session: Session; calls: string[] } {
  const phases: StepPart[] = ['choose', 'losses', 'weights'];
  const calls: string[] = [];
  let [step, taken] = [0, 0];
  const session = fakeSession({
    advance: async () => {
      calls.push('advance');
      [step, taken] = [step + 1, 0];
      return snapshot(step);
    },
    phase: async () => {
      const stage = phases[taken] ?? 'choose';
      calls.push(stage);
      taken = (taken + 1) % phases.length;
      if (taken === 0) step += 1;
      const left = taken === 0 ? [] : phases.slice(taken);
      return { stage, left, snapshot: snapshot(step), values: null, before: null, stepped: null };
    },
  });
  return { session, calls };
}

test('a step is taken phase by phase; a snapshot follows its last one', async (t) => {
  const { session, calls } = inPhases();
  const { loop, reports, until, end } = driven(t, { session });
  await until('idle');
  for (const taken of [1, 2, 3]) {
    loop.takePhase();
    await until('partial_step', taken);
    assert.deepEqual(snapshots(reports), taken < 3 ? [0] : [0, 1]);
  }
  assert.deepEqual(calls, ['choose', 'losses', 'weights']);
  const told = await end();
  assert.deepEqual(told.filter((each) => ['partial_step', 'snapshot', 'idle', 'paused'].includes(each)).slice(0, 6), [
    'snapshot',
    'idle',
    'partial_step',
    'paused',
    'partial_step',
    'partial_step',
  ]);
});

test('a step that is begun is completed before anything else wants the device', async (t) => {
  const { session, calls } = inPhases();
  const { loop, until, end } = driven(t, { session });
  await until('idle');
  loop.takePhase();
  await until('paused');
  loop.comparison.ask();
  await until('speed');
  assert.deepEqual(calls, ['choose', 'advance']);
  const told = await end();
  assert.deepEqual(
    told.slice(told.indexOf('paused') + 1, told.indexOf('speed')).filter((each) => each !== 'checkpoint'),
    ['snapshot', 'busy speed', 'busy no more'],
  );
});

test('a setting is changed in the engine, one that it refuses is told', async (t) => {
  const changed: [string, string][] = [];
  const session = fakeSession({
    change: (name, value) => {
      if (name === 'keep_ratio') throw new Error('a fixed mask');
      return changed.push([name, value]);
    },
  });
  const { loop, reports, until, end } = driven(t, { session });
  await until('idle');
  loop.change('keep_ratio', '0.5');
  loop.change('momentum', '0.5');
  loop.change('pins', '1on');
  // Pinned units are shown at once.
  await until('snapshot', 2);
  assert.deepEqual(changed, [
    ['momentum', '0.5'],
    ['pins', '1on'],
  ]);
  assert(reports.some((report) => report.kind === 'unchanged' && report.name === 'keep_ratio'));
  await end();
});

test('a run whose device is gone says so and is freed', async (t) => {
  let [lost, freed] = [false, 0];
  const session = fakeSession({
    lost: () => (lost ? 'the device was removed' : undefined),
    advance: async () => {
      lost = true;
      throw new Error('a buffer could not be mapped');
    },
    free: () => void (freed += 1),
  });
  const { reports, until, end } = driven(t, { session, training: true });
  await until('failed');
  await end();
  assert.deepEqual(
    reports.filter(({ kind }) => kind === 'failed'),
    [{ kind: 'failed', run: 1, failure: 'lost', message: 'the device was removed' }],
  );
  assert.equal(freed, 1);
});
