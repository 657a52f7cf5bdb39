// The estimators' lab in the page: fills from pairs of masks of the run as it stands, shows how variance goes with s, and leaves the run alone.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PATIENCE_MS, Visitor, launch, serve } from './harness.mjs';

/** Twelve units: all 4,096 masks can be tried. */
const SMALL = 'dataset=planted&model=mlp-12&batch_size=16&keep_ratio=0.5&scores_rate=0.02&steps=300';
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

test('the panel fills with finite figures, and variance grows as 1/(s(1-s)) at α = 0 beside α = ½', limit, async () => {
  const visitor = await visit(SMALL);
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
  const shown = await visitor.see('lab-rows').evaluate((body) => [...body.rows].filter((row) => row.dataset.alpha).map((row) => [...row.cells].map((cell) => cell.innerText)));
  assert.equal(shown.length, 4 * 5, 'two-sided, one-sided, plain, ste at five exponents each');
  for (const [alpha, ...cells] of shown) assert(cells.slice(0, 3).every((words) => /^[\d.,e−]+( %)?$/.test(words)), `α = ${alpha}: ${cells}`);

  const row = (estimator, alpha) => report.rows.find((each) => each.estimator === estimator && each.alpha === alpha);
  for (const each of report.rows) {
    for (const name of ['bias', 'bias_chance', 'variance', 'signal_to_noise', 'cosine', 'cosine_error']) {
      assert(Number.isFinite(each[name]), `${name} of ${each.estimator} at ${each.alpha}: ${each[name]}`);
    }
    if (each.estimator !== 'ste') assert(each.variance < 1.3 * each.bound, `${each.estimator} at ${each.alpha} stays below its bound`);
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

test('a run goes on after a look at its estimators exactly as without one, and the drawing can be stopped', limit, async () => {
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

test('beyond fourteen units the truth is a long-run mean, and the page says how well it is known', limit, async () => {
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
