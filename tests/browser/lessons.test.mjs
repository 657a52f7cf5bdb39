// Teaching with the page: claims, the tour, the formulas of the method, and lessons in links.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { root } from '../../scripts/command.mjs';
import { PATIENCE_MS, site } from './harness.mjs';

const SMALL = 'dataset=planted&model=mlp-32&gate_inputs=true&batch_size=32&keep_ratio=0.25';
const limit = { timeout: 5 * PATIENCE_MS };
const long = { timeout: 8 * PATIENCE_MS };

const { visit } = site();

/** Standard errors between two accuracies on so many images each. */
const apart = (a, b) => (a.decided - b.decided) / Math.sqrt((a.decided * (1 - a.decided)) / a.images + (b.decided * (1 - b.decided)) / b.images);
const percent = (share, digits = 1) => `${(100 * share).toFixed(digits)}\u00a0%`;

/** The worker's reports of each run of a claim, in order. `isInside` picks some of the kept inputs. */
async function measured(visitor, isInside) {
  const runs = await visitor.page.evaluate(() =>
    window.reports
      .filter(({ kind, whole }) => kind === 'evaluated' && whole)
      .map(({ run, evaluation }) => {
        const { description } = window.reports.find((each) => each.kind === 'opened' && each.run === run);
        const { decided, scores } = window.reports.findLast((each) => each.kind === 'snapshot' && each.run === run).snapshot;
        const [{ size, width, first_unit }] = description.groups;
        const kept = Array.from({ length: size }, (_, input) => input).filter((input) => decided[first_unit + input] === 1);
        const undecided = scores.filter((score) => score > 0 && score < 1).length;
        return { evaluation, width, kept, undecided, informative: description.informative ? [...description.informative] : [] };
      }),
  );
  return runs.map(({ evaluation, kept, width, undecided, informative }) => ({
    evaluation,
    undecided,
    kept: kept.length,
    inside: kept.filter((input) => isInside(input, width, informative)).length,
  }));
}

const isMiddle = (input, width) => [input % width, Math.floor(input / width)].every((at) => at >= 4 && at < 24);
const isInformative = (input, _, informative) => informative[input] === 1;

/** The claims: the answer of the test, the text of the page, and the result computed from the worker's reports. */
const CLAIMS = [
  {
    name: 'digits',
    answer: 70,
    runs: 1,
    isInside: isMiddle,
    judge: ([{ kept, inside }]) => ({
      holds: inside / kept - 400 / 784 > 2 * Math.sqrt((0.51 * 0.49) / kept),
      right: Math.round((100 * inside) / kept),
      says: [`${inside} of the ${kept} kept pixels`],
    }),
  },
  {
    name: 'reinforce',
    answer: 0,
    runs: 2,
    isInside: isInformative,
    judge: ([one, two]) => ({
      holds: two.inside >= 2 * one.inside && apart(two.evaluation, one.evaluation) > 2,
      right: one.inside >= two.inside ? 0 : two.inside < 2 * one.inside ? 1 : 2,
      says: [`found ${one.inside} of the 32`, `VR-PGE ${two.inside}, among ${two.kept}`, percent(one.evaluation.decided), percent(two.evaluation.decided)],
    }),
  },
  {
    name: 'small-dense',
    answer: 2,
    runs: 2,
    isInside: () => true,
    judge: ([small, learned]) => {
      const errors = apart(learned.evaluation, small.evaluation);
      return {
        holds: errors <= 2,
        right: errors > 2 ? 0 : errors < -2 ? 2 : 1,
        says: [percent(small.evaluation.decided), percent(learned.evaluation.decided)],
      };
    },
  },
  {
    name: 'slow-rate',
    answer: 1,
    runs: 2,
    isInside: () => true,
    judge: ([slow, usual]) => {
      const close = apart(usual.evaluation, slow.evaluation) <= 2;
      const far = usual.evaluation.decided - slow.evaluation.decided >= 0.1;
      return {
        holds: far && !close,
        right: close ? 0 : far ? 2 : 1,
        says: [
          percent(slow.evaluation.decided),
          percent(usual.evaluation.decided),
          `At the end ${slow.undecided} of 848 units are undecided with the slow rate, ${usual.undecided} with the usual one`,
        ],
      };
    },
  },
];

/** Opens a claim from the list and answers it. */
async function predict(visitor, name, answer) {
  await visitor.see(`claim-${name}`).click();
  const card = visitor.see('card-claim');
  await card.waitFor();
  const slider = visitor.see('answer');
  if ((await slider.count()) > 0) {
    await slider.fill(String(answer));
    return;
  }
  assert(await visitor.see('claim-go').isDisabled(), 'nothing runs before a prediction');
  await card.locator(`label:has([data-testid=answer-${answer}])`).click();
}

const told = (visitor) => visitor.until(() => document.querySelector('[data-testid=claim-told]')?.childElementCount > 0);

for (const { name, answer, runs, isInside, judge } of CLAIMS) {
  test(`claim ${name}: predicted, run and judged by its numbers`, long, async () => {
    const visitor = await visit(SMALL);
    await visitor.state('idle');
    await predict(visitor, name, answer);
    const begun = Date.now();
    await visitor.see('claim-go').click();
    await visitor.until(() => /step [\d,]+ of/.test(document.querySelector('[data-testid=claim-progress]').innerText));
    await visitor.screenshot(`claim-${name}-running`);
    await told(visitor);
    const seconds = (Date.now() - begun) / 1000;
    await visitor.screenshot(`claim-${name}`);
    const found = await measured(visitor, isInside);
    assert.equal(found.length, runs, `${runs} runs to their end`);
    const { holds, right, says } = judge(found);
    const words = await visitor.see('claim-told').innerText();
    console.log(`${name}: ${seconds.toFixed(0)} s, ${words.replaceAll('\n', ' ')}`);
    const data = await visitor.see('claim-told').evaluate(({ dataset }) => ({ ...dataset }));
    assert.equal(data.holds, String(holds));
    assert.equal(data.right, String(right));
    for (const each of says) assert(words.includes(each), `"${each}" in: ${words}`);
    assert.match(words, holds ? /^It held here\./ : /^It did not hold here\./);
    assert.match(words, /You (said|set) /);
    // With this seed the claim holds; otherwise its text would be wrong.
    assert.equal(holds, true, words);
    await visitor.leave();
  });
}

test('claim alpha: the verdict follows from the variances of the lab', long, async () => {
  const visitor = await visit(SMALL);
  await visitor.state('idle');
  await predict(visitor, 'alpha', 2);
  await visitor.see('claim-go').click();
  await told(visitor);
  await visitor.screenshot('claim-alpha');
  const { report } = (await visitor.reports('lab')).findLast((each) => each.report !== null);
  const grown = (alpha) => {
    const { bins } = report.rows.find((row) => row.estimator === 'two-sided' && row.alpha === alpha);
    const filled = bins.filter(({ units }) => units > 0);
    return filled[0].variance / filled.find(({ low }) => low === 0.1).variance;
  };
  const words = await visitor.see('claim-told').innerText();
  console.log(`alpha: ${words.replaceAll('\n', ' ')}`);
  const data = await visitor.see('claim-told').evaluate(({ dataset }) => ({ ...dataset }));
  assert.equal(data.holds, String(grown(0) > 4 && grown(0.5) < 2));
  assert.equal(data.right, String(grown(0) > 10 ? 2 : grown(0) > 1 ? 1 : 0));
  assert.equal(data.holds, 'true', words);
  assert.equal(await visitor.page.locator('body').getAttribute('data-view'), 'estimators');
  await visitor.leave();
});

test('a claim that another run interrupts has no verdict; “Once more” asks again with another seed; Escape closes it', limit, async () => {
  const visitor = await visit(SMALL);
  await visitor.state('idle');
  await predict(visitor, 'reinforce', 1);
  assert.match(await visitor.see('card-claim').innerText(), /planted features · mlp-32 · gate inputs on/);
  assert.match(await visitor.see('card-claim').innerText(), /Run 1\s+method REINFORCE\s+Run 2\s+method VR-PGE/);
  await visitor.see('claim-go').click();
  await visitor.until(() => /Run 1 of 2, REINFORCE, step/.test(document.querySelector('[data-testid=claim-progress]').innerText));
  await visitor.see('restart').click();
  await told(visitor);
  assert.match(await visitor.see('claim-told').innerText(), /^Another run was opened meanwhile/);
  assert.equal(await visitor.see('claim-told').getAttribute('data-holds'), null);
  await visitor.see('claim-again').click();
  await visitor.until(() => /Run 1 of 2, REINFORCE, step/.test(document.querySelector('[data-testid=claim-progress]').innerText));
  await visitor.page.keyboard.press('Escape');
  await visitor.until(() => document.querySelector('[data-testid=card-claim]') === null);
  await visitor.leave();
});

test('a link can name a claim; its entry in the list is such a link', limit, async () => {
  const visitor = await visit(`${SMALL}#claim=slow-rate`);
  await visitor.see('card-claim').waitFor();
  assert.match(await visitor.see('card-claim').innerText(), /Too slow a structure rate fails/);
  assert.match(await visitor.see('claim-alpha').getAttribute('href'), /^\?dataset=planted&.*#claim=alpha$/);
  await visitor.leave();
});

/** Waits until the step of the tour is done. */
const tourDone = (visitor) => visitor.until(() => document.querySelector('[data-testid=tour-wait]').dataset.done === 'true');
const tourTitle = (visitor) => visitor.see('card-tour').locator('h2 span').innerText();
const waits = (visitor) => visitor.see('tour-wait').innerText();
/** Asserts that highlighted elements are within the window and not covered by a card. */
const assertInSight = async (visitor) => {
  await visitor.until(() => document.querySelectorAll('.pointed').length > 0);
  const seen = await visitor.until(() => {
    const { top, left, right } = document.querySelector('.pointed').getBoundingClientRect();
    const under = document.elementFromPoint((left + right) / 2, Math.min(Math.max(top + 8, 8), innerHeight - 8));
    return top < innerHeight - 40 && under?.closest('.card') === null;
  });
  assert(seen);
};

test('the tour waits for events of the run, highlights what it explains, and continues where it was left', long, async () => {
  const visitor = await visit(`${SMALL}&steps=700&anneal_fraction=0.4`);
  await visitor.state('idle');
  await visitor.pace('eye');
  await visitor.see('tour').click();
  assert.equal(await tourTitle(visitor), 'Every cell is a unit');
  assert.equal(await visitor.page.evaluate(() => document.activeElement.closest('[data-testid=card-tour]') !== null), true, 'the focus is in the card');
  await assertInSight(visitor);
  assert.equal((await visitor.reports('opened')).length, 1, 'the run at hand suits, and stays');
  const next = () => visitor.see('tour-next').click();

  await next();
  assert.equal(await visitor.see('tour-next').innerText(), 'Skip');
  assert.equal(await visitor.see('tour-wait').getAttribute('data-done'), 'false');
  await visitor.see('train').click();
  await tourDone(visitor);
  assert.match(await waits(visitor), /^It trains: step [\d,]+\.$/);
  assert.equal(await visitor.see('tour-next').innerText(), 'Next');

  await next();
  assert.equal(await tourTitle(visitor), 'The budget comes down');
  await tourDone(visitor);
  const [, step, layer, kept, size] = (await waits(visitor)).match(/^At step ([\d,]+), (.+) keeps (\d+) of (\d+)\.$/);
  const { description } = await visitor.heard('opened');
  const group = description.groups.findIndex(({ name }) => name === layer);
  const snapshot = (await visitor.snapshots()).find((each) => each.step === Number(step.replaceAll(',', '')));
  assert.equal(snapshot.kept[group], Number(kept));
  assert(kept <= size / 2);

  await next();
  await visitor.see('train').click();
  await tourDone(visitor);
  await next();
  assert.equal(await tourTitle(visitor), 'Two masks are drawn');
  await assertInSight(visitor);
  await visitor.see('step').click();
  await tourDone(visitor);
  const last = (await visitor.snapshots()).at(-1);
  assert.equal(await waits(visitor), `Step ${last.step}: m and m′ disagree about ${last.mask.filter((bits) => bits === 1 || bits === 2).length} units.`);

  // The tour continues where it was left, also after a reload.
  await visitor.see('tour-back').focus();
  await visitor.page.keyboard.press('Escape');
  assert.equal(await visitor.see('card-tour').count(), 0);
  assert.equal(await visitor.page.locator('.pointed').count(), 0, 'nothing stays outlined');
  assert.equal(await visitor.page.evaluate(() => document.activeElement.id), 'tour');
  await visitor.page.reload();
  await visitor.state('idle');
  await visitor.see('tour').click();
  assert.equal(await tourTitle(visitor), 'Two masks are drawn');
  await visitor.see('step').click();
  await tourDone(visitor);
  await next();
  for (let tries = 0; tries < 30 && (await visitor.see('tour-wait').getAttribute('data-done')) !== 'true'; tries++) {
    const before = (await visitor.snapshots()).at(-1).step;
    await visitor.see('step').click();
    await visitor.steps(before + 1);
    await visitor.until((at) => Number(document.body.dataset.step) > at, before);
  }
  const [, at] = (await waits(visitor)).match(/^Step (\d+): L = [\d.]+, L′ = [\d.]+\./);
  const record = (await visitor.records()).find((each) => each.step + 1 === Number(at));
  assert(record.probe_loss < record.loss, 'as the worker has it');

  await visitor.see('tour-chapter-3').click();
  await next();
  await visitor.set('keep_ratio', '0.125');
  await tourDone(visitor);
  assert.equal(await waits(visitor), 'From 0.25 to 0.125.');
  await next();
  await visitor.see('train').click();
  await visitor.steps(140);
  assert.equal(await visitor.see('tour-wait').getAttribute('data-done'), 'false');
  await visitor.page.getByRole('slider', { name: 'Look back through the run' }).press('Home');
  await tourDone(visitor);
  assert.match(await waits(visitor), /^This is step [\d,]+\.$/);
  await visitor.page.getByRole('slider', { name: 'Look back through the run' }).press('End');

  await next();
  await tourDone(visitor);
  await next();
  await visitor.see('view-runs').click();
  await tourDone(visitor);
  await next();
  assert.equal(await tourTitle(visitor), 'To the end');
  await visitor.until(() => document.body.dataset.view === 'network');
  await tourDone(visitor);
  assert.match(await waits(visitor), /(all are decided|The run has ended).*\d+ of 288 units/);
  await next();
  await next();
  assert.equal(await tourTitle(visitor), 'Now you');
  await next();
  assert.equal(await visitor.see('card-tour').count(), 0);
  await visitor.leave();
});

test('the tour opens an experiment of its own where another one is open', limit, async () => {
  const visitor = await visit('dataset=planted&model=mlp-32&method=dense&batch_size=32&steps=50');
  await visitor.state('idle');
  await visitor.see('tour').click();
  await visitor.until(() => window.reports.filter(({ kind }) => kind === 'opened').length === 2);
  const { description } = await visitor.heard('opened');
  assert.equal(description.dataset.name, 'mnist');
  assert(description.groups[0].gated);
  await visitor.leave();
});

test('on a phone the tour is at the bottom and does not cover what it highlights', limit, async () => {
  const visitor = await visit(SMALL, { viewport: { width: 390, height: 844 } });
  await visitor.state('idle');
  await visitor.see('tour').click();
  for (let chapter = 1; chapter <= 5; chapter++) {
    await visitor.see(`tour-chapter-${chapter}`).click();
    await visitor.until((words) => document.querySelector('[data-testid=card-tour] h2 small').innerText.includes(words), `chapter ${chapter} of 5`);
    await visitor.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 700)));
    await assertInSight(visitor);
    await visitor.screenshot(`phone-tour-${chapter}`);
  }
  const { bottom, height } = await visitor.see('card-tour').evaluate((card) => card.getBoundingClientRect().toJSON());
  assert(Math.abs(bottom - 844) < 2 && height < 0.47 * 844);
  await visitor.leave();
});

test('the formulas are MathML, and every symbol highlights its part of the page and leads there', limit, async () => {
  // The page scrolls at once: during a smooth scroll a click would hit another element.
  const visitor = await visit(SMALL, { reducedMotion: 'reduce' });
  await visitor.see('train').click();
  await visitor.steps(10);
  await visitor.see('train').click();
  await visitor.state('paused');
  await visitor.see('view-runs').click();
  await visitor.see('method-panel').click();
  const card = visitor.see('card-method');
  await card.waitFor();
  assert.equal(await visitor.see('method-panel').getAttribute('aria-expanded'), 'true');
  const set = await card
    .locator('math')
    .evaluateAll((all) => all.map((math) => ({ uri: math.namespaceURI, words: math.ariaLabel, height: math.getBoundingClientRect().height })));
  assert.equal(set.length, 9);
  for (const { uri, words, height } of set) assert(uri.endsWith('MathML') && words.length > 20 && height > 10, `${words}: ${height}`);
  // In a fraction the parts are one above the other.
  const [over, under] = await card
    .locator('mfrac')
    .last()
    .evaluate((fraction) => [...fraction.children].map((part) => part.getBoundingClientRect().toJSON()));
  assert(over.bottom <= under.top + 1, 'the numerator stands above the denominator');

  const lives = {
    w: 'Weights',
    s: 'inputs',
    m: 'kept',
    probe: 'disagree',
    L: 'Loss',
    probe_loss: 'Loss',
    K: 'budget',
    alpha: 'Preconditioner',
    g: 'Gradient',
    v: 'Project',
    eta: 'Structure rate',
  };
  assert.deepEqual(
    // The control variate's sentence has some of them again.
    [...new Set(await card.locator('.symbols [data-symbol]').evaluateAll((all) => all.map(({ dataset }) => dataset.symbol)))].sort(),
    Object.keys(lives).sort(),
  );
  for (const [symbol, words] of Object.entries(lives)) {
    const button = card.locator(`.symbols [data-symbol=${symbol}]`).first();
    await button.click();
    await visitor.until(({ words }) => [...document.querySelectorAll('.pointed')].some((part) => part.innerText.toLowerCase().includes(words.toLowerCase())), {
      words,
    });
    await visitor.until(() => document.activeElement.closest('.card') === null && document.activeElement !== document.body);
    await visitor.page.mouse.move(700, 5);
    if (symbol === 's') {
      // After a new layout of the network the focus is where it was, and the part is still highlighted.
      await visitor.page.setViewportSize({ width: 1400, height: 860 });
      await visitor.frames();
      await visitor.page.setViewportSize({ width: 1440, height: 900 });
      await visitor.frames();
      assert.equal(await visitor.page.locator('.pointed').count(), 1, 'the network is still lit');
    }
    // By keys: focusing a symbol highlights its part.
    await button.focus();
    assert((await visitor.page.locator('.pointed').count()) > 0, symbol);
    await button.blur();
    assert.equal(await visitor.page.locator('.pointed').count(), 0, `${symbol}: left, nothing is lit`);
  }
  const inFormula = card.locator('math [data-symbol=K]').first();
  await inFormula.hover();
  assert.match(await visitor.page.locator('.pointed').first().innerText(), /budget/);
  await visitor.screenshot('method');
  await visitor.see('method-panel').click();
  await card.waitFor({ state: 'detached' });
  await visitor.leave();
});

const shown = (visitor, selector) => visitor.page.locator(selector).first().isVisible();

test('a lesson is made on the page, copied and opened by another visitor, with its text on top and only its parts', limit, async () => {
  const maker = await visit(`${SMALL}&seed=5`);
  await maker.state('idle');
  await maker.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await maker.see('share').click();
  await maker.see('copy-link').click();
  await maker.until(() => document.querySelector('[data-testid=copy-link]').innerText.startsWith('Copied'));
  assert.equal(await maker.page.evaluate(() => navigator.clipboard.readText()), maker.page.url());
  await maker.page.keyboard.press('Escape');
  assert.equal(await shown(maker, '[data-testid=share-menu]'), false);
  await maker.see('share').click();
  await maker.see('make-lesson').click();
  const title = 'Which inputs? <b>Is it</b> & "why" #1';
  const text = 'First predict.\nThen press Train: 50 % + 50 % = all.\n<script>alert(1)</script> «ünïcode» 🙂';
  await maker.see('lesson-title').fill(title);
  await maker.see('lesson-text').fill(text);
  const card = maker.see('card-compose');
  const keep = ['history', 'loss', 'keep_ratio', 'alpha', 'estimators'];
  for (const box of await card.locator('input[type=checkbox]').all()) {
    const name = await box.inputValue();
    if ((await box.isChecked()) !== keep.includes(name)) await card.locator(`label:has([data-testid=keep-${name}])`).click();
  }
  await maker.see('lesson-copy').click();
  await maker.until(() => document.querySelector('[data-testid=lesson-copy]').innerText === 'Copied');
  const link = await maker.page.evaluate(() => navigator.clipboard.readText());
  assert.equal(link, await maker.see('lesson-open').getAttribute('href'));
  await maker.screenshot('lesson-made');

  await maker.see('lesson-text').fill('x'.repeat(801));
  assert(await maker.see('lesson-copy').isDisabled());
  assert.match(await maker.see('lesson-said').innerText(), /has 801 characters; at most 800 are allowed/);
  await maker.leave();

  const { search, hash } = new URL(link);
  const visitor = await visit(`${search.slice(1)}${hash}`);
  await visitor.state('idle');
  assert.match(visitor.query(), /seed=5/);
  const lesson = visitor.see('lesson');
  assert.equal(await lesson.locator('h2').textContent(), title);
  assert.equal(await lesson.locator('.text').textContent(), text);
  assert.equal(await lesson.locator('script, b, img').count(), 0, 'text is text');
  assert.equal(await visitor.see('lesson-notes').textContent(), '');
  for (const there of [
    '#history',
    '.plot:has(#loss-chart)',
    '[data-setting=keep_ratio]',
    '[data-setting=alpha]',
    '#train',
    '[data-testid=view-estimators]',
    '#network',
  ])
    assert(await shown(visitor, there), there);
  const away = [
    '.meter',
    '#speed',
    '.plot:has(#accuracy-chart)',
    '.figures',
    'footer.phases',
    '.try',
    '.pace',
    '[data-setting=dataset]',
    '[data-setting=seed]',
    '#share',
    '#tour',
    '#method',
    '[data-testid=view-runs]',
  ];
  for (const hidden of away) assert.equal(await shown(visitor, hidden), false, hidden);
  // Hidden parts are not reachable by keys or by screen readers.
  const tree = await visitor.page.locator('body').ariaSnapshot();
  assert.doesNotMatch(tree, /Share|Tour|Learning rate|Seed|Steps a second/);
  assert.match(tree, /Keep ratio/);
  const stops = new Set();
  for (let tab = 0; tab < 40; tab++) {
    await visitor.page.keyboard.press('Tab');
    stops.add(await visitor.page.evaluate(() => document.activeElement.dataset.testid ?? document.activeElement.id ?? ''));
  }
  assert(stops.has('keep_ratio') && stops.has('lesson-all'), [...stops].join());
  for (const name of ['share', 'tour', 'method-panel', 'seed', 'view-runs']) assert(!stops.has(name), name);
  await visitor.see('train').click();
  await visitor.steps(5);
  await visitor.screenshot('lesson-desk');
  await visitor.page.setViewportSize({ width: 390, height: 844 });
  await visitor.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 300)));
  await visitor.screenshot('lesson-phone', { fullPage: true });
  await visitor.page.setViewportSize({ width: 1440, height: 900 });

  await visitor.see('lesson-all').click();
  for (const there of away.filter((each) => !each.includes('seed'))) assert(await shown(visitor, there), there);
  assert.equal(await visitor.see('lesson-all').innerText(), 'Show the lesson only');
  await visitor.see('lesson-all').click();
  assert.equal(await shown(visitor, '#speed'), false);
  // Another theme, another setting: the lesson stays in the address.
  await visitor.see('theme').click();
  await visitor.set('keep_ratio', '0.5');
  await visitor.until(() => location.search.includes('keep_ratio=0.5') && location.hash.includes('lesson='));
  await visitor.leave();
});

test('the texts of a lesson’s link are never markup, are bounded, and what is left out is mentioned', limit, async () => {
  const visitor = await visit(`${SMALL}#lesson=history&title=x`);
  await visitor.state('idle');
  const open = async (hash) => {
    await visitor.page.evaluate((to) => (location.hash = to), hash);
    await visitor.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 50)));
    const lesson = visitor.see('lesson');
    return {
      title: await lesson.locator('h2').textContent(),
      text: await lesson.locator('.text').textContent(),
      notes: await visitor.see('lesson-notes').textContent(),
      elements: await lesson.locator('*').count(),
    };
  };
  const plain = await open('#lesson=history&title=plain&text=words');
  assert.deepEqual([plain.title, plain.text, plain.notes], ['plain', 'words', '']);
  const hostile = '"><img src=x onerror=alert(1)><style>*{display:none}</style>{{1+1}}${1}';
  const seen = await open(`#lesson=history&title=${encodeURIComponent(hostile)}&text=${encodeURIComponent(hostile)}`);
  assert.equal(seen.text, hostile);
  assert(hostile.startsWith(seen.title.replace('…', '')));
  assert.equal(seen.elements, plain.elements, 'no element came of it');
  const turned = await open(`#lesson=history&title=${encodeURIComponent('a\u202Eb\u0000c\u200Bd\ne')}&text=%E0%A4%A`);
  assert.equal(turned.title, 'a b c d e');
  assert.match(turned.text, /\uFFFD/, 'what is no text is marked as such');
  const large = await open(`#lesson=history&title=${'t'.repeat(5000)}&text=${'y'.repeat(100_000)}`);
  assert.equal(large.title, `${'t'.repeat(80)}…`);
  assert.equal(large.text, `${'y'.repeat(800)}…`);
  assert.match(large.notes, /title is longer than 80 characters.*text is longer than 800 characters/);
  const parts = await open('#lesson=history.nothing_here.neither_here.constructor.__proto__.%3Cb%3E.Train');
  assert.match(parts.notes, /cannot be names of parts/);
  assert.match(parts.notes, /This page has no part named nothing_here, neither_here, constructor\./);
  assert.equal(parts.title, 'A lesson');
  assert((await shown(visitor, '#history')) && !(await shown(visitor, '#speed')));
  // Without a lesson all of the page is back.
  await visitor.page.evaluate(() => (location.hash = ''));
  await visitor.until(() => document.querySelector('#speed').checkVisibility() && !document.querySelector('[data-testid=lesson]').checkVisibility());
  assert.deepEqual(await visitor.page.evaluate(() => [...document.querySelectorAll('.put-away')].length), 0);
  await visitor.leave();
});

test('the lessons of docs/teaching.md open with their words and parts, and their settings are as they are written', limit, async () => {
  const links = [...readFileSync(path.join(root, 'docs', 'teaching.md'), 'utf8').matchAll(/^https:\/\/example\.org\/lacuna\/\?(\S+)#(lesson=\S+)$/gm)];
  assert.equal(links.length, 6, 'five plans and the example of a link');
  for (const [, query, hash] of links) {
    const visitor = await visit(`${query}#${hash}`);
    await visitor.until(() => window.reports.some(({ kind }) => kind === 'opened'));
    const lesson = new URLSearchParams(hash);
    assert.equal(await visitor.see('lesson').locator('h2').innerText(), lesson.get('title'));
    assert.equal(await visitor.see('lesson').locator('.text').innerText(), lesson.get('text'));
    assert.equal(await visitor.see('lesson-notes').textContent(), '', 'every part is one of the page');
    assert.equal(await visitor.see('notice').count(), 0);
    assert.deepEqual(new URLSearchParams(visitor.query()).toString(), new URLSearchParams(query).toString(), 'no setting is refused or the default');
    await visitor.leave();
  }
});
