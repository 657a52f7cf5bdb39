// What can go wrong says so in words: no WebGPU, a bad link, a run that diverges, missing data.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PATIENCE_MS, Visitor, launch, site } from './harness.mjs';

const SMALL = 'dataset=planted&model=mlp-32&batch_size=32';
const limit = { timeout: 2 * PATIENCE_MS };

const { visit, server } = site();

/** The words that the page shows for a failure. */
async function notice(visitor) {
  const alert = visitor.see('notice');
  await alert.waitFor({ state: 'visible' });
  return alert.innerText();
}

/** What the page says of what computes, and of how to come by WebGPU. */
async function computes(visitor) {
  await visitor.state('idle');
  await visitor.see('adapter').click();
  await visitor.see('card-computes').locator('li').nth(1).waitFor();
  return visitor.see('card-computes').innerText();
}

test('without an adapter the CPU trains live, and the page says so and why', limit, async () => {
  const visitor = await visit(`${SMALL}&gate_inputs=true&keep_ratio=0.25&steps=600`);
  const words = await computes(visitor);
  assert.match(words, /no WebGPU[\s\S]*CPU computes/);
  await visitor.page.keyboard.press('Escape');
  assert.match(await visitor.see('speed-note').innerText(), /^The CPU computes, since this browser gives the page no WebGPU: a ratio here is not a GPU’s\.$/);
  assert.equal(await visitor.see('adapter').innerText(), 'CPU · no WebGPU here');
  await visitor.see('train').click();
  const { speed } = await visitor.heard('speed');
  assert(speed.sparse_ms > 0 && speed.dense_ms > 0 && speed.phases.length === 6, 'the ratio is measured, phase by phase');
  await visitor.state('finished');
  assert.match(await visitor.see('ratio').innerText(), /^\d+(\.\d)?×$/);
  assert.match(await visitor.see('speed-note').innerText(), /The CPU computes, since this browser gives the page no WebGPU: not a GPU’s ratio/);
  assert.match(await visitor.see('accuracy').innerText(), /\d\d\.\d\s%/);
  await visitor.screenshot('no-adapter');
  await visitor.leave();
});

test('a link that cannot be read is reported also without an adapter', limit, async () => {
  const visitor = await visit('keep_ratio=7');
  await visitor.state('idle');
  assert.equal(await visitor.see('notice').getAttribute('data-failure'), 'link');
  assert.match(await visitor.see('settings').innerText(), /link could not be read.*keep_ratio/);
  assert.equal(await visitor.see('adapter').innerText(), 'CPU · no WebGPU here');
  await visitor.leave();
});

test('where the browser withholds WebGPU, as from an insecure address, the page says so and trains', limit, async () => {
  const browser = await launch({ resolve: 'lacuna.test' });
  const { port } = new URL(server().origin);
  const origin = `http://lacuna.test:${port}`;
  const visitor = await Visitor.open(browser, { origin, page: `${origin}/lacuna/` }, SMALL);
  assert.equal(await visitor.page.evaluate(() => 'gpu' in navigator), false, 'this address is insecure to the browser');
  const words = await computes(visitor);
  assert.match(words, /only over https, or from localhost/);
  assert.deepEqual(
    ADVICE.filter((advice) => words.includes(advice)),
    ['https'],
    'there the browser does not matter',
  );
  await visitor.see('card-computes').press('Escape');
  await visitor.see('train').click();
  await visitor.steps(3);
  await visitor.leave();
  await browser.close();
});

const WEBKIT = 'AppleWebKit/605.1.15 (KHTML, like Gecko)';
/** Two of them; www/features/adapter/webgpu-help.test.ts asks for every browser. */
const BROWSERS = [
  ['Firefox on Linux', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', /about:config/],
  [
    'Safari on an iPhone',
    `Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) ${WEBKIT} Version/18.5 Mobile/15E148 Safari/604.1`,
    /Settings, Apps, Safari, Advanced, Feature Flags/,
  ],
];
/** What is said to some browsers only. */
const ADVICE = ['https', 'about:config', 'Settings, Apps, Safari', 'Settings, Feature Flags', 'Android 12', 'chrome://gpu', '--ozone-platform'];

test('a browser without WebGPU gets the advice for it, and none for another browser', limit, async () => {
  for (const [name, userAgent, wanted] of BROWSERS) {
    const visitor = await visit(SMALL, { userAgent });
    const words = await computes(visitor);
    assert.match(words, wanted, name);
    const other = ADVICE.filter((advice) => words.includes(advice) && !wanted.source.replaceAll('\\', '').includes(advice));
    assert.deepEqual(other, [], `${name} is also told: ${words}`);
    await visitor.leave();
  }
});

test('a link out of range is refused with the setting and its range, and the page stays usable', limit, async () => {
  const visitor = await visit('keep_ratio=7');
  await visitor.heard('opened');
  const words = await visitor.see('settings').innerText();
  assert.match(words, /link could not be read.*keep_ratio.*0\.01.*7/);
  await visitor.state('idle');
  await visitor.screenshot('bad-link');
  await visitor.leave();
});

test('what can be read of a link is opened, what others added is ignored, and the address stays until a setting is changed', limit, async () => {
  const link = 'dataset=planted&model=mlp-8&keep_ratio=7&utm_source=mail&sede=1';
  const visitor = await visit(link, {
    prepare: (context) =>
      context.addInitScript(() => {
        window.addresses = [];
        const { replaceState } = history;
        history.replaceState = (...args) => {
          window.addresses.push(args[2]);
          replaceState.apply(history, args);
        };
      }),
  });
  await visitor.heard('opened');
  assert.equal(await visitor.see('notice').getAttribute('data-failure'), 'part_of_link');
  const words = await visitor.see('notice').innerText();
  assert.match(words, /\nkeep_ratio must be a number from 0\.01 to 1, not "7"\nthere is no setting "sede"/);
  assert(!words.includes('utm_source'), words);
  const { values } = (await visitor.reports('values')).at(-1);
  assert.deepEqual([values.dataset, values.model, values.keep_ratio], ['planted', 'mlp-8', '0.2']);
  await visitor.screenshot('part-of-a-link');
  await visitor.set('seed', '9');
  await visitor.until(() => window.addresses.length > 0);
  const [address] = await visitor.page.evaluate(() => window.addresses);
  assert.match(address, /^\?dataset=planted&model=mlp-8&.*seed=9$/);
  await visitor.leave();
});

test('a link that names an unknown claim says so, and one with nothing but a sender’s mark is a first visit', limit, async () => {
  const visitor = await visit('utm_source=mail#claim=nonsense');
  await visitor.until(() => /claim that this page does not have: “nonsense”/.test(document.body.innerText));
  await visitor.leave();
  const first = await visit('fbclid=x');
  const { asked } = await first.heard('values');
  assert.equal(asked, 'first');
  await first.leave();
});

test('a typed value out of range is refused with a reason, and the experiment does not change', limit, async () => {
  const visitor = await visit(SMALL);
  await visitor.heard('opened');
  await visitor.set('batch_size', '0');
  await visitor.heard('refused');
  await visitor.until(() => /batch_size must be/i.test(document.querySelector('[data-testid=settings]').innerText));
  assert.match(visitor.query(), /batch_size=32/);
  await visitor.leave();
});

test('a run that diverges stops and says so; no score becomes NaN', limit, async () => {
  const visitor = await visit(`${SMALL}&learning_rate=10&clip_norm=0&rate_schedule=constant&steps=100000`);
  await visitor.see('train').click();
  await visitor.state('halted');
  await visitor.until(() => /diverge|finite|learning.rate/i.test(document.querySelector('[data-testid=status]').innerText));
  const { scores } = (await visitor.snapshots()).at(-1);
  assert(
    scores.every((score) => score >= 0 && score <= 1),
    'the scores are still keep-probabilities',
  );
  assert(await visitor.see('step').isDisabled(), 'it stays where it stopped');
  await visitor.screenshot('diverged');
  await visitor.leave();
});

test('where data are missing on the server, the page names the file and how to get it', limit, async () => {
  for (const [name, file] of [
    ['mnist', 'train-labels-idx1-ubyte.gz'],
    ['cifar10', 'data_batch_1.bin.gz'],
  ]) {
    const visitor = await visit(`dataset=${name}&model=mlp-32`, { without: new RegExp(`/data/${name}/`) });
    // Advice is a file of its own.
    await visitor.see('notice').locator('li').first().waitFor();
    const words = await notice(visitor);
    assert(words.includes(`${name}/${file} is not on this server (404)`) && words.includes(`data fetch ${name}`), words);
    // The browser remarks on the missing file itself.
    await visitor.leave([/404/]);
  }
});

test('a data set that only the terminal reads is refused by name', limit, async () => {
  const visitor = await visit('dataset=cifar100');
  assert.match(await notice(visitor), /lacuna train --dataset cifar100/);
  await visitor.leave();
});
