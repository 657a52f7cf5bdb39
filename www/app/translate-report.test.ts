import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Report } from '../protocol/messages';
import { snapshot } from '../testing/samples';
import { translatedReport } from './translate-report';

const loud = (text: string): string => text.toUpperCase();

test('what a report says is translated, names of settings and choices and the text of links are not', () => {
  const setting = { name: 'seed', label: 'Seed', help: 'Fixes masks.', live: false, value: '1' };
  const settings: Report = {
    kind: 'settings',
    entrants: [],
    settings: [
      { ...setting, kind: { type: 'text' } },
      { ...setting, kind: { type: 'choice', choices: [['adam', 'Adam']] } },
    ],
  };
  assert.deepEqual(translatedReport(settings, loud), {
    kind: 'settings',
    entrants: [],
    settings: [
      { ...setting, label: 'SEED', help: 'FIXES MASKS.', kind: { type: 'text' } },
      { ...setting, label: 'SEED', help: 'FIXES MASKS.', kind: { type: 'choice', choices: [['adam', 'ADAM']] } },
    ],
  });
  const values: Report = { kind: 'values', asked: 'start', values: {}, query: 'seed=1', refused: { message: 'no', is_rest: true } };
  assert.deepEqual(translatedReport(values, loud), { ...values, refused: { message: 'NO', is_rest: true } });
});

test('every message is translated, and the reasons of a halt and of a cost that was refused', () => {
  const failed: Report = { kind: 'failed', run: 1, failure: 'refused', message: 'bad link' };
  assert.deepEqual(translatedReport(failed, loud), { ...failed, message: 'BAD LINK' });
  const cost: Report = { kind: 'cost', run: 1, unit: 2, cost: null, refused: 'no such unit' };
  assert.deepEqual(translatedReport(cost, loud), { ...cost, refused: 'NO SUCH UNIT' });
  const halted: Report = { kind: 'snapshot', run: 1, snapshot: snapshot(3, { halted: 'diverged' }) };
  assert.deepEqual(translatedReport(halted, loud), { ...halted, snapshot: snapshot(3, { halted: 'DIVERGED' }) });
});

test('a report without words is the same object', () => {
  const reports: Report[] = [
    { kind: 'snapshot', run: 1, snapshot: snapshot(3) },
    { kind: 'progress', run: 1, stage: 'compiling kernels', done: 1, of: 2 },
    { kind: 'cost', run: 1, unit: 2, cost: null, refused: null },
    { kind: 'values', asked: 'read', values: {}, query: '', refused: null },
  ];
  for (const report of reports) assert.equal(translatedReport(report, loud), report);
});
