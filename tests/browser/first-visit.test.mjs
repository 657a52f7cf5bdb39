// The first visit: the page measures the device and opens an experiment of a size that fits it. Addresses with settings are left as they are.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PATIENCE_MS, site } from './harness.mjs';

const { visit } = site();
const limit = { timeout: 4 * PATIENCE_MS };

const models = async (visitor) => (await visitor.reports('opened')).map(({ description }) => description.model);

test('a first visit opens one experiment, sized for the device; the address spells it out, so that a reload measures nothing', limit, async () => {
  const visitor = await visit();
  const { speed, query } = await visitor.heard('sized');
  await visitor.state('idle');
  const asked = new URLSearchParams(query);
  assert.deepEqual(await models(visitor), [asked.get('model')], 'the network of the right size is the only one that is opened');
  const { multiply_adds } = (await visitor.reports('planned')).at(-1).plan;
  // At that speed a dense step takes at most 30 ms, unless the network is the smallest one. Biases are not counted.
  assert(asked.get('model') === 'mlp-256-128' || multiply_adds / speed < 0.031, `${multiply_adds} at ${speed}`);
  assert.match(await visitor.see('speed-note').innerText(), /The network is sized for this device: .*(m|b|tr)illion multiply-adds a second\./);
  assert.equal(await visitor.see('model').inputValue(), asked.get('model'));
  await visitor.until((wanted) => location.search === `?${wanted}`, query);
  await visitor.screenshot('first-visit');

  await visitor.see('train').click();
  const { ratio, sparse_ms, dense_ms } = (await visitor.heard('speed')).speed;
  assert(ratio > 0 && sparse_ms > 0 && dense_ms > 0);
  assert((await visitor.records()).length > 0, 'it trains');

  await visitor.page.reload();
  await visitor.state('idle', 'paused');
  assert.deepEqual(await visitor.reports('sized'), []);
  assert.deepEqual(await models(visitor), [asked.get('model')]);
  assert.doesNotMatch(await visitor.see('speed-note').innerText(), /sized/);
  await visitor.leave();
});

test('Train that is pressed before the device is measured trains the experiment that fits it', limit, async () => {
  const visitor = await visit();
  await visitor.see('train').click();
  await visitor.steps(5);
  const { query } = await visitor.heard('sized');
  assert.deepEqual(await models(visitor), [new URLSearchParams(query).get('model')]);
  await visitor.leave();
});

test('a link is never resized, nor is a lesson or a claim without settings', limit, async () => {
  for (const [query, model] of [
    ['seed=3', 'mlp-512-256'],
    ['#lesson=history', 'mlp-512-256'],
    ['#claim=digits', 'mlp-512-256'],
  ]) {
    const visitor = await visit(query);
    await visitor.state('idle');
    assert.deepEqual(await visitor.reports('sized'), [], query);
    assert.deepEqual(await models(visitor), [model], query);
    await visitor.leave();
  }
});
