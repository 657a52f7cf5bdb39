// The history of a run's masks, in bounded memory.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import v8 from 'node:v8';
import { Timeline, quantised } from './history';
import { Traces } from './curves';
import { chance, evaluation, record, snapshot } from '../testing/samples';

const UNITS = 10;
const values = { keep_ratio: '0.2' };
/** A moment whose scores and masks say its step. */
const moment = (step: number, steps: number): ReturnType<typeof snapshot> =>
  snapshot(step, {
    steps,
    scores: new Float32Array(UNITS).fill(step / steps),
    mask: Uint8Array.from({ length: UNITS }, (_, unit) => (step >> (unit % 8)) & 3),
    kept: Uint32Array.of(step, 1, 2),
  });

test('exactly 0 and exactly 1 are the only scores that look decided', () => {
  const scores = Float32Array.of(-1, 0, Number.MIN_VALUE, 1e-30, 1e-9, 0.25, 0.5, 0.999999, 1, 2);
  const bytes = quantised(scores);
  assert.deepEqual([...bytes], [0, 0, 0, 1, 1, 64, 128, 254, 255, 255]);
  for (let step = 1; step < 1000; step++) {
    const [byte = NaN] = quantised(Float32Array.of(step / 1000));
    assert(byte >= 1 && byte <= 254 && Math.abs((byte - 0.5) / 254 - step / 1000) <= 1 / 254, `${step / 1000}: ${byte}`);
  }
});

test('a short run has a column for each step or more, and its last step is in the last columns', () => {
  const timeline = new Timeline(UNITS, 100);
  for (let step = 0; step <= 100; step++) timeline.push(moment(step, 100), values);
  assert(timeline.stride <= 1);
  assert(timeline.columns <= timeline.capacity && timeline.columns > timeline.capacity / 2);
  const steps = Array.from({ length: timeline.columns }, (_, column) => timeline.at(column)?.step ?? NaN);
  assert(steps.every((step, index) => index === 0 || step >= (steps[index - 1] ?? Infinity)));
  assert.deepEqual([steps[0], steps.at(-1)], [0, 100]);
  assert.equal(new Set(steps).size, 101, 'every step is there');
});

test('columns whose steps no moment showed hold the next one', () => {
  const timeline = new Timeline(UNITS, 10_000, 64);
  const { stride } = timeline;
  timeline.push(moment(0, 1000), values);
  timeline.push(moment(4, 1000), values);
  const last = Math.floor(4 / stride);
  assert(last > 2, 'there are columns between');
  assert.equal(timeline.columns, last + 1);
  for (let column = 1; column <= last; column++) assert.equal(timeline.at(column)?.step, 4);
  assert.equal(timeline.at(0)?.step, 0);
  assert.equal(timeline.at(last + 1), null);
});

test('after any steps each column shows a moment of its own stretch, with its scores, mask and record', () => {
  const next = chance(21);
  for (const [units, steps, most] of [
    [UNITS, 100_000, 97],
    [UNITS, 900, 5],
    [3, 5000, 400],
  ] as const) {
    const timeline = new Timeline(units, 50);
    let step = 0;
    let generation = 0;
    const shown = new Set([0]);
    timeline.push(snapshot(0, { scores: new Float32Array(units), mask: new Uint8Array(units) }), values);
    while (step < steps) {
      step += 1 + Math.floor(next() * most);
      shown.add(step);
      timeline.push(
        snapshot(step, { scores: new Float32Array(units).fill(step / (2 * steps)), mask: new Uint8Array(units).fill(step % 4), kept: Uint32Array.of(step) }),
        values,
      );
      assert(timeline.columns <= timeline.capacity);
      assert(timeline.generation >= generation, 'a view knows when all columns moved');
      generation = timeline.generation;
    }
    assert(generation > 2);
    for (let column = 0; column < timeline.columns; column++) {
      const found = timeline.at(column) ?? assert.fail(`no column ${column}`);
      assert(shown.has(found.step));
      assert(
        found.step >= column * timeline.stride - 1 && found.step <= (column + 1) * timeline.stride + most + timeline.stride,
        `column ${column} of ${timeline.stride} steps shows step ${found.step}`,
      );
      if (found.step === 0) continue;
      assert.deepEqual([...new Set(found.scores)], [...quantised(Float32Array.of(found.step / (2 * steps)))], `scores of step ${found.step}`);
      assert.deepEqual([...new Set(found.mask)], [found.step % 4], `mask of step ${found.step}`);
      assert.deepEqual([found.record?.step, found.kept[0]], [found.step - 1, found.step]);
    }
  }
});

test('what was kept is a timeline again and goes on as the one before', () => {
  const [whole, begun] = [new Timeline(UNITS, 300), new Timeline(UNITS, 300)];
  for (let step = 0; step <= 200; step++) for (const timeline of [whole, begun]) timeline.push(moment(step, 300), values);
  const again = Timeline.from(UNITS, begun.until(200));
  for (let step = 201; step <= 2000; step++) for (const timeline of [whole, again]) timeline.push(moment(step, 300), values);
  assert.deepEqual([again.columns, again.stride, again.capacity], [whole.columns, whole.stride, whole.capacity]);
  for (let column = 0; column < whole.columns; column++) assert.deepEqual(again.at(column), whole.at(column));
});

test('until a step there are its moments and no later one', () => {
  const timeline = new Timeline(UNITS, 100);
  for (let step = 0; step <= 100; step += 10) timeline.push(moment(step, 100), values);
  const { moments, stride, capacity } = timeline.until(45);
  assert(moments.every(({ step }) => step <= 45));
  assert.equal(moments.at(-1)?.step, 40);
  assert.deepEqual([stride, capacity], [timeline.stride, timeline.capacity]);
});

test('a wide network has fewer columns, an even number of them', () => {
  for (const units of [1, 300, 50_000, 300_000, 5_000_000]) {
    const { capacity } = new Timeline(Math.min(units, 500_000), 100);
    assert(capacity >= 64 && capacity <= 512 && capacity % 2 === 0, `${capacity} columns for ${units} units`);
  }
});

test('what the page remembers of a run stops growing, however long the run', () => {
  const [units, steps] = [300, 100_000];
  const [timeline, traces] = [new Timeline(units, steps), new Traces()];
  // Everything that hangs on the two, as bytes.
  const held = (): number => v8.serialize({ timeline, traces }).byteLength;
  const memory: number[] = [];
  for (let step = 1; step <= steps; step++) {
    const loss = 2 / step;
    const told = record(step - 1, { epoch: step / 400, loss, probe_loss: loss, multiply_adds: step, seconds: step });
    timeline.push(snapshot(step, { scores: new Float32Array(units).fill(step / steps), mask: new Uint8Array(units), records: [told] }), values);
    traces.push([told]);
    if (step % 50 === 0) traces.evaluate(evaluation({ step, loss }));
    if (step % 25_000 === 0) memory.push(held());
  }
  assert(timeline.columns <= timeline.capacity && timeline.columns > timeline.capacity / 2 - 1);
  for (const [index, column] of [0, Math.floor(timeline.columns / 2), timeline.columns - 1].entries()) {
    const at = timeline.at(column) ?? assert.fail(`no column ${column}`);
    assert(Math.abs(at.step - column * timeline.stride) <= 2 * timeline.stride, `column ${column} shows step ${at.step}`);
    assert(index === 0 || Math.abs((at.scores[7] ?? NaN) / 255 - at.step / steps) < 0.01, 'with its scores');
    assert.equal(at.record?.step ?? -1, at.step - 1, 'and its record');
  }
  const [points, losses] = traces.losses();
  assert(points.length <= 360 && losses.length === points.length && traces.evaluations.length <= 360);
  assert((traces.testedBy(50_000)?.step ?? NaN) <= 50_000 && traces.testedBy(10) === null);
  // Between two halvings a tenth of it comes and goes; it does not grow with the run.
  const [first = NaN] = memory;
  assert(memory.every((bytes) => bytes < 1.1 * first) && first < 2 << 20, `held after each quarter: ${memory.join(', ')}`);
});
