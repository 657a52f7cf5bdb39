// What can go wrong says so in words: no WebGPU, a lost device, a bad link, a run that diverges, missing data.

import assert from 'node:assert/strict';
import process from 'node:process';
import { after, afterEach, before, test } from 'node:test';
import { PATIENCE_MS, Visitor, launch, serve } from './harness.mjs';

const SMALL = 'dataset=planted&model=mlp-32&batch_size=32';
const limit = { timeout: 2 * PATIENCE_MS };

let server;
let browser;

before(async () => void (server = await serve()));
afterEach(() => browser?.close());
after(() => server?.close());

/** The words that the page shows for a failure. */
async function notice(visitor) {
  const alert = visitor.see('notice');
  await alert.waitFor({ state: 'visible' });
  return alert.innerText();
}

test('without an adapter the page says in words what is missing', limit, async () => {
  browser = await launch({ webgpu: false });
  const visitor = await Visitor.open(browser, server, SMALL);
  await visitor.state('error');
  assert.match(await notice(visitor), /WebGPU/);
  await visitor.screenshot('no-adapter');
  // Chromium itself remarks on the console that it has no adapter.
  await visitor.leave([/adapter/i]);
});

test('where the browser withholds WebGPU, as from an insecure address, the page says so too', limit, async () => {
  browser = await launch({ resolve: 'lacuna.test' });
  const { port } = new URL(server.origin);
  const origin = `http://lacuna.test:${port}`;
  const visitor = await Visitor.open(browser, { origin, page: `${origin}/lacuna/` }, SMALL);
  assert.equal(await visitor.page.evaluate(() => 'gpu' in navigator), false, 'this address is insecure to the browser');
  await visitor.state('error');
  assert.match(await notice(visitor), /WebGPU/);
  await visitor.leave();
});

test('a device lost in the middle of a run: the page says so', limit, async () => {
  browser = await launch();
  const visitor = await Visitor.open(browser, server, `${SMALL}&steps=100000`);
  await visitor.see('train').click();
  await visitor.steps(3);
  // What a driver's crash does to a page: the browser's own GPU process is gone.
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  process.kill(processInfo.find(({ type }) => type === 'GPU').id, 'SIGKILL');
  await visitor.state('error');
  assert.match(await notice(visitor), /lost|device|GPU/i);
  await visitor.screenshot('device-lost');
  await visitor.leave([/external Instance|device|adapter/i]);
});

test('a link out of range is refused in words that name the setting and its range, and the page stays usable', limit, async () => {
  browser = await launch();
  const visitor = await Visitor.open(browser, server, 'keep_ratio=7');
  await visitor.heard('opened');
  const words = await visitor.see('settings').innerText();
  assert.match(words, /link could not be read.*keep_ratio.*0\.01.*7/);
  await visitor.state('idle');
  await visitor.screenshot('bad-link');
  await visitor.leave();
});

test('a value typed out of range is refused in words, and the experiment stays as it was', limit, async () => {
  browser = await launch();
  const visitor = await Visitor.open(browser, server, SMALL);
  await visitor.heard('opened');
  await visitor.set('batch_size', '0');
  await visitor.heard('refused');
  await visitor.until(() => /batch_size must be/i.test(document.querySelector('[data-testid=settings]').innerText));
  assert.match(visitor.query(), /batch_size=32/);
  await visitor.leave();
});

test('a run that diverges stops and says so; nothing goes on as NaN', limit, async () => {
  browser = await launch();
  const visitor = await Visitor.open(browser, server, `${SMALL}&learning_rate=10&clip_norm=0&rate_schedule=constant&steps=100000`);
  await visitor.see('train').click();
  await visitor.state('halted');
  await visitor.until(() => /diverge|finite|learning.rate/i.test(document.querySelector('[data-testid=status]').innerText));
  const { scores } = (await visitor.snapshots()).at(-1);
  assert(scores.every((score) => score >= 0 && score <= 1), 'the scores are still keep-probabilities');
  assert(await visitor.see('step').isDisabled(), 'it stays where it stopped');
  await visitor.screenshot('diverged');
  await visitor.leave();
});

test('data that are not on the server: the page names the file and how to get it', limit, async () => {
  browser = await launch();
  for (const [name, file] of [['mnist', 'train-labels-idx1-ubyte.gz'], ['cifar10', 'data_batch_1.bin.gz']]) {
    const visitor = await Visitor.open(browser, server, `dataset=${name}&model=mlp-32`, { without: new RegExp(`/data/${name}/`) });
    const words = await notice(visitor);
    assert(words.includes(`${name}/${file} is not on this server (404)`) && words.includes(`data fetch ${name}`), words);
    // The browser remarks on the missing file itself.
    await visitor.leave([/404/]);
  }
});

test('a set that only the terminal can read is refused by name', limit, async () => {
  browser = await launch();
  const visitor = await Visitor.open(browser, server, 'dataset=cifar100');
  assert.match(await notice(visitor), /lacuna train --dataset cifar100/);
  await visitor.leave();
});
