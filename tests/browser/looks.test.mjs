// Pictures of the page for a person to look at, in target/screenshots, and what no picture may show: a page wider than
// its window, words that are cut off, or a control without a name.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PATIENCE_MS, site } from './harness.mjs';

const { visit } = site();

const windows = [
  ['desk', { width: 1440, height: 900 }],
  ['laptop', { width: 1024, height: 768 }],
  ['phone', { width: 390, height: 844 }],
];

/** What no picture may show: a page wider than its window, a control without a name, or the ratio's figure over its words. */
async function assertSound(visitor) {
  const { wide, nameless, over } = await visitor.page.evaluate(() => ({
    over: (() => {
      const [figure, words] = ['ratio', 'ratio-words'].map((id) => {
        const inked = document.createRange();
        inked.selectNodeContents(document.getElementById(id));
        return inked.getBoundingClientRect();
      });
      return figure.width > 0 && words.width > 0 ? figure.right - words.left : 0;
    })(),
    wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    nameless: [...document.querySelectorAll('button, input, select, canvas[tabindex]')]
      .filter((control) => control.checkVisibility({ visibilityProperty: true }))
      .filter((control) => !(control.innerText || control.ariaLabel || control.labels?.length || control.getAttribute('aria-labelledby')))
      .map((control) => control.outerHTML.slice(0, 120)),
  }));
  assert(wide <= 0, `the page is ${wide} pixels wider than its window`);
  assert(over <= 0, `the ratio stands ${over} pixels over its words`);
  assert.deepEqual(nameless, [], 'every control has a name that a screen reader can say');
}

/** Words and controls that no one can see whole: beyond the window where nothing scrolls to them, or beyond a box that hides what sticks out. */
const cutOff = () => {
  const scrolls = (element, axis) => /auto|scroll/.test(getComputedStyle(element)[`overflow${axis}`]);
  const around = (element) => (element ? [element, ...around(element.parentElement)] : []);
  const speaks = (element) =>
    element.matches('button, input, select') || [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== '');
  return [...document.querySelectorAll('body *')]
    .filter((element) => speaks(element) && element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !element.closest('.unseen'))
    .filter((element) => {
      const { left, right, top, bottom, width } = element.getBoundingClientRect();
      if (width <= 1) return false;
      const above = around(element.parentElement);
      const { overflowX, textOverflow } = getComputedStyle(element);
      const hides = /hidden|clip/.test(overflowX) && textOverflow !== 'ellipsis' && element.scrollWidth > element.clientWidth + 1;
      // A table that is wider than its place is scrolled to the side; nothing else is.
      const frame = above.find((each) => scrolls(each, 'X'));
      const end = frame ? Math.min(innerWidth, frame.getBoundingClientRect().right) : innerWidth;
      const aside = !frame?.matches('.scrolls') && (left < -1 || right > end + 1);
      // What is fixed to the window does not move with the page.
      const fixed = above.find((each) => getComputedStyle(each).position === 'fixed');
      const beyond = fixed && !above.slice(0, above.indexOf(fixed) + 1).some((each) => scrolls(each, 'Y')) && (top < -1 || bottom > innerHeight + 1);
      return hides || aside || beyond;
    })
    .map((element) => `${element.tagName.toLowerCase()}.${element.className} ${(element.innerText || element.value || element.textContent).slice(0, 60)}`);
};

/** Whether it can be seen whole, and all that is in it, without scrolling. */
const whole = (id) => {
  const found = document.querySelector(`[data-testid="${id}"]`);
  const { top, bottom } = found.getBoundingClientRect();
  const { bottom: end } = (found.closest('main') ?? document.documentElement).getBoundingClientRect();
  const fits = [...found.querySelectorAll('*')].every(
    (each) => !/auto|hidden/.test(getComputedStyle(each).overflowY) || each.scrollHeight <= each.clientHeight + 1,
  );
  return top >= 0 && bottom <= Math.min(end, innerHeight) && fits;
};

/**
 * A picture in every window, light and dark, and what may not be seen in any. `ready` brings about what shall be seen in each window anew, for
 * what a window that changes its size closes; `at`: what shall be in sight, whole where a page does not scroll as one; `scrolled`: it may
 * be longer than its place; `long`: on a phone all is pictured.
 */
async function inEveryWindow(visitor, what, at, { ready, long = true, scrolled = false } = {}) {
  const cut = {};
  for (const [name, viewport] of windows) {
    for (const colorScheme of ['light', 'dark']) {
      await visitor.page.setViewportSize(viewport);
      await visitor.page.emulateMedia({ colorScheme });
      await ready?.();
      // Strips and charts follow their room within a frame or two.
      await visitor.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 250)));
      await visitor.screenshot(`${name}-${colorScheme}-${what}`, { fullPage: long && name === 'phone' });
      assert(await visitor.see(at).isVisible(), `${what} on a ${name}: it is there`);
      assert(name === 'phone' || scrolled || (await visitor.page.evaluate(whole, at)), `${what} on a ${name}, ${colorScheme}: it is in sight`);
      await assertSound(visitor);
      const found = await visitor.page.evaluate(cutOff);
      if (found.length > 0) cut[`${name}, ${colorScheme}`] = found;
    }
  }
  assert.deepEqual(cut, {}, `${what}: cut off`);
  await visitor.page.setViewportSize(windows[0][1]);
}

for (const [name, viewport] of windows) {
  for (const colorScheme of ['light', 'dark']) {
    test(`the page on a ${name}, ${colorScheme}`, { timeout: 3 * PATIENCE_MS }, async () => {
      const visitor = await visit('model=mlp-64&gate_inputs=true&batch_size=16', { viewport, colorScheme });
      await visitor.state('idle', 'paused');
      await visitor.screenshot(`${name}-${colorScheme}-opened`);
      await visitor.see('train').click();
      await visitor.steps(40);
      await visitor.screenshot(`${name}-${colorScheme}-training`);
      await visitor.screenshot(`${name}-${colorScheme}-whole`, { fullPage: true });
      await assertSound(visitor);
      await visitor.leave();
    });
  }
}

for (const [model, batch] of [
  ['cnn-32-64-128', 4],
  ['resnet20', 1],
  ['vgg16', 1],
]) {
  test(`${model} in every window, light and dark`, { timeout: 3 * PATIENCE_MS }, async () => {
    const visitor = await visit(`dataset=cifar10&model=${model}&batch_size=${batch}&keep_ratio=0.3&schedule=constant`);
    await visitor.heard('opened');
    await visitor.see('train').click();
    await visitor.steps(1);
    await visitor.see('train').click();
    await visitor.state('paused');
    for (const [name, viewport] of windows) {
      for (const colorScheme of ['light', 'dark']) {
        await visitor.page.setViewportSize(viewport);
        await visitor.page.emulateMedia({ colorScheme });
        // Strips and charts follow their room within a frame or two.
        await visitor.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 150)));
        await visitor.screenshot(`${name}-${colorScheme}-${model}`, { fullPage: name === 'phone' });
        await assertSound(visitor);
        const cut = await visitor.page.evaluate(() =>
          [...document.querySelectorAll('.strip b, .strip .label')]
            .filter((each) => each.getBoundingClientRect().right > each.closest('.strips').getBoundingClientRect().right + 1)
            .map((each) => each.innerText),
        );
        assert.deepEqual(cut, [], 'no word of a strip is cut off');
      }
    }
    await visitor.leave();
  });
}

test('the comparison and the estimators in every window, light and dark', { timeout: 4 * PATIENCE_MS }, async () => {
  const visitor = await visit('dataset=planted&model=mlp-32&gate_inputs=true&batch_size=16&keep_ratio=0.25');
  await visitor.state('idle');
  await visitor.see('view-runs').click();
  await visitor.see('compare-steps').fill('20');
  await visitor.see('compare-methods').click();
  await visitor.until(() => window.reports.filter(({ kind, state }) => kind === 'state' && state === 'finished').length === 4);
  await visitor.see('view-estimators').click();
  await visitor.see('lab-pairs').selectOption('256');
  await visitor.see('lab-draw').click();
  await visitor.until(() => window.reports.some(({ kind, progress }) => kind === 'lab' && !progress.drawing));
  for (const view of ['runs', 'estimators']) {
    await visitor.see(`view-${view}`).click();
    for (const [name, viewport] of windows) {
      for (const colorScheme of ['light', 'dark']) {
        await visitor.page.setViewportSize(viewport);
        await visitor.page.emulateMedia({ colorScheme });
        await visitor.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 400)));
        await visitor.screenshot(`${name}-${colorScheme}-${view}`, { fullPage: name === 'phone' });
        await assertSound(visitor);
        // What stands below one another must not overlap.
        const overlaps = await visitor.page.locator(`#${view}`).evaluate((root) => {
          const boxes = [...root.children]
            .filter((child) => child.checkVisibility() && getComputedStyle(child).position !== 'absolute')
            .map((child) => child.getBoundingClientRect());
          return boxes.slice(1).filter((box, index) => box.top < boxes[index].bottom - 1).length;
        });
        assert.equal(overlaps, 0, `${view} on a ${name}: parts overlap`);
      }
    }
  }
  await visitor.leave();
});

test('a claim, the tour, the method, a lesson and its making in every window, light and dark', { timeout: 3 * PATIENCE_MS }, async () => {
  const lesson = `lesson=history.budget.loss.keep_ratio&title=${encodeURIComponent('Which pixels does it need?')}&text=${encodeURIComponent('Predict first: where in the frame will the kept pixels lie?\nThen press Train, and pause when half of them are gone.')}`;
  const visitor = await visit(`model=mlp-64&gate_inputs=true&batch_size=16#${lesson}`);
  await visitor.state('idle', 'paused');
  await visitor.see('train').click();
  await visitor.steps(20);
  await visitor.see('train').click();
  await visitor.state('paused');
  await inEveryWindow(visitor, 'lesson', 'lesson-all');
  await visitor.see('lesson-all').click();
  await visitor.page.evaluate(() => (location.hash = ''));
  for (const [what, open] of [
    ['claim', () => visitor.see('claim-digits').click()],
    ['tour', () => visitor.see('tour').click()],
    ['method', () => visitor.see('method-panel').click()],
    ['share', () => visitor.see('share').click()],
    ['compose', () => visitor.see('make-lesson').click()],
  ]) {
    await open();
    await visitor.see(what === 'share' ? 'share-menu' : `card-${what}`).waitFor();
    if (what === 'share') await visitor.screenshot('desk-share');
    else await inEveryWindow(visitor, what, `card-${what}`, { long: what !== 'tour', scrolled: what === 'method' || what === 'compose' });
  }
  await visitor.leave();
});

test('a step by phases, the menus, a unit’s pins and a run played again in every window, light and dark', { timeout: 5 * PATIENCE_MS }, async () => {
  const visitor = await visit('model=mlp-64&gate_inputs=true&batch_size=16');
  await visitor.state('idle', 'paused');
  await visitor.see('train').click();
  await visitor.steps(40);
  await visitor.see('train').click();
  await visitor.state('paused');

  const press = async (stage) => {
    await visitor.see('phase').click();
    await visitor.until((wanted) => document.body.dataset.partialStep === wanted, stage);
  };
  await press('sample');
  await inEveryWindow(visitor, 'phase-sample', 'walk');
  for (const stage of ['losses', 'gradient', 'project']) await press(stage);
  await visitor.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 2500)));
  await inEveryWindow(visitor, 'phase-project', 'walk');
  await visitor.page.keyboard.press('ArrowRight');
  await visitor.until(() => document.body.dataset.partialStep === undefined);

  // A window that changes its size closes a menu.
  await inEveryWindow(visitor, 'pin', 'pin-menu', {
    long: false,
    ready: async () => {
      const canvas = visitor.page.locator('#network figure', { hasText: 'inputs' }).locator('canvas');
      await visitor.page.keyboard.press('Escape');
      await canvas.focus();
      await canvas.press('End');
      for (let up = 0; up < 5; up++) await canvas.press('ArrowUp');
      const told = (await visitor.reports('cost')).length;
      await canvas.press('Enter');
      await visitor.until((before) => window.reports.filter(({ kind }) => kind === 'cost').length > before, told);
      await visitor.until(() => /batches of 16 images/.test(document.querySelector('[data-testid=pin-cost]')?.innerText ?? ''));
    },
  });
  await visitor.page.keyboard.press('Escape');
  for (const [what, menu] of [
    ['share', 'share-menu'],
    ['take-away', 'take-menu'],
  ]) {
    await inEveryWindow(visitor, menu, menu, {
      long: false,
      ready: async () => {
        await visitor.page.keyboard.press('Escape');
        await visitor.page.evaluate(() => scrollTo(0, 0));
        await visitor.see(what).click();
        await visitor.see(menu).waitFor();
      },
    });
    await visitor.page.keyboard.press('Escape');
  }

  await visitor.see('open-file').setInputFiles(await visitor.take('take-run'));
  await visitor.state('replay');
  await inEveryWindow(visitor, 'replay', 'strip');
  await visitor.leave();
});

test('the self-check before it runs and with what it found, in every window, light and dark', { timeout: 5 * PATIENCE_MS }, async () => {
  const visitor = await visit('dataset=planted&model=mlp-16&gate_inputs=true&batch_size=16');
  await visitor.state('idle');
  await visitor.see('view-check').click();
  await visitor.see('check-go').waitFor();
  await inEveryWindow(visitor, 'check', 'check-go');
  await visitor.see('check-go').click();
  await visitor.until(() => document.querySelectorAll('[data-testid=check-rows] tr').length > 2);
  await visitor.see('check-go').click();
  await visitor.see('check-rows').getByRole('button').first().click();
  await inEveryWindow(visitor, 'check-report', 'check-said');
  await visitor.leave();
});

test('what the page says of trouble in every window, light and dark', { timeout: 5 * PATIENCE_MS }, async () => {
  for (const [what, link] of [
    ['own-asked', 'dataset=own&model=mlp-16&gate_inputs=true'],
    ['large', 'dataset=cifar10&model=wrn-28-10&batch_size=4096'],
  ]) {
    const visitor = await visit(link);
    await visitor.state('error');
    await inEveryWindow(visitor, what, 'notice');
    await visitor.leave();
  }
  const visitor = await visit();
  await visitor.state('idle');
  await visitor.see('adapter').click();
  await inEveryWindow(visitor, 'no-webgpu', 'card-computes');
  await visitor.leave();
});
