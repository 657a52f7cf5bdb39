// Every method in the page: chosen by name, trained, and described.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KEPT, PATIENCE_MS, PROBE_KEPT, site } from './harness.mjs';

const SMALL = 'dataset=planted&model=mlp-32&gate_inputs=true&batch_size=32&keep_ratio=0.25&structure_every=5&steps=24';
const limit = { timeout: 4 * PATIENCE_MS };
const UNITS = 256 + 32;

/** For each method: the text of the phases, its own settings, and its dense work. */
const METHODS = {
  vrpge: { says: [/differ in \d+ units?/, /½\(L − L′ − Σc/, /clamp/], settings: ['estimator', 'alpha', 'scores_rate', 'schedule'], hides: /starts whole/ },
  reinforce: { says: [/one mask/, /g = L \(m − s\)/, /clamp/], settings: ['alpha', 'scores_rate', 'schedule'], hides: /starts whole/ },
  ste: { says: [/every unit computed/, /∂L\/∂m/, /through every unit/], settings: ['scores_rate', 'schedule'], hides: /every step/ },
  fisher: { says: [/mean of ½F/, /biased/], settings: ['scores_rate', 'schedule'], hides: /no second forward pass/ },
  magnitude: { says: [/‖w‖/, /the largest stay/, /every 5 steps/], settings: ['structure_every', 'schedule'], hides: /the start/ },
  'fisher-pruning': { says: [/½F of each unit/, /every 5 steps/], settings: ['structure_every', 'schedule'], hides: /none/ },
  set: { says: [/random in/, /every 5 steps/], settings: ['structure_every', 'drop_fraction', 'allocation'], hides: /none/ },
  rigl: { says: [/large gradients in/, /by a dense pass/], settings: ['structure_every', 'drop_fraction', 'allocation'], hides: /at each exchange/ },
  snip: { says: [/once, by a dense pass/, /the largest stay/], settings: [], hides: /one dense forward and backward/ },
  static: { says: [/one mask for the whole run/, /not learned/], settings: ['allocation'], hides: /none/ },
  'small-dense': { says: [/narrower network/], settings: ['schedule'], hides: /none/ },
  dense: { says: [/every unit is kept/], settings: [], hides: /all of it/ },
};
const OWN = ['estimator', 'alpha', 'scores_rate', 'schedule', 'structure_every', 'drop_fraction', 'allocation'];

const { visit } = site();

test('exactly the known methods are offered', limit, async () => {
  const visitor = await visit(SMALL);
  await visitor.heard('opened');
  const offered = await visitor.page.locator('[data-setting=method] input').evaluateAll((inputs) => inputs.map(({ value }) => value));
  assert.deepEqual(offered, Object.keys(METHODS));
  const { settings } = await visitor.heard('settings');
  const known = settings.find(({ name }) => name === 'method').kind.choices.map(([name]) => name);
  assert.deepEqual([...offered].sort(), [...known].sort(), 'the engine knows the same ones');
  await visitor.page.locator('[data-setting=method] summary').click();
  await visitor.screenshot('methods');
  await visitor.leave();
});

for (const [method, { says, settings, hides }] of Object.entries(METHODS)) {
  test(`${method} trains within its budget, and the page says what it does`, limit, async () => {
    const visitor = await visit(SMALL);
    await visitor.heard('opened');
    await visitor.set('method', method);
    await visitor.until((wanted) => (new URLSearchParams(location.search).get('method') ?? 'vrpge') === wanted, method);
    assert.match(await visitor.see('about-method').innerText(), hides);
    const shown = await visitor.page
      .locator('.settings [data-setting]')
      .evaluateAll((rows) => rows.filter((row) => !row.hidden).map((row) => row.dataset.setting));
    assert.deepEqual(
      OWN.filter((name) => shown.includes(name)),
      OWN.filter((name) => settings.includes(name)),
    );
    assert.equal(shown.includes('keep_ratio'), method !== 'dense');
    assert(['seed', 'learning_rate', 'model'].every((name) => shown.includes(name)));

    await visitor.until(
      (wanted) => (window.reports.findLast(({ kind }) => kind === 'opened').query.match(/method=([a-z-]+)/)?.[1] ?? 'vrpge') === wanted,
      method,
    );
    await visitor.until(() => !document.querySelector('[data-testid=train]').disabled);
    // What the plan says before anything is taken is what the run takes, the copy that is asked for masks among it.
    const total = ({ weights, activations, optimiser }) => weights + activations + optimiser;
    const planned = (await visitor.reports('planned')).at(-1).plan;
    const { description } = (await visitor.reports('opened')).at(-1);
    assert.deepEqual(description.bytes, planned.bytes);
    const taken = total(planned.bytes) / planned.dense_bytes;
    // A copy of the network ranks units; gates have values of their own; a mask has room for its units alone.
    const [least, most] = {
      rigl: [1, 3],
      snip: [1, 3],
      ste: [1, 2],
      dense: [1, 1],
      magnitude: [1, 1],
      set: [0, 0.9],
      static: [0, 0.9],
      'small-dense': [0, 0.9],
      // The passes under both masks run side by side in so small a network, each with its own values and packed weights.
      vrpge: [0.8, 1.5],
    }[method] ?? [0.8, 1.2];
    assert(taken >= least && taken <= most, `${method} takes ${taken} dense networks`);
    const before = await visitor.page.locator('footer').innerText();
    assert.match(before, method === 'vrpge' ? /Two losses[\s\S]*updated after its use/ : /One loss/);
    assert.equal(/Bernoulli/.test(before), ['vrpge', 'reinforce', 'ste', 'fisher'].includes(method), 'before the first step the foot is the method’s too');
    await visitor.see('train').click();
    await visitor.state('finished');
    const run = (await visitor.reports('opened')).at(-1).run;
    const records = (await visitor.reports('snapshot')).filter((report) => report.run === run).flatMap(({ snapshot }) => snapshot.records);
    assert.deepEqual(
      records.map(({ step }) => step),
      records.map((_, index) => index),
    );
    for (const { step, loss, sum_scores: sum, budget, probe_loss: probe } of records) {
      assert(Number.isFinite(loss), `step ${step}: loss ${loss}`);
      assert(sum <= budget * (1 + 1e-5), `step ${step}: the scores sum to ${sum}, above the budget ${budget}`);
      assert.equal(Number.isFinite(probe), method === 'vrpge', 'only VR-PGE has a second loss');
    }
    const exchanges = ['set', 'rigl'].includes(method);
    const all = (await visitor.reports('snapshot')).filter((report) => report.run === run).map(({ snapshot }) => snapshot);
    assert(
      all.every(
        ({ network_bytes: bytes }, index) => bytes <= (exchanges ? 1.1 * total(planned.bytes) : (all[index - 1]?.network_bytes ?? total(planned.bytes))),
      ),
      'and no more from then on: the memory falls with the budget, and an exchange of units moves it a little',
    );
    const snapshot = (await visitor.snapshots()).at(-1);
    if (method === 'dense') assert.equal(snapshot.mask.filter((bits) => bits & KEPT).length, UNITS);
    else assert(snapshot.mask.filter((bits) => bits & KEPT).length < UNITS);
    if (method !== 'vrpge')
      assert(
        snapshot.mask.every((bits) => bits === 0 || bits === (KEPT | PROBE_KEPT)),
        'one mask, no second one to disagree',
      );

    // Multiply-adds only grow; those of choosing a mask are counted separately.
    assert(records.every(({ multiply_adds: work }, index) => index === 0 || work > records[index - 1].multiply_adds));
    const { forward, backward, structure } = snapshot.cost;
    assert.equal(records.at(-1).multiply_adds, forward + backward + structure);
    // A dense pass that asks for the gradient at every unit is a dense step and the gradient at the inputs.
    const asked = (await visitor.heard('opened')).description.multiply_adds + 32 * 256 * 32;
    // RigL asks after every fifth step of the first three quarters of 24.
    // Effects take one product for each kept weight, whatever the batch.
    if (['vrpge', 'fisher', 'fisher-pruning'].includes(method)) assert(structure > 0 && structure < 24 * (asked / 32));
    else assert.equal(structure / asked, { rigl: 3, snip: 1 }[method] ?? 0);

    const foot = await visitor.page.locator('footer').innerText();
    for (const words of says) assert.match(foot, words);
    assert.match(foot, method === 'vrpge' ? /Two losses/ : /One loss/);
    const lead = await visitor.page.locator('.plot .lead').first().innerText();
    assert.match(lead, method === 'vrpge' ? /m and m′/ : /under m\n/);
    assert.match(await visitor.see('status').innerText(), /Done\./);
    await visitor.leave();
  });
}

test('every method trains a convolutional network too', { timeout: 6 * PATIENCE_MS }, async () => {
  const visitor = await visit('dataset=mnist&model=cnn-4-4&batch_size=8&keep_ratio=0.5&structure_every=2&steps=1000');
  await visitor.state('idle');
  for (const method of Object.keys(METHODS)) {
    await visitor.set('method', method);
    await visitor.until((wanted) => (new URLSearchParams(location.search).get('method') ?? 'vrpge') === wanted, method);
    if ((await visitor.see('restart').getAttribute('data-differs')) === 'true') await visitor.see('restart').click();
    const opened = (wanted) => (window.reports.findLast(({ kind }) => kind === 'opened').query.match(/method=([a-z-]+)/)?.[1] ?? 'vrpge') === wanted;
    await visitor.until(opened, method);
    if (method === 'vrpge') await visitor.see('train').click();
    await visitor.until(() => {
      const { run } = window.reports.findLast(({ kind }) => kind === 'opened');
      return window.reports.findLast((report) => report.kind === 'snapshot' && report.run === run)?.snapshot.step >= 6;
    });
    const { run, description } = (await visitor.reports('opened')).at(-1);
    const snapshots = (await visitor.reports('snapshot')).filter((report) => report.run === run).map(({ snapshot }) => snapshot);
    assert(
      snapshots.flatMap(({ records }) => records).every(({ loss, sum_scores: sum, budget }) => Number.isFinite(loss) && sum <= budget * (1 + 1e-5)),
      method,
    );
    const { structure } = snapshots.at(-1).cost;
    assert.equal(
      structure > description.multiply_adds / 2,
      ['rigl', 'snip'].includes(method),
      `${method} asks the dense network: ${structure / description.multiply_adds} dense steps`,
    );
  }
  await visitor.leave();
});
