// Convolutional networks: chosen without knowing a name, with their memory shown before they are opened, and trained.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KEPT, PATIENCE_MS, site } from './harness.mjs';

const SMALL = 'model=mlp-32&gate_inputs=true&batch_size=128&keep_ratio=0.25';
const limit = { timeout: 4 * PATIENCE_MS };

const { visit } = site();
const values = (visitor) => Object.fromEntries(new URLSearchParams(visitor.query()));
/** Waits until the address has all of these. */
const inAddress = (visitor, wanted) =>
  visitor.until((all) => Object.entries(all).every(([name, value]) => new URLSearchParams(location.search).get(name) === value), wanted);

test('the first filters change during training, and a paused run shows its current ones', limit, async () => {
  const visitor = await visit('dataset=mnist&model=cnn-4-4&batch_size=4&keep_ratio=0.5&steps=100000');
  const shown = async () => (await visitor.reports('filters')).map(({ weights }) => weights);
  await visitor.heard('filters');
  const [first] = await shown();
  assert.equal(first.length, 4 * 1 * 3 * 3);
  await visitor.see('train').click();
  await visitor.steps(20);
  await visitor.see('train').click();
  await visitor.state('paused');
  const now = (await shown()).at(-1);
  assert.notDeepEqual(now, first);
  await visitor.leave();
});

test('filters that are off are faded, and kept ones are not', limit, async () => {
  const visitor = await visit('dataset=mnist&model=cnn-8-4&batch_size=4&keep_ratio=0.5&schedule=constant&steps=100000');
  const { description } = await visitor.heard('opened');
  await visitor.see('train').click();
  await visitor.steps(12);
  await visitor.see('train').click();
  await visitor.state('paused');
  // The weights of the last step, which come after it.
  const stepped = (from) =>
    visitor.until((before) => {
      const last = (kind, is = () => true) => window.reports.findLastIndex((each) => each.kind === kind && is(each));
      const step = last('snapshot', ({ snapshot }) => snapshot.records.length > 0 && snapshot.step > before);
      return step >= 0 && last('filters') > step;
    }, from);
  await stepped(0);
  const {
    filters: { count, side, group },
  } = description;
  const first = description.groups[group].first_unit;
  const now = async () => (await visitor.snapshots()).at(-1);
  const keptBy = ({ mask }) => Array.from({ length: count }, (_, filter) => (mask[first + filter] & KEPT) !== 0);
  // By chance a mask may keep all eight.
  for (let turn = 0; turn < 20 && new Set(keptBy(await now())).size < 2; turn++) {
    const { step } = await now();
    await visitor.see('step').click();
    await stepped(step);
  }
  await visitor.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 300)));
  const { weights } = (await visitor.reports('filters')).at(-1);
  const kept = keptBy(await now());
  assert(kept.includes(true) && kept.includes(false), `of ${kept} some are off`);

  for (const scheme of ['light', 'dark']) {
    await visitor.page.emulateMedia({ colorScheme: scheme });
    await visitor.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 300)));
    // The colour of each weight as it is drawn; between filters nothing is.
    const { drawn, paper } = await visitor.see('filters').evaluate(
      (canvas, [many, taps]) => {
        const { width, height } = canvas;
        const copy = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
        copy.drawImage(canvas, 0, 0);
        const { data } = copy.getImageData(0, 0, width, height);
        const runs = (length, opaque) => {
          const found = [];
          for (let at = 0; at < length; at++) {
            if (!opaque(at)) continue;
            if (found.at(-1)?.end === at) found.at(-1).end = at + 1;
            else found.push({ from: at, end: at + 1 });
          }
          return found;
        };
        const [across, down] = [runs(width, (x) => data[4 * x + 3] > 0), runs(height, (y) => data[4 * width * y + 3] > 0)];
        const all = Array.from({ length: many }, (_, filter) => {
          const [column, row] = [across[filter % across.length], down[Math.floor(filter / across.length)]];
          return Array.from({ length: taps * taps }, (_, tap) => {
            const x = Math.floor(column.from + (((tap % taps) + 0.5) * (column.end - column.from)) / taps);
            const y = Math.floor(row.from + ((Math.floor(tap / taps) + 0.5) * (row.end - row.from)) / taps);
            return [...data.slice(4 * (x + width * y), 4 * (x + width * y) + 3)];
          });
        });
        return { drawn: all, paper: getComputedStyle(document.documentElement).backgroundColor.match(/\d+/g).map(Number) };
      },
      [count, side],
    );
    const contrast = (colours) => colours.reduce((sum, colour) => sum + colour.reduce((all, value, index) => all + Math.abs(value - paper[index]), 0), 0);
    for (let filter = 0; filter < count; filter++) {
      // MNIST has one colour: from black, the largest weight below 0, over grey to white.
      const own = weights.slice(filter * side * side, (filter + 1) * side * side);
      const most = Math.max(...own.map(Math.abs));
      const solid = own.map((weight) => Array(3).fill(Math.round(127.5 + (127.5 * weight) / most)));
      const share = contrast(drawn[filter]) / contrast(solid);
      if (kept[filter]) assert(share > 0.97 && share < 1.03, `${scheme}: filter ${filter}, kept, has ${share} of its contrast`);
      else assert(share > 0.08 && share < 0.45, `${scheme}: filter ${filter}, off, has ${share} of its contrast`);
    }
  }
  await visitor.leave();
});

test('choosing CIFAR-10 chooses a convolutional network, and changing back restores the old one', limit, async () => {
  const visitor = await visit(`dataset=mnist&${SMALL}`);
  await visitor.heard('opened');
  const before = Number(await visitor.see('memory').getAttribute('data-bytes'));
  await visitor.set('dataset', 'cifar10');
  await inAddress(visitor, { model: 'cnn-32-64-128', batch_size: '64' });
  assert.equal(values(visitor).gate_inputs, undefined, 'inputs are not gated');
  assert.match(await visitor.see('settings').innerText(), /Set along with it: .*batch size 64/);
  assert.equal(await visitor.see('model-preset').inputValue(), 'cnn-32-64-128');
  const taken = Number(await visitor.see('memory').getAttribute('data-bytes'));
  assert(taken > before + 100e6, 'what it takes is said at once');

  await visitor.set('dataset', 'mnist');
  await inAddress(visitor, { model: 'mlp-32', gate_inputs: 'true' });

  // Chosen by its kind, without a name, and on digits too.
  await visitor.see('model-preset').selectOption('resnet20');
  await inAddress(visitor, { model: 'resnet20', batch_size: '64' });
  await visitor.until(() => window.reports.findLast(({ kind }) => kind === 'opened')?.query.includes('resnet20'));
  await visitor.until(() => document.querySelector('[data-testid="kept-3.3-conv-2"]')?.innerText === '128/128');
  assert.equal(await visitor.see('kept-3.3-sum').innerText(), '128');
  await visitor.leave();
});

test('a convolutional network for data that are no images is refused in words', limit, async () => {
  const visitor = await visit('dataset=planted&model=mlp-32');
  await visitor.heard('opened');
  await visitor.set('model', 'cnn-8');
  await visitor.heard('refused');
  await visitor.until(() => /needs images/.test(document.querySelector('[data-testid=settings]').innerText));
  assert.equal(values(visitor).model, 'mlp-32');
  await visitor.leave();
});

test('a sum is shown, and keeps the channels that either branch keeps', limit, async () => {
  const visitor = await visit('dataset=mnist&model=resnet8&batch_size=4&keep_ratio=0.4&schedule=constant');
  const { description } = await visitor.heard('opened');
  await visitor.see('train').click();
  await visitor.steps(2);
  const { kept } = (await visitor.snapshots()).at(-1);
  const sums = description.groups.flatMap(({ union_of }, index) => (union_of ? [{ index, union_of }] : []));
  assert.equal(sums.length, 3);
  for (const { index, union_of } of sums) {
    const [a, b] = union_of.map((parent) => kept[parent]);
    assert(kept[index] >= Math.max(a, b) && kept[index] <= a + b, `${kept[index]} of ${a} and ${b}`);
  }
  const heights = await visitor.page.evaluate(() =>
    [...document.querySelectorAll('.strip canvas + canvas')].map((sum) => [
      sum.getBoundingClientRect().height,
      sum.previousElementSibling.getBoundingClientRect().height,
    ]),
  );
  assert.equal(heights.length, 3);
  assert(
    heights.every(([sum, strip]) => sum <= 0.6 * strip),
    'sums are thin',
  );
  await visitor.leave();
});

test('a network that takes much memory is not opened until the visitor asks for it', limit, async () => {
  const visitor = await visit('dataset=cifar10&model=resnet32&batch_size=256');
  await visitor.state('unopened');
  assert.match(await visitor.see('status').innerText(), /takes 1\.2\sGB of memory\. None is taken yet/);
  assert.equal((await visitor.reports('opened')).length, 0);
  assert(await visitor.see('step').isDisabled());
  // A smaller batch is opened at once.
  await visitor.set('batch_size', '8');
  await visitor.heard('opened');
  await visitor.state('idle');
  await visitor.leave();
});

test('a network too large for the adapter is refused in words, and the page stays usable', limit, async () => {
  const visitor = await visit('dataset=cifar10&model=wrn-28-10&batch_size=4096');
  const alert = visitor.see('notice');
  await alert.waitFor({ state: 'visible' });
  assert.match(await alert.innerText(), /too large for this device[\s\S]*would take \d+ MiB, but this adapter's buffers end at \d+ MiB/);
  await visitor.state('error');
  assert.equal((await visitor.reports('opened')).length, 0);
  await visitor.screenshot('too-large');
  await visitor.set('model', 'cnn-4');
  await visitor.set('batch_size', '16');
  await visitor.until(() => document.body.dataset.state === 'idle', undefined, { failing: true });
  assert.equal(await alert.count(), 0);
  await visitor.leave();
});
