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
  const words = await notice(visitor);
  assert.match(words, /WebGPU/);
  // In its place a recorded run, with how it was made, to play and to scrub.
  await visitor.state('replay');
  assert.match(await visitor.see('strip').innerText(), /mlp-512-256 on mnist, 4,212 of 4,212 steps, on llvmpipe.*Recorded by: lacuna train --url/s);
  assert.match(await visitor.see('accuracy').innerText(), /97\.\d\s%/);
  assert.equal(await visitor.see('train').innerText(), 'Play');
  await visitor.see('train').click();
  await visitor.until(() => /^Looking back to step/.test(document.querySelector('[data-testid=status]').innerText), undefined, { failing: true });
  await visitor.see('train').click();
  await visitor.screenshot('no-adapter');
  // Chromium itself remarks on the console that it has no adapter.
  await visitor.leave([/adapter/i]);
});

test('a link that cannot be read does not hide that there is no adapter', limit, async () => {
  browser = await launch({ webgpu: false });
  const visitor = await Visitor.open(browser, server, 'keep_ratio=7');
  await visitor.state('replay');
  assert.equal(await visitor.see('notice').getAttribute('data-failure'), 'webgpu');
  assert.match(await visitor.see('settings').innerText(), /link could not be read.*keep_ratio/);
  await visitor.leave([/adapter/i]);
});

test('where the browser withholds WebGPU, as from an insecure address, the page says so too', limit, async () => {
  browser = await launch({ resolve: 'lacuna.test' });
  const { port } = new URL(server.origin);
  const origin = `http://lacuna.test:${port}`;
  const visitor = await Visitor.open(browser, { origin, page: `${origin}/lacuna/` }, SMALL);
  assert.equal(await visitor.page.evaluate(() => 'gpu' in navigator), false, 'this address is insecure to the browser');
  assert.match(await notice(visitor), /WebGPU/);
  await visitor.leave();
});

const WEBKIT = 'AppleWebKit/605.1.15 (KHTML, like Gecko)';
const BLINK = 'AppleWebKit/537.36 (KHTML, like Gecko)';
const BROWSERS = [
  ['Firefox on Linux', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', /about:config/],
  ['Firefox on Android', 'Mozilla/5.0 (Android 14; Mobile; rv:146.0) Gecko/146.0 Firefox/146.0', /about:config/],
  ['Safari on an iPhone', `Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) ${WEBKIT} Version/18.5 Mobile/15E148 Safari/604.1`, /Settings, Apps, Safari, Advanced, Feature Flags/],
  ['Firefox on an iPhone', `Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) ${WEBKIT} FxiOS/140.0 Mobile/15E148 Safari/604.1`, /Settings, Apps, Safari, Advanced, Feature Flags/],
  ['Safari on a Mac', `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${WEBKIT} Version/18.5 Safari/605.1.15`, /Settings, Feature Flags/],
  ['Chrome on Android', `Mozilla/5.0 (Linux; Android 10; K) ${BLINK} Chrome/144.0.0.0 Mobile Safari/537.36`, /Android 12/],
  ['an app on Android', `Mozilla/5.0 (Linux; Android 11; Pixel 4 Build/RQ3A; wv) ${BLINK} Version/4.0 Chrome/144.0.0.0 Mobile Safari/537.36`, /Android 12/],
  ['Chrome on Linux', `Mozilla/5.0 (X11; Linux x86_64) ${BLINK} Chrome/144.0.0.0 Safari/537.36`, /chrome:\/\/gpu[\s\S]*--ozone-platform/],
  ['Chrome on Windows', `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${BLINK} Chrome/144.0.0.0 Safari/537.36`, /chrome:\/\/gpu/],
  ['Edge on Windows', `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${BLINK} Chrome/144.0.0.0 Safari/537.36 Edg/144.0.0.0`, /chrome:\/\/gpu/],
];
/** What is said to some browsers only. */
const ADVICE = ['https', 'about:config', 'Settings, Apps, Safari', 'Settings, Feature Flags', 'Android 12', 'chrome://gpu', '--ozone-platform'];

test('each browser without WebGPU is told what fits it, and nothing that fits another', { timeout: 4 * PATIENCE_MS }, async () => {
  browser = await launch({ webgpu: false, resolve: 'lacuna.test' });
  for (const [name, userAgent, wanted] of BROWSERS) {
    const visitor = await Visitor.open(browser, server, SMALL, { userAgent });
    // Advice is a file of its own.
    await visitor.see('notice').locator('li').first().waitFor();
    const words = await notice(visitor);
    assert.match(words, wanted, name);
    const other = ADVICE.filter((advice) => words.includes(advice) && !wanted.source.replaceAll('\\', '').includes(advice));
    assert.deepEqual(other, [], `${name} is also told: ${words}`);
    await visitor.leave([/adapter/i]);
  }
  // From an insecure address the browser does not matter.
  const origin = `http://lacuna.test:${new URL(server.origin).port}`;
  for (const [name, userAgent] of BROWSERS.slice(-2)) {
    const visitor = await Visitor.open(browser, { origin, page: `${origin}/lacuna/` }, SMALL, { userAgent });
    // Advice is a file of its own.
    await visitor.see('notice').locator('li').first().waitFor();
    const words = await notice(visitor);
    assert.match(words, /only over https, or from localhost/, name);
    assert.deepEqual(ADVICE.filter((advice) => words.includes(advice)), ['https']);
    await visitor.leave([/adapter/i]);
  }
});

test('a device lost in the middle of a run: the page says so, opens another and goes on bit for bit', limit, async () => {
  browser = await launch();
  const visitor = await Visitor.open(browser, server, `${SMALL}&steps=100000`);
  await visitor.see('train').click();
  await visitor.heard('kept');
  await visitor.steps(60);
  // What a driver's crash does to a page: the browser's own GPU process is gone.
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  process.kill(processInfo.find(({ type }) => type === 'GPU').id, 'SIGKILL');
  await visitor.until(() => /GPU went away at step .*goes on from step/.test(document.querySelector('[data-testid=strip]').innerText), undefined, { failing: true });
  await visitor.until(() => window.reports.filter(({ kind }) => kind === 'opened').length === 2, undefined, { failing: true });
  await visitor.until(() => /went on from step/.test(document.querySelector('[data-testid=strip]').innerText), undefined, { failing: true });
  await visitor.until(
    () => {
      const opened = window.reports.findLastIndex(({ kind }) => kind === 'opened');
      const most = (reports) => Math.max(0, ...reports.map(({ snapshot }) => snapshot?.step ?? 0));
      return most(window.reports.slice(opened)) > most(window.reports.slice(0, opened));
    },
    undefined,
    { failing: true },
  );
  await visitor.screenshot('device-lost');
  const [before, after] = await visitor.page.evaluate(() => {
    const opened = window.reports.findLastIndex(({ kind }) => kind === 'opened');
    const steps = (reports) => reports.flatMap(({ snapshot }) => snapshot?.records ?? []).map(({ step, loss, probe_loss }) => [step, loss, probe_loss]);
    return [steps(window.reports.slice(0, opened)), steps(window.reports.slice(opened))];
  });
  const [[first]] = after;
  assert(first > 0 && first <= before.length, `it went on from step ${first}`);
  const repeated = before.slice(first);
  assert.deepEqual(after.slice(0, repeated.length), repeated, 'what was lost is done again, bit for bit');
  assert(await visitor.see('notice').isHidden());
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
    // Advice is a file of its own.
    await visitor.see('notice').locator('li').first().waitFor();
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
