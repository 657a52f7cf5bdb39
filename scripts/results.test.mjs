// Tables of docs/results: their files, and how they are made of what the program prints.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { root } from './command.mjs';
import { bytes, fileOf, firstTables, resultTables } from './result-tables.mjs';
import { PAGE, RECORD, pageOf, worsened } from './shader-report.mjs';

const folder = path.join(root, 'docs', 'results');
const INDEX = 'README.md';

test('every table has its file, and every file is as the script writes it', () => {
  const others = [INDEX, path.basename(PAGE), 'peers.md', 'gpu-day.md', 'gpu-day.json'];
  const files = readdirSync(folder).filter((file) => !others.includes(file));
  assert.deepEqual(
    files.sort(),
    Object.keys(resultTables)
      .map((name) => `${name}.md`)
      .sort(),
  );
  for (const name of Object.keys(resultTables)) {
    const text = readFileSync(path.join(folder, `${name}.md`), 'utf8');
    const [, commit, adapter, date] = /^\| commit \| `(.+)` \|\n\| adapter \| (.+) \|\n\| date \| (\d{4}-\d\d-\d\d) \|$/m.exec(text) ?? [];
    const [, body] = /^```sh\n[\s\S]*?\n```\n\n([\s\S]*)\n$/m.exec(text) ?? [];
    assert.ok(body, `${name}.md has a table`);
    assert.equal(text, fileOf(name, { commit, adapter, date }, body), name);
  }
});

test('tables are made of the program’s lines', () => {
  const line = (more) =>
    JSON.stringify({
      keep_ratio: 1,
      step_ms: 8167.4,
      step_ms_spread: 14.23,
      ratio: 1,
      predicted_ratio: 1,
      over_predicted: 1,
      phases: { sample: 0.318, forward: 2735.1 },
      adapter: 'A',
      ...more,
    });
  const text = `lacuna bench: 0.1, turn 2 of 3\n${line({})}\n${line({ keep_ratio: 0.1, step_ms: 210.44, step_ms_spread: 2.7, ratio: 0.0258, predicted_ratio: 0.0137, over_predicted: 1.912 })}\n`;
  const { adapter, body } = resultTables['bench-vgg16'].read([{ text }]);
  assert.equal(adapter, 'A');
  assert.deepEqual(body.split('\n').slice(2), [
    '| dense | 8,167 ± 14.2 | 1 | 1 | 1 | 0.318 | 2,740 |',
    '| 0.1 | 210.4 ± 2.70 | 0.026 | 0.014 | 1.91 | 0.318 | 2,740 |',
  ]);
});

test('a table of runs is made of their logs', () => {
  const log = (seed) =>
    [
      { event: 'run', adapter: 'A', settings: { seed, keep_ratio: 0.125, method: 'vrpge' }, groups: [{ name: 'inputs', size: 256, gated: true }] },
      { step: 0, loss: 2.3 },
      { event: 'result', test_accuracy: 0.695, informative: 32, informative_kept: 30 - seed, kept: [50, 11], seconds: 2 },
    ]
      .map((each) => JSON.stringify(each))
      .join('\n');
  const planted = resultTables.planted.read([1, 2].map((seed) => ({ log: log(seed) })));
  assert.deepEqual(planted.body.split('\n').slice(2), ['| 1 | 29 of 32 | 50 |', '| 2 | 28 of 32 | 50 |']);
  const digits = resultTables['mnist-learned-or-static'].read(Array.from({ length: 12 }, () => ({ log: log(1) })));
  assert.equal(digits.body.split('\n')[2], '| 0.125 | learned | 69.50 | 69.50 | 69.50 | 69.50 |');
  assert.equal(digits.adapter, 'A');
});

test('a printout is taken from its first line to the end of its last table', () => {
  const table = '────\n a\n════\n 1\n────\n';
  const text = `dense, seed 1: 89 %\nmlp-8 on planted, 2 seeds, on A (vulkan)\n${table}${table}legend\n`;
  assert.equal(firstTables(text, 1), text.slice(0, text.indexOf(table) + table.length - 1));
  assert.equal(firstTables(text, 3), text);
  const { adapter, body } = resultTables['compare-hidden-keep-0.1'].read([{ text }]);
  assert.equal(adapter, 'A (vulkan)');
  assert.equal(body, `\`\`\`text\nmlp-8 on planted, 2 seeds, on A (vulkan)\n${table}${table}\`\`\``);
});

test('bytes are told in the unit that leaves at least one', () => {
  assert.deepEqual([512 * 2 ** 10, 2.46 * 2 ** 20, 9.96 * 2 ** 20, 6.7 * 2 ** 30].map(bytes), ['512 KiB', '2.5 MiB', '10 MiB', '6.7 GiB']);
});

const recorded = () => JSON.parse(readFileSync(path.join(root, RECORD), 'utf8'));

test('the page of the compiler is the one that its record gives', () => {
  const text = readFileSync(path.join(root, PAGE), 'utf8');
  const [, commit] = /^\| commit \| `(.+)` \|$/m.exec(text);
  const [, date] = /^\| date \| (.+) \|$/m.exec(text);
  assert.equal(pageOf(recorded(), commit, date), text);
});

test('a kernel that spills, loses occupancy or is not in the record is told', () => {
  const record = recorded();
  assert.deepEqual(worsened(record, record), []);
  const changed = structuredClone(record);
  const [{ architecture, kernels }] = changed.families;
  kernels[0].spilled = 3;
  kernels[1].occupancy -= 1;
  kernels[2].kernel = 'new';
  assert.deepEqual(worsened(changed, record), [
    `${kernels[0].kernel} spills 3 registers on ${architecture}`,
    `${kernels[1].kernel} has ${kernels[1].occupancy} subgroups a SIMD on ${architecture}, before ${kernels[1].occupancy + 1}`,
    `new is not in the record of ${architecture}`,
  ]);
  assert.equal(worsened({ ...changed, compiler: 'another' }, record).length, 2, 'another compiler allocates otherwise');
});
