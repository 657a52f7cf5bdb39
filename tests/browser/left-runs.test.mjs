// A run that is replaced is stored, and the visitor can go back to it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PATIENCE_MS, last, losses, pauseAt, site } from './harness.mjs';

const SMALL = 'dataset=planted&model=mlp-16&batch_size=16&steps=2000';
const limit = { timeout: 3 * PATIENCE_MS };
const { visit } = site();

const strip = (visitor) => visitor.until(() => document.querySelector('[data-testid=strip]')?.dataset.kind === 'left');
const said = (visitor) => visitor.see('strip').innerText();

/** The entries of the menu for stored runs, by their names. */
async function listed(visitor) {
  await visitor.see('take-away').click();
  const names = await visitor.see('take-menu').locator('[data-testid^=left-] b').allInnerTexts();
  await visitor.page.keyboard.press('Escape');
  return names;
}

/** Goes back by the button of the strip. Returns the step that the run is then at. */
async function goBack(visitor) {
  const opened = (await visitor.reports('opened')).length;
  await visitor.see('go-back').click();
  await visitor.until((before) => window.reports.filter(({ kind }) => kind === 'opened').length > before, opened);
  await visitor.state('paused');
  return (await last(visitor)).step;
}

test('Restart replaces a run, but does not lose it: it is gone back to, bit for bit, and is there after a reload', limit, async () => {
  const visitor = await visit(SMALL);
  const step = await pauseAt(visitor, 60);
  const { scores } = await last(visitor);
  await visitor.see('restart').click();
  await strip(visitor);
  assert.match(await said(visitor), new RegExp(`Your run of mlp-16 on planted was left at step ${step} of 2,000`));
  await visitor.screenshot('left-run');
  assert.equal(await goBack(visitor), step);
  assert.deepEqual((await last(visitor)).scores, scores);
  await visitor.see('train').click();
  await visitor.steps(step + 20);
  const rest = losses(await visitor.records(), step).slice(0, 20);

  await visitor.page.reload();
  await visitor.state('idle');
  await visitor.until(() => document.querySelector('[data-testid=strip]')?.dataset.kind === 'offer');
  assert.deepEqual(await listed(visitor), [`mlp-16 on planted, step ${step}`], 'the run for a reload is not among them');
  await visitor.see('take-away').click();
  await visitor.screenshot('left-runs');
  await visitor.see('left-0').click();
  await visitor.state('paused');
  await visitor.see('train').click();
  await visitor.steps(step + 20);
  assert.deepEqual(losses(await visitor.records(), step).slice(0, 20), rest);
  await visitor.see('take-away').click();
  await visitor.see('forget-left').click();
  assert.deepEqual(await listed(visitor), []);
  await visitor.leave();
});

test('the tour and an opened file leave the visitor’s own run to go back to, and none of theirs', limit, async () => {
  const visitor = await visit(SMALL);
  const step = await pauseAt(visitor, 60);
  await visitor.see('tour').click();
  await strip(visitor);
  assert.equal(await goBack(visitor), step);
  assert.equal((await listed(visitor)).length, 1, 'the run of the tour is not stored');

  const file = await visitor.take('take-run');
  await visitor.see('step').click();
  await visitor.steps(step + 1);
  await visitor.see('open-file').setInputFiles(file);
  await visitor.state('replay');
  await visitor.see('strip-close').click();
  await visitor.state('idle');
  assert.deepEqual(await listed(visitor), [`mlp-16 on planted, step ${step + 1}`, `mlp-16 on planted, step ${step}`]);
  await visitor.leave();
});

test('a run of a few steps is not stored', limit, async () => {
  const visitor = await visit(SMALL);
  await visitor.state('idle');
  await visitor.see('step').click();
  await visitor.steps(1);
  await visitor.see('restart').click();
  await visitor.heard('left');
  await visitor.state('idle');
  assert.deepEqual(await listed(visitor), []);
  assert(await visitor.see('strip').isHidden());
  await visitor.leave();
});
