// Installed and without a network: the page is cached at the first visit, data at their first use, and versions never mix.

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { root } from '../../scripts/command.mjs';
import { PATIENCE_MS, Visitor, before_worker, launch, serve } from './harness.mjs';

const MNIST = 'model=mlp-32&gate_inputs=true&batch_size=16';
const SMALL = 'dataset=planted&model=mlp-32&gate_inputs=true&batch_size=32&keep_ratio=0.25';
const limit = { timeout: 5 * PATIENCE_MS };

let browser;
before(async () => void (browser = await launch()));
after(() => browser?.close());

/** Everything that page, worker and service worker ask for. */
function listen(visitor) {
  const asked = [];
  visitor.page.context().on('request', (request) => asked.push(request.url()));
  return asked;
}

/** Waits until all files are cached and the page is served from the cache. */
const kept = (visitor) => visitor.until(() => navigator.serviceWorker.ready.then(() => navigator.serviceWorker.controller !== null));

/**
 * Makes the worker report when a file is cached completely, which only the end of `put` shows. Chromium lists and returns a file some tenths of a
 * second earlier, and loses it if the page is left in between.
 */
async function telling(context) {
  await before_worker(`{
    const { put } = Cache.prototype;
    const told = new BroadcastChannel('held');
    Cache.prototype.put = function (address, response) {
      const work = put.call(this, address, response);
      work.then(() => told.postMessage(String(address)), () => {});
      return work;
    };
  }`)(context);
  await context.addInitScript(() => {
    window.held = [];
    new BroadcastChannel('held').onmessage = ({ data }) => window.held.push(data);
  });
}

test('after one visit and without a server the page reloads, trains on MNIST, compares and estimates', limit, async () => {
  const server = await serve();
  const visitor = await Visitor.open(browser, server, MNIST, { offline: true, prepare: telling });
  const asked = listen(visitor);
  await kept(visitor);
  await visitor.until(() => window.reports.some(({ kind, stage, done, of }) => kind === 'progress' && stage === 'data' && done === of));
  await visitor.until(() => window.held.length === 4);
  await server.close();

  await visitor.page.reload();
  await visitor.state('idle');
  await visitor.see('train').click();
  await visitor.steps(10);
  assert((await visitor.records()).every(({ loss }) => Number.isFinite(loss)));
  await visitor.heard('evaluated');
  await visitor.see('train').click();
  for (const view of ['runs', 'estimators']) {
    await visitor.see(`view-${view}`).click();
    await visitor.page.locator(`#${view} *`).first().waitFor();
  }
  await visitor.page.goto(`${server.page}?${SMALL}`);
  await visitor.state('idle');
  assert.match(visitor.query(), /planted/, 'another link opens as well');
  await visitor.screenshot('offline');
  const strangers = asked.filter((address) => address.startsWith('http') && !address.startsWith(server.page));
  assert.deepEqual(strangers, [], 'nothing outside the page’s own folder is asked for');
  assert(asked.length > 10);
  // Data that were never used are not there, and the page says what is.
  await visitor.page.goto(`${server.page}?dataset=fashion-mnist&model=mlp-32`);
  await visitor.see('notice').waitFor();
  assert.match(await visitor.see('notice').innerText(), /fashion-mnist\/.* (is not cached in this browser|could not be fetched)/);
  // The browser remarks on what it could not fetch itself.
  await visitor.leave([/ERR_CONNECTION_REFUSED/, /ERR_FAILED/]);
});

test('all files of the manifest exist under the page’s own path', limit, async () => {
  const server = await serve();
  const visitor = await Visitor.open(browser, server, SMALL, { offline: true });
  const address = await visitor.page.locator('link[rel=manifest]').evaluate((link) => link.href);
  assert(address.startsWith(server.page));
  const manifest = await (await fetch(address)).json();
  assert.equal(new URL(manifest.start_url, address).href, server.page);
  assert.equal(new URL(manifest.scope, address).href, server.page);
  for (const { src, sizes, type } of manifest.icons) {
    const file = await fetch(new URL(src, address));
    assert.equal(file.status, 200, src);
    assert.equal(file.headers.get('Content-Type'), type);
    if (type !== 'image/png') continue;
    const bytes = new DataView(await file.arrayBuffer());
    assert.equal(`${bytes.getUint32(16)}x${bytes.getUint32(20)}`, sizes, src);
  }
  // What Chromium itself has against it.
  const session = await visitor.page.context().newCDPSession(visitor.page);
  const { errors } = await session.send('Page.getAppManifest');
  assert.deepEqual(errors, []);
  const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
  assert.deepEqual(
    installabilityErrors.filter(({ errorId }) => errorId !== 'in-incognito'),
    [],
  );
  await visitor.leave();
  await server.close();
});

/** Another version in place of the built one: every chunk has another name, and the page another title. */
function publishNext(folder) {
  const assets = path.join(folder, 'assets');
  const chunks = readdirSync(assets).filter((name) => name.endsWith('.js'));
  // Two chunks may have one name but for their hash.
  const next = (name) => name.replace(/-.{4}(.{4})\.js$/, '-NEXT$1.js');
  const renamed = (text) => chunks.reduce((all, name) => all.replaceAll(name, next(name)), text);
  for (const name of chunks) {
    const text = readFileSync(path.join(assets, name), 'utf8');
    rmSync(path.join(assets, name));
    writeFileSync(path.join(assets, next(name)), renamed(text));
  }
  const page = path.join(folder, 'index.html');
  writeFileSync(page, renamed(readFileSync(page, 'utf8')).replace('<title>', '<title>Next '));
  const worker = path.join(folder, 'service-worker.js');
  writeFileSync(worker, renamed(readFileSync(worker, 'utf8')).replace(/"version":"[^"]*"/, '"version":"0123456789abcdef"'));
}

test('a newer version waits, says so, and replaces the old one as a whole when it is asked for; another tab stays on its version', limit, async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'lacuna-'));
  cpSync(path.join(root, 'dist'), folder, { recursive: true, filter: (from) => path.basename(from) !== 'data' });
  const server = await serve({ built: folder });
  try {
    const visitor = await Visitor.open(browser, server, SMALL, { offline: true });
    await kept(visitor);
    const other = await visitor.page.context().newPage();
    await other.goto(`${server.page}?${SMALL}`);
    publishNext(folder);

    await visitor.page.reload();
    const line = visitor.see('foot');
    await line.waitFor();
    assert.match(await line.innerText(), /newer version of this page is ready/);
    assert.doesNotMatch(await visitor.page.title(), /Next/, 'until then it is the version that was kept');
    await visitor.state('idle');
    await visitor.see('train').click();
    await visitor.steps(3);
    await visitor.screenshot('newer-version');
    // A part that is only now loaded, and that the server no longer has, is the old version's.
    await visitor.see('view-estimators').click();
    await visitor.page.locator('#estimators *').first().waitFor();

    await line.getByRole('button', { name: 'Reload' }).click();
    await visitor.page.waitForFunction(() => document.title.startsWith('Next '));
    await visitor.state('idle');
    const chunks = await visitor.page.evaluate(() =>
      performance
        .getEntriesByType('resource')
        .map(({ name }) => name)
        .filter((name) => name.endsWith('.js') && name.includes('/assets/')),
    );
    assert(chunks.length > 0 && chunks.every((name) => /-NEXT.{4}\.js$/.test(name)), `${chunks}`);
    assert.equal(await visitor.see('foot').isVisible(), false);

    assert.doesNotMatch(await other.title(), /Next/);
    await other.getByTestId('view-runs').click();
    await other.locator('#runs *').first().waitFor();
    await visitor.leave();
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Runs in the page before its own code: what became of the service worker that it registers. */
function overhearInstallation() {
  const { register } = ServiceWorkerContainer.prototype;
  ServiceWorkerContainer.prototype.register = async function (...given) {
    const registration = await register.apply(this, given);
    const { installing } = registration;
    const tell = () => (window.installation = installing?.state ?? 'redundant');
    installing?.addEventListener('statechange', tell);
    tell();
    return registration;
  };
}

test('a page and a service worker of two versions are never cached together', limit, async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'lacuna-'));
  cpSync(path.join(root, 'dist'), folder, { recursive: true, filter: (from) => path.basename(from) !== 'data' });
  const server = await serve({ built: folder });
  try {
    // A host in the middle of being given another version: the worker is still the old one.
    const old = readFileSync(path.join(folder, 'service-worker.js'));
    publishNext(folder);
    writeFileSync(path.join(folder, 'service-worker.js'), old);
    const visitor = await Visitor.open(browser, server, SMALL, { offline: true, prepare: (context) => context.addInitScript(overhearInstallation) });
    await visitor.state('idle');
    await visitor.until(() => window.installation === 'redundant');
    assert.deepEqual(await visitor.page.evaluate(() => caches.keys().then((names) => names.filter((name) => name !== 'lacuna-data'))), []);
    await visitor.leave([/404/]);
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

test('where storage is refused the page trains, and says that data were not cached', limit, async () => {
  const server = await serve();
  const visitor = await Visitor.open(browser, server, MNIST, {
    offline: true,
    prepare: (context) =>
      context.route(/\/worker-[^/]*\.js$/, async (route) => {
        const response = await route.fetch();
        const full = "Cache.prototype.put = () => Promise.reject(new DOMException('The quota has been exceeded.', 'QuotaExceededError'));";
        await route.fulfill({ response, body: `${full}${await response.text()}` });
      }),
  });
  await visitor.see('foot').waitFor();
  assert.match(await visitor.see('foot').innerText(), /could not be stored.*quota/i);
  await visitor.see('train').click();
  await visitor.steps(5);
  // Each of the four files says so.
  await visitor.until(() => window.reports.filter(({ kind }) => kind === 'uncached').length === 4);
  await visitor.see('foot').getByRole('button', { name: 'Dismiss' }).click();
  assert.equal(await visitor.see('foot').isVisible(), false);
  await visitor.leave();
  await server.close();
});
