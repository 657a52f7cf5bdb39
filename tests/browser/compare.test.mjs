// Runs laid over one another in the page: the opponents one after another by one press, what differs between them in words, and
// their curves along steps, seconds and multiply-adds.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PATIENCE_MS, Visitor, launch, serve } from './harness.mjs';

const SMALL = 'dataset=planted&model=mlp-32&gate_inputs=true&batch_size=32&keep_ratio=0.25';
const STEPS = 40;
const limit = { timeout: 5 * PATIENCE_MS };

let server;
let browser;

before(async () => {
  server = await serve();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.close();
});

const visit = (query, options) => Visitor.open(browser, server, query, options);

/** Until so many runs have ended by themselves. */
const ended = (visitor, runs) => visitor.until((wanted) => window.reports.filter(({ kind, state }) => kind === 'state' && state === 'finished').length >= wanted, runs);

/** The rows of the table of runs: its method, its name and the figures behind the words. */
const rows = (visitor) =>
  visitor.see('kept-runs').evaluate((body) =>
    [...body.rows].map((row) => {
      const [name, accuracy, steps, seconds, work, dense] = row.cells;
      const value = (cell) => Number(cell.dataset.value);
      return {
        method: row.dataset.method, name: name.innerText.trim(), accuracy: value(accuracy), steps: value(steps), seconds: value(seconds), work: value(work),
        dense: value(dense), colour: getComputedStyle(row.querySelector('.swatch')).borderTopColor,
      };
    }),
  );

/** How many pixels of each run's colour the lower chart shows, and where the rightmost of each is, as a share of the width. */
const drawn = (visitor, colours) =>
  visitor.page.locator('#runs .chart canvas').last().evaluate((canvas, wanted) => {
    const { width, height } = canvas;
    const copy = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, width, height);
    return wanted.map((colour) => {
      const rgb = colour.match(/\d+/g).map(Number);
      let [count, right] = [0, 0];
      for (let at = 0; at < data.length; at += 4) {
        if (data[at + 3] < 200 || rgb.some((value, index) => Math.abs(value - data[at + index]) > 6)) continue;
        count += 1;
        right = Math.max(right, ((at / 4) % width) / width);
      }
      return { count, right };
    });
  }, colours);

test('four runs by one press: what differs in words, and the curves along steps, seconds and multiply-adds', limit, async () => {
  const visitor = await visit(SMALL);
  await visitor.see('view-runs').click();
  await visitor.until(() => /kept while this page is open/.test(document.querySelector('[data-testid=differs]')?.innerText));
  await visitor.see('compare-steps').fill(String(STEPS));
  await visitor.see('compare-methods').click();
  await visitor.state('training');
  assert.equal(await visitor.see('compare-methods').innerText(), 'Stop');
  await visitor.until(() => /^Run \d of 4, /.test(document.querySelector('[data-testid=status]').innerText));
  await ended(visitor, 4);
  await visitor.until(() => document.querySelector('[data-testid=compare-methods]').innerText === 'Compare');
  await visitor.until((steps) => [...document.querySelectorAll('[data-testid=kept-runs] tr')].every((row) => row.cells[2].dataset.value === String(steps)), STEPS);

  assert.doesNotMatch(await visitor.see('settings').innerText(), /Set along/);
  assert.equal(await visitor.see('differs').innerText(), 'What differs: method dense / small-dense / static / vrpge. All else equal: mlp-32, planted, keep 0.25, seed 1.');
  const found = await rows(visitor);
  assert.deepEqual(found.map(({ method }) => method), ['dense', 'small-dense', 'static', 'vrpge']);
  assert.deepEqual(found.map(({ name }) => name), ['dense', 'small-dense', 'static', 'vrpge']);
  assert.equal(new Set(found.map(({ colour }) => colour)).size, 4, 'each has a colour of its own');
  for (const { method, accuracy, steps, seconds } of found) {
    assert(accuracy > 0 && accuracy <= 1 && seconds > 0, method);
    assert.equal(steps, STEPS);
  }

  // The dense net's work is dense, of the learned one's the beginning is, of the others' none.
  const share = Object.fromEntries(found.map(({ method, dense }) => [method, dense]));
  assert.deepEqual([share.dense, share['small-dense'], share.static], [1, 0, 0]);
  assert(share.vrpge > 0 && share.vrpge < 1);

  // What is shown as executed is what the kept units of each step come to, in layers of inputs + 1 (a bias) by outputs.
  const [dense, small, fixed, learned] = found.map(({ work }) => work);
  const opened = (await visitor.reports('opened')).map(({ description }) => description);
  const step = (widths, forwards) => widths.slice(1).reduce((sum, outputs, layer) => {
    const inputs = widths[layer];
    return sum + (forwards + 1) * (inputs + 1) * outputs + (layer > 0 ? inputs * outputs : 0);
  }, 0);
  assert.equal(dense, 32 * STEPS * step([256, 32, 10], 1));
  assert.equal(opened.at(-1).multiply_adds, 32 * step([256, 32, 10], 1));
  const last = (await visitor.snapshots()).at(-1);
  const { forward, backward, structure } = last.cost;
  assert.equal(learned, forward + backward + structure);
  const kept = fixed / (32 * STEPS);
  assert.equal(kept, step([64, 8, 10], 1), 'a quarter of the inputs and of the hidden units');
  // Rows of the very first run begin with everything kept under both masks.
  assert(learned < 2 * dense && learned > fixed && small < dense, `${[dense, small, fixed, learned]}`);

  const colours = found.map(({ colour }) => colour);
  for (const along of ['step', 'seconds', 'multiply_adds']) {
    await visitor.page.locator(`label:has([data-testid=along-${along}])`).click();
    assert.equal(await visitor.page.locator('.overlay').getAttribute('data-along'), along);
    await visitor.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 100)));
    const curves = await drawn(visitor, colours);
    assert(curves.every(({ count }) => count > 8), `along ${along} every curve is drawn: ${JSON.stringify(curves)}`);
    const value = { step: 'steps', seconds: 'seconds', multiply_adds: 'work' }[along];
    const most = Math.max(...found.map((row) => row[value]));
    // Along multiply-adds in ratios, from the first step of the cheapest on.
    const least = Math.min(...found.map((row) => row.work)) / STEPS;
    const share = (of) => (along === 'multiply_adds' ? Math.log(of / least) / Math.log(most / least) : of / most);
    // The farthest reaches the end, the others as far as their figures say; the axis takes 44 pixels at the left and 14 are free at the right.
    const width = await visitor.page.locator('#runs .chart').last().evaluate((chart) => chart.clientWidth);
    for (const [index, row] of found.entries()) {
      const expected = (44 + (width - 58) * share(row[value])) / width;
      assert(Math.abs(curves[index].right - expected) < 0.06, `along ${along} ${row.method} ends at ${curves[index].right}, not ${expected}`);
    }
    await visitor.screenshot(`compare-${along}`);
  }

  await visitor.page.getByRole('button', { name: 'Remove this run' }).nth(1).click();
  await visitor.until(() => document.querySelectorAll('[data-testid=kept-runs] tr').length === 3);
  assert.match(await visitor.see('differs').innerText(), /method dense \/ static \/ vrpge\./);
  await visitor.see('clear-runs').click();
  await visitor.until(() => document.querySelectorAll('[data-testid=kept-runs] tr').length === 1);
  assert.equal((await rows(visitor))[0].method, 'vrpge', 'the run at hand stays');
  await visitor.leave();
});

test('a run that is restarted is kept, its own settings beside the new one’s; the same once more takes its place; eight are kept', limit, async () => {
  const visitor = await visit(`${SMALL}&steps=6`);
  await visitor.see('view-runs').click();
  await visitor.see('train').click();
  await ended(visitor, 1);
  const again = async (name, value, runs) => {
    const opened = (await visitor.reports('opened')).length;
    if (name) await visitor.set(name, value);
    await visitor.until((wanted) => !wanted || document.querySelector('[data-testid=restart]').dataset.differs === 'true', Boolean(name));
    await visitor.see('restart').click();
    await visitor.until((before) => window.reports.filter(({ kind }) => kind === 'opened').length > before, opened);
    await ended(visitor, runs);
  };
  await again('scores_rate', '0.2', 2);
  await visitor.until(() => document.querySelectorAll('[data-testid=kept-runs] tr').length === 2);
  assert.match(await visitor.see('differs').innerText(), /^What differs: structure rate 0\.05 \/ 0\.2\. All else equal: mlp-32, planted, keep 0\.25, seed 1\.$/);
  assert.deepEqual((await rows(visitor)).map(({ name }) => name), ['0.05', '0.2']);
  // What means nothing to a method is no difference to it.
  await again('method', 'dense', 3);
  await visitor.until(() => /method vrpge \/ dense/.test(document.querySelector('[data-testid=differs]').innerText));
  assert.deepEqual((await rows(visitor)).map(({ name }) => name), ['vrpge · 0.05', 'vrpge · 0.2', 'dense']);
  await again(null, null, 4);
  await visitor.until(() => document.querySelectorAll('[data-testid=kept-runs] tr').length === 3);
  for (let seed = 2; seed <= 8; seed++) await again('seed', String(seed), 3 + seed);
  await visitor.until(() => document.querySelectorAll('[data-testid=kept-runs] tr').length === 8);
  const found = await rows(visitor);
  assert.equal(new Set(found.map(({ colour }) => colour)).size, 8);
  assert(found.every(({ method }) => method === 'dense'), 'the two oldest made room');
  assert.match(await visitor.see('runs').innerText(), /the oldest, vrpge with seed 1, made room/);
  await visitor.leave();
});

test('a comparison can be paused, gone on with and stopped; the run at hand stays as it is', limit, async () => {
  const visitor = await visit(SMALL);
  await visitor.see('view-runs').click();
  await visitor.see('compare-steps').fill('100000');
  await visitor.see('compare-methods').click();
  await visitor.steps(3);
  const opened = (await visitor.reports('opened')).length;
  await visitor.see('train').click();
  await visitor.state('paused');
  assert.equal(await visitor.see('compare-methods').innerText(), 'Stop');
  await visitor.see('train').click();
  await visitor.state('training');
  await visitor.see('compare-methods').click();
  await visitor.state('paused');
  await visitor.until(() => document.querySelector('[data-testid=compare-methods]').innerText === 'Compare');
  assert.doesNotMatch(await visitor.see('status').innerText(), /Run \d of/);
  assert.equal((await visitor.reports('opened')).length, opened, 'no other run was opened');
  // A number of steps that cannot be is refused in words, and nothing starts.
  await visitor.see('compare-steps').fill('many');
  await visitor.see('compare-methods').click();
  await visitor.heard('refused');
  assert.match(await visitor.see('settings').innerText(), /steps must be a whole number/i);
  await visitor.until(() => document.querySelector('[data-testid=compare-methods]').innerText === 'Compare');
  await visitor.leave();
});
