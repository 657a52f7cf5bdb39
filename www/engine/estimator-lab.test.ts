// The estimator lab draws pairs in short calls until it has as many as were asked for.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EstimatorLab, nextPairs } from './estimator-lab';
import { fakeSession, opened } from '../testing/engine';
import type { Report } from '../protocol/messages';

test('a call draws for about 150 ms: at most twice the pairs of the one before, and one at least', () => {
  assert.equal(nextPairs(10, 100), 15);
  assert.equal(nextPairs(10, 1), 20);
  assert.equal(nextPairs(10, 0), 20);
  assert.equal(nextPairs(10, 600), 3);
  assert.equal(nextPairs(1, 10_000), 1);
  assert.equal(nextPairs(400, 1), 512);
});

/** A lab that tries two masks before it draws its first pair; a call takes `ms`. */
function lab(ms: number) {
  const calls: (number | string)[] = [];
  let [pairs, masks_left] = [0, 2];
  const session = fakeSession({
    estimator_draw: async (more) => {
      calls.push(more);
      if (masks_left > 0) masks_left -= 1;
      else pairs += more;
      return { step: 0, pairs, masks_left, ms };
    },
    estimator_release: () => void calls.push('released'),
  });
  return { ...opened({ session, training: true }), calls };
}
const drawn = (reports: Report[]) => reports.flatMap((report) => (report.kind === 'lab' ? [[report.progress.pairs, report.progress.drawing]] : []));

test('it pauses the run, draws what is wanted and says once that it ended', async () => {
  const { run, reports, calls } = lab(150);
  const estimators = new EstimatorLab(run);
  assert(!(await estimators.drawSome()) && !estimators.isAsked);
  estimators.draw(2);
  assert(!run.training && estimators.isAsked);
  while (await estimators.drawSome());
  assert(!(await estimators.drawSome()));
  assert.deepEqual(calls, [1, 1, 1, 1]);
  assert.deepEqual(drawn(reports), [
    [0, true],
    [0, true],
    [1, true],
    [2, true],
    [2, false],
  ]);
});

test('more pairs are drawn from the same frozen network; it is freed when the run continues', async () => {
  const { run, reports, calls } = lab(150);
  const estimators = new EstimatorLab(run);
  estimators.draw(1);
  while (await estimators.drawSome());
  estimators.draw(2);
  await estimators.drawSome();
  await estimators.leave();
  await estimators.leave();
  assert.deepEqual(calls, [1, 1, 1, 1, 'released']);
  assert.deepEqual(drawn(reports).slice(-2), [
    [2, true],
    [2, false],
  ]);
  assert(!estimators.isAsked);
});

test('where the engine refuses, the network is given back and its words are told', async () => {
  const { run, reports, calls } = lab(150);
  run.session.estimator_draw = async () => {
    throw new Error('the loss is not finite');
  };
  const estimators = new EstimatorLab(run);
  estimators.draw(5);
  assert(!(await estimators.drawSome()));
  assert.deepEqual(calls, ['released']);
  assert.deepEqual(reports, [{ kind: 'lab_refused', run: 1, message: 'the loss is not finite' }]);
});
