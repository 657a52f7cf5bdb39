// The visitor's image is classified once for each step of the network.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Classifier } from './classifier';
import { fakeSession, opened } from '../testing/engine';

/** A session whose classification comes in two pieces and, with contributions, in three; a piece takes `ms`. */
function classifying(ms: number) {
  const calls: string[] = [];
  let pieces = 0;
  const session = fakeSession({
    classify: async (image) => {
      calls.push(`image ${image[0]}`);
      if (image[0] === 9) throw new Error('an image has 6 values');
      pieces = 0;
    },
    classify_more: async (explain) => {
      opening.clock.ms += ms;
      pieces += 1;
      return pieces > (explain ? 3 : 2) ? null : { step: 0, decided: new Float32Array(), sampled: new Float32Array(), contributions: null };
    },
    classify_release: () => void calls.push('released'),
  });
  const opening = opened({ session });
  const classifier = new Classifier(opening.run);
  const tickets = (): number[] => opening.reports.flatMap((report) => (report.kind === 'classified' ? [report.ticket] : []));
  return { ...opening, classifier, calls, tickets };
}
const image = (first: number): Uint8Array => Uint8Array.of(first);

test('a paused run explains an image once', async () => {
  const { classifier, calls, tickets } = classifying(1);
  assert(!(await classifier.classify(5, true)));
  classifier.take(1, image(1));
  assert(!(await classifier.classify(5, true)));
  assert(!(await classifier.classify(5, true)));
  assert.deepEqual([calls, tickets()], [['image 1'], [1, 1, 1]]);
  classifier.take(1, null);
  assert(!(await classifier.classify(6, true)));
  assert.deepEqual(calls, ['image 1', 'released']);
});

test('another image, or a press on Train, interrupts', async () => {
  const { classifier, run, tickets } = classifying(1);
  classifier.take(1, image(1));
  const first = classifier.classify(5, true);
  await new Promise((resolve) => setImmediate(resolve));
  classifier.take(2, image(2));
  assert(await first);
  const told = tickets().length;
  assert(told >= 1 && told < 3);
  const second = classifier.classify(5, true);
  await new Promise((resolve) => setImmediate(resolve));
  run.training = true;
  assert(await second);
});

test('during training a new image is looked at at once, the same one every 250 ms, explained where that is quick', async () => {
  const { classifier, clock, tickets } = classifying(10);
  await classifier.classifyIfDue(1);
  classifier.take(1, image(1));
  await classifier.classifyIfDue(1);
  assert.equal(tickets().length, 3);
  clock.ms += 249;
  await classifier.classifyIfDue(2);
  assert.equal(tickets().length, 3);
  // A classification of 40 ms is a tenth of 400.
  clock.ms += 111;
  await classifier.classifyIfDue(3);
  assert.equal(tickets().length, 6);
  classifier.take(2, image(2));
  await classifier.classifyIfDue(4);
  assert.equal(tickets().length, 9);
});

test('where an explanation takes 400 ms it is not repeated during training', async () => {
  const { classifier, clock, tickets } = classifying(100);
  classifier.take(1, image(1));
  await classifier.classifyIfDue(1);
  assert.equal(tickets().length, 3);
  clock.ms += 3600;
  await classifier.classifyIfDue(2);
  assert.equal(tickets().length, 5);
});

test('an image that the engine refuses is forgotten', async () => {
  const { classifier, calls, reports } = classifying(1);
  classifier.take(1, image(9));
  assert(!(await classifier.classify(5, true)));
  assert(!(await classifier.classify(6, true)));
  assert.deepEqual(calls, ['image 9']);
  assert.deepEqual(reports, [{ kind: 'classify_refused', run: 1, message: 'an image has 6 values' }]);
});
