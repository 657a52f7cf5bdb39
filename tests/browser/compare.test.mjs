// Runs compared in one chart: entrants trained one after another by one press, their differences in words, and
// their curves along steps, seconds and multiply-adds.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PATIENCE_MS, site } from './harness.mjs';

const SMALL = 'dataset=planted&model=mlp-32&gate_inputs=true&batch_size=32&keep_ratio=0.25';
const STEPS = 40;
const limit = { timeout: 5 * PATIENCE_MS };

const { visit } = site();

/** Until so many runs have ended by themselves, and the page has drawn the last one's end. */
async function ended(visitor, runs) {
  // However slow the device, it waits for one run at a time.
  for (let run = 1; run <= runs; run++) {
    await visitor.until((wanted) => window.reports.filter(({ kind, state }) => kind === 'state' && state === 'finished').length >= wanted, run);
  }
  await visitor.frames();
}

/** The rows of the table of runs: its method, its name and the figures behind the words. */
const rows = (visitor) =>
  visitor.see('kept-runs').evaluate((body) =>
    [...body.rows].map((row) => {
      const [name, accuracy, steps, seconds, work, dense, memory] = row.cells;
      const value = (cell) => Number(cell.dataset.value);
      return {
        method: row.dataset.method,
        name: name.innerText.trim(),
        accuracy: value(accuracy),
        steps: value(steps),
        seconds: value(seconds),
        work: value(work),
        dense: value(dense),
        memory: value(memory),
        told: memory.innerText,
        colour: getComputedStyle(row.querySelector('.swatch')).borderTopColor,
      };
    }),
  );

/** So many frames a chart may take until it has its size and all of its curves. */
const FRAMES = 100;

/** How many pixels of each run's colour the lower chart shows, and where the rightmost of each is, as a share of the width. */
async function drawn(visitor, colours) {
  let curves = await look(visitor, colours);
  for (let frame = 0; frame < FRAMES && curves.some(({ count }) => count <= 8); frame += 1) {
    await visitor.frames();
    curves = await look(visitor, colours);
  }
  return curves;
}

const look = (visitor, colours) =>
  visitor.page
    .locator('#runs .chart canvas')
    .last()
    .evaluate((canvas, wanted) => {
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
  await visitor.until(() => /listed here until this tab is closed/.test(document.querySelector('[data-testid=differs]')?.innerText));
  await visitor.see('compare-steps').fill(String(STEPS));
  await visitor.see('compare-best').uncheck();
  // On the CPU all four may be over before a test asks what the page says meanwhile.
  await visitor.page.evaluate(() => {
    window.said = { 'compare-methods': [], status: [] };
    for (const [id, texts] of Object.entries(window.said)) {
      const place = document.querySelector(`[data-testid=${id}]`);
      new MutationObserver(() => texts.push(place.innerText)).observe(place, { childList: true, characterData: true, subtree: true });
    }
  });
  await visitor.see('compare-methods').click();
  await ended(visitor, 4);
  const said = await visitor.page.evaluate(() => window.said);
  assert(said['compare-methods'].includes('Stop'), `the button said ${said['compare-methods']}`);
  assert(
    said.status.some((text) => /^Run \d of 4, /.test(text)),
    `the status said ${said.status}`,
  );
  await visitor.until(() => document.querySelector('[data-testid=compare-methods]').innerText === 'Compare');
  await visitor.until(
    (steps) => [...document.querySelectorAll('[data-testid=kept-runs] tr')].every((row) => row.cells[2].dataset.value === String(steps)),
    STEPS,
  );

  assert.doesNotMatch(await visitor.see('settings').innerText(), /Set along/);
  assert.equal(
    await visitor.see('differs').innerText(),
    'What differs: method dense / small-dense / static / vrpge. All else equal: mlp-32, planted, keep 0.25, seed 1.',
  );
  const found = await rows(visitor);
  assert.deepEqual(
    found.map(({ method }) => method),
    ['dense', 'small-dense', 'static', 'vrpge'],
  );
  assert.deepEqual(
    found.map(({ name }) => name),
    ['dense', 'small-dense', 'static', 'vrpge'],
  );
  assert.equal(new Set(found.map(({ colour }) => colour)).size, 4, 'each has a colour of its own');
  for (const { method, accuracy, steps, seconds } of found) {
    assert(accuracy > 0 && accuracy <= 1 && seconds > 0, method);
    assert.equal(steps, STEPS);
  }

  // The dense network's work is dense, of the learned one's the beginning is, of the others' none.
  const share = Object.fromEntries(found.map(({ method, dense }) => [method, dense]));
  assert.deepEqual([share.dense, share['small-dense'], share.static], [1, 0, 0]);
  assert(share.vrpge > 0 && share.vrpge < 1);

  // What is shown as executed is what the kept units of each step come to, in layers of inputs + 1 (a bias) by outputs.
  const [dense, small, fixed, learned] = found.map(({ work }) => work);
  const opened = (await visitor.reports('opened')).map(({ description }) => description);
  const step = (widths, forwards) =>
    widths.slice(1).reduce((sum, outputs, layer) => {
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

  // Memory is that of the last report of each run.
  const reported = (await visitor.reports('snapshot')).reduce((held, { run, snapshot }) => held.set(run, snapshot.network_bytes), new Map());
  assert.deepEqual(
    found.map(({ memory }) => memory),
    [...reported.values()].slice(-4),
  );
  assert(found[1].memory < found[0].memory, 'a narrower network takes less');
  for (const { memory, told } of found) assert.match(told, memory < 1e5 ? /^\d+\sKB$/ : /^\d+\.\d\sMB$/);

  const colours = found.map(({ colour }) => colour);
  for (const along of ['step', 'seconds', 'multiply_adds']) {
    await visitor.page.locator(`label:has([data-testid=along-${along}])`).click();
    assert.equal(await visitor.page.locator('.overlay').getAttribute('data-along'), along);
    await visitor.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 100)));
    const curves = await drawn(visitor, colours);
    assert(
      curves.every(({ count }) => count > 8),
      `along ${along} every curve is drawn: ${JSON.stringify(curves)}`,
    );
    const value = { step: 'steps', seconds: 'seconds', multiply_adds: 'work' }[along];
    const most = Math.max(...found.map((row) => row[value]));
    // Along multiply-adds in ratios, from the first step of the cheapest on.
    const least = Math.min(...found.map((row) => row.work)) / STEPS;
    const share = (of) => (along === 'multiply_adds' ? Math.log(of / least) / Math.log(most / least) : of / most);
    // The farthest reaches the end, the others as far as their figures say; the axis takes 44 pixels at the left and 14 are free at the right.
    const width = await visitor.page
      .locator('#runs .chart')
      .last()
      .evaluate((chart) => chart.clientWidth);
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

/** The lines that a run's name has opened, each as its name and its figures; null where it is closed. */
const costs = (visitor, method) =>
  visitor.see('kept-runs').evaluate((body, wanted) => {
    const next = [...body.rows].find((row) => row.dataset.method === wanted).nextElementSibling;
    if (!next?.classList.contains('costs')) return null;
    return [...next.querySelectorAll('dl > div')].map((line) => [...line.children].map((each) => each.innerText));
  }, method);

test('a run’s name opens its multiply-adds and the time of each phase, also by keys and on a phone', limit, async () => {
  const visitor = await visit(`${SMALL}&steps=${STEPS}`);
  await visitor.see('view-runs').click();
  await visitor.set('method', 'snip');
  await visitor.until(() => window.reports.findLast(({ kind }) => kind === 'opened')?.query.includes('snip'));
  await visitor.see('train').click();
  await ended(visitor, 1);
  await visitor.heard('speed');
  await visitor.until((steps) => document.querySelector('[data-testid=kept-runs] tr')?.cells[2].dataset.value === String(steps), STEPS);
  assert.equal(await costs(visitor, 'snip'), null);
  const name = visitor.see('kept-runs').getByRole('button', { name: 'snip', exact: true });
  assert.equal(await name.getAttribute('aria-expanded'), 'false');
  await name.focus();
  await visitor.page.keyboard.press('Enter');
  assert.equal(await name.getAttribute('aria-expanded'), 'true');

  const { cost } = (await visitor.snapshots()).at(-1);
  assert(cost.structure > 0, 'snip looks at every unit before it chooses');
  const all = cost.forward + cost.backward + cost.structure;
  const [[head], ...told] = await costs(visitor, 'snip');
  assert.equal(head, 'Multiply-adds');
  for (const [index, part] of ['forward', 'backward', 'structure', 'near_dense'].entries()) {
    const [what, figure, share] = told[index];
    assert.equal(what, ['forward', 'backward', 'to choose masks', 'of all, near dense'][index]);
    const [value, unit] = figure.split(' ');
    assert(Math.abs((Number(value) * { thousand: 1e3, million: 1e6, billion: 1e9 }[unit]) / cost[part] - 1) < 0.06, `${part}: ${figure}, not ${cost[part]}`);
    assert(Math.abs(parseFloat(share) / 100 - cost[part] / all) < 0.001, `${part}: ${share}`);
  }

  // Where the time of a step went when it was last compared with a dense one, and when that was.
  const { speed, step } = await visitor.page.evaluate(() => {
    const last = window.reports.findLastIndex(({ kind }) => kind === 'speed');
    const before = window.reports.slice(0, last).findLast(({ kind }) => kind === 'snapshot');
    return { speed: window.reports[last].speed, step: before.snapshot.step };
  });
  const [timed, ...phases] = told.slice(4);
  assert.deepEqual(timed, [`A step, timed at step ${step}`, 'this run', 'dense']);
  const names = ['sample', 'pack', 'forward', 'scores', 'backward', 'weights', 'whole step'];
  assert.deepEqual(
    phases.map(([each]) => each),
    names,
  );
  const expected = [...speed.phases, speed];
  for (const [index, [phase, ours, theirs]] of phases.entries()) {
    for (const [words, value] of [
      [ours, expected[index].sparse_ms],
      [theirs, expected[index].dense_ms],
    ]) {
      const found = parseFloat(words) * (/\ss$/.test(words) ? 1000 : 1);
      assert(Math.abs(found - value) <= 0.006 * value + 0.006, `${phase}: ${words}, not ${value} ms`);
    }
  }
  await visitor.accessible('with a run’s costs open');
  await visitor.screenshot('compare-costs');

  // A phone has room for it, and for the line of figures above it.
  await visitor.page.setViewportSize({ width: 390, height: 844 });
  await visitor.frames();
  assert(await visitor.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing stands out at the side');
  assert(await visitor.see('kept-runs').evaluate((body) => body.parentElement.scrollWidth <= body.closest('.scrolls').clientWidth), 'nor in the table');
  await visitor.page.locator('.costs').scrollIntoViewIfNeeded();
  await visitor.screenshot('compare-costs-phone');

  // It is known after a reload too, and Enter closes it again.
  await visitor.page.reload();
  await visitor.heard('opened');
  await visitor.see('view-runs').click();
  await name.focus();
  await visitor.page.keyboard.press('Enter');
  assert.deepEqual(await costs(visitor, 'snip'), [[head, '', ''], ...told]);
  await visitor.page.keyboard.press('Enter');
  assert.equal(await costs(visitor, 'snip'), null);
  await visitor.leave();
});

test('a restarted run stays in the list with its own settings; the same run again replaces it; the list has at most eight', limit, async () => {
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
  assert.match(
    await visitor.see('differs').innerText(),
    /^What differs: structure rate 0\.05 \/ 0\.2\. All else equal: mlp-32, planted, keep 0\.25, seed 1\.$/,
  );
  assert.deepEqual(
    (await rows(visitor)).map(({ name }) => name),
    ['0.05', '0.2'],
  );
  // What means nothing to a method is no difference to it.
  await again('method', 'dense', 3);
  await visitor.until(() => /method vrpge \/ dense/.test(document.querySelector('[data-testid=differs]')?.innerText ?? ''));
  assert.deepEqual(
    (await rows(visitor)).map(({ name }) => name),
    ['vrpge · 0.05', 'vrpge · 0.2', 'dense'],
  );
  await again(null, null, 4);
  await visitor.until(() => document.querySelectorAll('[data-testid=kept-runs] tr').length === 3);
  for (let seed = 2; seed <= 8; seed++) await again('seed', String(seed), 3 + seed);
  // Before the last run takes part, there are eight too.
  await visitor.until(() => {
    const methods = [...document.querySelectorAll('[data-testid=kept-runs] tr')].map((row) => row.dataset.method);
    return methods.length === 8 && !methods.includes('vrpge');
  });
  const found = await rows(visitor);
  assert.equal(new Set(found.map(({ colour }) => colour)).size, 8);
  assert(
    found.every(({ method }) => method === 'dense'),
    'the two oldest were removed',
  );
  assert.match(await visitor.see('runs').innerText(), /the oldest, vrpge with seed 1, was removed/);
  await visitor.leave();
});

test('each method gets its own preset, except for settings that were chosen by hand', limit, async () => {
  const visitor = await visit(`${SMALL}&learning_rate=0.03`);
  await visitor.see('view-runs').click();
  await visitor.see('compare-steps').fill('5');
  for (const method of ['dense', 'small-dense', 'vrpge', 'set']) await visitor.page.locator(`label:has([data-testid=compare-${method}])`).click();
  await visitor.see('compare-methods').click();
  await ended(visitor, 2);
  const { entrants, settings } = await visitor.heard('settings');
  const presets = Object.fromEntries(entrants.map((entrant) => [entrant.name, entrant.presets]));
  const ran = (await visitor.reports('opened')).slice(-2).map(({ query }) => Object.fromEntries(new URLSearchParams(query)));
  assert.deepEqual(
    ran.map(({ method }) => method),
    ['static', 'set'],
  );
  for (const { method, learning_rate, ...given } of ran) {
    assert.equal(learning_rate, '0.03', 'it was chosen by hand');
    for (const [name, value] of Object.entries(presets[method]).filter(([name]) => name !== 'learning_rate')) {
      assert.equal(Number(given[name] ?? settings.find((setting) => setting.name === name).value), Number(value), `${name} of ${method}`);
    }
  }
  assert(Object.keys(presets.set).includes('drop_fraction'), 'a setting of its own');
  await visitor.leave();
});

/** Trains these alone, one after another, for a few steps each. */
async function compare(visitor, ...methods) {
  await visitor.see('compare-vrpge').waitFor({ state: 'attached' });
  // The visible box is drawn by its label, so the label is clicked.
  for (const chip of await visitor.page.locator('.chips label').all()) await chip.setChecked(methods.includes(await chip.innerText()));
  await visitor.see('compare-methods').click();
}

test('a comparison begins from the settings of the visitor, not from those of the comparison before', limit, async () => {
  const visitor = await visit(SMALL);
  await visitor.see('view-runs').click();
  await visitor.see('compare-steps').fill('5');
  await compare(visitor, 'vrpge-one-sided');
  await ended(visitor, 1);
  await visitor.until(() => document.querySelector('[data-testid=compare-methods]').innerText === 'Compare');
  await compare(visitor, 'static', 'vrpge');
  await ended(visitor, 3);
  const { entrants } = await visitor.heard('settings');
  const presets = Object.fromEntries(entrants.map((entrant) => [entrant.name, entrant.presets]));
  assert.notDeepEqual(presets.static, presets.vrpge, 'there is something to leak');
  const ran = (await visitor.reports('opened')).slice(-3).map(({ query }) => Object.fromEntries(new URLSearchParams(query)));
  assert.deepEqual(
    ran.map(({ method = 'vrpge', estimator = 'two-sided' }) => [method, estimator]),
    [
      ['vrpge', 'one-sided'],
      ['static', 'two-sided'],
      ['vrpge', 'two-sided'],
    ],
  );
  const { settings } = await visitor.heard('settings');
  for (const [index, name] of [
    [1, 'static'],
    [2, 'vrpge'],
  ]) {
    for (const setting of ['learning_rate', 'momentum', 'scores_rate']) {
      const expected = presets[name][setting] ?? settings.find((each) => each.name === setting).value;
      assert.equal(Number(ran[index][setting] ?? settings.find((each) => each.name === setting).value), Number(expected), `${setting} of ${name}`);
    }
  }
  await visitor.leave();
});

test(
  'variants of methods take part: one-sided, a dense network with the work of the last steps, and a random mask with a learned allocation',
  limit,
  async () => {
    const visitor = await visit(SMALL);
    await visitor.see('view-runs').click();
    const chip = (name) => visitor.page.locator(`label:has([data-testid=compare-${name}])`);
    const ticked = () => visitor.page.locator('#runs .chips input:checked').evaluateAll((all) => all.map(({ value }) => value));
    await chip('static-allocated').waitFor();
    await chip('static-allocated').click();
    assert.deepEqual(await ticked(), ['vrpge', 'static', 'static-allocated', 'small-dense', 'dense']);
    // Without VR-PGE there is no division to take; with one wanted, VR-PGE comes too.
    await chip('vrpge').click();
    assert.deepEqual(await ticked(), ['static', 'small-dense', 'dense']);
    await chip('static-allocated').click();
    for (const name of ['vrpge-one-sided', 'small-dense-final', 'dense']) await chip(name).click();
    assert.deepEqual(await ticked(), ['vrpge', 'vrpge-one-sided', 'static', 'static-allocated', 'small-dense', 'small-dense-final']);
    await visitor.see('compare-steps').fill(String(STEPS));
    await visitor.see('compare-methods').click();
    await ended(visitor, 6);
    await visitor.until(() => document.querySelector('[data-testid=compare-methods]').innerText === 'Compare');
    const opened = (await visitor.reports('opened')).slice(-6);
    const ran = opened.map(({ query }) => Object.fromEntries(new URLSearchParams(query)));
    assert.deepEqual(
      ran.map(({ method = 'vrpge' }) => method),
      ['small-dense', 'small-dense', 'static', 'vrpge', 'vrpge', 'static'],
    );
    const by = (wanted) => ran.flatMap((found, index) => (wanted(found) ? [index] : []));
    assert.deepEqual(
      [
        by(({ estimator }) => estimator === 'one-sided').length,
        by(({ schedule }) => schedule === 'constant').length,
        by(({ allocation }) => allocation !== undefined),
      ],
      [1, 1, [5]],
    );
    // As the run of both sides ended: its last snapshot before the next run was opened.
    const two_sided = ran.findIndex(({ method = 'vrpge', estimator }) => method === 'vrpge' && estimator !== 'one-sided');
    const all = await visitor.page.evaluate(() =>
      window.reports.map((report) => (report.kind === 'opened' ? 'opened' : report.kind === 'snapshot' ? [...report.snapshot.decided] : null)),
    );
    const places = all.flatMap((each, index) => (each === 'opened' ? [index] : [])).slice(-6);
    const decided = all.slice(places[two_sided], places[two_sided + 1] ?? all.length).findLast(Array.isArray);
    const groups = opened[two_sided].description.groups.filter(({ gated }) => gated);
    const ended_with = groups.map(({ first_unit, size }) => decided.slice(first_unit, first_unit + size).filter((kept) => kept === 1).length);
    assert.equal(ran[5].allocation, ended_with.join(','));
    const kept = (await visitor.snapshots()).at(-1).kept;
    assert.deepEqual(
      opened[5].description.groups.flatMap(({ gated }, index) => (gated ? [kept[index]] : [])),
      ended_with.map((units) => Math.max(1, units)),
    );
    assert.match(await visitor.see('differs').innerText(), new RegExp(`allocation alike in each layer / ${ended_with.join(',')}`));
    await visitor.leave();
  },
);

test('a comparison can be paused, continued and stopped; its current run stays', limit, async () => {
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

test('runs and their curves are restored after a reload, until they are removed', limit, async () => {
  const visitor = await visit(SMALL);
  await visitor.see('view-runs').click();
  await visitor.see('compare-steps').fill(String(STEPS));
  await visitor.see('compare-methods').click();
  await ended(visitor, 4);
  await visitor.until(() => document.querySelector('[data-testid=compare-methods]').innerText === 'Compare');
  await visitor.until(
    (steps) => [...document.querySelectorAll('[data-testid=kept-runs] tr')].every((row) => row.cells[2].dataset.value === String(steps)),
    STEPS,
  );
  const before = await rows(visitor);
  const sentence = await visitor.see('differs').innerText();

  const again = async () => {
    await visitor.page.reload();
    await visitor.heard('opened');
    await visitor.see('view-runs').click();
  };
  await again();
  await visitor.until((wanted) => document.querySelectorAll('[data-testid=kept-runs] tr').length === wanted, 4);
  assert.deepEqual(await rows(visitor), before, 'the same figures, in the same colours');
  assert.equal(await visitor.see('differs').innerText(), sentence);
  const curves = await drawn(
    visitor,
    before.map(({ colour }) => colour),
  );
  assert(
    curves.every(({ count }) => count > 8),
    `every curve is drawn: ${JSON.stringify(curves)}`,
  );
  const bytes = await visitor.page.evaluate(() => Object.keys(sessionStorage).reduce((sum, key) => sum + sessionStorage[key].length, 0));
  assert(bytes > 1000 && bytes < 4 * 60_000, `${bytes} bytes for four runs`);

  // One more joins them; what is removed stays away.
  await visitor.see('train').click();
  await visitor.state('finished');
  await visitor.page.getByRole('button', { name: 'Remove this run: static' }).click();
  const listed = (...methods) =>
    visitor.until((wanted) => [...document.querySelectorAll('[data-testid=kept-runs] tr')].map((row) => row.dataset.method).join() === wanted, methods.join());
  await listed('dense', 'small-dense', 'vrpge');
  await again();
  await listed('dense', 'small-dense', 'vrpge');
  await visitor.see('clear-runs').click();
  await visitor.until(() => document.querySelectorAll('[data-testid=kept-runs] tr').length === 0);
  await again();
  await visitor.until(() => /listed here until this tab is closed/.test(document.querySelector('[data-testid=differs]')?.innerText ?? ''));
  await visitor.leave();
});

test('where the browser stores nothing, runs are compared too, and the page says that a reload loses them', limit, async () => {
  const visitor = await visit(`${SMALL}&steps=6`, {
    prepare: (context) =>
      context.addInitScript(
        () =>
          (Storage.prototype.setItem = () => {
            throw new DOMException('The quota has been exceeded.', 'QuotaExceededError');
          }),
      ),
  });
  await visitor.see('view-runs').click();
  await visitor.see('train').click();
  await ended(visitor, 1);
  await visitor.until(() => /These runs are lost on a reload: The quota has been exceeded\./.test(document.querySelector('[data-testid=runs]').innerText));
  assert.equal((await rows(visitor)).length, 1);
  await visitor.leave();
});
