// How many test images an evaluation takes, and when it is due.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DatasetFeed } from './dataset-feed';
import { affordableImages, Evaluations, testMs } from './evaluations';
import { opened, type Opening } from '../testing/engine';
import { description } from '../testing/samples';

test('a batch of a test takes about as long as a step', () => {
  assert.equal(testMs(200, { batch_size: 50, step_ms: 3 }), 12);
  assert.equal(testMs(201, { batch_size: 50, step_ms: 3 }), 15);
});

test('a test takes as many images as there is time for, but enough to say something', () => {
  assert.equal(affordableImages(1000, 2000, { batch_size: 50, step_ms: 1 }), 2000);
  assert.equal(affordableImages(1000, 2000, { batch_size: 50, step_ms: 100 }), 500);
  assert.equal(affordableImages(1000, 2000, { batch_size: 50, step_ms: 10_000 }), 200);
  assert.equal(affordableImages(1000, 120, { batch_size: 50, step_ms: 10_000 }), 120);
  // Before a step was timed.
  assert.equal(affordableImages(1000, 2000, { batch_size: 50, step_ms: 0 }), 2000);
});

/** A run whose data have arrived, with a test set of 10,000 images. */
async function made(step_ms: number): Promise<Opening & { evaluations: Evaluations; images: () => number[] }> {
  const plan = description({ batch_size: 50 });
  const opening = opened({ plan: { ...plan, dataset: { ...plan.dataset, test: 10_000 } } });
  const dataset = new DatasetFeed(opening.run);
  dataset.begin('http://here/data/');
  await dataset.ended();
  opening.run.step_ms = step_ms;
  const images = (): number[] => opening.reports.flatMap((report) => (report.kind === 'evaluated' ? [report.evaluation.images] : []));
  return { ...opening, evaluations: new Evaluations(opening.run, dataset), images };
}

test('the network is tested every 200 steps, or every two seconds', async () => {
  const { evaluations, clock, images } = await made(1);
  await evaluations.testIfDue(30);
  await evaluations.testIfDue(229);
  assert.deepEqual(images(), [2000]);
  await evaluations.testIfDue(230);
  assert.deepEqual(images(), [2000, 2000]);
  clock.ms += 1999;
  await evaluations.testIfDue(231);
  assert.equal(images().length, 2);
  clock.ms += 1;
  await evaluations.testIfDue(232);
  assert.equal(images().length, 3);
});

test('where even the smallest test lasts, the first one waits until it is a tenth of the time', async () => {
  const { evaluations, clock, reports, images } = await made(500);
  await evaluations.testIfDue(30);
  assert.deepEqual(images(), []);
  // Four batches of half a second.
  clock.ms = 9 * 2000;
  await evaluations.testIfDue(40);
  assert.deepEqual(images(), [200]);
  assert.deepEqual(
    reports.filter(({ kind }) => kind === 'busy'),
    [
      { kind: 'busy', run: 1, task: 'test', ms: 2000 },
      { kind: 'busy', run: 1, task: null, ms: null },
    ],
  );
});

test('no test before its images are there', async () => {
  const { run, reports } = opened();
  await new Evaluations(run, new DatasetFeed(run)).testIfDue(1000);
  assert.deepEqual(reports, []);
});

test('at the end the whole test set, or as much of it as a minute allows', async () => {
  const quick = await made(1);
  await quick.evaluations.testAtEnd();
  const slow = await made(1000);
  await slow.evaluations.testAtEnd();
  assert.deepEqual([...quick.images(), ...slow.images()], [10_000, 3000]);
});
