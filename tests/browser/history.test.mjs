// The history: all parts of the page show the step that is looked back at, while the run trains on.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KEPT, PATIENCE_MS, last, site } from './harness.mjs';

/** Small enough for a software adapter: a step takes milliseconds. */
const SMALL = 'dataset=planted&model=mlp-32&gate_inputs=true&batch_size=32&keep_ratio=0.25';

const { paused } = site();
const limit = { timeout: 3 * PATIENCE_MS };
const fixed = (value, digits) => value.toFixed(digits);

const history = (visitor) => visitor.see('history').locator('canvas');
const numbers = (text) => text.match(/[\d,.]+/g).map((number) => Number(number.replaceAll(',', '')));

/** Of each unit of a group whether its cell is drawn as kept; `dotted` ones have a dot in their middle and are left out (null). */
const solid = (visitor, name, { across, dotted = [] }) =>
  visitor.page
    .locator('#network figure', { hasText: name })
    .locator('canvas')
    .evaluate(
      (canvas, [units, columns, skipped]) => {
        const data = window.pixels(canvas);
        // Cells are squares, in full columns but for the last one.
        const fits = (many) => Number.isInteger((canvas.height * many) / canvas.width) && Math.ceil(units / ((canvas.height * many) / canvas.width)) === many;
        const cell = canvas.width / (columns ?? Array.from({ length: units }, (_, index) => index + 1).find(fits));
        const rows = Math.round(canvas.height / cell);
        const probe = document.body.appendChild(document.createElement('i'));
        const [off, kept] = ['off', 'kept'].map((colour) => {
          probe.style.color = `var(--${colour})`;
          return getComputedStyle(probe).color.match(/\d+/g).map(Number);
        });
        probe.remove();
        const length = kept.reduce((sum, value, index) => sum + (value - off[index]) ** 2, 0);
        return Array.from({ length: units }, (_, unit) => {
          if (skipped[unit]) return null;
          const [column, row] = columns ? [unit % columns, Math.floor(unit / columns)] : [Math.floor(unit / rows), unit % rows];
          const at = 4 * (Math.floor((column + 0.45) * cell) + canvas.width * Math.floor((row + 0.45) * cell));
          // The share of the way from the colour off to the colour kept: at most 0.55 for a unit that is off, at least 0.78 for a kept one.
          return kept.reduce((sum, value, index) => sum + (data[at + index] - off[index]) * (value - off[index]), 0) / length > 0.66;
        });
      },
      [across.units, across.columns, dotted],
    );

/** Where a line goes through a chart from top to bottom, in pixels from its left; null where none does. */
const marker = (visitor, id) =>
  visitor.page.locator(`#${id} canvas`).evaluate((canvas) => {
    const { width, height } = canvas;
    const data = window.pixels(canvas);
    const painted = Array.from(
      { length: width },
      (_, x) => Array.from({ length: height }, (_, y) => data[4 * (x + width * y) + 3]).filter((alpha) => alpha > 90).length,
    );
    const most = Math.max(...painted);
    // The values of the axis are below the plot.
    return most > 0.75 * (height - (28 * width) / canvas.clientWidth) ? (painted.indexOf(most) * canvas.clientWidth) / width : null;
  });

test('all parts of the page show the step that is looked back at, and Escape returns to the present', limit, async () => {
  const visitor = await paused(`${SMALL}&steps=12000&anneal_fraction=0.025`, 300);
  const read = async () => ({
    say: await visitor.see('status').innerText(),
    loss: await visitor.see('loss').innerText(),
    epoch: await visitor.see('epoch').innerText(),
    budget: Number(await visitor.see('budget').getAttribute('data-budget')),
    accuracy: await visitor.see('accuracy').getAttribute('title'),
    phases: await visitor.page.locator('#phases').innerText(),
    kept: await visitor.see('kept-inputs').innerText(),
  });
  const now = await read();
  const { groups, informative, steps } = (await visitor.heard('opened')).description;
  const cells = async () => ({
    inputs: await solid(visitor, 'inputs', { across: { units: groups[0].size, columns: groups[0].width || null }, dotted: Object.values(informative) }),
    hidden: await solid(visitor, groups[1].name, { across: { units: groups[1].size, columns: groups[1].width || null } }),
  });
  /** Asserts that the cells show this snapshot. */
  const shows = async ({ mask }, which) => {
    const { inputs, hidden } = await cells();
    const kept = (group, unit) => (mask[group.first_unit + unit] & KEPT) !== 0;
    assert.deepEqual(
      inputs,
      inputs.map((shown, unit) => (shown === null ? null : kept(groups[0], unit))),
      `inputs, ${which}`,
    );
    assert.deepEqual(
      hidden,
      hidden.map((_, unit) => kept(groups[1], unit)),
      `hidden units, ${which}`,
    );
  };
  await shows(await last(visitor), 'now');
  for (const chart of ['loss-chart', 'accuracy-chart']) assert.equal(await marker(visitor, chart), null, `${chart} marks nothing now`);
  assert.equal(await visitor.see('now').isVisible(), false);
  const box = await history(visitor).boundingBox();
  const columns = Number(await visitor.see('history').getAttribute('data-columns'));
  await visitor.page.mouse.click(box.x + 3, box.y + box.height / 2);
  await visitor.page.mouse.move(0, 0);
  await visitor.until(() => document.body.dataset.looking !== undefined && /Looking back/.test(document.querySelector('[data-testid=status]').innerText));
  const step = Number(await visitor.page.evaluate(() => document.body.dataset.looking));
  assert(step < 60 && columns > 2, `step ${step} of ${columns} columns`);
  const then = await read();

  // What was recorded of that very step.
  const lasting = await last(visitor);
  const snapshot = (await visitor.snapshots()).find((each) => each.step === step);
  const record = snapshot.records.at(-1);
  assert.match(then.say, new RegExp(`^Looking back to step ${step}: `));
  assert.deepEqual(
    then.loss.split(' · '),
    [record.loss, record.probe_loss].map((loss) => fixed(loss, 3)),
  );
  assert.equal(then.budget, snapshot.budget);
  assert.equal(numbers(then.kept)[0], snapshot.kept[0]);
  assert(then.phases.includes(`L = ${fixed(record.loss, 3)}`) && then.phases.includes(`K = ${fixed(record.budget, 1)}`), then.phases);
  assert(then.budget > now.budget, 'the budget has come down since');
  for (const name of ['say', 'loss', 'phases', 'kept']) assert.notEqual(then[name], now[name], name);
  const tested = (await visitor.reports('evaluated')).map(({ evaluation }) => evaluation).findLast((each) => each.step <= step);
  if (tested) assert.match(then.accuracy, new RegExp(`at step ${tested.step}`));
  else assert.equal(await visitor.see('accuracy').innerText(), '–', 'nothing was tested by then');
  await visitor.screenshot('looking-back');
  const moved = snapshot.mask.filter((bits, unit) => (bits & KEPT) !== (lasting.mask[unit] & KEPT)).length;
  assert(moved > 50, `${moved} units changed since`);
  await shows(snapshot, 'then');
  // The curves mark the step: the axis takes 44 pixels at the left and 14 are free at the right, and at the beginning of a run only the first part of the axis is shown.
  let end = steps;
  while (end > 64 && lasting.step < end / 2) end /= 2;
  for (const chart of ['loss-chart', 'accuracy-chart']) {
    const width = await visitor.page.locator(`#${chart}`).evaluate(({ clientWidth }) => clientWidth);
    const [found, wanted] = [await marker(visitor, chart), 44 + (step / end) * (width - 58)];
    assert(found !== null && Math.abs(found - wanted) < 2.5, `${chart} marks ${found}, not ${wanted}`);
  }

  // A value that was not recorded is marked as current.
  const says = (selector, which) =>
    visitor.page.evaluate(([where, pseudo]) => getComputedStyle(document.querySelector(where), pseudo).content, [selector, which]);
  assert.match(await says('.figures', '::after'), /current values/);
  assert.match(await says('.speed', '::before'), /now, not then/);

  await visitor.page.keyboard.press('Escape');
  await visitor.until(() => document.body.dataset.looking === undefined);
  await visitor.until((was) => document.querySelector('[data-testid=status]').innerText === was, now.say);
  assert.deepEqual(await read(), now);
  await shows(lasting, 'now again');
  assert.equal(await marker(visitor, 'loss-chart'), null, 'the mark is gone');

  // The same with the keyboard, and by the button.
  await history(visitor).focus();
  await visitor.page.keyboard.press('Home');
  await visitor.until(() => document.body.dataset.looking === '0');
  await visitor.see('now').click();
  await visitor.until(() => document.body.dataset.looking === undefined);
  await visitor.leave();
});

test('while the page looks back, the column of classes does not show current probabilities', limit, async () => {
  const visitor = await paused('dataset=mnist&model=mlp-16&batch_size=16&keep_ratio=0.5&steps=100000', 12);
  await visitor.see('view-try').click();
  await visitor.see('try-number').fill('3');
  await visitor.see('try-number').press('Enter');
  const { found } = await visitor.heard('classified');
  await visitor.see('view-network').click();
  const column = visitor.page.locator('#network figure').last().locator('canvas');
  const box = await column.boundingBox();
  /** Shades of the cells, and what is said of the most probable class. */
  const read = async () => {
    const best = found.decided.indexOf(Math.max(...found.decided));
    await visitor.page.mouse.move(box.x + 5, box.y + ((best + 0.5) * box.height) / found.decided.length);
    const said = await visitor.see('cell').innerText();
    const shades = await column.evaluate((canvas, classes) => {
      const data = window.pixels(canvas);
      const cell = canvas.height / classes;
      return Array.from({ length: classes }, (_, row) =>
        [...data.slice(4 * (Math.floor(cell * 0.4) + canvas.width * Math.floor((row + 0.4) * cell))).slice(0, 3)].join(),
      );
    }, found.decided.length);
    await visitor.page.mouse.move(0, 0);
    return { said, shades: new Set(shades).size };
  };
  await visitor.until(() => document.body.dataset.view === 'network');
  const now = await read();
  assert.match(now.said, /^class \d: [\d.]+\s% for your image$/);
  assert(now.shades > 1, 'the most probable one stands out');
  await history(visitor).focus();
  await visitor.page.keyboard.press('Home');
  await visitor.until(() => document.body.dataset.looking === '0' && /Looking back/.test(document.querySelector('[data-testid=status]').innerText));
  const then = await read();
  assert.doesNotMatch(then.said, /%/);
  assert.equal(then.shades, 1, 'nothing is said of then');
  await visitor.page.keyboard.press('Escape');
  await visitor.until(() => document.body.dataset.looking === undefined && !/Looking back/.test(document.querySelector('[data-testid=status]').innerText));
  assert.deepEqual(await read(), now);
  await visitor.leave();
});

test('the run continues while the page looks back, and the picture stays', limit, async () => {
  const visitor = await paused(`${SMALL}&steps=100000`, 60);
  await history(visitor).focus();
  await visitor.see('train').click();
  await visitor.steps(100);
  await history(visitor).focus();
  await visitor.page.keyboard.press('Home');
  await visitor.until(() => /Looking back/.test(document.querySelector('[data-testid=status]').innerText));
  const said = await visitor.see('status').innerText();
  const { step } = await last(visitor);
  await visitor.steps(step + 200);
  assert.equal(await visitor.see('status').innerText(), said);
  await visitor.page.keyboard.press('Escape');
  await visitor.until(() => !/Looking back/.test(document.querySelector('[data-testid=status]').innerText));
  await visitor.leave();
});
