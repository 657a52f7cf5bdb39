// Pictures of panels, cards and menus for a person to look at, in target/screenshots, in every window and both themes. In every one, nothing is
// wider than the window or cut off, and every control has a name.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertSound, inEveryWindow, windows } from './every-window.mjs';
import { PATIENCE_MS, site } from './harness.mjs';

const { visit } = site();

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

test('a claim, the tour, the method, a lesson and the card that makes one in every window, light and dark', { timeout: 3 * PATIENCE_MS }, async () => {
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

test('a step by phases, the menus, a unit’s pins and a recorded run in every window, light and dark', { timeout: 5 * PATIENCE_MS }, async () => {
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
  await inEveryWindow(visitor, 'phase-sample', 'step-through');
  for (const stage of ['losses', 'gradient', 'project']) await press(stage);
  await visitor.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 2500)));
  await inEveryWindow(visitor, 'phase-project', 'step-through');
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

test('the self-check before it runs and with its report in every window, light and dark', { timeout: 5 * PATIENCE_MS }, async () => {
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

test('notices of failures in every window, light and dark', { timeout: 5 * PATIENCE_MS }, async () => {
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
