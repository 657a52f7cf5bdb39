// Pinned units: what a pin costs, what it does to a run, and the links that hold it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KEPT, PATIENCE_MS, last, site } from './harness.mjs';

/** Small enough for a software adapter: a step takes milliseconds. */
const SMALL = 'dataset=planted&model=mlp-32&gate_inputs=true&batch_size=32&keep_ratio=0.25';

const { visit, paused } = site();

/** The middle of a unit's cell in a grid, in the window. */
async function cell(visitor, name, index) {
  const canvas = visitor.page.locator('#network figure', { hasText: name }).locator('canvas');
  // All points are asked within the page: hundreds of movements of a real pointer take many seconds.
  const found = await canvas.evaluate((element, unit) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    const words = document.querySelector('[data-testid=cell]');
    for (let y = 2; y < height; y += 3) {
      for (let x = 2; x < width; x += 3) {
        element.dispatchEvent(new PointerEvent('pointermove', { clientX: left + x, clientY: top + y, bubbles: true }));
        if (new RegExp(`(unit|input) ${unit}:`).test(words.textContent)) return { x: left + x + 1, y: top + y + 1 };
      }
    }
    return null;
  }, index);
  assert(found, `there is no unit ${index} in ${name}`);
  await visitor.page.mouse.move(found.x, found.y);
  await visitor.until((unit) => new RegExp(`(unit|input) ${unit}:`).test(document.querySelector('[data-testid=cell]').innerText), index);
  return found;
}

test('a unit is clicked, its worth is measured, and it is pinned on, pinned off and unpinned', { timeout: 5 * PATIENCE_MS }, async () => {
  const visitor = await paused(`${SMALL}&steps=100000`, 40);
  const { description } = await visitor.heard('opened');
  const hidden = description.groups.find(({ name }) => name === 'hidden 1');
  const unit = hidden.first_unit + 5;
  const { x, y } = await cell(visitor, 'hidden 1', 5);
  await visitor.page.mouse.click(x, y);
  await visitor.see('pin-menu').waitFor();
  const { cost, refused } = await visitor.heard('cost');
  assert.equal(refused, null);
  assert.deepEqual([cost.unit, Math.abs(cost.on - cost.off - cost.difference) < 1e-9, cost.error > 0, cost.batches >= 4], [unit, true, true, true]);
  await visitor.until(() => /batches of 32 images/.test(document.querySelector('[data-testid=pin-cost]').innerText));
  await visitor.screenshot('pin-menu');

  for (const [button, pins, score] of [
    ['pin-on', `${unit}on`, 1],
    ['pin-off', `${unit}off`, 0],
  ]) {
    await visitor.see(button).click();
    await visitor.until((wanted) => new URLSearchParams(location.search).get('pins') === wanted, pins);
    await visitor.until(([at, wanted]) => window.reports.findLast(({ kind }) => kind === 'snapshot').snapshot.scores[at] === wanted, [unit, score]);
    const { sum_scores, budget } = await last(visitor);
    assert(sum_scores <= budget * (1 + 1e-5), `${sum_scores} of ${budget}`);
    assert.equal(await visitor.see(button).getAttribute('aria-pressed'), 'true');
    await visitor.page.locator('#pinned-key').waitFor();
  }
  // It stays so while the run goes on.
  await visitor.page.keyboard.press('Escape');
  assert.equal(await visitor.see('pin-menu').isVisible(), false);
  const { step } = await last(visitor);
  await visitor.see('train').click();
  await visitor.steps(step + 60);
  for (const each of (await visitor.snapshots()).filter((snapshot) => snapshot.step > step)) {
    assert.deepEqual([each.scores[unit], each.mask[unit] & KEPT], [0, 0], `step ${each.step}`);
  }
  await visitor.see('train').click();
  await visitor.state('paused');

  // With the keyboard: to the same unit, and let go.
  const canvas = visitor.page.locator('#network figure', { hasText: 'hidden 1' }).locator('canvas');
  await visitor.see('step').focus();
  await canvas.focus();
  await visitor.page.keyboard.press('Home');
  for (let key = 0; key < 40 && !/unit 5:/.test(await visitor.see('cell').innerText()); key++) {
    await visitor.page.keyboard.press(key % 8 === 7 ? 'ArrowRight' : 'ArrowDown');
  }
  assert.match(await visitor.see('cell').innerText(), /unit 5: s = 0\.00, off, pinned off/);
  await visitor.page.keyboard.press('Enter');
  await visitor.see('let-go').click();
  await visitor.until(() => !new URLSearchParams(location.search).has('pins'));
  await visitor.until((at) => window.reports.findLast(({ kind }) => kind === 'snapshot').snapshot.scores[at] > 0, unit);
  await visitor.leave();
});

test('pins are in the link, the shared link repeats the run, and the page says why a unit cannot be pinned', { timeout: 5 * PATIENCE_MS }, async () => {
  const link = `${SMALL}&steps=40&pins=2on,33off`;
  const runs = [];
  for (let turn = 0; turn < 2; turn++) {
    const visitor = await visit(link);
    await visitor.heard('opened');
    assert.equal(await visitor.see('pins').inputValue(), '2on,33off');
    await visitor.see('train').click();
    await visitor.state('finished');
    runs.push((await visitor.records()).map(({ loss }) => loss));
    for (const { scores } of (await visitor.snapshots()).slice(1)) assert.deepEqual([scores[2], scores[33]], [1, 0]);
    await visitor.leave();
  }
  assert.deepEqual(runs[1], runs[0]);

  // What the budget does not hold is refused where it was asked for, and nothing changes.
  const visitor = await paused(`dataset=planted&model=mlp-32&batch_size=32&keep_ratio=0.04&schedule=constant&steps=100000&pins=7on`, 5);
  const { x, y } = await cell(visitor, 'hidden 1', 5);
  await visitor.page.mouse.click(x, y);
  await visitor.see('pin-on').click();
  await visitor.until(() => /allows 1 of 32/.test(document.querySelector('[data-testid=pin-words]').innerText));
  assert.equal(new URLSearchParams(visitor.query()).get('pins'), '7on');
  await visitor.page.keyboard.press('Escape');
  // A method without scores lets them go, and says that it has none.
  await visitor.set('method', 'static');
  await visitor.until(() => !new URLSearchParams(location.search).has('pins'));
  await visitor.page.mouse.click(x, y);
  await visitor.until(() => /no scores/.test(document.querySelector('[data-testid=pin-words]').innerText));
  assert.equal(await visitor.see('pin-on').isDisabled(), true);
  await visitor.leave();
});
