// The curves of a run, as they are told and as they are drawn.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Row, Curves, Rows, binned } from './curves';
import { evaluation, record, rows } from '../testing/samples';

const steps = (count: number, from = 0): Float64Array =>
  rows(Array.from({ length: count }, (_, index) => record(from + index, { loss: from + index, probe_loss: from + index + 1 })));
const filled = (count: number): Curves => new Curves(Rows.of(steps(count)));

test('what is told of a step is its record', () => {
  const told = record(7, { probe_loss: NaN, threshold: 0.25 });
  const curves = new Curves();
  assert.equal(curves.record(10), null);
  curves.take({ from: 0, rows: rows([record(6), told]) });
  assert.deepEqual(curves.record(10), told);
  assert.deepEqual(curves.recordBefore(7, 10), record(6));
  assert.equal(curves.recordBefore(6, 10), null);
});

test('rows from a place on are those that are told; nothing new is nothing to draw', () => {
  const curves = new Curves();
  curves.take({ from: 0, rows: steps(5) });
  curves.take({ from: 5, rows: steps(2, 5) });
  // The last one grew.
  curves.take({ from: 6, rows: steps(1, 7) });
  const ends = (): number[] => curves.rows.all().map(({ step }) => step);
  assert.deepEqual([ends(), curves.version], [[0, 1, 2, 3, 4, 5, 7], 3]);
  curves.take({ from: 7, rows: new Float64Array() });
  assert.equal(curves.version, 3);
  // All are joined, and told anew.
  curves.take({ from: 0, rows: steps(3, 1) });
  assert.deepEqual(ends(), [1, 2, 3]);
});

test('a young run is drawn step by step, as it was', () => {
  const curves = filled(300);
  const [places, losses, probes] = curves.losses();
  assert.deepEqual(
    places,
    Array.from({ length: 300 }, (_, step) => step),
  );
  assert.deepEqual(losses, places);
  assert.deepEqual(
    probes,
    places.map((step) => step + 1),
  );
  const { step, seconds, multiply_adds } = curves.last;
  assert.deepEqual({ step, seconds, multiply_adds }, { step: 299, seconds: 150, multiply_adds: 300_000 });
});

test('of many rows points are means of equally many steps, the rest is as the last one left it, and none is lost', () => {
  for (const [count, most] of [
    [361, 360],
    [720, 360],
    [721, 360],
    [4096, 360],
    [4095, 60],
  ] as const) {
    const points = binned(Rows.of(steps(count)), most);
    assert(points.length <= most && points.length >= most / 2, `${points.length} points of ${count} steps`);
    let from = 0;
    for (const [index, { steps: size, step, loss, probe_loss, learning_rate, seconds }] of points.entries()) {
      assert.equal(size, step - from + 1);
      if (index < points.length - 1) assert.equal(size, points[0]?.steps, `point ${index} of ${count} steps`);
      assert(Math.abs(loss - (from + step) / 2) < 1e-9 && Math.abs(probe_loss - loss - 1) < 1e-9, 'the mean of its steps');
      assert.deepEqual([learning_rate, seconds], [0.1, 0.5 * (step + 1)]);
      from = step + 1;
    }
    assert.equal(from, count, 'the last point ends with the last step');
  }
});

test('rows of more steps weigh more', () => {
  const row = (steps: number, step: number, loss: number): number[] => Object.values({ ...(Rows.of(rows([record(step, { loss })])).at(0) as Row), steps });
  const [point] = binned(Rows.of([...row(4, 3, 1), ...row(1, 4, 6)]), 1);
  assert.deepEqual([point?.steps, point?.step, point?.loss], [5, 4, 2]);
});

test('where there is no second mask its loss is told as nothing', () => {
  const curves = new Curves(Rows.of(rows([record(0, { probe_loss: NaN }), record(1, { probe_loss: NaN })])));
  assert.deepEqual(curves.losses()[2], [null, null]);
});

test('curves outlast being stored as text, as they are drawn', () => {
  for (const count of [300, 4000]) {
    const curves = filled(count);
    curves.take({ from: count, rows: rows([record(count, { probe_loss: NaN })]) });
    for (let step = 1; step <= 1000; step++) curves.test(evaluation({ step }), step);
    const stored = JSON.stringify(curves.stored());
    assert(stored.length < 100_000, `${stored.length} characters`);
    const restored = Curves.restored(JSON.parse(stored) as ReturnType<Curves['stored']>);
    assert.deepEqual(restored.losses(), curves.losses());
    assert.deepEqual(restored.accuracies(), curves.accuracies());
    assert.deepEqual([restored.last.step, restored.last.seconds], [curves.last.step, curves.last.seconds]);
    assert.equal(restored.tests.at(-1)?.step, 1000);
  }
});

test('the last test by a step can be asked for, and of one step the last one stands', () => {
  const curves = filled(12);
  curves.test(evaluation({ step: 10, decided: 0.4 }), 1);
  curves.test(evaluation({ step: 10, decided: 0.5 }), 1);
  curves.test(evaluation({ step: 12, decided: 0.7 }), 2);
  assert.equal(curves.testedBy(9), null);
  assert.equal(curves.testedBy(10)?.decided, 0.5);
  assert.equal(curves.testedBy(11)?.decided, 0.5);
  assert.equal(curves.testedBy(1e9)?.decided, 0.7);
});

test('tests are as many as the run’s file has: every second one goes, and the last one stays', () => {
  const curves = filled(1);
  let tests = 0;
  for (let step = 1; step <= 1000; step++) {
    tests = tests === 64 ? 32 : tests + 1;
    curves.test(evaluation({ step }), tests);
    assert.equal(curves.tests.length, tests);
  }
  assert.equal(curves.tests.at(-1)?.step, 1000);
});

test('curves until a step have its rows and tests, and later reports continue from there', () => {
  const curves = filled(100);
  for (const step of [20, 50, 51]) curves.test(evaluation({ step }), 3);
  const then = curves.until(50);
  assert.deepEqual([then.rows.length, then.last.step, then.tests.map(({ step }) => step)], [50, 49, [20, 50]]);
  then.take({ from: 0, rows: steps(52) });
  assert.deepEqual([then.last.step, curves.last.step], [51, 99]);
});

test('accuracies of batches and of tests are rows of one table in the order of their steps', () => {
  const curves = new Curves(Rows.of(rows([record(0, { accuracy: 0.1 }), record(1, { accuracy: 0.2 }), record(2, { accuracy: 0.3 })])));
  curves.test(evaluation({ step: 1, decided: 0.9, sampled: 0.8 }), 1);
  assert.deepEqual(curves.accuracies(), [
    [0, 1, 1, 2],
    [0.1, 0.2, null, 0.3],
    [null, null, 0.9, null],
    [null, null, 0.8, null],
  ]);
});

test('laid over others a curve has at most sixty points, along whatever is asked, and tests stand where the run was', () => {
  const curves = filled(4000);
  for (let step = 10; step <= 4000; step += 10) curves.test(evaluation({ step, decided: step / 8000 }), step / 10);
  for (const [axis, last] of [
    ['step', 3999],
    ['seconds', 2000],
    ['multiply_adds', 4_000_000],
  ] as const) {
    const {
      loss: [places, losses],
      accuracy: [tested, accuracies],
    } = curves.along(axis);
    assert(places.length <= 60 && places.length >= 30, `${places.length} points`);
    assert.equal(losses.length, places.length);
    assert(tested.length <= 60 && tested.length > 20, `${tested.length} tests`);
    assert.deepEqual([places.at(-1), tested.at(-1), accuracies.at(-1)], [last, last, 0.5]);
    for (const each of [places, tested]) assert(each.every((place, index) => index === 0 || place > (each[index - 1] ?? Infinity)));
  }
  assert.deepEqual(new Curves().along('step'), { loss: [[], []], accuracy: [[], []] });
});
