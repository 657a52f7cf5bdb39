// The history of a run's masks, as the engine tells it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import v8 from 'node:v8';
import { Curves } from './curves';
import { Timeline } from './history';
import type { Recorded, Snapshot } from '../protocol/messages';
import { chance, evaluation, record, rows, snapshot } from '../testing/samples';

const values = { keep_ratio: '0.2' };

/** Where the engine puts moments: the column of a step, in at most so many of them. */
function engine(capacity: number, stride: number): (step: number) => Pick<Recorded, 'column' | 'stride'> {
  let width = stride;
  return (step) => {
    while (Math.floor(step / width) >= capacity) width *= 2;
    return { column: Math.floor(step / width), stride: width };
  };
}

/** A moment whose scores and masks say its step. */
const moment = (step: number, place: Pick<Recorded, 'column' | 'stride'>, units = 10): Snapshot =>
  snapshot(step, {
    shades: new Uint8Array(units).fill(step % 251),
    mask: new Uint8Array(units).fill(step % 4),
    kept: Uint32Array.of(step, 1, 2),
    recorded: { from: step, rows: new Float64Array(), ...place },
  });

test('columns between two moments show the later one', () => {
  const timeline = new Timeline(10, 64);
  const place = engine(64, 0.5);
  for (const step of [0, 4]) timeline.take(moment(step, place(step)), values);
  assert.deepEqual([timeline.stride, timeline.columns], [0.5, 9]);
  for (let column = 1; column <= 8; column++) assert.equal(timeline.at(column)?.step, 4);
  assert.equal(timeline.at(0)?.step, 0);
  assert.equal(timeline.at(9), null);
});

test('a moment of the middle of a step is none of the history', () => {
  const timeline = new Timeline(10, 64);
  timeline.take(snapshot(3, { recorded: null }), values);
  assert.equal(timeline.columns, 0);
});

test('after any steps each column shows a moment of its own stretch, with its scores, mask and record', () => {
  const next = chance(21);
  for (const [units, steps, most, capacity] of [
    [10, 100_000, 97, 512],
    [10, 900, 5, 64],
    [3, 5000, 400, 128],
  ] as const) {
    const timeline = new Timeline(units, capacity);
    const place = engine(capacity, 0.8);
    const shown = new Set([0]);
    let [step, generation] = [0, 0];
    timeline.take(moment(0, place(0), units), values);
    while (step < steps) {
      step += 1 + Math.floor(next() * most);
      shown.add(step);
      timeline.take(moment(step, place(step), units), values);
      assert(timeline.columns <= capacity && timeline.stride === place(step).stride);
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
      assert.deepEqual([...new Set(found.scores)], [found.step % 251], `scores of step ${found.step}`);
      assert.deepEqual([...new Set(found.mask)], [found.step % 4], `mask of step ${found.step}`);
      assert.deepEqual([found.record?.step, found.kept[0]], [found.step - 1, found.step]);
    }
  }
});

test('the columns of a file become a timeline, and later snapshots continue it', () => {
  const [whole, begun] = [new Timeline(10, 64), new Timeline(10, 64)];
  const place = engine(64, 0.7);
  const places = Array.from({ length: 301 }, (_, step) => place(step));
  const feed = (timeline: Timeline, from: number, to: number): void => {
    for (let step = from; step <= to; step++) timeline.take(moment(step, places[step] ?? assert.fail()), values);
  };
  feed(whole, 0, 300);
  feed(begun, 0, 200);
  const columns = Array.from({ length: begun.columns }, (_, column) => begun.at(column) ?? assert.fail());
  const bytes = (of: (column: (typeof columns)[number]) => Uint8Array): Uint8Array => Uint8Array.from(columns.flatMap((column) => [...of(column)]));
  const again = Timeline.of(
    10,
    {
      capacity: 64,
      stride: begun.stride,
      steps: Uint32Array.from(columns, ({ step }) => step),
      shades: bytes(({ scores }) => scores),
      masks: bytes(({ mask }) => mask),
      kept: new Uint32Array(),
      probe_kept: new Uint32Array(),
      budgets: new Float32Array(),
      sums: new Float32Array(),
    },
    (column) => columns[column] ?? assert.fail(),
  );
  feed(again, 201, 300);
  assert.deepEqual([again.columns, again.stride, again.capacity], [whole.columns, whole.stride, whole.capacity]);
  for (let column = 0; column < whole.columns; column++) assert.deepEqual(again.at(column), whole.at(column));
});

test('a history until a step has its moments and none later, the stride of that time, and can continue', () => {
  const timeline = new Timeline(10, 64);
  const place = engine(64, 0.8);
  const strides: number[] = [];
  for (let step = 0; step <= 150; step++) {
    const told = place(step);
    strides.push(told.stride);
    timeline.take(moment(step, told), values);
  }
  for (const step of [0, 1, 45, 90, 150]) {
    const stride = strides[step] ?? NaN;
    const then = timeline.until(step, stride);
    assert.deepEqual([then.stride, then.capacity, then.generation], [stride, 64, 0]);
    const steps = Array.from({ length: then.columns }, (_, column) => then.at(column)?.step ?? NaN);
    assert(steps.length > 0 && steps.every((each, index) => each <= step && each >= (steps[index - 1] ?? 0)), `${step}: ${steps}`);
    assert(step - (steps.at(-1) ?? NaN) <= 2 * timeline.stride, `${step}: ${steps}`);
    then.take(moment(step, { column: Math.floor(step / stride), stride }), values);
    assert.deepEqual([then.at(then.columns - 1)?.step, then.columns], [step, Math.floor(step / stride) + 1]);
  }
});

test('what the page remembers of a run stops growing, however long the run', () => {
  const [units, steps, capacity] = [300, 100_000, 512];
  const [timeline, curves] = [new Timeline(units, capacity), new Curves()];
  const place = engine(capacity, 0.8);
  // Everything that hangs on the two, as bytes.
  const held = (): number => v8.serialize({ timeline, curves }).byteLength;
  const memory: number[] = [];
  // Rows as the engine tells them: of more than 4,096 every two are joined.
  let [width, tests] = [1, 0];
  for (let step = 1; step <= steps; step++) {
    if (curves.rows.length === 4096 && (step - 1) % width === 0) {
      width *= 2;
      const left = curves.rows.all().filter((_, index) => index % 2 === 1);
      curves.rows.replace(0, Float64Array.from(left.flatMap((row) => Object.values(row))));
    }
    const told = record(step - 1, { loss: 2 / step, multiply_adds: step, seconds: step });
    const row = Math.floor((step - 1) / width);
    const recorded = { from: row, rows: rows([told]), ...place(step) };
    timeline.take(snapshot(step, { shades: new Uint8Array(units).fill((255 * step) / steps), mask: new Uint8Array(units), records: [told], recorded }), values);
    curves.take(recorded);
    if (step % 20 === 0) curves.test(evaluation({ step }), (tests = tests === 4096 ? 2048 : tests + 1));
    if (step % 25_000 === 0) memory.push(held());
  }
  assert(timeline.columns <= capacity && timeline.columns > capacity / 2 - 1);
  for (const column of [0, Math.floor(timeline.columns / 2), timeline.columns - 1]) {
    const at = timeline.at(column) ?? assert.fail(`no column ${column}`);
    assert(Math.abs(at.step - column * timeline.stride) <= 2 * timeline.stride, `column ${column} shows step ${at.step}`);
    assert(column === 0 || Math.abs((at.scores[7] ?? NaN) / 255 - at.step / steps) < 0.01, 'with its scores');
    assert.equal(at.record?.step ?? -1, at.step - 1, 'and its record');
  }
  const [points, losses] = curves.losses();
  assert(points.length <= 360 && losses.length === points.length && curves.rows.length <= 4096 && curves.tests.length <= 4096);
  assert((curves.testedBy(50_000)?.step ?? NaN) <= 50_000 && curves.testedBy(10) === null);
  assert(
    memory.every((bytes) => bytes < 3 << 20),
    `held after each quarter: ${memory.join(', ')}`,
  );
});
