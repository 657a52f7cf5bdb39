// One step executed phase by phase: the formulas, the numbers in them, and the cells that are drawn meanwhile.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawn, near, palette, pixels } from './canvas.mjs';
import { KEPT, PATIENCE_MS, PROBE_KEPT, last, press, site, stepTo } from './harness.mjs';

/** Small enough for a software adapter: a step takes milliseconds. */
const SMALL = 'dataset=planted&model=mlp-32&gate_inputs=true&batch_size=32&keep_ratio=0.25&control_variate=false&fill_budget=false';

const { visit, paused } = site();
const fixed = (value, digits) => value.toFixed(digits);

test('a step is executed phase by phase: each formula has its numbers, and the result is that of a whole step', { timeout: 6 * PATIENCE_MS }, async () => {
  const visitor = await paused(`${SMALL}&steps=100000&seed=9`, 60);
  const { step } = await last(visitor);
  const shown = () =>
    visitor.page.evaluate(() => {
      const items = [...document.querySelectorAll('#phases li')];
      const at = (name) => items.flatMap((item, index) => (item.classList.contains(name) ? [index] : []));
      return { now: at('now'), later: at('later'), words: items.map((item) => item.innerText), heading: document.querySelector('#step-through h2').innerText };
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
  // The results of the phases equal the formulas.
  const { snapshot, values: g } = seen.gradient;
  const scores = seen.sample.snapshot.scores;
  const { loss, probe_loss } = snapshot.records[0];
  const differ = g.flatMap((value, unit) => {
    const [m, probe] = [snapshot.mask[unit] & KEPT, snapshot.mask[unit] >> 1];
    const expected = scores[unit] > 0 && scores[unit] < 1 ? (0.5 * (loss - probe_loss) * (m - probe)) / Math.sqrt(scores[unit] * (1 - scores[unit])) : 0;
    // A group without a drawn unit keeps one nevertheless; g does not include that.
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

  // Left in the middle: the rest of the step is executed at once, and the run continues unchanged.
  await press(visitor);
  await press(visitor);
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

  // A tab that is hidden in the middle of a step shows it again later.
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
  await visitor.see('step-through-leave').click();
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

/** The texts of a phase: beside the picture, at the bottom of the page, and in the status line. */
const told = (visitor) =>
  visitor.page.evaluate(() => {
    const foot = [...document.querySelectorAll('#phases li')].map((item) => [...item.querySelectorAll('p')].map((part) => part.innerText));
    const [formula, words] = ['.formula', '.words'].map((part) => document.querySelector(`#step-through ${part}`).innerText);
    return { formula, words, foot, status: document.querySelector('[data-testid=status]').innerText };
  });

const mixed = (a, b, share) => a.map((level, index) => level + (b[index] - level) * share);

test('the phases show the numbers of this step, and the cells show which masks keep a unit', { timeout: 6 * PATIENCE_MS }, async () => {
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

test('a convolutional network has the same phases, and its strips show them', { timeout: 6 * PATIENCE_MS }, async () => {
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

test('methods without two masks execute only their own phases', { timeout: 6 * PATIENCE_MS }, async () => {
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
