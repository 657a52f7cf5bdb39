// The gallery of lessons, claims and experiments.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PATIENCE_MS, site } from './harness.mjs';

const { visit } = site();
const limit = { timeout: 3 * PATIENCE_MS };
const SMALL = 'model=mlp-8&batch_size=8&steps=4';

async function gallery() {
  const visitor = await visit(SMALL);
  await visitor.state('idle');
  await visitor.see('view-lessons').click();
  await visitor.page.locator('.offer').first().waitFor();
  return visitor;
}

test('every offer has a picture that is loaded, in the colours of the page', limit, async () => {
  const visitor = await gallery();
  const pictures = () =>
    visitor.page.locator('.offer img').evaluateAll(async (images) => {
      for (const image of images) {
        image.loading = 'eager';
        await image.decode();
      }
      return images.map(({ src, naturalWidth }) => [/-(light|dark)-/.exec(src)?.[1], naturalWidth]);
    });
  const light = await pictures();
  assert.ok(light.length >= 14, String(light.length));
  assert.ok(
    light.every(([theme, width]) => theme === 'light' && width === 448),
    String(light),
  );
  await visitor.see('theme').click();
  const dark = await pictures();
  assert.ok(
    dark.every(([theme, width]) => theme === 'dark' && width === 448),
    String(dark),
  );
  assert.equal(await visitor.see('view-lessons').getAttribute('aria-pressed'), 'true');
  await visitor.leave();
});

test('a lesson opens with its title, its text and its parts only, and the whole page can be shown again', limit, async () => {
  const visitor = await gallery();
  const offer = visitor.see('offer-pixels');
  const [title, text] = [await offer.locator('b').innerText(), await offer.locator('span').innerText()];
  await offer.click();
  await visitor.until(() => new URLSearchParams(location.search).get('keep_ratio') === '0.05');
  await visitor.see('lesson').waitFor();
  assert.equal(await visitor.see('lesson').locator('h2').innerText(), title);
  assert.equal(await visitor.see('lesson').locator('.text').innerText(), text);
  assert.equal(await visitor.see('lesson-notes').textContent(), '');
  assert.equal(await visitor.page.evaluate(() => document.body.dataset.view), 'network');
  assert.equal(await visitor.see('method-panel').isVisible(), false);
  await visitor.see('lesson-all').click();
  assert.equal(await visitor.see('method-panel').isVisible(), true);
  await visitor.leave();
});

test('a claim opens its card, and an experiment its settings', limit, async () => {
  const visitor = await gallery();
  await visitor.see('offer-digits').click();
  await visitor.see('card-claim').waitFor();
  assert.equal(await visitor.page.evaluate(() => document.body.dataset.view), 'network');
  await visitor.see('view-lessons').click();
  await visitor.see('offer-resnet20').click();
  await visitor.until(() => new URLSearchParams(location.search).get('model') === 'resnet20');
  await visitor.leave();
});
