// The curves of a run, in bounded memory.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Traces } from './curves';
import { evaluation, record } from '../testing/samples';

const filled = (steps: number, loss: (step: number) => number = (step) => step): Traces => {
  const traces = new Traces();
  traces.push(Array.from({ length: steps }, (_, step) => record(step, { loss: loss(step), probe_loss: loss(step) + 1 })));
  return traces;
};

test('a young run has every step, as it was', () => {
  const traces = filled(300);
  const [steps, losses, probes] = traces.losses();
  assert.deepEqual(
    steps,
    Array.from({ length: 300 }, (_, step) => step),
  );
  assert.deepEqual(losses, steps);
  assert.deepEqual(
    probes,
    steps.map((step) => step + 1),
  );
  const { step, seconds, multiply_adds } = traces.last;
  assert.deepEqual({ step, seconds, multiply_adds }, { step: 299, seconds: 150, multiply_adds: 300_000 });
});

test('of a long run bins are means of equally many steps, and none is lost', () => {
  for (const steps of [361, 720, 721, 5000, 100_003]) {
    const traces = filled(steps);
    const [ends, losses] = traces.losses();
    assert(ends.length <= 360 && ends.length >= 180, `${ends.length} bins of ${steps} steps`);
    const { width } = traces.stored();
    assert.equal(Math.log2(width) % 1, 0);
    let [from, sum] = [0, 0];
    for (const [index, end] of ends.entries()) {
      const size = end - from + 1;
      if (index < ends.length - 1) assert.equal(size, width, `bin ${index} of ${steps} steps`);
      assert(Math.abs((losses[index] ?? NaN) - (from + end) / 2) < 1e-6 * steps, 'the mean of its steps');
      sum += size * (losses[index] ?? NaN);
      from = end + 1;
    }
    assert.equal(from, steps, 'the last bin ends with the last step');
    assert(Math.abs(sum - (steps * (steps - 1)) / 2) < 1e-6 * sum);
  }
});

test('it is the same whether steps come one by one or many at a time', () => {
  const [one, many] = [new Traces(), filled(3000)];
  for (let step = 0; step < 3000; step++) one.push([record(step, { loss: step, probe_loss: step + 1 })]);
  assert.deepEqual(one.stored(), many.stored());
  assert.equal(one.version, 3000);
  assert.equal(many.version, 1);
  one.push([]);
  assert.equal(one.version, 3000, 'nothing new, nothing to draw');
});

test('where there is no second mask its loss is told as nothing', () => {
  const traces = new Traces();
  traces.push([record(0, { probe_loss: NaN }), record(1, { probe_loss: NaN })]);
  assert.deepEqual(traces.losses()[2], [null, null]);
});

test('curves outlast being stored as text', () => {
  const traces = filled(1000);
  traces.push([record(1000, { probe_loss: NaN })]);
  traces.evaluate(evaluation({ step: 500 }));
  const restored = Traces.restored(JSON.parse(JSON.stringify(traces.stored())) as ReturnType<Traces['stored']>);
  assert.deepEqual(restored.losses(), traces.losses());
  assert.deepEqual(restored.accuracies(), traces.accuracies());
  assert.deepEqual(restored.last, traces.last);
  // And goes on as if nothing had been.
  const more = Array.from({ length: 700 }, (_, index) => record(1001 + index));
  traces.push(more);
  restored.push(more);
  assert.deepEqual(restored.losses(), traces.losses());
});

test('a test stands where the run was, and the last one by a step can be asked for', () => {
  const traces = filled(10);
  traces.evaluate(evaluation({ step: 10, decided: 0.5 }));
  traces.push([record(10), record(11)]);
  traces.evaluate(evaluation({ step: 12, decided: 0.7 }));
  assert.deepEqual(
    traces.evaluations.map(({ step, seconds, multiply_adds }) => [step, seconds, multiply_adds]),
    [
      [10, 5, 10_000],
      [12, 6, 12_000],
    ],
  );
  assert.equal(traces.testedBy(9), null);
  assert.equal(traces.testedBy(10)?.decided, 0.5);
  assert.equal(traces.testedBy(11)?.decided, 0.5);
  assert.equal(traces.testedBy(1e9)?.decided, 0.7);
});

test('tests are bounded too: every second one goes, and the last one stays', () => {
  const traces = filled(1);
  for (let step = 1; step <= 10_000; step++) traces.evaluate(evaluation({ step }));
  assert(traces.evaluations.length <= 360 && traces.evaluations.length >= 180);
  assert.equal(traces.evaluations.at(-1)?.step, 10_000);
});

test('accuracies of batches and of tests are rows of one table in the order of their steps', () => {
  const traces = new Traces();
  traces.push([record(0, { accuracy: 0.1 }), record(1, { accuracy: 0.2 }), record(2, { accuracy: 0.3 })]);
  traces.evaluate(evaluation({ step: 1, decided: 0.9, sampled: 0.8 }));
  assert.deepEqual(traces.accuracies(), [
    [0, 1, 1, 2],
    [0.1, 0.2, null, 0.3],
    [null, null, 0.9, null],
    [null, null, 0.8, null],
  ]);
});

test('laid over others a curve has at most sixty points, along whatever is asked, and ends with the test at the end', () => {
  const traces = filled(5000);
  traces.evaluate(evaluation({ step: 5000, decided: 0.6 }));
  const end = evaluation({ step: 5000, decided: 0.65 });
  for (const [axis, last] of [
    ['step', 4999],
    ['seconds', 2500],
    ['multiply_adds', 5_000_000],
  ] as const) {
    const {
      loss: [places, losses],
      accuracy: [tested, accuracies],
    } = traces.along(axis, end);
    assert(places.length <= 60 && places.length > 20, `${places.length} points`);
    assert.equal(losses.length, places.length);
    assert.equal(places.at(-1), last);
    assert(places.every((place, index) => index === 0 || place > (places[index - 1] ?? Infinity)));
    assert.deepEqual(accuracies, [0.6, 0.65]);
    assert.equal(tested.at(-1), last);
  }
  assert.deepEqual(traces.along('step', null).accuracy[1], [0.6]);
  assert.deepEqual(new Traces().along('step', null), { loss: [[], []], accuracy: [[], []] });
});
