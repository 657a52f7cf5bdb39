// Pictures of the page for a person to look at, in target/screenshots: while it trains, and with large networks. In every one, nothing is wider
// than the window or cut off, and every control has a name.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertSound, windows } from './every-window.mjs';
import { PATIENCE_MS, site } from './harness.mjs';

const { visit } = site();

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
        // Strips and charts are resized within a frame or two.
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
