// The main path in Firefox, which is another implementation of WebGPU (wgpu, not Dawn): open, train, pause, share, reload.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import puppeteer from 'puppeteer-core';
import { root } from '../../scripts/command.mjs';
import { findFirefox } from '../../scripts/firefox.mjs';
import { PATIENCE_MS, frames, serve } from './harness.mjs';

const SMALL = 'dataset=planted&model=mlp-32&gate_inputs=true&batch_size=32&keep_ratio=0.25';

let server;
let browser;

before(async () => {
  const executablePath = findFirefox();
  assert(executablePath, 'there is no Firefox; install one (Debian: apt-get install firefox-esr) or name it in LACUNA_FIREFOX');
  server = await serve();
  browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath,
    headless: true,
    // What this machine's software driver needs; a visitor with a GPU has the first by default.
    extraPrefsFirefox: { 'dom.webgpu.enabled': true, 'dom.webgpu.workers.enabled': true, 'gfx.webgpu.ignore-blocklist': true },
    protocolTimeout: 4 * PATIENCE_MS,
    timeout: PATIENCE_MS,
  });
});
after(async () => {
  await browser?.close();
  await server?.close();
});

const see = (id) => `[data-testid=${id}]`;

/** Everything that went wrong unseen. */
function complaintsOf(page) {
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));
  page.on('console', (message) => {
    if (['error', 'warn'].includes(message.type())) complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol.startsWith('http') && origin !== server.origin) complaints.push(`a request to somebody else: ${request.url()}`);
  });
  return complaints;
}

test('the page opens, trains, pauses, continues, shares and reloads in Firefox, and a run repeats bit for bit', { timeout: 8 * PATIENCE_MS }, async () => {
  const page = await browser.newPage();
  page.setDefaultTimeout(2 * PATIENCE_MS);
  await page.setViewport({ width: 1440, height: 900 });
  const complaints = complaintsOf(page);
  const state = (...wanted) =>
    page.waitForFunction(
      (states) => {
        const { dataset } = document.body;
        if (dataset.state === 'error' && !states.includes('error'))
          throw new Error(document.querySelector('[data-testid=notice]')?.innerText ?? 'the page failed');
        return states.includes(dataset.state);
      },
      {},
      wanted,
    );
  const step = () => page.$eval('body', (body) => Number(body.dataset.step));
  const reached = (least) => page.waitForFunction((wanted) => Number(document.body.dataset.step) >= wanted, {}, least);
  const text = (id) => page.$eval(see(id), (element) => element.innerText);

  await page.goto(`${server.page}?${SMALL}&steps=60&seed=7`);
  await state('idle');
  await page.click(see('train'));
  await reached(3);
  await page.click(see('train'));
  await state('paused', 'finished');
  const paused = await step();
  if (paused < 60) {
    await page.click(see('step'));
    await reached(paused + 1);
    assert.equal(await step(), paused + 1, 'one step, not more');
    await page.click(see('train'));
  }
  await state('finished');
  // The network is drawn in the frame after.
  await frames(page);
  assert.equal(await step(), 60);
  const ended = { loss: await text('loss'), kept: await text('kept-inputs') };
  assert.match(ended.loss, /^\d\.\d{3} · \d\.\d{3}$/);
  assert.match(await text('adapter'), /WebGPU/);
  await page.waitForFunction((id) => /%/.test(document.querySelector(id).innerText), {}, see('accuracy'));
  const folder = path.join(root, 'target', 'screenshots');
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, 'firefox-trained.png') });

  // Shared, the link is the experiment: by the clipboard, or where that is refused by the address bar.
  await page.click(see('share'));
  await page.waitForSelector(see('copy-link'), { visible: true });
  await page.click(see('copy-link'));
  await page.waitForFunction((id) => /^(Copied|See the address bar)/.test(document.querySelector(id).innerText), {}, see('copy-link'));
  const address = new URL(page.url());
  assert.equal(address.searchParams.get('seed'), '7');

  await page.goto(address.href);
  // A page that is left while it loads has its requests cut off, which Firefox says of those that the service worker was to answer.
  await state('idle');
  await page.reload();
  await state('idle');
  await page.click(see('train'));
  await state('finished');
  await frames(page);
  assert.deepEqual({ loss: await text('loss'), kept: await text('kept-inputs') }, ended, 'the same link, the same run');

  // What is taken away can be opened again, and is replayed without training.
  await page.evaluate(() => {
    const make = URL.createObjectURL;
    URL.createObjectURL = (blob) => ((window.taken = blob), make.call(URL, blob));
    HTMLAnchorElement.prototype.click = () => {};
  });
  await page.click(see('take-away'));
  await page.waitForFunction((id) => document.activeElement === document.querySelector(id), {}, see('take-curves'));
  for (const key of ['ArrowDown', 'ArrowDown', 'Enter']) await page.keyboard.press(key);
  await page.waitForFunction(() => window.taken);
  await page.evaluate((id) => {
    const given = new DataTransfer();
    given.items.add(new File([window.taken], 'run.safetensors'));
    const input = document.querySelector(id);
    input.files = given.files;
    input.dispatchEvent(new Event('change'));
  }, see('open-file'));
  await state('replay');
  assert.match(await text('strip'), /^A recorded run: mlp-32 on planted, 60 of 60 steps/);
  assert.equal(await text('kept-inputs'), ended.kept);
  await page.click(see('strip-close'));
  await state('idle');

  for (const view of ['runs', 'estimators', 'try', 'check', 'network']) {
    await page.click(see(`view-${view}`));
    await page.waitForSelector(`#${view} *`, { visible: true });
  }

  // Formulas are set by the browser itself: a fraction has its parts one above the other, and its symbols are buttons.
  await page.click(see('method-panel'));
  await page.waitForSelector(see('card-method'), { visible: true });
  const [over, under] = await page.$$eval('.card mfrac', (fractions) => [...fractions.at(-1).children].map((part) => part.getBoundingClientRect().toJSON()));
  assert(over.height > 10 && over.bottom <= under.top + 1, `${JSON.stringify([over, under])}`);
  await page.hover('.card math [data-symbol=K]');
  await page.waitForSelector('.meter.pointed');
  await page.screenshot({ path: path.join(folder, 'firefox-method.png') });
  assert.deepEqual(complaints, [], 'the page complained');
  await page.close();
});

test('the first visit’s network trains in Firefox on MNIST', { timeout: 8 * PATIENCE_MS }, async () => {
  const page = await browser.newPage();
  page.setDefaultTimeout(2 * PATIENCE_MS);
  const complaints = complaintsOf(page);
  await page.goto(`${server.page}?gate_inputs=true&model=mlp-64&batch_size=16`);
  await page.waitForFunction(() => document.body.dataset.state === 'idle');
  await page.click(see('train'));
  await page.waitForFunction(() => Number(document.body.dataset.step) >= 20 || document.body.dataset.state === 'error');
  assert.equal(await page.$eval('body', (body) => body.dataset.state), 'training');
  assert.deepEqual(complaints, [], 'the page complained');
  await page.close();
});
