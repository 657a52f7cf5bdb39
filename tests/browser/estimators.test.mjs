// The estimator lab: measures from pairs of masks of the current scores, shows variance by s, and does not change the run.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PATIENCE_MS, site } from './harness.mjs';

/** Twelve units: all 4,096 masks can be tried. */
const SMALL = 'dataset=planted&model=mlp-12&batch_size=16&keep_ratio=0.5&scores_rate=0.02&steps=300';
const limit = { timeout: 5 * PATIENCE_MS };

const { visit } = site();

/** Trains to that step, exactly, and pauses there. */
async function trainTo(visitor, step) {
  await visitor.state('idle', 'paused');
  const now = () => visitor.page.evaluate(() => Number(document.body.dataset.step));
  for (let at = await now(); at < step; at = await now()) {
    await visitor.see('step').click();
    await visitor.steps(at + 1);
    await visitor.until((wanted) => Number(document.body.dataset.step) >= wanted, at + 1);
  }
}

/** Until the drawing has ended; its last report. */
async function drawn(visitor, pairs) {
  await visitor.until(
    (wanted) => window.reports.some(({ kind, progress, report }) => kind === 'lab' && !progress.drawing && report !== null && progress.pairs >= wanted),
    pairs,
  );
  return (await visitor.reports('lab')).findLast(({ report }) => report !== null).report;
}

test('the panel shows finite numbers, and variance grows as 1/(s(1-s)) at α = 0 beside α = ½', limit, async () => {
  const visitor = await visit(SMALL);
  // At the eye's pace the run does not end before it is paused.
  await visitor.pace('eye');
  await visitor.see('train').click();
  await visitor.steps(70);
  await visitor.see('train').click();
  await visitor.state('paused');
  await visitor.see('view-estimators').click();
  await visitor.see('lab-pairs').selectOption('1024');
  await visitor.see('lab-draw').click();
  const report = await drawn(visitor, 1024);
  await visitor.screenshot('estimators');

  assert.equal(report.enumerated_masks, 2 ** report.undecided_units);
  assert.match(await visitor.see('lab-said').innerText(), /exact: all [\d,]+ masks were tried/);
  const shown = await visitor
    .see('lab-rows')
    .evaluate((body) => [...body.rows].filter((row) => row.dataset.alpha).map((row) => [...row.cells].map((cell) => cell.innerText)));
  assert.equal(shown.length, new Set(report.rows.map(({ estimator }) => estimator)).size * 5, 'each estimator at five exponents');
  for (const [alpha, ...cells] of shown)
    assert(
      cells.slice(0, 3).every((words) => /^[\d.,e−]+(\s%)?$/.test(words)),
      `α = ${alpha}: ${cells}`,
    );

  const row = (estimator, alpha) => report.rows.find((each) => each.estimator === estimator && each.alpha === alpha);
  for (const each of report.rows) {
    for (const name of ['bias', 'bias_chance', 'variance', 'signal_to_noise', 'cosine', 'cosine_error']) {
      assert(Number.isFinite(each[name]), `${name} of ${each.estimator} at ${each.alpha}: ${each[name]}`);
    }
    if (each.bound !== null && each.bound !== undefined) assert(each.variance < 1.3 * each.bound, `${each.estimator} at ${each.alpha} stays below its bound`);
  }
  // What α = 0 adds to α = ½ in units of about one s is 1/(s(1-s)).
  let bins = 0;
  for (const estimator of ['two-sided', 'one-sided', 'plain']) {
    const [zero, half] = [row(estimator, 0), row(estimator, 0.5)];
    for (const [index, { low, high, units, variance }] of zero.bins.entries()) {
      if (units === 0) continue;
      bins += 1;
      const factor = variance / half.bins[index].variance;
      const [steep, flat] = [Math.min(low * (1 - low), high * (1 - high)), low <= 0.5 && high >= 0.5 ? 0.25 : Math.max(low * (1 - low), high * (1 - high))];
      assert(factor >= 0.999 / flat && factor <= 1.001 / steep, `${estimator}, s from ${low} to ${high}: ${factor}`);
    }
  }
  assert(bins >= 6, `the scores lie in ${bins / 3} ranges`);
  assert(row('two-sided', 0.5).variance < row('one-sided', 0.5).variance, 'two-sided below one-sided');
  assert(row('one-sided', 0.5).variance < row('plain', 0.5).variance, 'two samples below one');
  for (const alpha of [0, 0.25, 0.5, 0.75, 1]) assert.notEqual(row('two-sided', alpha).verdict, 'biased');

  // Another estimator's variance can be looked at.
  await visitor.see('estimators').getByRole('button', { name: 'plain' }).click();
  assert.match(await visitor.see('estimators').innerText(), /Variance of plain/);
  await visitor.leave();
});

const ALPHAS = [0, 0.25, 0.5, 0.75, 1];

/** The table of the chart: the numbers of each α for each range of s with units, and the line below them. */
async function byRange(visitor) {
  const rows = await visitor
    .see('lab-bins')
    .evaluate((table) =>
      [...table.tBodies[0].rows].map(({ cells }) => [...cells].map((cell) => [cell.firstChild.nodeValue, cell.querySelector('small')?.textContent])),
    );
  const number = (words) => words && Number(words.replace('−', '-').replace(/,|\s%/g, '')) / (words.endsWith('%') ? 100 : 1);
  return rows.map(([[range], [units], ...cells]) => ({
    range,
    units: Number(units),
    own: cells.map(([words]) => number(words)),
    beside: cells.map(([, words]) => number(words)),
  }));
}

/** Runs in the page: the chart as it is drawn now, by places in CSS pixels. */
function readChart() {
  const canvas = document.querySelector('#estimators .chart canvas');
  const { width, height, clientWidth } = canvas;
  const copy = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, width, height);
  const scale = width / clientWidth;
  const colours = [1, 2, 3, 4, 5].map((number) =>
    getComputedStyle(document.querySelector(`#estimators .phases-key .swatch-${number}`))
      .borderTopColor.match(/\d+/g)
      .map(Number),
  );
  // A thin line may lie on two rows of pixels, in none of them wholly.
  const has = (alpha, x, y) => {
    const at = 4 * (Math.round(x * scale) + width * Math.round(y * scale));
    return data[at + 3] > 70 && colours[alpha].every((value, index) => Math.abs(value - data[at + index]) < 12);
  };
  // The axis takes 44 pixels at the left and 30 are free at the right; the points of a range are side by side.
  const place = (alpha, bin) => 44 + ((bin + (alpha - 2) * 0.075 + 0.4) / 5.8) * (clientWidth - 74);
  window.chart = {
    /** The height of the dot of α in a range: the longest stretch of its colour in that column. */
    dot: (alpha, bin) => {
      const found = [];
      for (let y = 0; y < height / scale; y += 1 / scale) {
        if (!has(alpha, place(alpha, bin), y)) continue;
        if (y - (found.at(-1)?.to ?? -9) > 3) found.push({ from: y, to: y });
        else found.at(-1).to = y;
      }
      const longest = found.sort((a, b) => b.to - b.from - (a.to - a.from))[0];
      return longest ? (longest.from + longest.to) / 2 : NaN;
    },
    /** The share of a straight line between two ranges that has the colour of α. */
    line: (alpha, [from, to], [top, bottom]) => {
      const [left, right] = [place(alpha, from), place(alpha, to)];
      const steps = Math.round(right - left);
      const on = Array.from({ length: steps }, (_, step) => {
        const y = top + ((bottom - top) * step) / steps;
        return [-1.5, -1, -0.5, 0, 0.5, 1, 1.5].some((off) => has(alpha, left + step, y + off));
      });
      return on.filter(Boolean).length / steps;
    },
  };
}

test('the chart shows the chosen quantity by s: variance with its bound, bias or signal to noise, also while pairs are drawn', limit, async () => {
  const visitor = await visit(SMALL);
  await trainTo(visitor, 24);
  await visitor.see('view-estimators').click();
  await visitor.see('lab-pairs').selectOption('256');
  await visitor.see('lab-draw').click();
  let report = await drawn(visitor, 256);
  const chosen = () => visitor.page.locator('input[name=lab-quantity]:checked').inputValue();
  const key = visitor.page.locator('#estimators .phases-key .beside');
  const summary = visitor.page.locator('.by-range summary');
  assert.equal(await chosen(), 'variance');
  await summary.click();

  const check = async (estimator, quantity, beside) => {
    const rows = ALPHAS.map((alpha) => report.rows.find((row) => row.estimator === estimator && row.alpha === alpha));
    const populated = rows[0].bins.flatMap(({ units }, index) => (units > 0 ? [index] : []));
    assert(populated.length >= 2, 'there are curves');
    await visitor.until((wanted) => document.querySelector('[data-testid=lab-bins]').tBodies[0].rows.length === wanted, populated.length);
    const shown = await byRange(visitor);
    const near = (found, value, what) =>
      assert(
        // Below 0.00001 two digits are shown.
        Math.abs(found - value) <=
          (Math.abs(value) < 1e-5 ? 0.05 : 0.006) * Math.abs(value) + (quantity === 'bias' ? 6e-4 : 0) + (quantity === 'signal_to_noise' ? 0.05 * value : 0),
        `${what}: ${found}, not ${value}`,
      );
    for (const [row, bin] of populated.entries()) {
      assert.equal(shown[row].range, `${rows[0].bins[bin].low}–${rows[0].bins[bin].high}`);
      assert.equal(shown[row].units, rows[0].bins[bin].units);
      for (const [alpha, { bins }] of rows.entries()) {
        near(shown[row].own[alpha], bins[bin][quantity], `${quantity} of ${estimator} at ${ALPHAS[alpha]}`);
        if (beside) near(shown[row].beside[alpha], bins[bin][beside], `${beside} of ${estimator} at ${ALPHAS[alpha]}`);
        else assert.equal(shown[row].beside[alpha], undefined);
      }
    }
    // The dots are at the report's numbers on a logarithmic axis: the heights are linear in the logarithms.
    await new Promise((resolve) => setTimeout(resolve, 150));
    await visitor.page.evaluate(readChart);
    const curves = await visitor.page.evaluate((bins) => [0, 1, 2, 3, 4].map((alpha) => bins.map((bin) => window.chart.dot(alpha, bin))), populated);
    const points = rows
      .flatMap(({ bins }, alpha) => populated.map((bin, index) => [Math.log10(bins[bin][quantity]), curves[alpha][index]]))
      .filter(([log]) => Number.isFinite(log));
    assert(
      points.every(([, y]) => Number.isFinite(y)),
      `${quantity} of ${estimator}: every dot is there, ${JSON.stringify(curves)}`,
    );
    const mean = (of) => points.reduce((sum, point) => sum + of(point), 0) / points.length;
    const [x, y] = [mean(([log]) => log), mean(([, at]) => at)];
    const slope = mean(([log, at]) => (log - x) * (at - y)) / mean(([log]) => (log - x) ** 2);
    assert(slope < -8, `${quantity} of ${estimator}: a decade is ${slope} pixels`);
    const at = (value) => y + slope * (Math.log10(value) - x);
    for (const [log, found] of points)
      assert(Math.abs(found - at(10 ** log)) < 3.5, `${quantity} of ${estimator}: ${10 ** log} at ${found}, not ${at(10 ** log)}`);
    if (beside !== 'bound') return;
    // The bound is the dashed line, of 5 pixels in 9, between its own figures.
    const [from, to] = populated;
    for (const [alpha, { bins }] of rows.entries()) {
      const [top, bottom] = [from, to].map((bin) => at(bins[bin].bound));
      const share = await visitor.page.evaluate((line) => window.chart.line(...line), [alpha, [from, to], [top, bottom]]);
      assert(share > 0.35 && share < 0.8, `bound of ${estimator} at ${ALPHAS[alpha]}: ${share} of its line is drawn`);
    }
  };

  await check('two-sided', 'variance', 'bound');
  assert.equal(await key.innerText(), 'the paper’s bound');
  assert.match(await visitor.see('estimators').innerText(), /Variance of two-sided by the unit’s s/);
  await visitor.screenshot('estimators-variance');

  await visitor.page.locator('input[name=lab-quantity]:checked').focus();
  await visitor.page.keyboard.press('ArrowRight');
  assert.equal(await chosen(), 'bias');
  await check('two-sided', 'bias', 'bias_chance');
  assert.equal(await key.innerText(), 'by chance alone');
  await visitor.see('estimators').getByRole('button', { name: 'one-sided' }).click();
  await check('one-sided', 'bias', 'bias_chance');

  // It stays while more pairs are drawn, with the figures of all of them.
  await visitor.see('lab-draw').click();
  report = await drawn(visitor, 512);
  assert.equal(await chosen(), 'bias');
  await visitor.until(() => /512 pairs/.test(document.querySelector('[data-testid=lab-said]').innerText));
  await check('one-sided', 'bias', 'bias_chance');
  assert.match(await visitor.see('estimators').innerText(), /Bias of one-sided by the unit’s s/);
  await visitor.screenshot('estimators-bias');

  await visitor.page.locator('input[name=lab-quantity]:checked').focus();
  await visitor.page.keyboard.press('ArrowRight');
  assert.equal(await chosen(), 'signal / noise');
  await check('one-sided', 'signal_to_noise', null);
  assert(!(await key.isVisible()));
  await visitor.screenshot('estimators-signal');

  // The chain rule has no bound.
  await visitor.see('estimators').getByRole('button', { name: 'ste' }).click();
  await visitor.page.locator('label:has(input[value=variance])').click();
  await check('ste', 'variance', null);
  assert.match(await visitor.see('estimators').innerText(), /Variance of ste by the unit’s s; there is no bound for it/);

  await visitor.page.setViewportSize({ width: 390, height: 844 });
  await visitor.page.locator('label:has(input[value="signal / noise"])').click();
  assert(await visitor.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing stands out at a phone’s side');
  assert(await visitor.see('lab-bins').evaluate((table) => table.scrollWidth <= table.parentElement.clientWidth), 'nor do the figures');
  await visitor.screenshot('estimators-phone');
  await visitor.leave();
});

test('a run continues exactly as without a measurement of estimators, and the measurement can be stopped', limit, async () => {
  const link = SMALL.replace('steps=300', 'steps=40');
  const untouched = await visit(link);
  await untouched.see('train').click();
  await untouched.state('finished');
  const expected = (await untouched.records()).map(({ loss, step }) => [step, loss]);
  await untouched.leave();

  const visitor = await visit(link);
  await trainTo(visitor, 12);
  await visitor.see('view-estimators').click();
  await visitor.see('lab-pairs').selectOption('16384');
  const stalls = await visitor.stalls(async () => {
    await visitor.see('lab-draw').click();
    await visitor.until(() => window.reports.some(({ kind, progress }) => kind === 'lab' && progress.pairs > 8));
  });
  assert.deepEqual(stalls, [], 'tasks of the page that last longer than 50 ms');
  assert.equal(await visitor.see('lab-draw').innerText(), 'Stop');
  await visitor.see('lab-draw').click();
  await visitor.until(() => window.reports.findLast(({ kind }) => kind === 'lab').progress.drawing === false);
  const { report, progress } = (await visitor.reports('lab')).at(-1);
  assert(progress.pairs < 16384 && report.step === 12);
  await visitor.see('train').click();
  await visitor.state('finished');
  const found = (await visitor.records()).map(({ loss, step }) => [step, loss]);
  assert.deepEqual(found, expected);
  await visitor.leave();
});

test('where every unit is decided there is nothing to estimate, and the page says so', limit, async () => {
  const visitor = await visit(`${SMALL}&method=static`);
  await trainTo(visitor, 1);
  await visitor.see('view-estimators').click();
  await visitor.see('lab-draw').click();
  await visitor.heard('lab_refused');
  await visitor.until(() => /every unit is decided/i.test(document.querySelector('[data-testid=lab-said]').innerText));
  await visitor.see('train').click();
  await visitor.steps(4);
  await visitor.leave();
});

test('beyond fourteen units the true gradient is a mean over many masks, and the page gives its error', limit, async () => {
  const visitor = await visit('dataset=planted&model=mlp-32&gate_inputs=true&batch_size=16&keep_ratio=0.5&schedule=constant');
  await trainTo(visitor, 1);
  await visitor.see('view-estimators').click();
  await visitor.see('lab-pairs').selectOption('256');
  await visitor.see('lab-draw').click();
  const report = await drawn(visitor, 256);
  assert.equal(report.enumerated_masks, null);
  assert(report.truth_masks >= 1024 && report.undecided_units > 200);
  assert.match(await visitor.see('lab-said').innerText(), /mean over [\d,]+ other masks, known to ±\d/);
  await visitor.leave();
});
