// Pictures of the page for a person to look at, in target/screenshots, and what no picture may show: a page wider than
// its window, or a control without a name.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PATIENCE_MS, Visitor, launch, serve } from './harness.mjs';

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

const windows = [
  ['desk', { width: 1440, height: 900 }],
  ['laptop', { width: 1024, height: 768 }],
  ['phone', { width: 390, height: 844 }],
];

/** What no picture may show: a page wider than its window, or a control without a name. */
async function assertSound(visitor) {
  const { wide, nameless } = await visitor.page.evaluate(() => ({
    wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    nameless: [...document.querySelectorAll('button, input, select, canvas[tabindex]')]
      .filter((control) => control.checkVisibility())
      .filter((control) => !(control.innerText || control.ariaLabel || control.labels?.length || control.getAttribute('aria-labelledby')))
      .map((control) => control.outerHTML.slice(0, 120)),
  }));
  assert(wide <= 0, `the page is ${wide} pixels wider than its window`);
  assert.deepEqual(nameless, [], 'every control has a name that a screen reader can say');
}

for (const [name, viewport] of windows) {
  for (const colorScheme of ['light', 'dark']) {
    test(`the page on a ${name}, ${colorScheme}`, { timeout: 3 * PATIENCE_MS }, async () => {
      const visitor = await Visitor.open(browser, server, 'model=mlp-64&gate_inputs=true&batch_size=16', { viewport, colorScheme });
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

for (const [model, batch] of [['cnn-32-64-128', 4], ['resnet20', 1], ['vgg16', 1]]) {
  test(`${model} in every window, light and dark`, { timeout: 3 * PATIENCE_MS }, async () => {
    const visitor = await Visitor.open(browser, server, `dataset=cifar10&model=${model}&batch_size=${batch}&keep_ratio=0.3&schedule=constant`);
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
          [...document.querySelectorAll('.strip b, .strip .label')].filter((each) => each.getBoundingClientRect().right > each.closest('.strips').getBoundingClientRect().right + 1).map((each) => each.innerText),
        );
        assert.deepEqual(cut, [], 'no word of a strip is cut off');
      }
    }
    await visitor.leave();
  });
}

test('the comparison and the estimators in every window, light and dark', { timeout: 4 * PATIENCE_MS }, async () => {
  const visitor = await Visitor.open(browser, server, 'dataset=planted&model=mlp-32&gate_inputs=true&batch_size=16&keep_ratio=0.25');
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
          const boxes = [...root.children].filter((child) => child.checkVisibility()).map((child) => child.getBoundingClientRect());
          return boxes.slice(1).filter((box, index) => box.top < boxes[index].bottom - 1).length;
        });
        assert.equal(overlaps, 0, `${view} on a ${name}: parts overlap`);
      }
    }
  }
  await visitor.leave();
});
