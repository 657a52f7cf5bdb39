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
  ['phone', { width: 390, height: 844 }],
];

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
      const { wide, nameless } = await visitor.page.evaluate(() => ({
        wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        nameless: [...document.querySelectorAll('button, input, select')]
          .filter((control) => control.checkVisibility())
          .filter((control) => !(control.innerText || control.ariaLabel || control.labels?.length || control.getAttribute('aria-labelledby')))
          .map((control) => control.outerHTML.slice(0, 120)),
      }));
      assert(wide <= 0, `the page is ${wide} pixels wider than its window`);
      assert.deepEqual(nameless, [], 'every control has a name that a screen reader can say');
      await visitor.leave();
    });
  }
}
