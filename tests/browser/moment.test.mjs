// The moment that is looked at: the past that everything follows, the goal that is dragged, units that are pinned.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KEPT, PATIENCE_MS, PROBE_KEPT, site } from './harness.mjs';

/** Small enough for a software adapter: a step takes milliseconds. */
const SMALL = 'dataset=planted&model=mlp-32&gate_inputs=true&batch_size=32&keep_ratio=0.25';

const { visit } = site();
const limit = { timeout: 3 * PATIENCE_MS };
const fixed = (value, digits) => value.toFixed(digits);

/** Trains so many steps and pauses. */
async function paused(query, steps) {
  const visitor = await visit(query);
  await visitor.page.evaluate(readPixels);
  // A moment early in the run is not to be run past.
  if (steps <= 100) await visitor.pace('eye');
  await visitor.see('train').click();
  await visitor.steps(steps);
  await visitor.see('train').click();
  await visitor.state('paused');
  await visitor.pace('full');
  return visitor;
}

const history = (visitor) => visitor.see('history').locator('canvas');
const last = async (visitor) => (await visitor.snapshots()).at(-1);
const numbers = (text) => text.match(/[\d,.]+/g).map((number) => Number(number.replaceAll(',', '')));

/** Runs in the page: a canvas' pixels, from a copy, so that the canvas itself stays where it is drawn fastest. */
function readPixels() {
  window.pixels = (canvas) => {
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    return copy.getImageData(0, 0, canvas.width, canvas.height).data;
  };
}

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
          // How far its colour is on the way from off to kept: a unit that is off goes 0.55 of it at most, a kept one 0.78 at least.
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
    // Below the plot stand the axis' words.
    return most > 0.75 * (height - (28 * width) / canvas.clientWidth) ? (painted.indexOf(most) * canvas.clientWidth) / width : null;
  });

test('everything on the page follows the moment that is looked back at, and Escape returns to now', limit, async () => {
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
  /** The cells are those of this snapshot. */
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
  // The curves mark the step: the axis takes 44 pixels at the left and 14 are free at the right, and a run that is young has its beginning shown.
  let end = steps;
  while (end > 64 && lasting.step < end / 2) end /= 2;
  for (const chart of ['loss-chart', 'accuracy-chart']) {
    const width = await visitor.page.locator(`#${chart}`).evaluate(({ clientWidth }) => clientWidth);
    const [found, wanted] = [await marker(visitor, chart), 44 + (step / end) * (width - 58)];
    assert(found !== null && Math.abs(found - wanted) < 2.5, `${chart} marks ${found}, not ${wanted}`);
  }

  // A reading that was not recorded says that it is of now.
  const says = (selector, which) =>
    visitor.page.evaluate(([where, pseudo]) => getComputedStyle(document.querySelector(where), pseudo).content, [selector, which]);
  assert.match(await says('.figures', '::after'), /of now/);
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

test('the column of classes does not show now’s probabilities of a moment that is looked back at', limit, async () => {
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
  assert.match(now.said, /^class \d: [\d.]+\s% for the image at hand$/);
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

test('the run goes on while one looks back, and the picture stays', limit, async () => {
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

test('the goal of the budget is dragged while the run goes on: control, link and engine follow', limit, async () => {
  const visitor = await paused(`${SMALL}&schedule=constant&steps=100000`, 20);
  const goal = visitor.see('goal');
  assert.equal(await goal.getAttribute('role'), 'slider');
  assert.equal(await goal.getAttribute('aria-valuenow'), '25');
  await visitor.see('train').click();
  const before = (await last(visitor)).budget;
  const track = await visitor.page.locator('.meter .track').boundingBox();
  const at = await goal.boundingBox();
  await visitor.page.mouse.move(at.x + at.width / 2, at.y + at.height / 2);
  await visitor.page.mouse.down();
  await visitor.page.mouse.move(track.x + track.width * 0.4, track.y, { steps: 4 });
  await visitor.page.mouse.move(track.x + track.width * 0.5, track.y, { steps: 4 });
  await visitor.page.mouse.up();
  await visitor.until((was) => window.reports.findLast(({ kind }) => kind === 'snapshot').snapshot.budget > 1.9 * was, before);
  const units = (await visitor.heard('opened')).description.units;
  await visitor.until(() => Math.abs(Number(document.querySelector('[data-testid=keep_ratio]').value) - 0.5) < 0.02);
  const keep_ratio = Number(await visitor.see('keep_ratio').inputValue());
  await visitor.until((wanted) => new URLSearchParams(location.search).get('keep_ratio') === String(wanted), keep_ratio);
  await visitor.until((budget) => Math.abs(window.reports.findLast(({ kind }) => kind === 'snapshot').snapshot.budget - budget) < 0.01, keep_ratio * units);
  assert.equal(await visitor.see('restart').getAttribute('data-differs'), 'false', 'the run itself follows');

  // With the keyboard, down again, and never beyond the ends.
  await goal.focus();
  await visitor.page.keyboard.press('Home');
  await visitor.until(() => document.querySelector('[data-testid=goal]').ariaValueNow === '1');
  await visitor.page.keyboard.press('PageUp');
  await visitor.page.keyboard.press('ArrowLeft');
  await visitor.until(() => document.querySelector('[data-testid=keep_ratio]').value === '0.1');
  assert.match(await goal.getAttribute('aria-valuetext'), /10.*: \d+ of \d+ units/);
  await visitor.until((budget) => Math.abs(window.reports.findLast(({ kind }) => kind === 'snapshot').snapshot.budget - budget) < 0.01, 0.1 * units);
  await visitor.leave();
});

/** The middle of a unit's cell in a grid, in the window. */
async function cell(visitor, name, index) {
  const canvas = visitor.page.locator('#network figure', { hasText: name }).locator('canvas');
  // All points are asked within the page: hundreds of movements of a real pointer take many seconds.
  const found = await canvas.evaluate((element, unit) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    const words = document.querySelector('[data-testid=cell]');
    for (let y = 2; y < height; y += 3) {
      for (let x = 2; x < width; x += 3) {
        element.dispatchEvent(new PointerEvent('pointermove', { clientX: left + x, clientY: top + y, bubbles: true }));
        if (new RegExp(`(unit|input) ${unit}:`).test(words.textContent)) return { x: left + x + 1, y: top + y + 1 };
      }
    }
    return null;
  }, index);
  assert(found, `there is no unit ${index} in ${name}`);
  await visitor.page.mouse.move(found.x, found.y);
  await visitor.until((unit) => new RegExp(`(unit|input) ${unit}:`).test(document.querySelector('[data-testid=cell]').innerText), index);
  return found;
}

test('a unit is clicked, its worth measured, and it is pinned: on, off, and let go', { timeout: 5 * PATIENCE_MS }, async () => {
  const visitor = await paused(`${SMALL}&steps=100000`, 40);
  const { description } = await visitor.heard('opened');
  const hidden = description.groups.find(({ name }) => name === 'hidden 1');
  const unit = hidden.first_unit + 5;
  const { x, y } = await cell(visitor, 'hidden 1', 5);
  await visitor.page.mouse.click(x, y);
  await visitor.see('pin-menu').waitFor();
  const { cost, refused } = await visitor.heard('cost');
  assert.equal(refused, null);
  assert.deepEqual([cost.unit, Math.abs(cost.on - cost.off - cost.difference) < 1e-9, cost.error > 0, cost.batches >= 4], [unit, true, true, true]);
  await visitor.until(() => /batches of 32 images/.test(document.querySelector('[data-testid=pin-cost]').innerText));
  await visitor.screenshot('pin-menu');

  for (const [button, pins, score] of [
    ['pin-on', `${unit}on`, 1],
    ['pin-off', `${unit}off`, 0],
  ]) {
    await visitor.see(button).click();
    await visitor.until((wanted) => new URLSearchParams(location.search).get('pins') === wanted, pins);
    await visitor.until(([at, wanted]) => window.reports.findLast(({ kind }) => kind === 'snapshot').snapshot.scores[at] === wanted, [unit, score]);
    const { sum_scores, budget } = await last(visitor);
    assert(sum_scores <= budget * (1 + 1e-5), `${sum_scores} of ${budget}`);
    assert.equal(await visitor.see(button).getAttribute('aria-pressed'), 'true');
    await visitor.page.locator('#pinned-key').waitFor();
  }
  // It stays so while the run goes on.
  await visitor.page.keyboard.press('Escape');
  assert.equal(await visitor.see('pin-menu').isVisible(), false);
  const { step } = await last(visitor);
  await visitor.see('train').click();
  await visitor.steps(step + 60);
  for (const each of (await visitor.snapshots()).filter((snapshot) => snapshot.step > step)) {
    assert.deepEqual([each.scores[unit], each.mask[unit] & KEPT], [0, 0], `step ${each.step}`);
  }
  await visitor.see('train').click();
  await visitor.state('paused');

  // With the keyboard: to the same unit, and let go.
  const canvas = visitor.page.locator('#network figure', { hasText: 'hidden 1' }).locator('canvas');
  await visitor.see('step').focus();
  await canvas.focus();
  await visitor.page.keyboard.press('Home');
  for (let key = 0; key < 40 && !/unit 5:/.test(await visitor.see('cell').innerText()); key++) {
    await visitor.page.keyboard.press(key % 8 === 7 ? 'ArrowRight' : 'ArrowDown');
  }
  assert.match(await visitor.see('cell').innerText(), /unit 5: s = 0\.00, off, pinned off/);
  await visitor.page.keyboard.press('Enter');
  await visitor.see('let-go').click();
  await visitor.until(() => !new URLSearchParams(location.search).has('pins'));
  await visitor.until((at) => window.reports.findLast(({ kind }) => kind === 'snapshot').snapshot.scores[at] > 0, unit);
  await visitor.leave();
});

test('pins are in the link, the shared link repeats the run, and what cannot be pinned is said in words', { timeout: 5 * PATIENCE_MS }, async () => {
  const link = `${SMALL}&steps=40&pins=2on,33off`;
  const runs = [];
  for (let turn = 0; turn < 2; turn++) {
    const visitor = await visit(link);
    await visitor.heard('opened');
    assert.equal(await visitor.see('pins').inputValue(), '2on,33off');
    await visitor.see('train').click();
    await visitor.state('finished');
    runs.push((await visitor.records()).map(({ loss }) => loss));
    for (const { scores } of (await visitor.snapshots()).slice(1)) assert.deepEqual([scores[2], scores[33]], [1, 0]);
    await visitor.leave();
  }
  assert.deepEqual(runs[1], runs[0]);

  // What the budget does not hold is refused where it was asked for, and nothing changes.
  const visitor = await paused(`dataset=planted&model=mlp-32&batch_size=32&keep_ratio=0.04&schedule=constant&steps=100000&pins=7on`, 5);
  const { x, y } = await cell(visitor, 'hidden 1', 5);
  await visitor.page.mouse.click(x, y);
  await visitor.see('pin-on').click();
  await visitor.until(() => /pays for 1 of 32/.test(document.querySelector('[data-testid=pin-words]').innerText));
  assert.equal(new URLSearchParams(visitor.query()).get('pins'), '7on');
  await visitor.page.keyboard.press('Escape');
  // A method without scores lets them go, and says that it has none.
  await visitor.set('method', 'static');
  await visitor.until(() => !new URLSearchParams(location.search).has('pins'));
  await visitor.page.mouse.click(x, y);
  await visitor.until(() => /no scores/.test(document.querySelector('[data-testid=pin-words]').innerText));
  assert.equal(await visitor.see('pin-on').isDisabled(), true);
  await visitor.leave();
});

/** Presses for one phase, and answers with what the device then held. */
async function press(visitor, key = false) {
  const before = (await visitor.reports('partial_step')).length;
  if (key) await visitor.page.keyboard.press('p');
  else await visitor.see('phase').click();
  await visitor.until((done) => window.reports.filter(({ kind }) => kind === 'partial_step').length > done, before);
  const { partial } = (await visitor.reports('partial_step')).at(-1);
  await visitor.until((stage) => document.body.dataset.partialStep === stage, partial.stage);
  return partial;
}

test('a step is taken phase by phase: each formula with its numbers, and the step is the one at once', { timeout: 6 * PATIENCE_MS }, async () => {
  const visitor = await paused(`${SMALL}&steps=100000&seed=9`, 60);
  const { step } = await last(visitor);
  const shown = () =>
    visitor.page.evaluate(() => {
      const items = [...document.querySelectorAll('#phases li')];
      const at = (name) => items.flatMap((item, index) => (item.classList.contains(name) ? [index] : []));
      return { now: at('now'), later: at('later'), words: items.map((item) => item.innerText), heading: document.querySelector('#walk h2').innerText };
    });
  const stages = ['sample', 'losses', 'gradient', 'project', 'backward', 'weights'];
  const seen = {};
  for (const [index, stage] of stages.entries()) {
    const partial = (seen[stage] = await press(visitor, index % 2 === 1));
    assert.deepEqual([partial.stage, partial.left], [stage, stages.slice(index + 1)]);
    const { now, later, words, heading } = await shown();
    assert.deepEqual([now, later], [[index], [4, 5, 3, 2, 1].filter((each) => each > index).sort((a, b) => a - b)]);
    assert.match(heading, new RegExp(`^${index + 1}`));
    assert.match(await visitor.see('status').innerText(), new RegExp(`^Step ${step + 1}, phase ${index + 1} of 6\\.`));
    const { loss, probe_loss, budget } = partial.snapshot.records[0];
    if (index >= 1) assert(words[1].includes(`L = ${fixed(loss, 3)}`) && words[1].includes(`L′ = ${fixed(probe_loss, 3)}`), words[1]);
    else assert.match(words[1], /L\(w, m\)/, 'the losses are not known yet');
    if (index >= 3) assert.match(words[3], new RegExp(`K = ${fixed(budget, 1)}`));
    assert.equal(await visitor.see('history').isVisible(), false);
    await visitor.screenshot(`phase-${index + 1}-${stage}`);
    if (index < 5) assert.equal((await last(visitor)).step, step, 'the step is not done yet');
  }
  // What the phases left is what the formulas say.
  const { snapshot, values: g } = seen.gradient;
  const scores = seen.sample.snapshot.scores;
  const { loss, probe_loss } = snapshot.records[0];
  const differ = g.flatMap((value, unit) => {
    const [m, probe] = [snapshot.mask[unit] & KEPT, snapshot.mask[unit] >> 1];
    const expected = scores[unit] > 0 && scores[unit] < 1 ? (0.5 * (loss - probe_loss) * (m - probe)) / Math.sqrt(scores[unit] * (1 - scores[unit])) : 0;
    // A group of which nothing was drawn keeps a unit all the same, of which g knows nothing.
    assert(Math.abs(value - expected) < 1e-4 * Math.max(1, Math.abs(expected)) || value === 0, `unit ${unit}: ${value}, by the formula ${expected}`);
    return value === 0 ? [] : [unit];
  });
  assert(differ.length > 0, 'somewhere the masks disagree');
  const { threshold } = seen.project.snapshot;
  const clamped = seen.project.stepped.map((score) => Math.min(1, Math.max(0, score - threshold)));
  assert(
    clamped.every((score, unit) => Math.abs(score - seen.project.snapshot.scores[unit]) < 1e-6),
    'the projection is a shift and a clamp',
  );
  assert(seen.project.snapshot.sum_scores <= seen.project.snapshot.budget * (1 + 1e-5));
  assert(seen.weights.values.some((moved) => moved > 0));
  await visitor.until((done) => window.reports.findLast(({ kind }) => kind === 'snapshot').snapshot.step === done, step + 1);

  // Left in the middle: the step's rest at once, and then on as if nothing had been.
  await press(visitor);
  await press(visitor, true);
  await visitor.see('train').click();
  await visitor.steps(step + 20);
  await visitor.until(() => document.body.dataset.partialStep === undefined);
  await visitor.see('train').click();
  await visitor.state('paused');
  const records = await visitor.records();
  assert.deepEqual(
    records.map(({ step: each }) => each),
    records.map((_, index) => index),
    'every step is on record once',
  );
  const other = await paused(`${SMALL}&steps=100000&seed=9`, step + 20);
  const losses = (await other.records()).map((record) => record.loss);
  const common = Math.min(losses.length, records.length);
  assert.deepEqual(
    records.slice(0, common).map((record) => record.loss),
    losses.slice(0, common),
    'bit for bit the run that was never looked at',
  );
  await other.leave();

  // A tab that is put away in the middle of a step finds it there again.
  await press(visitor);
  await visitor.page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
    delete document.visibilityState;
  });
  const halves = await visitor.page.evaluate(() => window.reports.length);
  await visitor.page.waitForTimeout(1500);
  assert.equal(await visitor.page.evaluate(() => document.body.dataset.partialStep), 'sample');
  assert.deepEqual(await visitor.page.evaluate((from) => window.reports.slice(from).filter(({ kind }) => kind === 'snapshot').length, halves), 0);

  // The arrow finishes a step too, and a unit that is asked about in the middle of one.
  await press(visitor);
  await visitor.page.keyboard.press('ArrowRight');
  await visitor.until(() => document.body.dataset.partialStep === undefined);
  await press(visitor);
  await visitor.see('walk-leave').click();
  await visitor.until(() => document.body.dataset.partialStep === undefined && document.querySelector('#history').offsetParent !== null);
  await visitor.leave();
});

/** Holds that `words` say `value` where `pattern` has its one group: rounded, as far as it is written out. */
function says(words, pattern, value) {
  const found = pattern.exec(words);
  assert(found, `${pattern} is not in: ${words}`);
  const written = found[1].replaceAll(',', '').replace('−', '-').replace('−', '-');
  const [digits, power = '0'] = written.split('e');
  const last = 10 ** (Number(power) - (digits.split('.')[1]?.length ?? 0));
  assert(Math.abs(Number(written) - value) <= 0.501 * last, `${found[0]} in "${words}", and it is ${value}`);
}
const NUMBER = '(−?[\\d,]+(?:\\.\\d+)?(?:e−?\\d+)?)';
const SAYS = (before, after = '') => new RegExp(`${before}${NUMBER}${after}`);

/** A phase as it is told: beside the picture, in the foot, and in the line above all. */
const told = (visitor) =>
  visitor.page.evaluate(() => {
    const foot = [...document.querySelectorAll('#phases li')].map((item) => [...item.querySelectorAll('p')].map((part) => part.innerText));
    const [formula, words] = ['.formula', '.words'].map((part) => document.querySelector(`#walk ${part}`).innerText);
    return { formula, words, foot, status: document.querySelector('[data-testid=status]').innerText };
  });

/** The page's colours as the style sheet has them: [red, green, blue] each. */
const palette = (visitor) =>
  visitor.page.evaluate(() => {
    const probe = document.body.appendChild(document.createElement('i'));
    const colours = ['paper', 'ink', 'off', 'kept', 'probe'].map((name) => {
      probe.style.color = `var(--${name})`;
      return [
        name,
        getComputedStyle(probe)
          .color.match(/[\d.]+/g)
          .slice(0, 3)
          .map(Number),
      ];
    });
    probe.remove();
    return Object.fromEntries(colours);
  });

/** What a canvas shows: `at(x, y)` is a pixel. */
async function pixels(canvas) {
  const { width, height, data } = await canvas.evaluate((element) => {
    const copy = new OffscreenCanvas(element.width, element.height).getContext('2d', { willReadFrequently: true });
    copy.drawImage(element, 0, 0);
    return { width: element.width, height: element.height, data: [...copy.getImageData(0, 0, element.width, element.height).data] };
  });
  return { width, height, at: (x, y) => data.slice(4 * (y * width + x), 4 * (y * width + x) + 3) };
}
const near = (a, b, by = 6) => a.every((level, index) => Math.abs(level - b[index]) <= by);
const mixed = (a, b, share) => a.map((level, index) => level + (b[index] - level) * share);

/** Until the pictures stand that the last report asked for. */
const drawn = async (visitor) => {
  await visitor.page.waitForTimeout(150);
  await visitor.frames();
};

test('the phases say the numbers of this very step, and the cells which masks keep a unit', { timeout: 6 * PATIENCE_MS }, async () => {
  // The goal from the first step on, and few steps: a quarter is kept, and the two masks disagree about many units.
  const visitor = await visit(`${SMALL}&schedule=constant&steps=1000&seed=9`);
  await stepTo(visitor, 30);
  const { description } = await visitor.heard('opened');
  const gated = description.groups.filter((group) => group.gated);

  const { snapshot: sampled } = await press(visitor);
  const { mask, scores } = sampled;
  const differ = mask.filter((bits) => bits === KEPT || bits === PROBE_KEPT).length;
  let said = await told(visitor);
  assert.equal(said.formula, 'm, m′ ~ Bernoulli(s)');
  says(said.foot[0][1], SAYS('^differ in ', ' units?$'), differ);
  says(said.status, SAYS('They disagree about ', ' units?,'), differ);

  // Every cell: solid where m keeps the unit, shaded by s where it does not, ringed where the masks disagree, and only there.
  await drawn(visitor);
  const { paper, ink, off, kept, probe } = await palette(visitor);
  const canvas = ({ name }) => visitor.page.locator('#network figure', { hasText: name }).locator('canvas');
  const grids = await Promise.all(gated.map((group) => pixels(canvas(group))));
  // Cells are squares, the same in every grid, filled column by column.
  const fits = (side) =>
    grids.every(({ width, height }, at) => width % side === 0 && height % side === 0 && Math.ceil((gated[at].size * side) / height) === width / side);
  const sides = Array.from({ length: 31 }, (_, pixel) => pixel + 10).filter(fits);
  assert.equal(sides.length, 1, `the side of a cell is one of ${sides}`);
  const [side] = sides;
  const seen = [0, 0, 0, 0];
  for (const [number, { name, first_unit, size }] of gated.entries()) {
    const { height, at } = grids[number];
    const rows = height / side;
    for (let index = 0; index < size; index++) {
      const [bits, score] = [mask[first_unit + index], scores[first_unit + index]];
      const [x, y] = [Math.floor(index / rows) * side, (index % rows) * side];
      const inside = (bits & KEPT) !== 0 ? mixed(off, kept, 0.78 + 0.22 * score) : mixed(off, kept, 0.55 * score ** 1.2);
      const ringed = bits === KEPT || bits === PROBE_KEPT;
      const half = Math.floor((side - 1) / 2);
      const [edge, middle] = [at(x, y + half), at(x + half, y + half)];
      // In the middle the inputs that tell something have a dot.
      const dotted = number === 0 && description.informative[index] === 1;
      const which = `${name} ${index}, ${['off', 'kept by m only', 'kept by m′ only', 'kept by both'][bits]}, s = ${score}`;
      assert(near(edge, ringed ? probe : inside), `the edge of ${which}: ${edge}`);
      assert(near(middle, dotted ? ((bits & KEPT) !== 0 ? paper : ink) : inside), `the middle of ${which}: ${middle}`);
      seen[bits] += 1;
    }
  }
  assert(
    seen.every((number) => number > 0),
    `off, by m only, by m′ only, by both: ${seen}`,
  );
  assert(!near(probe, kept, 40) && !near(off, kept, 40) && !near(paper, probe, 40), 'the colours can be told apart');

  const { loss, probe_loss } = (await press(visitor)).snapshot.records[0];
  said = await told(visitor);
  for (const formula of [said.formula, said.foot[1][0]]) {
    says(formula, SAYS('^L = ', '\\s'), loss);
    says(formula, SAYS('L′ = ', '$'), probe_loss);
  }
  says(said.words, SAYS('^L − L′ = '), loss);
  says(said.words, SAYS('^L − L′ = [\\d.]+ − '), probe_loss);
  says(said.words, SAYS('^L − L′ = [\\d.]+ − [\\d.]+ = '), loss - probe_loss);
  says(said.status, SAYS(`under both: ${loss < probe_loss ? 'm' : 'm′'} did better, by `, '\\.$'), Math.abs(loss - probe_loss));

  const { values: g } = await press(visitor);
  said = await told(visitor);
  for (const formula of [said.formula, said.foot[2][0]]) assert.equal(formula, 'g = ½(L − L′)(m − m′) / √s(1−s)');
  says(said.foot[2][1], SAYS('^from L − L′ = ', ' alone$'), loss - probe_loss);
  says(said.words, SAYS('^½ · \\(', '\\) · \\(m − m′\\) / √s\\(1−s\\)\\.'), loss - probe_loss);
  says(said.words, SAYS('Largest \\|g\\|: ', '\\.$'), Math.max(...g.map(Math.abs)));
  says(said.status, SAYS('', ' units? ha'), g.filter((value) => value !== 0).length);
  // In the cells, bars: up where the score will rise, and the number under the pointer.
  await drawn(visitor);
  const hidden = gated[1];
  const bars = await pixels(canvas(hidden));
  const rows = bars.height / side;
  for (let index = 0; index < hidden.size; index++) {
    const value = g[hidden.first_unit + index];
    const [x, y] = [Math.floor(index / rows) * side, (index % rows) * side];
    const middle = y + Math.round((side - Math.max(1, Math.round(side * 0.09))) / 2);
    const [above, below] = [middle - 1, middle].map((line) => near(bars.at(x + Math.round(side / 2), line), probe));
    assert.deepEqual([above, below], [value < 0, value > 0], `unit ${index}, g = ${value}`);
  }
  const largest = g
    .slice(hidden.first_unit, hidden.first_unit + hidden.size)
    .reduce((best, value, index, all) => (Math.abs(value) > Math.abs(all[best]) ? index : best), 0);
  const box = await canvas(hidden).boundingBox();
  await visitor.page.mouse.move(box.x + (Math.floor(largest / rows) + 0.5) * side, box.y + ((largest % rows) + 0.5) * side);
  await visitor.until((unit) => document.querySelector('[data-testid=cell]').innerText.includes(`unit ${unit}:`), largest);
  says(await visitor.see('cell').innerText(), SAYS('g = ', '$'), g[hidden.first_unit + largest]);

  const projected = await press(visitor);
  const {
    threshold,
    budget,
    sum_scores,
    records: [record],
  } = projected.snapshot;
  const sum = (values) => values.reduce((total, value) => total + Math.min(1, Math.max(0, value)), 0);
  said = await told(visitor);
  for (const formula of [said.formula, said.foot[3][0]]) assert.equal(formula, 's ← clamp(s − v, 0, 1)');
  says(said.foot[3][1], SAYS('^v = ', ', Σs'), threshold);
  says(said.foot[3][1], SAYS('Σs = (?:K = )?'), sum_scores);
  assert.equal(said.foot[3][1].includes('Σs = K'), sum_scores.toFixed(1) === budget.toFixed(1), `Σs = ${sum_scores}, K = ${budget}: ${said.foot[3][1]}`);
  says(said.foot[3][1], SAYS('K = ', '$'), budget);
  says(said.words, SAYS('^Before: Σs = ', '\\. '), sum(projected.before));
  says(said.words, SAYS('step at rate ', ':'), record.scores_rate);
  says(said.words, SAYS('step at rate [\\d.]+: ', '\\. '), sum(projected.stepped));
  says(said.words, SAYS('Projected: ', ', and'), sum(projected.snapshot.scores));
  says(said.words, SAYS('K = ', '\\.$'), budget);

  const backward = (await press(visitor)).snapshot;
  const by = (group, bit) =>
    group.gated ? mask.slice(group.first_unit, group.first_unit + group.size).filter((bits) => (bits & bit) !== 0).length : group.size;
  const weights = description.layers.reduce(
    (total, { taps, extra, from, to }) => total + (taps * by(description.groups[from], KEPT) + extra) * by(description.groups[to], KEPT),
    0,
  );
  said = await told(visitor);
  for (const formula of [said.formula, said.foot[4][0]]) says(formula, SAYS('^‖∇w L\\(w, m\\)‖ = ', '$'), backward.records[0].gradient_norm);
  says(said.foot[4][1], SAYS('^', '\\s% of the weights$'), (100 * weights) / description.weights);

  const last_phase = await press(visitor);
  said = await told(visitor);
  for (const formula of [said.formula, said.foot[5][0]]) says(formula, SAYS('^w ← w − ', '·momentum$'), last_phase.snapshot.records[0].learning_rate);
  says(said.foot[5][1], SAYS('^', ' of'), weights);
  says(said.foot[5][1], SAYS(' of ', ' moved$'), description.weights);
  says(said.words, SAYS('root mean square: ', '\\.$'), Math.max(...last_phase.values));
  await visitor.leave();
});

test('a convolutional network takes the same phases, and its strips light', { timeout: 6 * PATIENCE_MS }, async () => {
  const visitor = await visit('dataset=cifar10&model=cnn-4-4&batch_size=1&keep_ratio=0.5&schedule=constant&steps=1000&seed=3');
  await visitor.state('idle');
  const { description } = await visitor.heard('opened');
  const { probe } = await palette(visitor);
  /** For each gated group, which of its cells have the colour of disagreement somewhere. */
  const lit = async () => {
    await drawn(visitor);
    const found = [];
    for (const { name, size } of description.groups.filter((group) => group.gated)) {
      const { width, height, at } = await pixels(visitor.page.locator(`#network canvas[aria-label^="${name}: "]`).last());
      const side = width / size;
      const lines = Array.from({ length: height }, (_, line) => line);
      found.push(Array.from({ length: size }, (_, index) => lines.some((line) => near(at(Math.round((index + 0.5) * side), line), probe))));
    }
    return found;
  };
  const stages = ['sample', 'losses', 'gradient', 'project', 'backward', 'weights'];
  let disagreed = 0;
  for (let turn = 0; turn < 12 && (turn % 6 !== 0 || disagreed === 0); turn++) {
    const { stage, snapshot, values: g } = await press(visitor);
    assert.equal(stage, stages[turn % 6]);
    const { formula } = await told(visitor);
    assert.notEqual(formula, '', stage);
    assert.match(await visitor.see('status').innerText(), new RegExp(`^Step ${Math.floor(turn / 6) + 1}, phase ${(turn % 6) + 1} of 6\\.`));
    const gated = description.groups.filter((group) => group.gated);
    const of = (value) => gated.map(({ first_unit, size }) => Array.from({ length: size }, (_, index) => value(first_unit + index)));
    if (stage === 'sample' || stage === 'losses') {
      const expected = of((unit) => snapshot.mask[unit] === KEPT || snapshot.mask[unit] === PROBE_KEPT);
      disagreed += expected.flat().filter(Boolean).length;
      assert.deepEqual(await lit(), expected, `${stage}: ${snapshot.mask}`);
    }
    if (stage === 'gradient')
      assert.deepEqual(
        await lit(),
        of((unit) => g[unit] !== 0),
        'a bar for each unit that has a gradient',
      );
    await visitor.screenshot(`strips-${stage}`);
  }
  assert(disagreed > 0, 'somewhere the masks disagree');
  await visitor.leave();
});

test('methods without two masks take the phases that they have', { timeout: 6 * PATIENCE_MS }, async () => {
  for (const [method, stages, says] of [
    ['reinforce', ['sample', 'losses', 'gradient', 'project', 'backward', 'weights'], /One loss/],
    ['ste', ['sample', 'losses', 'backward', 'gradient', 'project', 'weights'], /by the chain rule/],
    ['snip', ['choose', 'sample', 'losses', 'backward', 'weights'], /the largest stay/],
    ['static', ['sample', 'losses', 'backward', 'weights'], /m fixed/],
  ]) {
    const visitor = await visit(`${SMALL}&steps=1000&method=${method}`);
    await visitor.state('idle');
    const taken = [];
    for (let turn = 0; turn < stages.length; turn++) taken.push((await press(visitor)).stage);
    assert.deepEqual(taken, stages, method);
    assert.match(await visitor.page.locator('#phases').innerText(), says, method);
    assert.equal((await last(visitor)).step, 1);
    await visitor.leave();
  }
});

/** Step by step to exactly that one, however slow the device is. */
async function stepTo(visitor, step) {
  await visitor.state('idle');
  for (let next = 1; next <= step; next++) {
    await visitor.see('step').click();
    await visitor.steps(next);
  }
}

test('the projection slides before the eye, and stands still where motion is unwanted', limit, async () => {
  for (const reducedMotion of ['no-preference', 'reduce']) {
    const visitor = await visit(`${SMALL}&steps=1000&schedule=constant&learning_rate=0.1&seed=4`, { reducedMotion });
    await stepTo(visitor, 30);
    // Every picture of a projection, as the eye sees them.
    await visitor.page.evaluate(() => {
      window.pictures = new Set();
      const look = () => {
        if (document.body.dataset.partialStep === 'project') window.pictures.add(document.querySelector('#walk canvas').toDataURL());
        requestAnimationFrame(look);
      };
      look();
    });
    // To a step whose optimiser goes beyond the budget, so that there is something to slide.
    const slide = async () => {
      let threshold = 0;
      for (let turn = 0; turn < 12 && threshold === 0; turn++) {
        while ((await press(visitor)).stage !== 'gradient');
        await visitor.page.evaluate(() => window.pictures.clear());
        threshold = (await press(visitor)).snapshot.threshold;
      }
      assert(threshold > 0, 'there is something to slide');
    };
    await slide();
    const caption = visitor.page.locator('#walk figcaption');
    if (reducedMotion === 'reduce') {
      assert.match(await caption.innerText(), /Before the projection, left, and after it, right/);
      // The words may have taken a line more, and the picture a line less.
      await new Promise((resolve) => setTimeout(resolve, 500));
      await visitor.page.evaluate(() => window.pictures.clear());
      await new Promise((resolve) => setTimeout(resolve, 900));
      assert.equal(await visitor.page.evaluate(() => window.pictures.size), 1, 'nothing moves');
      await visitor.screenshot('projection-still');
    } else {
      assert.match(await caption.innerText(), /the outline is before the shift by v/);
      // Within a second and a half: of a device too busy to draw four pictures in it, another step's.
      const seen = () =>
        visitor.page
          .waitForFunction(() => window.pictures.size > 3, undefined, { timeout: 3000 })
          .then(
            () => true,
            () => false,
          );
      let moves = await seen();
      for (let more = 0; more < 3 && !moves; more++) {
        await slide();
        moves = await seen();
      }
      assert(moves, 'the scores slide');
      await visitor.screenshot('projection-slides');
    }
    await visitor.leave();
  }
});

/** How high each bar of a histogram stands, in pixels: bins of that width, so many of them below 0, so many above. */
function heights(scores, before, bottom, [wide, below, above]) {
  const binned = (of) => {
    const bins = new Array(below + above).fill(0);
    for (const score of of) {
      const at = below + Math.floor((score === 1 ? 1 - wide / 2 : score) / wide);
      if (at >= 0 && at < bins.length) bins[at] += 1;
    }
    return bins;
  };
  const [now, then] = [binned(scores), binned(before)];
  const most = Math.sqrt(Math.max(1, ...now, ...then));
  return now.map((number) => (Math.sqrt(number) / most) * (bottom - 4));
}

test('in the projection every score slides by v, and what then lies beyond 0 and 1 is clamped', limit, async () => {
  const visitor = await visit(`${SMALL}&steps=1000&schedule=constant&learning_rate=0.1&seed=4`, {
    // The clock of the pictures can be stopped.
    prepare: (context) =>
      context.addInitScript(() => {
        const now = performance.now.bind(performance);
        window.clock = null;
        performance.now = () => window.clock ?? now();
      }),
  });
  await stepTo(visitor, 30);
  const { kept } = await palette(visitor);
  // To a step that slides scores beyond the ends.
  let partial;
  const beyond = () => partial?.snapshot.threshold > 0 && partial.stepped.some((score) => score < partial.snapshot.threshold);
  for (let turn = 0; turn < 12 && !beyond(); turn++) {
    for (let phase = 0; phase < (turn === 0 ? 3 : 5); phase++) await press(visitor);
    await visitor.page.evaluate(() => (window.clock = performance.now()));
    partial = await press(visitor);
    if (!beyond()) await visitor.page.evaluate(() => (window.clock = null));
  }
  assert(beyond(), 'a step that goes beyond the budget');
  const {
    stepped,
    snapshot: { scores, threshold },
  } = partial;
  const slid = stepped.map((score) => score - threshold);
  const masses = [];
  for (const [ms, shown, what] of [
    [0, stepped, 'before the slide'],
    [900, slid, 'after the slide, before the clamp'],
    [500, scores, 'after the clamp'],
  ]) {
    await visitor.page.evaluate((more) => (window.clock += more), ms);
    await drawn(visitor);
    await visitor.screenshot(`projection-${what.replaceAll(/\W+/g, '-')}`);
    const { width, height, at } = await pixels(visitor.page.locator('#walk canvas'));
    const bottom = height - 20;
    const left = Math.round(0.64 * width);
    // The whole range with 3 bins beyond either end, and beside it the end at 0, ten times as far as it slides.
    const whole = { from: 0, to: left - 22, bins: [0.02, 3, 53] };
    const end = { from: left, to: width, bins: [Math.max(10 * threshold, 0.01) / 34, 17, 34] };
    for (const { from, to, bins } of [whole, end]) {
      const expected = heights(shown, stepped, bottom, bins);
      const wide = (to - from) / expected.length;
      const bars = expected.map((_, bin) => {
        const x = Math.floor(from + bin * wide + (wide - 1) / 2);
        return Array.from({ length: bottom }, (__, y) => near(at(x, y), kept, 40)).filter(Boolean).length;
      });
      // The outline of what was, and v's arrow, are drawn over the bars.
      for (const [bin, high] of expected.entries())
        assert(Math.abs(bars[bin] - high) <= 4, `${what}, bin ${bin} of ${expected.length}: ${bars[bin]} pixels high, not ${high}`);
      if (bins === whole.bins) masses.push([...bars.slice(0, 3), ...bars.slice(-3)].reduce((sum, high) => sum + high, 0));
    }
  }
  assert(masses[1] > 0 && masses[2] === 0, `beyond 0 and 1, in pixels: ${masses}`);
  await visitor.leave();
});
