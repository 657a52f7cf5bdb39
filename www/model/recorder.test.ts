// The curves of a run with all that a step says, in bounded memory, and as a table.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluation, record } from '../testing/samples';
import { toCsv } from '../features/checkpoints/csv';
import { COLUMNS, Recorder, recordOf } from './recorder';

const filled = (steps: number): Recorder => {
  const recorder = new Recorder();
  for (let step = 0; step < steps; step++) recorder.push([record(step, { loss: step, learning_rate: step })]);
  return recorder;
};
const column = (name: (typeof COLUMNS)[number]): number => COLUMNS.indexOf(name);

test('a row of one step says what the step said', () => {
  const told = record(7, { probe_loss: NaN, threshold: 0.25 });
  const recorder = new Recorder();
  recorder.push([told]);
  const [row] = recorder.rows;
  assert(row);
  assert.deepEqual(recordOf(row, 10), told);
});

test('of a long run rows are joined in twos: losses as means, the rest as the last step left it', () => {
  for (const steps of [4096, 4097, 8192, 8193, 20_001]) {
    const { rows, width } = filled(steps);
    assert(rows.length <= 4096 && rows.length > 2000, `${rows.length} rows`);
    let from = 0;
    for (const [index, row] of rows.entries()) {
      assert.equal(row.step, from + row.steps - 1);
      if (index < rows.length - 1) assert.equal(row.steps, width);
      assert(Math.abs((row.values[column('loss')] ?? NaN) - (from + row.step) / 2) < 1e-6);
      assert.equal(row.values[column('learning_rate')], row.step);
      from = row.step + 1;
    }
    assert.equal(from, steps);
  }
});

test('a mark is not moved by what comes after it, and a recorder goes back to it', () => {
  const recorder = filled(5000);
  recorder.test({ ...evaluation({ step: 5000 }), kept: [1, 2] });
  const mark = recorder.mark();
  const before = structuredClone(mark);
  for (let step = 5000; step < 9000; step++) recorder.push([record(step)]);
  recorder.test({ ...evaluation({ step: 9000 }), kept: [1, 1] });
  assert.deepEqual(mark, before);
  recorder.back(mark);
  assert.deepEqual(recorder.mark(), before);
  // And goes on as one that was never further.
  const other = filled(5000);
  for (let step = 5000; step < 9000; step++) for (const each of [recorder, other]) each.push([record(step)]);
  assert.deepEqual(recorder.rows, other.rows);
});

test('tests are bounded, and the last one stays', () => {
  const recorder = new Recorder();
  for (let step = 1; step <= 20_000; step++) recorder.test({ ...evaluation({ step }), kept: [] });
  assert(recorder.tests.length <= 4096);
  assert.equal(recorder.tests.at(-1)?.step, 20_000);
});

test('the table has a row for each step and each test, in the order of steps, every row every column, and nothing where no number is', () => {
  const recorder = new Recorder();
  recorder.push([record(0, { loss: 1 / 3, probe_loss: NaN }), record(1), record(2)]);
  recorder.test({ ...evaluation({ step: 1, decided: 0.75, sampled: NaN, images: 200 }), kept: [] });
  const text = toCsv(recorder.mark(), 10);
  assert(text.endsWith('\n'));
  const [head = [], ...lines] = text
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','));
  assert(lines.every((line) => line.length === head.length));
  const of = (name: string): (string | undefined)[] => lines.map((line) => line[head.indexOf(name)]);
  assert.deepEqual(of('step'), ['0', '1', '1', '2']);
  assert.deepEqual(of('epoch'), ['0', '0.1', '0.1', '0.2']);
  assert.deepEqual(of('steps'), ['1', '1', '', '1']);
  assert.equal(Number(of('loss')[0]), 1 / 3, 'as exact as it is');
  assert.deepEqual(of('probe_loss'), ['', '3', '', '3']);
  assert.deepEqual(of('test_accuracy'), ['', '', '0.75', '']);
  assert.deepEqual([of('sampled_test_accuracy')[2], of('test_images')[2]], ['', '200']);
  assert.deepEqual(head.slice(0, 3).concat(head.slice(-4)), ['step', 'steps', 'epoch', 'test_accuracy', 'sampled_test_accuracy', 'test_loss', 'test_images']);
});

test('a run without steps is a table of its head alone', () => {
  assert.equal(toCsv(new Recorder().mark(), 10).trimEnd().split('\n').length, 1);
});
