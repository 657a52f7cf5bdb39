// The curves as a table.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Curves, Rows } from '../../model/curves';
import { evaluation, record, rows } from '../../testing/samples';
import { toCsv } from './csv';

test('the table has a row for each step and each test, in the order of steps, every row every column, and nothing where no number is', () => {
  const told = Rows.of(rows([record(0, { loss: 1 / 3, probe_loss: NaN }), record(1), record(2)]));
  const text = toCsv(new Curves(told, [evaluation({ step: 1, decided: 0.75, sampled: NaN, images: 200 })]), 10);
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
  assert.equal(toCsv(new Curves(), 10).trimEnd().split('\n').length, 1);
});
