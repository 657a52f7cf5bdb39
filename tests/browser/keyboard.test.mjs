// Every control is reached and used by keys alone, and the focus goes where it is expected.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PATIENCE_MS, asking, site } from './harness.mjs';

const SMALL = 'dataset=planted&model=mlp-32&gate_inputs=true&batch_size=32&keep_ratio=0.25';
const limit = { timeout: 5 * PATIENCE_MS };
const VIEWS = ['network', 'runs', 'estimators', 'try', 'check'];
const { visit } = site();

/** What can be operated: a group of radio buttons is one stop. */
const operable = () =>
  [...document.querySelectorAll('button, a[href], input, select, summary, [tabindex="0"]')]
    .filter((each) => !each.disabled && each.checkVisibility({ visibilityProperty: true }))
    .filter((each) => each.type !== 'radio' || each.checked)
    // A chooser of files is opened by a button of the page.
    .filter((each) => each.type !== 'file' || each.tabIndex >= 0)
    .map((each) => (each.dataset.stop ??= String(document.querySelectorAll('[data-stop]').length)));

/** The focused element, and whether its focus is visible. */
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
  // Fixed and sticky elements must not cover it.
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

/** Presses Tab through all controls of the current page. `where`: the state of the page, for messages. `open`: folded parts are opened before. */
async function tabThrough(visitor, where, { least = 15, open = true } = {}) {
  if (open) await visitor.page.evaluate(() => document.querySelectorAll('details').forEach((details) => (details.open = true)));
  // A new view takes a moment to enable its buttons.
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
  test(`Tab reaches every control of every view, each in sight and visibly focused, on a ${name}`, limit, async () => {
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
      await tabThrough(visitor, `${view} on a ${name}`);
    }
    await visitor.page.locator('label.own').click();
    await visitor.see('own-drop').waitFor();
    await tabThrough(visitor, `own data on a ${name}`);
    await visitor.leave();
  });

  test(`Tab reaches the tour, the method, a claim, the making of a lesson and a lesson, on a ${name}`, limit, async () => {
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
      await tabThrough(visitor, `${opened} on a ${name}`, { open: false });
    }
    await visitor.see('share').click();
    await visitor.see('make-lesson').click();
    await visitor.see('card-compose').waitFor();
    await tabThrough(visitor, `a lesson being made on a ${name}`);
    await visitor.leave();
    const lesson = await visit(`${SMALL}#lesson=history.loss.keep_ratio&title=A+title&text=Some+text`, { viewport });
    await lesson.state('idle');
    await lesson.see('lesson-all').waitFor();
    await tabThrough(lesson, `a lesson on a ${name}`, { least: 4 });
    await lesson.leave();
  });

  test(`Tab reaches a step by phases, a unit’s pins and a recorded run, on a ${name}`, limit, async () => {
    const visitor = await visit(`${SMALL}&steps=100000`, { viewport });
    const { keyboard } = visitor.page;
    await visitor.state('idle');
    for (const stage of ['sample', 'losses']) {
      await visitor.see('phase').focus();
      await keyboard.press('Enter');
      await visitor.until((wanted) => document.body.dataset.partialStep === wanted, stage);
    }
    await tabThrough(visitor, `a step by phases on a ${name}`);
    await visitor.see('step-through-leave').focus();
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
    await tabThrough(visitor, `a recorded run on a ${name}`);
    await visitor.leave();
  });
}

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
  const opened = (await visitor.reports('opened')).length;
  await on('restart');
  await keyboard.press('Enter');
  await visitor.until((was) => window.reports.filter(({ kind }) => kind === 'opened').length > was, opened);

  // The header.
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

test('one Escape closes one thing, typed letters are no shortcuts, and the focus returns', limit, async () => {
  const visitor = await visit(`${SMALL}&steps=100000`, { prepare: asking });
  const { keyboard } = visitor.page;
  const focused = () => visitor.page.evaluate(() => document.activeElement?.dataset.testid ?? document.activeElement?.id);
  await visitor.see('train').click();
  await visitor.steps(40);
  await visitor.see('train').click();
  await visitor.state('paused');
  await visitor.see('tour').click();
  await visitor.see('card-tour').waitFor();
  await visitor.page.locator('#history canvas').click({ position: { x: 2, y: 5 } });
  await visitor.until(() => document.body.dataset.looking !== undefined);
  await visitor.see('tour-next').focus();
  await keyboard.press('Escape');
  await visitor.until(() => document.body.dataset.looking === undefined);
  assert.equal(await visitor.see('card-tour').count(), 1, 'the tour goes on');
  await keyboard.press('Escape');
  assert.equal(await visitor.see('card-tour').count(), 0);

  const link = visitor.page.locator('#settings .try a[href*="#claim="]').first();
  await link.click();
  await visitor.see('card-claim').waitFor();
  await visitor.see('close-claim').click();
  assert(await link.evaluate((each) => each === document.activeElement), 'back on the link');

  await visitor.see('phase').click();
  await visitor.heard('partial_step');
  await visitor.see('step-through-leave').click();
  assert.equal(await focused(), 'phase');

  // The text of a menu is not cut off, and the menu stays below its button when the window changes.
  for (const width of [1440, 390]) {
    await visitor.page.setViewportSize({ width, height: 800 });
    await visitor.see('take-away').click();
    const cut = await visitor.page
      .locator('[data-testid=take-menu] button')
      .evaluateAll((buttons) => buttons.filter((each) => each.scrollWidth > each.clientWidth || getComputedStyle(each).whiteSpace !== 'normal').length);
    assert.equal(cut, 0, `at ${width}`);
    await visitor.screenshot(`menu-${width}`);
    await visitor.page.setViewportSize({ width: width - 20, height: 800 });
    await visitor.until(() => {
      const [menu, button] = ['take-menu', 'take-away'].map((id) => document.querySelector(`[data-testid=${id}]`));
      const [under, of] = [menu.getBoundingClientRect(), button.getBoundingClientRect()];
      return (
        menu.matches(':popover-open') &&
        Math.abs(under.top - of.bottom - 4) < 1 &&
        under.left >= 0 &&
        under.right <= innerWidth &&
        under.left < of.right &&
        under.right > of.left
      );
    });
    await keyboard.press('Escape');
  }
  await visitor.page.setViewportSize({ width: 1440, height: 900 });
  await visitor.set('dataset', 'mnist');
  await visitor.see('restart').click();
  await visitor.until(() => window.reports.findLast(({ kind }) => kind === 'opened').description.dataset.name === 'mnist');
  await visitor.state('idle', 'paused', 'training');
  await visitor.see('view-try').click();
  await visitor.see('try-number').focus();
  const asked = () => visitor.page.evaluate(() => window.asked.filter(({ kind }) => kind === 'open' || kind === 'phase').length);
  const before = await asked();
  const letters = [...'abcdefghijklmnopqrstuvwxyz'];
  for (const letter of letters) await keyboard.press(letter);
  // Nor beside the controls: no letter does anything (WCAG 2.1.4).
  await visitor.page.evaluate(() => document.activeElement.blur());
  for (const letter of letters) await keyboard.press(letter);
  assert.equal(await asked(), before, 'neither a restart nor a phase');
  await visitor.leave();
});
