// What every browser test stands on: the built page behind a plain file server, a Chromium with a software WebGPU
// adapter, and a page that remembers everything it said, so that nothing goes wrong unseen.

import assert from 'node:assert/strict';
import { createReadStream, existsSync, mkdirSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { findChromium } from '../../scripts/chromium.mjs';
import { root } from '../../scripts/command.mjs';

/** Kept by m, kept by m′: the bits of `Snapshot.mask`. */
export const KEPT = 1;
export const PROBE_KEPT = 2;

/** Generous, because a software adapter on two busy cores is some thousand times slower than a GPU. */
export const PATIENCE_MS = 120_000;

const noise = ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run', '--disable-quic'];
const software = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

/** `webgpu: false` is a browser in which the page finds no adapter; `resolve` names this machine, to the browser an insecure place. */
export function launch({ webgpu = true, resolve } = {}) {
  const executablePath = findChromium();
  assert(executablePath, 'there is no Chromium; install one (Debian: apt-get install chromium) or name it in LACUNA_CHROMIUM');
  const args = [...noise, ...(webgpu ? software : []), ...(resolve ? [`--host-resolver-rules=MAP ${resolve} 127.0.0.1`] : [])];
  return chromium.launch({ executablePath, args });
}

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};

// The page stands under a path of its own, as on a static host, never at the root: an absolute address in it would break.
const folders = { '/lacuna/': path.join(root, 'dist'), '/engine/': path.join(root, 'www', 'pkg'), '/tests/': path.join(root, 'tests', 'browser') };

/** A file server as static hosts are: no rewriting, no Content-Encoding, 404 for what is not there. */
export async function serve() {
  assert(existsSync(path.join(folders['/lacuna/'], 'index.html')), 'there is no built page; build it first: npm test -- wasm page');
  const server = createServer((request, response) => {
    const address = decodeURIComponent(new URL(request.url, 'http://localhost').pathname);
    const mount = Object.keys(folders).find((prefix) => address.startsWith(prefix));
    let file = mount && path.join(folders[mount], path.normalize(`/${address.slice(mount.length)}`));
    if (file && existsSync(file) && statSync(file).isDirectory()) file = path.join(file, 'index.html');
    if (!file || !existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, {
      'Content-Type': types[path.extname(file)] ?? 'application/octet-stream',
      'Content-Length': statSync(file).size,
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

/** Runs in the page before its own code: keeps what the worker reports, as the page hears it, and when the page stalled. */
function overhear() {
  window.reports = [];
  window.stalls = [];
  new PerformanceObserver((list) => window.stalls.push(...list.getEntries().map(({ startTime, duration }) => ({ at: startTime, ms: duration })))).observe({ entryTypes: ['longtask'] });
  window.Worker = class extends window.Worker {
    constructor(...args) {
      super(...args);
      // Copied, because the page may go on to change what it was given.
      this.addEventListener('message', ({ data }) => window.reports.push(structuredClone(data)));
    }
  };
}

/** One visitor: a tab, and everything that it said or asked for. */
export class Visitor {
  constructor(page, origin) {
    this.page = page;
    this.complaints = [];
    page.on('pageerror', (error) => this.complaints.push(`uncaught: ${error.message}`));
    page.on('console', (message) => {
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

  /** Follows a link: `query` without its question mark. `without`: addresses that the server does not have. */
  static async open(browser, server, query = '', { without, ...options } = {}) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
    if (without) await context.route(without, (route) => route.fulfill({ status: 404 }));
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    await page.addInitScript(overhear);
    const visitor = new Visitor(page, server.origin);
    await page.goto(`${server.page}${query ? `?${query}` : ''}`);
    return visitor;
  }

  /** Something on the page by its test id. */
  see(id) {
    return this.page.getByTestId(id);
  }

  /** Changes a setting as a person does: opens its group, then picks, ticks, or types and leaves the field. */
  async set(name, value) {
    const row = this.page.locator(`[data-knob=${name}]`);
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
   * Until `condition`, which runs in the page, answers true. Where the engine fails first there is nothing to wait for,
   * and the test ends with the failure's own words instead of a time-out.
   */
  async until(condition, argument, { failing = false } = {}) {
    const wait = (predicate, given) => this.page.waitForFunction(predicate, given, { polling: 50 });
    const met = wait(condition, argument);
    if (failing) return met;
    const failed = wait(() => window.reports.find(({ kind }) => kind === 'failed')?.message).then(async (words) => {
      throw new Error(`the engine failed: ${await words.jsonValue()}`);
    });
    // Whichever is still waiting when the visitor leaves ends with an error that belongs to nobody.
    for (const each of [met, failed]) each.catch(() => {});
    return Promise.race([met, failed]);
  }

  /** Until the run is in one of these states. */
  state(...states) {
    return this.until((wanted) => wanted.includes(document.body.dataset.state), states, { failing: states.includes('error') });
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
   * What stalled the page while `work` went on: tasks of its own thread that lasted more than 50 ms, as the browser itself
   * counts them. On few cores the software adapter takes the core from the page now and then; a task during which the page's
   * thread computed for less than half of the time is not the page's fault and not among them.
   */
  async stalls(work) {
    const browser = this.page.context().browser();
    await browser.startTracing(this.page, { categories: ['toplevel'] });
    const since = await this.page.evaluate(() => performance.now());
    await work();
    const found = await this.page.evaluate((from) => window.stalls.filter(({ at }) => at >= from), since);
    const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
    const waited = traceEvents.filter(({ ph, dur, tdur }) => ph === 'X' && dur > 50_000 && tdur < dur / 2).map(({ dur }) => dur / 1000);
    return found.filter(({ ms }) => !waited.some((each) => Math.abs(each - ms) < 1.5));
  }

  /** Until so many steps are done, or the run has ended. */
  async steps(least) {
    await this.until((wanted) => {
      const last = window.reports.findLast((each) => each.kind === 'snapshot')?.snapshot;
      return last !== undefined && (last.step >= wanted || last.finished || last.halted !== null);
    }, least);
  }

  /** Until a report of that kind is there; answers with the latest. */
  async heard(kind) {
    await this.until((wanted) => window.reports.some((each) => each.kind === wanted), kind);
    return (await this.reports(kind)).at(-1);
  }

  screenshot(name, options = {}) {
    const folder = path.join(root, 'target', 'screenshots');
    mkdirSync(folder, { recursive: true });
    return this.page.screenshot({ path: path.join(folder, `${name}.png`), ...options });
  }

  /** Leaves, and holds against the page whatever went wrong unseen. `expected`: complaints that belong to the test. */
  async leave(expected = []) {
    await this.page.context().close();
    const surprises = this.complaints.filter((line) => !expected.some((pattern) => pattern.test(line)));
    assert.deepEqual(surprises, [], 'the page complained');
  }
}
