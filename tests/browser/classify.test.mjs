// *Try it*: an image that is drawn or picked is classified, and each unit says what it contributes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessibleInEveryWindow } from './every-window.mjs';
import { PATIENCE_MS, asking, site } from './harness.mjs';

const limit = { timeout: 5 * PATIENCE_MS };
const DIGITS = 'gate_inputs=true&model=mlp-32&keep_ratio=0.15&batch_size=64&anneal_fraction=0.05&steps=3000';
const { visit } = site();

/** Draws lines on the surface, in coordinates from 0 to 1. */
async function draw(visitor, ...strokes) {
  const { x, y, width, height } = await visitor.see('try-surface').boundingBox();
  const { mouse } = visitor.page;
  for (const [first, ...rest] of strokes) {
    await mouse.move(x + first[0] * width, y + first[1] * height);
    await mouse.down();
    for (const [across, down] of rest) await mouse.move(x + across * width, y + down * height, { steps: 8 });
    await mouse.up();
  }
}

const SEVEN = [
  [0.28, 0.24],
  [0.72, 0.24],
  [0.42, 0.82],
];

const ONE = [
  [0.5, 0.15],
  [0.5, 0.85],
];

/** Waits until all contributions are known. Returns that report. */
async function explained(visitor, ticket) {
  await visitor.until(
    (wanted) =>
      window.reports.some(
        ({ kind, found, ticket }) => kind === 'classified' && ticket >= wanted && found.contributions && !found.contributions.values.some(Number.isNaN),
      ),
    ticket,
  );
  return (await visitor.reports('classified')).findLast(
    ({ found, ticket: of }) => of >= ticket && found.contributions && found.contributions.values.every((value) => typeof value === 'number'),
  );
}

const ticketNow = (visitor) => visitor.page.evaluate(() => window.reports.findLast(({ kind }) => kind === 'classified')?.ticket ?? 0);

test('a drawn digit is prepared like those of MNIST and classified while the run trains, with the contribution of each kept input', limit, async () => {
  const visitor = await visit(DIGITS, { prepare: asking });
  await visitor.pace('eye');
  await visitor.see('train').click();
  await visitor.steps(260);
  await visitor.see('view-try').click();
  await draw(visitor, SEVEN);
  // Unfinished drawings are classified too: the last request has the whole one.
  const { found } = await explained(visitor, await visitor.page.evaluate(() => window.asked.findLast(({ kind }) => kind === 'classify').ticket));
  await visitor.until(() => /the decided mask says/.test(document.querySelector('[data-testid=try-said]').innerText));
  await visitor.screenshot('try-drawn');

  // Probabilities of ten classes, under the decided mask and under 32 others that are not all the same.
  const sum = (values) => values.reduce((total, value) => total + value, 0);
  assert(Math.abs(sum(found.decided) - 1) < 1e-4 && found.decided.length === 10);
  const masks = Array.from({ length: 32 }, (_, mask) => found.sampled.slice(10 * mask, 10 * mask + 10));
  assert.equal(found.sampled.length, 320);
  for (const each of masks) assert(Math.abs(sum(each) - 1) < 1e-4);
  assert(new Set(masks.map((each) => each[7].toFixed(6))).size > 4, 'sampled masks differ');
  assert.equal(found.decided.indexOf(Math.max(...found.decided)), 7, `a seven: ${found.decided}`);
  const { contributions } = found;
  assert.deepEqual([contributions.class, contributions.side, contributions.across, contributions.down], [7, 1, 28, 28]);
  const off = contributions.values.filter((value) => value === 0).length;
  // How much a kept input adds depends on how sure the network is by now: of a network that is sure no single input takes much away.
  assert(off > 500 && contributions.values.some((value) => value > 0), `${off} of 784 inputs are off`);

  // The network trains on, and the drawing is classified again.
  const { step } = found;
  await visitor.until((before) => window.reports.some(({ kind, found }) => kind === 'classified' && found.step > before), step);
  // Its column of classes shows the probabilities too.
  await visitor.see('view-network').click();
  const column = visitor.page.locator('.network canvas').last();
  const colours = () =>
    column.evaluate((canvas) => {
      const cell = canvas.height / 10;
      const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
      copy.drawImage(canvas, 0, 0);
      return Array.from({ length: 10 }, (_, at) => [...copy.getImageData(2, Math.round((at + 0.4) * cell), 1, 1).data].join());
    });
  const shown = await colours();
  assert.equal(shown.filter((each) => each === shown[7]).length, 1, `one class stands out: ${shown}`);

  await visitor.see('view-try').click();
  await visitor.see('try-clear').click();
  assert.match(await visitor.see('try-said').innerText(), /Draw a digit/);
  await visitor.see('view-network').click();
  assert.equal(new Set(await colours()).size, 1, 'without an image the classes stand still');
  await visitor.leave();
});

test('test images are picked by keyboard; a new one ends the classification of the last; pausing changes nothing', limit, async () => {
  const visitor = await visit(DIGITS);
  await visitor.see('train').click();
  await visitor.steps(120);
  await visitor.see('train').click();
  await visitor.state('paused');
  await visitor.see('view-try').click();
  await visitor.see('try-number').focus();
  await visitor.page.keyboard.press('ControlOrMeta+a');
  await visitor.page.keyboard.type('18');
  await visitor.page.keyboard.press('Enter');
  const { inputs, label } = await visitor.heard('example');
  assert.equal(inputs.length, 784);
  assert.equal(label, 3, 'the nineteenth test image of MNIST');
  await explained(visitor, await ticketNow(visitor));
  assert.match(await visitor.see('try-said').innerText(), /At step [\d,]+ the decided mask says \d, [\d.]+\s%, (rightly|but it is 3)/);
  assert.match(await visitor.see('try-note').innerText(), /exact and uses no gradient/);
  await visitor.see('try-after').click();
  await visitor.until(() => window.reports.findLast(({ kind }) => kind === 'example').index === 19);
  const before = await ticketNow(visitor);
  await draw(visitor, ONE);
  const { found } = await explained(visitor, before + 1);
  assert.equal(found.decided.length, 10);
  assert.equal(await visitor.page.evaluate(() => document.body.dataset.state), 'paused', 'looking is no training');
  // Names of rows and figures are there for a screen reader.
  const rows = await visitor.see('try-bars').getByRole('row').allInnerTexts();
  assert.equal(rows.length, 10);
  for (const [digit, words] of rows.entries()) assert.match(words.replaceAll(/\s+/g, ' '), new RegExp(`^${digit} [\\d.]+ %$`));
  await accessibleInEveryWindow(visitor, 'try', 'an image at hand');
  await visitor.leave();
});

test('a convolutional network shows the contributions of squares; data without images have no contributions', limit, async () => {
  const visitor = await visit('dataset=cifar10&model=cnn-8-8&batch_size=8&steps=20');
  await visitor.see('train').click();
  await visitor.steps(2);
  await visitor.see('train').click();
  await visitor.see('view-try').click();
  const { inputs } = await visitor.heard('example');
  assert.equal(inputs.length, 3072);
  const { found } = await explained(visitor, 1);
  const { side, across, down, values } = found.contributions;
  assert(side >= 1 && across === Math.ceil(32 / side) && values.length === across * down);
  assert.match(await visitor.see('try-bars').innerText(), /airplane[\s\S]*truck/);
  await visitor.screenshot('try-cifar10');
  await visitor.set('dataset', 'planted');
  await visitor.see('restart').click();
  await visitor.until(() => window.reports.findLast(({ kind }) => kind === 'opened')?.description.dataset.name === 'planted');
  await visitor.until(() => /are no images/.test(document.querySelector('[data-testid=try-said]').innerText));
  await visitor.leave();
});
