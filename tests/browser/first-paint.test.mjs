// The page before its engine or its code is loaded: text, theme and layout are there at the first paint, and nothing moves later.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PATIENCE_MS, site } from './harness.mjs';

const limit = { timeout: 6 * PATIENCE_MS };
const { visit } = site();

/** Runs before the page's own code: records layout shifts. */
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

const LINK = 'gate_inputs=true&model=mlp-64&batch_size=16';

for (const [what, query, hash] of [
  ['the page has its text', LINK, ''],
  ['a lesson is shown', LINK, LESSON],
  ['a first visit has its text', '', ''],
]) {
  test(`${what} before the engine is loaded, and nothing moves from the first paint until the network is trained and measured`, limit, async () => {
    const moved = {};
    for (const [width, height] of [
      [1440, 900],
      [1024, 768],
      [390, 844],
    ]) {
      const viewport = { width, height };
      let let_through;
      const held = new Promise((resolve) => (let_through = resolve));
      const visitor = await visit(query + hash, {
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

test('Compare does not move when the engine is loaded, without runs and with runs', limit, async () => {
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
    // Opening a panel is a change that was asked for. Movements afterwards are not.
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

test('a chosen theme applies at the first paint; the page is shown if the code of a lesson never arrives', limit, async () => {
  // The page's own code never arrives: only the HTML and the style sheets are shown.
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
  // A preloaded script is refused where scripts are off.
  await visitor.leave([/csp/]);
});
