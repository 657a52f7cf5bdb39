// Shared by all browser tests: a file server for the built page, a Chromium, and a visitor that records all reports and errors of the page.
// Usually the browser has no WebGPU and the page's CPU engine trains, which opens a run quickly. Tests of a WebGPU device ask for one in
// software.

import assert from 'node:assert/strict';
import { createReadStream, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { after, before } from 'node:test';
import axe from 'axe-core';
import { chromium } from 'playwright-core';
import { findChromium, findHeadlessChromium } from '../../scripts/chromium.mjs';
import { root } from '../../scripts/command.mjs';
import { readPixels } from './canvas.mjs';

/** The bits of `Snapshot.mask`: kept by m, kept by m′. */
export const KEPT = 1;
export const PROBE_KEPT = 2;

/** Generous, because a software adapter on two busy cores is some thousand times slower than a GPU. */
export const PATIENCE_MS = 120_000;

const noise = ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run', '--disable-quic'];
const software = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

/** Which browsers have an adapter. */
const with_webgpu = new WeakSet();

/**
 * Starts a browser. `webgpu`: with an adapter in software. `resolve`: a host name for this machine, which is an insecure origin to the browser.
 * `features`: features of the browser that are off by default. `measured`: `gc()` is available, and code is not recompiled while it runs,
 * because that would take memory.
 */
export async function launch({ webgpu = false, resolve, features = [], measured = false } = {}) {
  const executablePath = measured ? findChromium() : findHeadlessChromium();
  assert(executablePath, 'there is no Chromium; install one (Debian: apt-get install chromium) or name it in LACUNA_CHROMIUM');
  const args = [
    ...noise,
    ...(webgpu ? software : []),
    ...(resolve ? [`--host-resolver-rules=MAP ${resolve} 127.0.0.1`] : []),
    ...features.map((name) => `--enable-blink-features=${name}`),
    ...(measured ? ['--js-flags=--expose-gc --no-opt --no-maglev --no-sparkplug'] : []),
  ];
  const browser = await chromium.launch({ executablePath, args });
  if (webgpu) with_webgpu.add(browser);
  return browser;
}

/** The options by which Playwright makes hidden pages run like visible ones. */
const unseen = ['--disable-background-timer-throttling', '--disable-backgrounding-occluded-windows', '--disable-renderer-backgrounding'];

/**
 * A browser in which a tab behind another one, or in a minimised window, is hidden and has no frames. Playwright usually makes every page
 * visible, but not those of the first context of a browser that it only connects to.
 */
export async function launchSeen() {
  const free = createServer();
  await new Promise((resolve) => free.listen(0, '127.0.0.1', resolve));
  const { port } = free.address();
  await new Promise((resolve) => free.close(resolve));
  const args = [...noise, `--remote-debugging-port=${port}`, '--window-size=1440,900'];
  const launched = await chromium.launch({ executablePath: findChromium(), args, ignoreDefaultArgs: unseen });
  const browser = await chromium.connectOverCDP(`http://127.0.0.1:${port}`, { noDefaults: true });
  return { browser, close: () => launched.close() };
}

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.webmanifest': 'application/manifest+json',
};

// The page is served under a path, not at the root, as on many static hosts: an absolute address in it would fail.
const folders = { '/lacuna/': path.join(root, 'dist'), '/engine/': path.join(root, 'www', 'pkg'), '/tests/': path.join(root, 'tests', 'browser') };

/** The rules of axe-core whose answer depends on colours. */
const OF_COLOUR = ['color-contrast', 'link-in-text-block'];

/** What the build asks a host to send with every file, as static hosts read it. */
export const headersOf = (built) =>
  Object.fromEntries([...readFileSync(path.join(built, '_headers'), 'utf8').matchAll(/^ +([\w-]+): (.+)$/gm)].map(([, name, value]) => [name, value]));

/**
 * A file server as static hosts are: no rewriting, no Content-Encoding, 404 for what is not there. `isolated`: with the headers that isolate the
 * page from other origins; `heeds`: it sends the headers of the page's `_headers`; `built`: the folder of another build.
 */
export async function serve({ isolated = false, heeds = true, built = folders['/lacuna/'] } = {}) {
  const places = { ...folders, '/lacuna/': built };
  assert(existsSync(path.join(folders['/lacuna/'], 'index.html')), 'there is no built page; build it first: npm test -- wasm page');
  const asked = heeds ? headersOf(built) : {};
  const unseen = path.join(built, '_headers');
  const server = createServer((request, response) => {
    const address = decodeURIComponent(new URL(request.url, 'http://localhost').pathname);
    const mount = Object.keys(places).find((prefix) => address.startsWith(prefix));
    let file = mount && path.join(places[mount], path.normalize(`/${address.slice(mount.length)}`));
    if (file && existsSync(file) && statSync(file).isDirectory()) file = path.join(file, 'index.html');
    if (!file || !existsSync(file) || file === unseen) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, {
      'Content-Type': types[path.extname(file)] ?? 'application/octet-stream',
      'Content-Length': statSync(file).size,
      ...(mount === '/lacuna/' ? asked : {}),
      ...(isolated ? { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' } : {}),
    });
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://localhost:${server.address().port}`;
  return {
    origin,
    page: `${origin}/lacuna/`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Runs in the page before its own code: records the reports of the worker. */
function overhear() {
  window.reports = [];
  window.Worker = class extends window.Worker {
    constructor(...args) {
      super(...args);
      // Copied, because the page may change a report later. A checkpoint is never changed, and copying it would take long.
      this.addEventListener('message', ({ data }) => window.reports.push(data.kind === 'checkpoint' ? data : structuredClone(data)));
    }
  };
}

/** Waits for two frames, or half a second in a hidden tab, which has no frames. */
export const frames = (page) =>
  page.evaluate(
    () =>
      new Promise((resolve) => {
        setTimeout(resolve, 500);
        requestAnimationFrame(() => requestAnimationFrame(resolve));
      }),
  );

/** One visitor: a tab, with all its errors and requests. */
export class Visitor {
  constructor(page, origin, has_webgpu = true) {
    this.page = page;
    this.has_webgpu = has_webgpu;
    this.complaints = [];
    page.on('pageerror', (error) => this.complaints.push(`uncaught: ${error.message}`));
    page.on('console', (message) => {
      // Chromium itself remarks that it has no adapter.
      if (message.text() === 'No available adapters.' && !this.has_webgpu) return;
      // Said by the test's own refusal of the service worker.
      if (message.text() === 'Service Worker registration blocked by Playwright') return;
      if (message.type() === 'error' || message.type() === 'warning') this.complaints.push(`${message.type()}: ${message.text()}`);
    });
    page.on('requestfailed', (request) => {
      // A restart ends the fetches of the run before; that is no fault.
      if (request.failure()?.errorText !== 'net::ERR_ABORTED') this.complaints.push(`failed: ${request.url()} ${request.failure()?.errorText}`);
    });
    page.on('request', (request) => {
      const { protocol, origin: to } = new URL(request.url());
      if (protocol.startsWith('http') && to !== origin) this.complaints.push(`a request to somebody else: ${request.url()}`);
    });
  }

  /**
   * Opens a link: `query` without its question mark, or only what follows from the # on. `without`: addresses that answer 404. `prepare`:
   * prepares the browser's context. `overheard: false`: reports are not recorded. `context`: opens the tab there. `offline: true`: the page installs
   * its service worker, which fetches all files again; otherwise the browser refuses it.
   */
  static async open(browser, server, query = '', { without, prepare, overheard = true, context: given, offline = false, ...options } = {}) {
    const context = given ?? (await browser.newContext({ viewport: { width: 1440, height: 900 }, serviceWorkers: offline ? 'allow' : 'block', ...options }));
    if (without) await context.route(without, (route) => route.fulfill({ status: 404 }));
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    if (overheard) await page.addInitScript(overhear);
    await prepare?.(context);
    const visitor = new Visitor(page, server.origin, with_webgpu.has(browser));
    await page.goto(`${server.page}${query && !query.startsWith('#') ? `?${query}` : query}`);
    return visitor;
  }

  /** Something on the page by its test id. */
  see(id) {
    return this.page.getByTestId(id);
  }

  /** Downloads something by the menu Take away. Returns the path of the file, which has the name that the page gave it. */
  async take(id) {
    await this.see('take-away').click();
    const [download] = await Promise.all([this.page.waitForEvent('download'), this.see(id).click()]);
    const file = path.join(root, 'target', 'taken', download.suggestedFilename());
    await download.saveAs(file);
    return file;
  }

  /** Changes a setting like a visitor: opens its group, then picks, ticks, or types. */
  async set(name, value) {
    const row = this.page.locator(`[data-setting=${name}]`);
    // The settings are built once the engine is loaded.
    await row.waitFor({ state: 'attached' });
    for (const fold of [this.page.locator('details', { has: row }), row.locator('details')]) {
      if ((await fold.count()) > 0 && !(await fold.evaluate((details) => details.open))) await fold.locator('summary').click();
    }
    const radio = row.locator(`label:has(input[type=radio][value=${value}])`);
    if ((await row.locator('input[type=radio]').count()) > 0) return radio.click();
    const control = this.see(name);
    const kind = await control.evaluate((element) => (element.tagName === 'SELECT' ? 'select' : element.type));
    if (kind === 'select') await control.selectOption(value);
    else if (kind === 'checkbox') await control.setChecked(value === 'true');
    else {
      await control.fill(value);
      await control.press('Enter');
    }
  }

  /**
   * Waits until `condition`, which runs in the page, returns true. If the engine fails first, the test ends with the message of that failure
   * and the errors of the browser, instead of a time-out. `failing`: a failure is expected.
   */
  async until(condition, argument, { failing = false } = {}) {
    const wait = (predicate, given) => this.page.waitForFunction(predicate, given, { polling: 50 });
    const met = wait(condition, argument).catch(async (error) => {
      // The state of the page helps to find the reason.
      if (error.name === 'TimeoutError') error.stack = `${await this.situation()}\n${error.stack}`;
      throw error;
    });
    if (failing) return met;
    const given_up = () => document.body.dataset.state === 'error' && window.reports.findLast(({ kind }) => kind === 'failed')?.message;
    const failed = wait(given_up).then(async (words) => {
      throw new Error([`the engine failed: ${await words.jsonValue()}`, ...this.complaints].join('\n'));
    });
    // The promise that still waits when the tab is closed is rejected; that error is ignored.
    for (const each of [met, failed]) each.catch(() => {});
    return Promise.race([met, failed]);
  }

  /** Describes the page for the message of a failed test: its state, its texts and the last reports. */
  async situation() {
    return this.page
      .evaluate(() => {
        const text = (id) => document.querySelector(`[data-testid=${id}]`)?.innerText ?? '';
        const told = window.reports
          .slice(-12)
          .map((report) => [report.kind, report.state ?? report.stage ?? report.snapshot?.step ?? report.message ?? ''].join(' '));
        return [
          `state ${document.body.dataset.state}, step ${document.body.dataset.step}`,
          ...['status', 'strip', 'notice', 'foot'].map((id) => `${id}: ${text(id)}`),
          `reports: ${told.join(', ')}`,
        ].join('\n');
      })
      .catch((error) => `the page does not answer: ${error.message}`);
  }

  /** Waits until the run is in one of these states and the network is drawn, which takes another frame. */
  async state(...states) {
    await this.until((wanted) => wanted.includes(document.body?.dataset.state), states, { failing: states.includes('error') || states.includes('replay') });
    await this.frames();
  }

  /** Chooses the pace. With `eye`, 30 steps a second, a run does not end before the test has pressed the next button; at full speed the CPU does thousands of steps a second. */
  async pace(which) {
    await this.page.locator(`label:has([data-testid=pace-${which}])`).click();
  }

  frames() {
    return frames(this.page);
  }

  /** Waits until the browser has stored a checkpoint of that step. */
  stored(step) {
    return this.until(
      (wanted) =>
        new Promise((found) => {
          const request = indexedDB.open('lacuna');
          request.onsuccess = () => {
            const all = request.result.transaction('runs').objectStore('runs').getAll();
            all.onsuccess = () => {
              request.result.close();
              found(all.result.some((each) => each.step === wanted));
            };
          };
        }),
      step,
    );
  }

  query() {
    return new URL(this.page.url()).search.slice(1);
  }

  /** Reports of one kind so far, typed arrays as plain ones. */
  reports(kind) {
    return this.page.evaluate(
      (wanted) =>
        JSON.parse(
          JSON.stringify(
            window.reports.filter((each) => each.kind === wanted),
            // JSON knows no typed array and no NaN.
            (_, value) => (ArrayBuffer.isView(value) ? [...value] : typeof value === 'number' && !Number.isFinite(value) ? String(value) : value),
          ),
        ),
      kind,
    );
  }

  async snapshots() {
    return (await this.reports('snapshot')).map((report) => report.snapshot);
  }

  /** Every training step so far, in order. */
  async records() {
    return (await this.snapshots()).flatMap((snapshot) => snapshot.records);
  }

  /**
   * Frames and tasks of the page during `work`: how long each computed, in ms of processor time of the page's thread, ascending. The clock would
   * also count other programs.
   */
  async tasks(work) {
    const browser = this.page.context().browser();
    await browser.startTracing(this.page, { categories: ['toplevel', 'devtools.timeline', '__metadata'] });
    await work();
    const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
    const threads = traceEvents.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain').map(({ pid, tid }) => `${pid}.${tid}`);
    const own = traceEvents.find(({ name, pid, tid }) => name === 'FireAnimationFrame' && threads.includes(`${pid}.${tid}`));
    assert(own, 'the page drew no frame');
    const mine = traceEvents.filter(({ ph, pid, tid, tdur }) => ph === 'X' && pid === own.pid && tid === own.tid && tdur !== undefined);
    const of = (wanted) =>
      mine
        .filter(({ name }) => wanted.test(name))
        .map(({ tdur }) => tdur / 1000)
        .sort((a, b) => a - b);
    return { frames: of(/^FireAnimationFrame$/), tasks: of(/RunTask$/) };
  }

  /** The tasks of the page during `work` that computed for more than 50 ms. */
  async stalls(work) {
    return (await this.tasks(work)).tasks.filter((ms) => ms > 50);
  }

  /** Waits until so many steps are done or the run has ended. */
  async steps(least) {
    await this.until((wanted) => {
      const last = window.reports.findLast((each) => each.kind === 'snapshot')?.snapshot;
      return last !== undefined && (last.step >= wanted || last.finished || last.halted !== null);
    }, least);
  }

  /** Waits for a report of that kind. Returns the latest. */
  async heard(kind) {
    await this.until((wanted) => window.reports.some((each) => each.kind === wanted), kind);
    return (await this.reports(kind)).at(-1);
  }

  /**
   * Fails if axe-core finds a violation in the current page, in either theme. `where`: the state of the page, for the message. In the second theme
   * only colours are checked: a theme changes nothing else.
   */
  async accessible(where) {
    await this.page.evaluate(axe.source);
    const theme = await this.page.evaluate(() => (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'));
    const rules = await this.complained(`${where}, ${theme}`, null);
    assert(rules > 20, `${where}: axe looked at the page`);
    const other = theme === 'dark' ? 'light' : 'dark';
    await this.page.emulateMedia({ colorScheme: other });
    const judged = await this.complained(`${where}, ${other}`, OF_COLOUR);
    assert(judged > 0, `${where}, ${other}: axe looked at its colours`);
    await this.page.emulateMedia({ colorScheme: theme });
  }

  /** Fails if axe-core finds a violation. Returns how many rules passed. `only`: the rules that are checked, null for all. */
  async complained(where, only) {
    const found = await this.page.evaluate(async (rules) => {
      // The settings fade out at their lower edge, and axe does not judge what is under a mask.
      document.querySelector('.scroller')?.style.setProperty('mask-image', 'none');
      const { violations, passes } = await window.axe.run(document, { resultTypes: ['violations'], ...(rules && { runOnly: rules }) });
      const told = violations.flatMap(({ id, nodes }) =>
        nodes.map(({ target, failureSummary }) => `${id} ${target.join(' ')}: ${failureSummary.split('\n').slice(1).join(' ').trim()}`),
      );
      return { told, rules: passes.length };
    }, only);
    assert.deepEqual(found.told, [], where);
    return found.rules;
  }

  screenshot(name, options = {}) {
    const folder = path.join(root, 'target', 'screenshots');
    mkdirSync(folder, { recursive: true });
    return this.page.screenshot({ path: path.join(folder, `${name}.png`), ...options });
  }

  /**
   * Closes the tab, and fails if the page had errors or unexpected requests. `expected`: errors that belong to the test. `mixed`: both engines may
   * have computed.
   */
  async leave(expected = [], { mixed = false } = {}) {
    // A test of a device must not pass with a run on the CPU.
    const computed = await this.page
      .evaluate(() => (window.reports ?? []).filter(({ kind }) => kind === 'opened').map(({ description }) => description.computes))
      .catch(() => []);
    await this.page.context().close();
    if (!mixed)
      assert.deepEqual(
        computed.filter((each) => each !== (this.has_webgpu ? 'gpu' : 'cpu')),
        [],
        'another engine computed than the test asked for',
      );
    const surprises = this.complaints.filter((line) => !expected.some((pattern) => pattern.test(line)));
    assert.deepEqual(surprises, [], 'the page complained');
  }
}

/** Puts code before the worker's own. */
export const before_worker = (code) => async (context) =>
  context.route(/\/worker-[^/]*\.js$/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${code};${await response.text()}` });
  });

/** Records the requests of the page to its workers. */
export const asking = (context) =>
  context.addInitScript(() => {
    window.asked = [];
    const { postMessage } = Worker.prototype;
    Worker.prototype.postMessage = function (message, ...more) {
      window.asked.push({ worker: this, ...message });
      return postMessage.call(this, message, ...more);
    };
  });

/** A worker that throws an uncaught error when `breakEngine` is called. */
export const fragile = before_worker(`new BroadcastChannel('break').onmessage = () => { throw new Error('broken on purpose'); }`);
export const breakEngine = (visitor) => visitor.page.evaluate(() => new BroadcastChannel('break').postMessage(1));

/** Trains for at least so many steps and pauses. Returns the step. */
export async function pauseAt(visitor, least) {
  await visitor.pace('eye');
  await visitor.see('train').click();
  await visitor.steps(least);
  await visitor.see('train').click();
  await visitor.state('paused');
  await visitor.pace('full');
  return (await visitor.snapshots()).at(-1).step;
}

/** The last step that the engine reported. */
export const last = async (visitor) => (await visitor.snapshots()).at(-1);

/** Losses under both masks, from that step on. */
export const losses = (records, from) => records.filter(({ step }) => step >= from).map(({ step, loss, probe_loss }) => [step, loss, probe_loss]);

/** Executes one phase. Returns the report of it. */
export async function press(visitor) {
  const before = (await visitor.reports('partial_step')).length;
  await visitor.see('phase').click();
  await visitor.until((done) => window.reports.filter(({ kind }) => kind === 'partial_step').length > done, before);
  const { partial } = (await visitor.reports('partial_step')).at(-1);
  await visitor.until((stage) => document.body.dataset.partialStep === stage, partial.stage);
  return partial;
}

/** Takes single steps up to exactly that step. */
export async function stepTo(visitor, step) {
  await visitor.state('idle');
  for (let next = 1; next <= step; next++) {
    await visitor.see('step').click();
    await visitor.steps(next);
  }
}

/** A server and a browser for all tests of a file. `visit` opens a tab; `paused` also trains so many steps and pauses. */
export function site(options = {}) {
  let server;
  let browser;
  before(async () => {
    server = await serve();
    browser = await launch(options);
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });
  const visit = (query, options) => Visitor.open(browser, server, query, options);
  async function paused(query, steps) {
    const visitor = await visit(query);
    await visitor.page.evaluate(readPixels);
    // At full speed an early step would be passed before the pause.
    if (steps <= 100) await visitor.pace('eye');
    await visitor.see('train').click();
    await visitor.steps(steps);
    await visitor.see('train').click();
    await visitor.state('paused');
    await visitor.pace('full');
    return visitor;
  }
  return { visit, paused, server: () => server };
}
