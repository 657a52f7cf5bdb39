// The curves as a table for spreadsheets: a row for each step or group of steps, and a row for each evaluation.

import { COLUMNS, type Curves } from '../../model/curves';

const HEAD = ['step', 'steps', 'epoch', ...COLUMNS, 'test_accuracy', 'sampled_test_accuracy', 'test_loss', 'test_images'];

const cell = (value: number | string): string => (typeof value === 'number' && !Number.isFinite(value) ? '' : String(value));

export function toCsv({ rows, tests }: Pick<Curves, 'rows' | 'tests'>, steps_per_epoch: number): string {
  const blank = (count: number): string[] => Array.from({ length: count }, () => '');
  const lines = [
    ...rows.all().map((row) => ({ step: row.step, line: [row.step, row.steps, row.step / steps_per_epoch, ...COLUMNS.map((name) => row[name]), ...blank(4)] })),
    ...tests.map(({ step, decided, sampled, loss, images }) => ({
      step,
      line: [step, '', step / steps_per_epoch, ...blank(COLUMNS.length), decided, sampled, loss, images],
    })),
  ].sort((a, b) => a.step - b.step);
  return `${[HEAD, ...lines.map(({ line }) => line.map(cell))].map((line) => line.join(',')).join('\n')}\n`;
}
