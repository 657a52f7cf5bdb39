// The budget is changed during a run: by the control of the keep ratio, and by dragging the goal on the bar.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PATIENCE_MS, last, site } from './harness.mjs';

/** Small enough for a software adapter: a step takes milliseconds. */
const SMALL = 'dataset=planted&model=mlp-32&gate_inputs=true&batch_size=32&keep_ratio=0.25';

const { visit, paused } = site();
const limit = { timeout: 3 * PATIENCE_MS };

test('the goal of the budget is dragged during a run: control, link and engine follow', limit, async () => {
  const visitor = await paused(`${SMALL}&schedule=constant&steps=100000`, 20);
  const goal = visitor.see('goal');
  assert.equal(await goal.getAttribute('role'), 'slider');
  assert.equal(await goal.getAttribute('aria-valuenow'), '25');
  await visitor.see('train').click();
  const before = (await last(visitor)).budget;
  const track = await visitor.page.locator('.meter .track').boundingBox();
  const at = await goal.boundingBox();
  await visitor.page.mouse.move(at.x + at.width / 2, at.y + at.height / 2);
  await visitor.page.mouse.down();
  await visitor.page.mouse.move(track.x + track.width * 0.4, track.y, { steps: 4 });
  await visitor.page.mouse.move(track.x + track.width * 0.5, track.y, { steps: 4 });
  await visitor.page.mouse.up();
  await visitor.until((was) => window.reports.findLast(({ kind }) => kind === 'snapshot').snapshot.budget > 1.9 * was, before);
  const units = (await visitor.heard('opened')).description.units;
  await visitor.until(() => Math.abs(Number(document.querySelector('[data-testid=keep_ratio]').value) - 0.5) < 0.02);
  const keep_ratio = Number(await visitor.see('keep_ratio').inputValue());
  await visitor.until((wanted) => new URLSearchParams(location.search).get('keep_ratio') === String(wanted), keep_ratio);
  await visitor.until((budget) => Math.abs(window.reports.findLast(({ kind }) => kind === 'snapshot').snapshot.budget - budget) < 0.01, keep_ratio * units);
  assert.equal(await visitor.see('restart').getAttribute('data-differs'), 'false', 'the run itself follows');

  // With the keyboard, down again, and never beyond the ends.
  await goal.focus();
  await visitor.page.keyboard.press('Home');
  await visitor.until(() => document.querySelector('[data-testid=goal]').ariaValueNow === '1');
  await visitor.page.keyboard.press('PageUp');
  await visitor.page.keyboard.press('ArrowLeft');
  await visitor.until(() => document.querySelector('[data-testid=keep_ratio]').value === '0.1');
  assert.match(await goal.getAttribute('aria-valuetext'), /10.*: \d+ of \d+ units/);
  await visitor.until((budget) => Math.abs(window.reports.findLast(({ kind }) => kind === 'snapshot').snapshot.budget - budget) < 0.01, 0.1 * units);
  await visitor.leave();
});

test('the keep ratio is changed during a run, and the budget follows', limit, async () => {
  const visitor = await visit(`${SMALL}&schedule=constant&steps=100000`);
  await visitor.state('idle');
  await visitor.pace('eye');
  await visitor.see('train').click();
  await visitor.steps(5);
  const before = (await visitor.records()).at(-1).budget;
  await visitor.set('keep_ratio', '0.1');
  await visitor.until((budget) => window.reports.findLast(({ kind }) => kind === 'snapshot').snapshot.budget < 0.6 * budget, before);
  await visitor.leave();
});
