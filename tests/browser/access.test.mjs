// The page for everybody: no complaint of axe-core in any view and theme, every control by keys alone, colours that stay apart for every
// common form of colour blindness, and no movement where none is wanted.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createServer } from 'vite';
import { contrast, distance, SIGHTS } from './colours.mjs';
import { PATIENCE_MS, site } from './harness.mjs';

const SMALL = 'dataset=planted&model=mlp-32&gate_inputs=true&batch_size=32&keep_ratio=0.25';
const limit = { timeout: 5 * PATIENCE_MS };
const THEMES = ['light', 'dark'];
const VIEWS = ['network', 'runs', 'estimators', 'try', 'check'];

const { visit } = site();

test(`axe-core finds nothing in any view, before, during and after training`, limit, async () => {
  const visitor = await visit(`${SMALL}&steps=100000`);
  const view = async (name) => {
    await visitor.see(`view-${name}`).click();
    await visitor.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 500)));
  };
  await visitor.state('idle');
  await visitor.page.evaluate(() => document.querySelectorAll('details').forEach((details) => (details.open = true)));
  for (const name of VIEWS) {
    await view(name);
    await visitor.accessible(`${name}, before training`);
  }
  await view('network');
  await visitor.pace('eye');
  await visitor.see('train').click();
  await visitor.heard('speed');
  for (const name of ['network', 'runs']) {
    await view(name);
    await visitor.accessible(`${name}, while it trains`);
  }
  await view('network');
  await visitor.see('history').locator('canvas').press('ArrowLeft');
  await visitor.accessible('looking back');
  await view('estimators');
  await visitor.see('lab-pairs').selectOption('256');
  await visitor.see('lab-draw').click();
  await visitor.until(() => window.reports.some(({ kind, report }) => kind === 'lab' && report));
  await visitor.accessible('estimators, while pairs are drawn');
  await visitor.until(() => window.reports.some(({ kind, progress }) => kind === 'lab' && !progress.drawing));
  await visitor.accessible('estimators, with all that was found');
  await visitor.set('batch_size', '0');
  await visitor.heard('refused');
  await visitor.accessible('a value refused');
  await visitor.page.setViewportSize({ width: 390, height: 844 });
  for (const name of VIEWS) {
    await view(name);
    await visitor.accessible(`${name}, on a phone`);
  }
  await visitor.leave();
});

test(`axe-core finds nothing in claims, the tour, the method and lessons`, limit, async () => {
  const visitor = await visit(`${SMALL}#lesson=history.loss.keep_ratio&title=A+title&text=Some+text`);
  await visitor.state('idle');
  await visitor.accessible('a lesson');
  await visitor.see('lesson-all').click();
  for (const [card, opened] of [
    ['claim', 'claim-digits'],
    ['claim', 'claim-reinforce'],
    ['tour', 'tour'],
    ['method', 'method-panel'],
  ]) {
    await visitor.see(opened).click();
    await visitor.see(`card-${card}`).waitFor();
    await visitor.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 300)));
    await visitor.accessible(opened);
  }
  await visitor.see('share').click();
  await visitor.see('share-menu').waitFor();
  await visitor.accessible('the menu under Share');
  await visitor.see('make-lesson').click();
  await visitor.see('card-compose').waitFor();
  await visitor.accessible('a lesson being made');
  await visitor.page.setViewportSize({ width: 390, height: 844 });
  for (const opened of ['tour', 'method-panel', 'claim-slow-rate']) {
    await visitor.see(opened).click();
    await visitor.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 600)));
    await visitor.accessible(`${opened}, on a phone`);
  }
  await visitor.leave();
});

test(`axe-core finds nothing in a step by phases, a unit's pins, what is taken away and a recorded run`, limit, async () => {
  const visitor = await visit(`${SMALL}&steps=100000`);
  const { keyboard } = visitor.page;
  const everywhere = async (where) => {
    for (const [width, height] of [
      [1440, 900],
      [390, 844],
    ]) {
      await visitor.page.setViewportSize({ width, height });
      await visitor.accessible(`${where}, ${width} wide`);
    }
    await visitor.page.setViewportSize({ width: 1440, height: 900 });
  };
  await visitor.state('idle');
  for (const stage of ['sample', 'losses', 'gradient', 'project', 'backward', 'weights']) {
    await keyboard.press('p');
    await visitor.until((wanted) => document.body.dataset.partialStep === wanted, stage);
    await everywhere(`the phase ${stage}`);
  }
  await visitor.page.locator('#network canvas').first().focus();
  await keyboard.press('Home');
  await keyboard.press('Enter');
  await visitor.heard('cost');
  await everywhere('the menu of a unit');
  await visitor.see('pin-on').click();
  await visitor.until(() => new URLSearchParams(location.search).get('pins') !== null);
  await everywhere('a unit pinned');
  await keyboard.press('Escape');
  await visitor.see('take-away').click();
  await everywhere('the menu under Take away');
  await keyboard.press('Escape');
  await visitor.see('open-file').setInputFiles(await visitor.take('take-masks'));
  await visitor.state('replay');
  await everywhere('a recorded run');
  await visitor.see('open-file').setInputFiles({ name: 'no-run.safetensors', mimeType: 'application/octet-stream', buffer: Buffer.from('{}') });
  await visitor.until(() => /no safetensors file/.test(document.querySelector('[data-testid=strip]')?.innerText));
  await everywhere('a file that is no run');
  await visitor.leave();
});

test(`axe-core finds nothing where the page has to tell of trouble`, limit, async () => {
  const link = await visit('keep_ratio=7');
  await link.see('notice').waitFor();
  await link.state('idle');
  await link.accessible('a link that cannot be read');
  await link.leave();
  const large = await visit('dataset=cifar10&model=wrn-28-10&batch_size=4096');
  await large.state('error', 'unopened');
  await large.accessible('a network too large');
  await large.leave();
  const residual = await visit('dataset=cifar10&model=resnet20&batch_size=1');
  await residual.heard('opened');
  await residual.accessible('a residual network');
  await residual.leave();
  const missing = await visit('dataset=mnist&model=mlp-32', { without: /\/data\/mnist\// });
  await missing.see('notice').waitFor();
  await missing.accessible('the engine stopped');
  await missing.leave([/404/]);
});

test('axe-core finds nothing in a browser without WebGPU', limit, async () => {
  const visitor = await visit(SMALL);
  await visitor.state('idle');
  // What computes, and how to come by WebGPU.
  await visitor.see('adapter').click();
  await visitor.see('card-computes').waitFor();
  await visitor.accessible('what computes');
  await visitor.leave();
});

test('a screen reader hears every change of state, what was refused, and finds names for all parts', limit, async () => {
  const visitor = await visit(`${SMALL}&steps=60`);
  await visitor.state('idle');
  const heard = (words) => visitor.until((pattern) => new RegExp(pattern).test(document.querySelector('[role=status][aria-live=polite]').textContent), words);
  await heard('Press Train');
  await visitor.set('batch_size', '0');
  await heard('batch_size must be');
  await visitor.see('batch_size').fill('32');
  await visitor.see('batch_size').press('Enter');
  await visitor.see('train').click();
  await heard('^Done\\. .* units');
  const tree = await visitor.page.locator('body').ariaSnapshot();
  for (const part of [
    /region "Run":/,
    /region "The network"/,
    /region "History of the masks"/,
    /region "Readings"/,
    /complementary "Settings"/,
    /main/,
    /application "inputs: \d+ of 256 units kept"/,
    /slider "Look back through the run"/,
    /img "Loss along steps: from [\d.]+ to [\d.]+, up to step 60"/,
    /img "Test accuracy along steps: from .*\s%/,
    /group "Expected number of kept units against the budget"/,
    /contentinfo "The six phases of a step"/,
  ])
    assert.match(tree, part);
  const settings = await visitor.page.locator('#settings').ariaSnapshot();
  for (const part of [/group "Data"/, /slider "Keep ratio"/, /switch "Gate inputs"/, /textbox "Batch size": "32"/]) assert.match(settings, part);
  await visitor.leave();
});

/** What can be operated: a group of radio buttons is one stop. */
const operable = () =>
  [...document.querySelectorAll('button, a[href], input, select, summary, [tabindex="0"]')]
    .filter((each) => !each.disabled && each.checkVisibility({ visibilityProperty: true }))
    .filter((each) => each.type !== 'radio' || each.checked)
    // A chooser of files is opened by a button of the page.
    .filter((each) => each.type !== 'file' || each.tabIndex >= 0)
    .map((each) => (each.dataset.stop ??= String(document.querySelectorAll('[data-stop]').length)));

/** Where the focus is, and whether one can see that. */
const focused = () => {
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  const look = (element) => {
    const { outlineStyle, outlineWidth, outlineColor, borderBottomColor } = getComputedStyle(element);
    return [outlineStyle === 'none' ? '' : outlineStyle + outlineWidth + outlineColor, borderBottomColor].join();
  };
  const places = [at, at.nextElementSibling].filter(Boolean);
  const with_focus = places.map(look);
  const { left, right, top, bottom } = at.getBoundingClientRect();
  // What stays where it is while the page scrolls may not lie over it.
  const middle = (low, high, end) => (Math.max(0, low) + Math.min(end, high)) / 2;
  const around = (element) => (element ? [element, ...around(element.parentElement)] : []);
  const over = around(document.elementFromPoint(middle(left, right, innerWidth), middle(top, bottom, innerHeight))).find((each) =>
    /fixed|sticky/.test(getComputedStyle(each).position),
  );
  const covered = over !== undefined && !over.contains(at);
  at.blur();
  const shows = places.some((place, index) => look(place) !== with_focus[index]);
  at.focus({ focusVisible: true, preventScroll: true });
  return { stop: at.dataset.stop ?? null, what: at.outerHTML.slice(0, 90), shows, inside: bottom > 0 && top < innerHeight && left < innerWidth && !covered };
};

/** Tab from the top of the page through all that can be operated as it stands; `where` says which state that is. `open`: folded parts are opened before. */
async function walk(visitor, where, { least = 15, open = true } = {}) {
  if (open) await visitor.page.evaluate(() => document.querySelectorAll('details').forEach((details) => (details.open = true)));
  // A view that is new on the page settles which of its buttons are of use.
  await visitor.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 600)));
  await visitor.page.evaluate(() => (getSelection().removeAllRanges(), document.activeElement.blur(), scrollTo(0, 0)));
  const all = await visitor.page.evaluate(operable);
  const partial = new Set();
  for (let press = 0; press < all.length + 5; press++) {
    await visitor.page.keyboard.press('Tab');
    const at = await visitor.page.evaluate(focused);
    if (!at) continue;
    assert(at.shows, `${where}: the focus cannot be seen on ${at.what}`);
    assert(at.inside, `${where}: the focus is out of sight on ${at.what}`);
    if (at.stop) partial.add(at.stop);
  }
  const missed = await visitor.page.evaluate(
    (stops) => [...document.querySelectorAll('[data-stop]')].filter((each) => stops.includes(each.dataset.stop)).map((each) => each.outerHTML.slice(0, 110)),
    all.filter((stop) => !partial.has(stop)),
  );
  assert.deepEqual(missed, [], `${where}: Tab does not reach`);
  assert(all.length > least, `${where} has ${all.length} controls`);
}

for (const [name, viewport] of [
  ['desk', { width: 1440, height: 900 }],
  ['phone', { width: 390, height: 844 }],
]) {
  test(`Tab walks through every control of every view, each in sight and visibly focused, on a ${name}`, limit, async () => {
    const visitor = await visit(`${SMALL}&steps=30`, { viewport });
    await visitor.state('idle');
    await visitor.see('train').click();
    await visitor.state('finished');
    await visitor.until(() => document.querySelector('#loss-chart canvas') !== null);
    for (const view of VIEWS) {
      await visitor.see(`view-${view}`).click();
      if (view === 'estimators') {
        await visitor.see('lab-pairs').selectOption('256');
        await visitor.see('lab-draw').click();
        await visitor.until(() => window.reports.some(({ kind, progress }) => kind === 'lab' && !progress.drawing));
      }
      await visitor.page.locator(`#${view} > *`).first().waitFor({ state: 'attached' });
      await walk(visitor, `${view} on a ${name}`);
    }
    await visitor.page.locator('label.own').click();
    await visitor.see('own-drop').waitFor();
    await walk(visitor, `own data on a ${name}`);
    await visitor.leave();
  });

  test(`Tab walks through the tour, the method, a claim, the making of a lesson and a lesson, on a ${name}`, limit, async () => {
    const visitor = await visit(SMALL, { viewport });
    await visitor.state('idle');
    for (const [card, opened] of [
      ['tour', 'tour'],
      ['method', 'method-panel'],
      ['claim', 'claim-reinforce'],
      ['claim', 'claim-digits'],
    ]) {
      await visitor.see(opened).click();
      await visitor.see(`card-${card}`).waitFor();
      await walk(visitor, `${opened} on a ${name}`, { open: false });
    }
    await visitor.see('share').click();
    await visitor.see('make-lesson').click();
    await visitor.see('card-compose').waitFor();
    await walk(visitor, `a lesson being made on a ${name}`);
    await visitor.leave();
    const lesson = await visit(`${SMALL}#lesson=history.loss.keep_ratio&title=A+title&text=Some+text`, { viewport });
    await lesson.state('idle');
    await lesson.see('lesson-all').waitFor();
    await walk(lesson, `a lesson on a ${name}`, { least: 4 });
    await lesson.leave();
  });

  test(`Tab walks through a step by phases, a unit’s pins and a recorded run, on a ${name}`, limit, async () => {
    const visitor = await visit(`${SMALL}&steps=100000`, { viewport });
    const { keyboard } = visitor.page;
    await visitor.state('idle');
    for (const stage of ['sample', 'losses']) {
      await keyboard.press('p');
      await visitor.until((wanted) => document.body.dataset.partialStep === wanted, stage);
    }
    await walk(visitor, `a step by phases on a ${name}`);
    await visitor.see('walk-leave').focus();
    await keyboard.press('Enter');
    await visitor.until(() => document.body.dataset.partialStep === undefined);

    // The menu of a unit has the focus until Escape gives it back.
    await visitor.page.locator('#network canvas').first().focus();
    await keyboard.press('Home');
    await keyboard.press('Enter');
    await visitor.heard('cost');
    await visitor.see('pin-on').click();
    await visitor.until(() => new URLSearchParams(location.search).get('pins') !== null);
    const menu = visitor.see('pin-menu');
    const buttons = await menu.locator('button:enabled').count();
    assert(buttons >= 3, 'on, off, and let go');
    const met = new Set();
    for (let press = 0; press < buttons; press++) {
      const at = await visitor.page.evaluate(focused);
      assert(at?.shows && at.inside, `the menu of a unit on a ${name}: the focus is seen on ${at?.what}`);
      met.add(at.what);
      await keyboard.press('Tab');
    }
    assert.equal(met.size, buttons, `the menu of a unit on a ${name}: ${[...met]}`);
    await menu.locator('button').first().focus();
    await keyboard.press('Escape');
    assert.equal(await menu.isVisible(), false);
    assert.equal(await visitor.page.evaluate(() => document.activeElement.closest('#network') !== null), true, 'the focus is back at the unit');

    await visitor.see('open-file').setInputFiles(await visitor.take('take-run'));
    await visitor.state('replay');
    await visitor.see('go-on').waitFor();
    await walk(visitor, `a recorded run on a ${name}`);
    await visitor.leave();
  });
}

test('in a narrow window nothing stands out at the side, in any view, and the page says what computes', limit, async () => {
  const visitor = await visit(SMALL);
  await visitor.state('idle');
  for (const width of [320, 360, 390]) {
    await visitor.page.setViewportSize({ width, height: 700 });
    for (const view of ['network', 'runs', 'estimators', 'try', 'check']) {
      await visitor.see(`view-${view}`).click();
      await visitor.page.locator(`#${view} *`).first().waitFor();
      await visitor.frames();
      assert.equal(await visitor.page.evaluate(() => document.documentElement.scrollWidth), width, `${view} at ${width} px`);
    }
  }
  await visitor.see('adapter').click();
  assert.match(await visitor.see('card-computes').innerText(), /CPU/);
  await visitor.leave();
});

test('everything works by keys alone', limit, async () => {
  const visitor = await visit(`${SMALL}&steps=100000`);
  const { keyboard } = visitor.page;
  const on = (id) => visitor.see(id).focus();
  const address = (name, value) => visitor.until((wanted) => new URLSearchParams(location.search).get(wanted.name) === wanted.value, { name, value });
  await visitor.state('idle');

  // The run: by the keys of the page, and by those of the buttons.
  await keyboard.press('Space');
  await visitor.state('training');
  await visitor.steps(20);
  await keyboard.press('Space');
  await visitor.state('paused');
  const step = async () => Number(await visitor.page.locator('body').getAttribute('data-step'));
  const before = await step();
  await keyboard.press('ArrowRight');
  await visitor.until((last) => Number(document.body.dataset.step) === last + 1, before);
  await on('train');
  await keyboard.press('Enter');
  await visitor.state('training');
  await keyboard.press('Space');
  await visitor.state('paused');
  await on('pace-full');
  await keyboard.press('ArrowRight');
  assert(await visitor.see('pace-eye').isChecked());

  // Looking back, and forth.
  await visitor.see('history').locator('canvas').focus();
  for (const key of ['Home', 'ArrowRight']) await keyboard.press(key);
  await visitor.until(() => /looking back at step/.test(document.querySelector('[data-testid=history]').innerText));
  assert.match(await visitor.page.evaluate(() => document.activeElement.getAttribute('aria-valuetext')), /^step [\d,]+/);
  await keyboard.press('Tab');
  await keyboard.press('Enter');
  await visitor.until(() => !/looking back/.test(document.querySelector('[data-testid=history]').innerText));
  assert.equal(await visitor.page.evaluate(() => document.activeElement.getAttribute('role')), 'slider', 'the focus is not lost with the button');

  // Settings of every kind.
  await on('dataset-planted');
  await keyboard.press('ArrowLeft');
  await address('dataset', 'cifar10');
  await keyboard.press('ArrowRight');
  await address('dataset', 'planted');
  await on('keep_ratio-slider');
  const ratio = await visitor.see('keep_ratio').inputValue();
  for (let press = 0; press < 30; press++) await keyboard.press('ArrowUp');
  await visitor.until((was) => Number(document.querySelector('[data-testid=keep_ratio]').value) > Number(was), ratio);
  await on('gate_inputs');
  await keyboard.press('Space');
  await address('gate_inputs', null);
  await on('model-preset');
  await keyboard.type('wide');
  await address('model', 'mlp-1024-1024');
  await on('model');
  await visitor.see('model').selectText();
  await keyboard.type('mlp-16');
  await keyboard.press('Enter');
  await address('model', 'mlp-16');
  await visitor.page.locator('[data-setting=method] summary').focus();
  await keyboard.press('Enter');
  await on('method-vrpge');
  await keyboard.press('ArrowUp');
  await visitor.until(() => document.querySelector('[name=setting-method]:checked').value !== 'vrpge');
  await visitor.page.locator('.group summary').last().focus();
  await keyboard.press('Enter');
  await on('seed');
  await visitor.see('seed').selectText();
  await keyboard.type('9');
  await keyboard.press('Enter');
  await address('seed', '9');
  await visitor.page.locator('body').focus();
  await visitor.page.evaluate(() => document.activeElement.blur());
  const opened = (await visitor.reports('opened')).length;
  await keyboard.press('r');
  await visitor.until((was) => window.reports.filter(({ kind }) => kind === 'opened').length > was, opened);

  // The head of the page.
  await on('theme');
  await keyboard.press('Enter');
  assert.equal(await visitor.page.locator('html').getAttribute('data-theme'), 'dark');

  // Compare.
  await on('view-runs');
  await keyboard.press('Enter');
  await on('compare-dense');
  await keyboard.press('Space');
  await on('compare-small-dense');
  await keyboard.press('Space');
  await on('compare-steps');
  await visitor.see('compare-steps').selectText();
  await keyboard.type('8');
  await on('compare-methods');
  await keyboard.press('Enter');
  await visitor.until(() => window.reports.filter(({ kind, state }) => kind === 'state' && state === 'finished').length === 2);
  await visitor.until(() => document.querySelectorAll('[data-testid=kept-runs] tr').length === 3);
  await on('along-step');
  await keyboard.press('ArrowRight');
  assert.equal(await visitor.page.locator('.overlay').getAttribute('data-along'), 'seconds');
  const remove = visitor.page.getByRole('button', { name: 'Remove this run' });
  await remove.first().focus();
  await keyboard.press('Enter');
  await visitor.until(() => document.querySelectorAll('[data-testid=kept-runs] tr').length === 2);
  assert.match(await visitor.page.evaluate(() => document.activeElement.ariaLabel), /^Remove this run: /, 'the focus goes to the next one');

  // The estimators.
  await on('view-estimators');
  await keyboard.press('Enter');
  await on('lab-pairs');
  await keyboard.press('ArrowUp');
  await on('lab-draw');
  await keyboard.press('Enter');
  await visitor.until(() => window.reports.some(({ kind, progress }) => kind === 'lab' && !progress.drawing));
  const pick = visitor.page.locator('#estimators').getByRole('button', { name: 'plain' });
  await pick.focus();
  await keyboard.press('Enter');
  assert.equal(await pick.getAttribute('aria-pressed'), 'true');
  assert.equal(await visitor.page.evaluate(() => document.activeElement.textContent), 'plain', 'the focus stays on what was pressed');

  // A claim: answered, run, and left; and a link to an experiment.
  await visitor.page.locator('.try a').nth(1).focus();
  await keyboard.press('Enter');
  await visitor.see('card-claim').waitFor();
  await on('answer-0');
  await keyboard.press('ArrowRight');
  assert(await visitor.see('answer-1').isChecked());
  await on('claim-go');
  await keyboard.press('Enter');
  await visitor.until(() => /Run 1 of 2/.test(document.querySelector('[data-testid=claim-progress]').innerText));
  await keyboard.press('Escape');
  assert.equal(await visitor.see('card-claim').count(), 0);
  await visitor.page.locator('.try a').last().focus();
  await keyboard.press('Enter');
  await address('dataset', 'cifar10');

  // A lesson: a space is a space.
  await on('share');
  await keyboard.press('Enter');
  await visitor.see('share-menu').waitFor();
  await visitor.until(() => document.activeElement.dataset.testid === 'copy-link');
  await keyboard.press('ArrowDown');
  await keyboard.press('Enter');
  await visitor.see('card-compose').waitFor();
  assert.equal(await visitor.page.evaluate(() => document.activeElement.dataset.testid), 'lesson-title', 'one can write at once');
  await keyboard.type('for r');
  await keyboard.press('Tab');
  await keyboard.type('a r b →');
  assert.deepEqual([await visitor.see('lesson-title').inputValue(), await visitor.see('lesson-text').inputValue()], ['for r', 'a r b →']);
  await keyboard.press('Escape');
  assert.equal(await visitor.page.evaluate(() => document.activeElement.id), 'share', 'the focus goes back');
  await visitor.leave();
});

test('kept, off and disagreeing cells, and the curves of eight runs, stay apart for every common form of colour blindness', limit, async () => {
  // The page's own arithmetic of colours on the colours that the browser resolved.
  const vite = await createServer({
    configFile: false,
    root: new URL('../..', import.meta.url).pathname,
    server: { middlewareMode: true, ws: false },
    appType: 'custom',
    logLevel: 'error',
  });
  const { mixed, shade } = await vite.ssrLoadModule('/www/ui/palette.ts');
  await vite.close();
  for (const colorScheme of THEMES) {
    const visitor = await visit(SMALL, { colorScheme });
    const names = ['paper', 'card', 'ink', 'soft', 'kept', 'probe', 'off', ...Array.from({ length: 8 }, (_, slot) => `run-${slot + 1}`)];
    const colours = await visitor.page.evaluate((wanted) => {
      const sample = document.body.appendChild(document.createElement('i'));
      const read = (name) => (
        (sample.style.color = `var(--${name})`),
        getComputedStyle(sample)
          .color.match(/[\d.]+/g)
          .slice(0, 3)
          .map(Number)
      );
      return Object.fromEntries(wanted.map((name) => [name, read(name)]));
    }, names);
    const { paper, card, ink, soft, kept, probe, off } = colours;
    for (const ground of [paper, card]) {
      for (const [name, colour] of Object.entries({ ink, soft, kept, probe })) {
        assert(contrast(colour, ground) >= 4.5, `${colorScheme}: ${name} can be read, ${contrast(colour, ground).toFixed(2)}`);
      }
    }
    // The palest cell that is kept, and the darkest one that is not.
    const [by_luck, nearly] = [mixed(off, kept, 0.78), shade(colours, 0.99)];
    for (const sight of SIGHTS) {
      const say = (what, value) => `${colorScheme}, ${sight}: ${what} ${value.toFixed(1)}`;
      for (const [what, a, b, apart, ratio] of [
        ['kept and off', kept, off, 35, 3],
        ['disagreeing and off', probe, off, 35, 3],
        ['disagreeing and kept', probe, kept, 14, 1],
        ['disagreeing and kept by luck', probe, by_luck, 14, 1],
        ['disagreeing and undecided', probe, shade(colours, 0.5), 25, 2.5],
        ['kept by luck and likely but off', by_luck, nearly, 8, 1.4],
      ]) {
        assert(distance(a, b, sight) >= apart, say(`${what} are apart by`, distance(a, b, sight)));
        assert(contrast(a, b, sight) >= ratio, say(`${what} have a contrast of`, contrast(a, b, sight)));
      }
      const runs = names.filter((name) => name.startsWith('run-')).map((name) => colours[name]);
      for (const [index, run] of runs.entries()) {
        assert(contrast(run, paper) >= 3, say(`run ${index + 1} has a contrast of`, contrast(run, paper)));
        for (const [before, other] of runs.slice(0, index).entries()) {
          // The second four are dashed too.
          const least = before < 4 === index < 4 ? 14 : 9;
          assert(distance(run, other, sight) >= least, say(`runs ${before + 1} and ${index + 1} are apart by`, distance(run, other, sight)));
        }
      }
    }
    await visitor.leave();
  }
});

test('where less motion is wanted, nothing moves by itself', limit, async () => {
  const visitor = await visit(`${SMALL}&steps=100000`, { reducedMotion: 'reduce' });
  await visitor.state('idle');
  await visitor.see('train').click();
  await visitor.heard('speed');
  const moving = await visitor.page.evaluate(() => document.getAnimations().length);
  assert.equal(moving, 0, 'no animation and no transition runs');
  await visitor.see('train').click();
  await visitor.state('paused');
  await visitor.see('step').click();
  // The eye is not partial through the phases of a step.
  const partial = await visitor.page.evaluate(async () => {
    for (let wait = 0; wait < 20; wait++) {
      if (document.querySelector('.phases .now')) return true;
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    return false;
  });
  assert.equal(partial, false);
  await visitor.leave();
});
