// The page as a visitor meets it: opens it, presses Train, changes things, shares the link, comes back.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KEPT, PATIENCE_MS, site } from './harness.mjs';

/** Small enough for a software adapter: a step takes milliseconds. */
const SMALL = 'dataset=planted&model=mlp-32&gate_inputs=true&batch_size=32&keep_ratio=0.25';

const { visit } = site();
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const limit = { timeout: 3 * PATIENCE_MS };

test('the page opens without a complaint, ready to train MNIST with gated inputs', limit, async () => {
  const visitor = await visit('', { offline: true });
  await visitor.state('idle', 'paused');
  const { description } = await visitor.heard('opened');
  assert.equal(description.dataset.name, 'mnist');
  assert.equal(description.groups[0].gated, true, 'the inputs are gated: their mask is the picture that people see');
  // The address is written when nothing has changed for a moment.
  await visitor.until(() => location.search.includes('gate_inputs=true'));
  assert.match(await visitor.page.title(), /Lacuna/);
  await visitor.leave();
});

test('settings that are chosen while the first run opens are the ones that train', limit, async () => {
  const visitor = await visit(SMALL);
  // As soon as the settings are there, which is before the kernels are compiled.
  await visitor.page.locator('[data-setting=method] summary').waitFor();
  await visitor.set('method', 'static');
  await visitor.until(() => !document.querySelector('[data-testid=train]').disabled);
  await visitor.see('train').click();
  await visitor.until(() => window.reports.findLast((each) => each.kind === 'opened')?.query.includes('method=static'));
  await visitor.steps(5);
  assert.equal(await visitor.see('restart').getAttribute('data-differs'), 'false');
  await visitor.leave();
});

test('a restart interrupts an evaluation, which reports nothing', limit, async () => {
  // Ten thousand of them, on a network that looks at them for seconds: a test that is over at once is not announced.
  const visitor = await visit('dataset=mnist&model=mlp-512-256&batch_size=2&steps=20');
  await visitor.state('idle');
  await visitor.see('train').click();
  await visitor.until(() => window.reports.some(({ kind, task }) => kind === 'busy' && task === 'test'));
  await visitor.see('restart').click();
  await visitor.until(() => window.reports.filter(({ kind }) => kind === 'opened').length === 2);
  assert.equal((await visitor.reports('evaluated')).length, 0);
  await visitor.leave();
});

test('Train trains: the loss falls, masks move, the budget holds at every step, the speed panel fills', { timeout: 6 * PATIENCE_MS }, async () => {
  const visitor = await visit(`${SMALL}&steps=400`);
  await visitor.see('train').click();
  await visitor.heard('speed');
  await visitor.steps(400);
  await visitor.state('finished');

  const records = await visitor.records();
  assert.deepEqual(
    records.map(({ step }) => step),
    records.map((_, index) => records[0].step + index),
    'every step is on record once',
  );
  assert(records.length >= 400);
  const losses = records.map(({ loss }) => loss);
  assert(mean(losses.slice(-50)) < 0.8 * mean(losses.slice(0, 20)), `loss from ${mean(losses.slice(0, 20))} to ${mean(losses.slice(-50))}`);
  for (const { step, sum_scores: sum, budget } of records) {
    // The sum is made of 32-bit numbers between 0 and 1, a few hundred of them.
    assert(sum <= budget * (1 + 1e-5), `step ${step}: the scores sum to ${sum}, above the budget ${budget}`);
  }
  assert(records.at(-1).budget < records[0].budget, 'the budget comes down');

  const snapshots = await visitor.snapshots();
  const kept = (snapshot) => snapshot.mask.map((bits) => bits & KEPT).join('');
  assert(new Set(snapshots.map(kept)).size > 3, 'masks move');

  const { speed } = await visitor.heard('speed');
  assert(speed.sparse_ms > 0 && speed.dense_ms > 0 && speed.ratio > 0);
  assert.match(await visitor.see('speed').innerText(), /\d/);
  await visitor.leave();
});

test('a run can be paused, advanced by one step and continued', limit, async () => {
  const visitor = await visit(`${SMALL}&steps=100000`);
  await visitor.see('train').click();
  await visitor.steps(3);
  await visitor.see('train').click();
  await visitor.state('paused');
  const step = async () => (await visitor.snapshots()).at(-1).step;
  const paused = await step();
  await visitor.see('step').click();
  await visitor.steps(paused + 1);
  assert.equal(await step(), paused + 1, 'one step, not more');
  await visitor.state('paused');
  await visitor.see('train').click();
  await visitor.steps(paused + 4);
  await visitor.leave();
});

test('a link restores the experiment: reloaded, it is the same one and repeats the same run', limit, async () => {
  const link = `${SMALL}&seed=7&steps=30`;
  const first = await visit(link);
  await first.see('train').click();
  await first.state('finished');
  const run = await first.records();

  await first.page.reload();
  const { query } = await first.heard('opened');
  assert.deepEqual([...new URLSearchParams(query)].sort(), [...new URLSearchParams(link)].sort());
  await first.see('train').click();
  await first.state('finished');
  const again = await first.records();
  assert.deepEqual(
    again.map(({ loss }) => loss),
    run.map(({ loss }) => loss),
    'the same link, bit for bit the same losses',
  );
  await first.leave();
});

test('settings changed on the page are in the link, and Restart says that they are new', limit, async () => {
  const visitor = await visit(`${SMALL}&steps=100000`);
  await visitor.see('train').click();
  await visitor.steps(3);
  await visitor.see('train').click();
  await visitor.state('paused');
  assert.doesNotMatch(await visitor.see('restart').innerText(), /new settings/i);
  await visitor.set('method', 'static');
  await visitor.set('seed', '11');
  await visitor.set('keep_ratio', '0.5');
  const changed = { method: 'static', seed: '11', keep_ratio: '0.5' };
  const inAddress = (wanted) => Object.entries(wanted).every(([name, value]) => new URLSearchParams(location.search).get(name) === value);
  await visitor.until(inAddress, changed);
  assert.match(await visitor.see('restart').innerText(), /new settings/i);
  await visitor.see('restart').click();
  await visitor.until(() => window.reports.filter(({ kind }) => kind === 'opened').length === 2);
  await visitor.until(() => !/new settings/i.test(document.querySelector('[data-testid=restart]').innerText));

  await visitor.page.reload();
  await visitor.heard('opened');
  assert(await visitor.page.evaluate(inAddress, changed));
  assert.equal(await visitor.see('seed').inputValue(), '11');
  assert(await visitor.see('method-static').isChecked());
  await visitor.leave();
});

for (const method of ['static', 'dense']) {
  test(`the ${method} network trains by the same button`, limit, async () => {
    const visitor = await visit(`${SMALL}&method=${method}&steps=150`);
    await visitor.see('train').click();
    await visitor.state('finished');
    const losses = (await visitor.records()).map(({ loss }) => loss);
    assert(mean(losses.slice(-20)) < mean(losses.slice(0, 10)));
    await visitor.leave();
  });
}

test('MNIST itself trains: its images stream in and the loss falls', { timeout: 5 * PATIENCE_MS }, async () => {
  const visitor = await visit('model=mlp-64&batch_size=32&gate_inputs=true&steps=150');
  await visitor.see('train').click();
  await visitor.steps(100);
  const losses = (await visitor.records()).map(({ loss }) => loss);
  assert(mean(losses.slice(-20)) < 0.8 * mean(losses.slice(0, 10)), `loss from ${mean(losses.slice(0, 10))} to ${mean(losses.slice(-20))}`);
  await visitor.leave();
});

test('CIFAR-10 trains, its colours one below the other, and is evaluated when all data have arrived', { timeout: 5 * PATIENCE_MS }, async () => {
  const visitor = await visit('dataset=cifar10&model=mlp-16&gate_inputs=true&batch_size=32&learning_rate=0.01&steps=100000');
  const { description } = await visitor.heard('opened');
  const { name, channels, width, height, classes } = description.dataset;
  assert.deepEqual({ name, channels, width, height, classes }, { name: 'cifar10', channels: 3, width: 32, height: 32, classes: 10 });
  assert.deepEqual([description.groups[0].size, description.groups[0].width, description.groups[0].height], [3072, 32, 96]);
  const offered = await visitor.page.locator('[data-setting=dataset] input').evaluateAll((inputs) => inputs.map(({ value }) => value));
  assert.deepEqual(offered, ['mnist', 'fashion-mnist', 'cifar10', 'planted', 'own'], 'what no server has is not offered, but for the visitor’s own');
  await visitor.see('train').click();
  // Every file was checked by then: the accuracy waits for the last.
  const { evaluation } = await visitor.heard('evaluated');
  assert(evaluation.images > 0 && evaluation.decided > 0);
  await visitor.leave();
});
