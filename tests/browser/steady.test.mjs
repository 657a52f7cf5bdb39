// A page that keeps still: words before the engine is there, nothing that jumps, memory that levels off.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PATIENCE_MS, Visitor, launch, serve, site } from './harness.mjs';

const limit = { timeout: 6 * PATIENCE_MS };
const { visit } = site();

/** Told before anything else: what moves by itself, and where to. */
function watchShifts() {
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      window.shifts.push({
        at: entry.startTime,
        value: entry.value,
        what: entry.sources.map(
          ({ node, previousRect, currentRect }) =>
            `${node?.nodeName} .${node?.className ?? node?.parentNode?.className} #${node?.id} ${previousRect.y}→${currentRect.y} ${previousRect.x}→${currentRect.x} ${previousRect.height}→${currentRect.height}`,
        ),
      });
    }
  }).observe({ type: 'layout-shift', buffered: true });
}

const LESSON = '#lesson=history.budget.loss.keep_ratio&title=Which+pixels%3F&text=Train%2C+and+look+at+the+digits.';
for (const [what, hash] of [
  ['the page speaks', ''],
  ['a lesson stands', LESSON],
]) {
  test(`${what} before the engine is there, and nothing jumps from its first paint to trained and measured`, limit, async () => {
    const moved = {};
    for (const [width, height] of [
      [1440, 900],
      [1024, 768],
      [390, 844],
    ]) {
      const viewport = { width, height };
      let let_through;
      const held = new Promise((resolve) => (let_through = resolve));
      const visitor = await visit(`gate_inputs=true&model=mlp-64&batch_size=16${hash}`, {
        viewport,
        prepare: async (context) => {
          await context.addInitScript(watchShifts);
          await context.route(/\.wasm$/, async (route) => {
            await held;
            await route.continue();
          });
        },
      });
      await visitor.until(() => performance.getEntriesByName('first-contentful-paint').length > 0);
      const { paint, heading, say, lesson } = await visitor.page.evaluate(() => ({
        paint: performance.getEntriesByName('first-contentful-paint')[0].startTime,
        heading: document.querySelector('h1').innerText,
        say: document.querySelector('[data-testid=status]').innerText,
        lesson: document.querySelector('[data-testid=lesson]')?.innerText ?? '',
      }));
      assert.match(`${heading} ${say}`, /lacuna.*network/is);
      assert.equal(/Which pixels\?/.test(lesson), hash !== '', 'a lesson’s words are part of what is seen first');
      assert.equal((await visitor.reports('settings')).length, 0, 'the engine is not there yet');
      await visitor.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 400)));
      if (width === 1440) await visitor.screenshot(hash ? 'lesson-before-the-engine' : 'before-the-engine');
      let_through();
      await visitor.state('idle');
      await visitor.see('train').click();
      if (!hash) await visitor.heard('speed');
      await visitor.heard('evaluated');
      await visitor.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 600)));
      const shifts = await visitor.page.evaluate(() => window.shifts);
      assert(paint > 0);
      if (shifts.length > 0) moved[`${width} pixels wide`] = shifts;
      await visitor.leave();
    }
    assert.deepEqual(moved, {}, 'parts of the page moved after the first paint');
  });
}

test('Compare, looked at before the engine is there, stands where it stays, empty and with runs', limit, async () => {
  for (const [width, height] of [
    [1440, 900],
    [1024, 768],
  ]) {
    let let_through;
    const held = new Promise((resolve) => (let_through = resolve));
    const visitor = await visit('dataset=planted&model=mlp-32&gate_inputs=true&batch_size=32&steps=40', {
      viewport: { width, height },
      prepare: async (context) => {
        await context.addInitScript(watchShifts);
        await context.route(/\.wasm$/, async (route) => {
          await held;
          await route.continue();
        });
      },
    });
    // A panel that is opened is a change that was asked for; what moves afterwards is not.
    const opened = async () => {
      await visitor.see('view-runs').click();
      await visitor.see('differs').waitFor();
      return visitor.page.evaluate(() => performance.now());
    };
    const since = (from) => visitor.page.evaluate((begun) => window.shifts.filter(({ at }) => at >= begun), from);
    let from = await opened();
    assert.equal((await visitor.reports('settings')).length, 0, 'the engine is not there yet');
    assert.equal(await visitor.see('compare-methods').isVisible(), false, 'nobody can be chosen yet');
    await visitor.frames();
    let_through();
    await visitor.state('idle');
    await visitor.see('compare-dense').waitFor({ state: 'attached' });
    await visitor.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 600)));
    assert.deepEqual(await since(from), [], `${width} pixels wide, empty`);
    // Left and opened anew, with a run to show.
    await visitor.see('train').click();
    await visitor.state('finished');
    await visitor.see('view-network').click();
    await visitor.frames();
    from = await opened();
    assert.equal(await visitor.see('kept-runs').locator('tr').count(), 1);
    await visitor.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 600)));
    assert.deepEqual(await since(from), [], `${width} pixels wide, with a run`);
    await visitor.leave();
  }
});

test('a theme that was chosen is there at the first paint; a lesson whose code never comes leaves the page', limit, async () => {
  // The page's own code is held back: what is seen is what stands there before it.
  const code = /assets\/index-.*\.js$/;
  const background = (visitor) => visitor.page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const seen = [];
  for (const [hash, stored] of [
    ['', 'dark'],
    ['', 'light'],
    ['', null],
    ['#theme=dark', 'light'],
  ]) {
    const visitor = await visit(`model=mlp-16${hash}`, {
      colorScheme: 'light',
      without: code,
      prepare: (context) => context.addInitScript((theme) => theme && localStorage.setItem('lacuna-theme', theme), stored),
    });
    await visitor.frames();
    seen.push(await background(visitor));
    await visitor.leave([/404/]);
  }
  const [dark, light] = seen;
  assert.notEqual(dark, light);
  assert.deepEqual(seen, [dark, light, light, dark]);

  const visitor = await visit(`model=mlp-16${LESSON}`, {
    without: code,
    // A style sheet shows it after a while: what it is at first, the page itself remembers.
    prepare: (context) => context.addInitScript(() => addEventListener('DOMContentLoaded', () => (window.first = getComputedStyle(document.body).visibility))),
  });
  assert.equal(await visitor.page.evaluate(() => window.first), 'hidden', 'a lesson’s page does not show before the lesson');
  await visitor.page.waitForFunction(() => getComputedStyle(document.body).visibility === 'visible');
  await visitor.leave([/404/]);
});

test('where scripts are off, the page says what it is and shows no control that does nothing', limit, async () => {
  const visitor = await visit('', { javaScriptEnabled: false });
  const words = await visitor.page.locator('body').innerText();
  assert.match(words, /WebGPU/);
  assert.match(words, /JavaScript/);
  assert.match(words, /sparse/i);
  assert.equal(await visitor.page.locator('button:visible, input:visible, select:visible').count(), 0);
  await visitor.screenshot('no-scripts');
  await visitor.page.setViewportSize({ width: 390, height: 844 });
  await visitor.screenshot('no-scripts-phone');
  await visitor.leave();
});

/**
 * Steps that the memory is looked at after. History and curves fill up and are halved, each time after twice as many steps: at twice the steps
 * they are as full, and between the last two looks nothing may have grown.
 */
const LOOKS = [1250, 2500, 5000, 10_000];
/** What a growth of nothing may come to by chance, in bytes over 5,000 steps: 24 a step. */
const CHANCE = 120_000;

/** Before the worker's own code: keeps hold of the engine's memory, which the browser does not count. */
function holdMemory() {
  for (const name of ['instantiate', 'instantiateStreaming']) {
    const plain = WebAssembly[name];
    WebAssembly[name] = async (...args) => {
      const made = await plain.apply(WebAssembly, args);
      self.engine_memory = (made.instance ?? made).exports.memory;
      return made;
    };
  }
}

test('over 10,000 steps with the history on, the memory of page and worker levels off', { timeout: 10 * PATIENCE_MS }, async () => {
  // Only a page that shares its process with nobody may ask how much memory it takes.
  const [server, browser] = [await serve({ isolated: true }), await launch({ features: ['ForceEagerMeasureMemory'], measured: true })];
  try {
    const visitor = await Visitor.open(browser, server, 'dataset=planted&model=mlp-8&gate_inputs=true&batch_size=4&keep_ratio=0.25&steps=20000', {
      offline: true,
      overheard: false,
      prepare: (context) =>
        context.route(/\/worker-[^/]*\.js$/, async (route) => {
          const response = await route.fetch();
          await route.fulfill({ response, body: `(${holdMemory})();${await response.text()}` });
        }),
    });
    assert(await visitor.page.evaluate(() => crossOriginIsolated));
    await visitor.page.waitForFunction(() => document.body.dataset.state === 'idle');
    await visitor.see('train').click();
    const found = [];
    for (const step of LOOKS) {
      // Paused by the page itself, in the frame that sees the step: within a round trip the CPU would do hundreds more, and fill what is measured.
      await visitor.page.waitForFunction(
        (least) => {
          if (Number(document.body.dataset.step) < least) return false;
          document.querySelector('[data-testid=train]').click();
          return true;
        },
        step,
        { timeout: 5 * PATIENCE_MS },
      );
      await visitor.page.waitForFunction(() => document.body.dataset.state === 'paused');
      // What nobody holds any more is not what is held.
      const held = { page: Infinity, worker: Infinity };
      for (let look = 0; look < 3; look++) {
        for (const thread of [visitor.page, visitor.page.workers()[0]]) await thread.evaluate(() => self.gc());
        const { breakdown } = await visitor.page.evaluate(() => performance.measureUserAgentSpecificMemory());
        // What the two share is now told of the page, now of neither: all that is not the worker's counts as the page's.
        const sum = (is) =>
          breakdown
            .filter(({ attribution }) => attribution.some(({ scope }) => scope === 'DedicatedWorkerGlobalScope') === is)
            .reduce((total, { bytes }) => total + bytes, 0);
        // Of three looks the least: what was just used may not be given back yet.
        held.page = Math.min(held.page, sum(false));
        held.worker = Math.min(held.worker, sum(true));
      }
      const engine = await visitor.page.workers()[0].evaluate(() => self.engine_memory.buffer.byteLength);
      found.push({ step, ...held, engine });
      await visitor.see('train').click();
    }
    console.log(
      found
        .map(
          ({ step, ...bytes }) =>
            `step ${step}: ${Object.entries(bytes)
              .map(([where, each]) => `${where} ${(each / 1e6).toFixed(2)}`)
              .join(', ')} MB`,
        )
        .join('; '),
    );
    const columns = await visitor.see('history').getAttribute('data-columns');
    assert(Number(columns) > 100, `the history was on: ${columns} columns`);
    const [, , before, after] = found;
    for (const where of ['page', 'worker', 'engine']) {
      assert(found[0][where] > 100_000, `${where}: something was measured`);
      assert(after[where] - before[where] < CHANCE, `${where}: ${JSON.stringify(found)}`);
    }
    await visitor.leave();
  } finally {
    await browser.close();
    await server.close();
  }
});
