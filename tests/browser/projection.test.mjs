// The chart of the projection: every score moves by v and is clamped to [0, 1].

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawn, near, palette, pixels } from './canvas.mjs';
import { PATIENCE_MS, press, site, stepTo } from './harness.mjs';

/** Small enough for a software adapter: a step takes milliseconds. */
const SMALL = 'dataset=planted&model=mlp-32&gate_inputs=true&batch_size=32&keep_ratio=0.25';

const { visit } = site();
const limit = { timeout: 3 * PATIENCE_MS };
test('the projection is animated, and not with reduced motion', limit, async () => {
  for (const reducedMotion of ['no-preference', 'reduce']) {
    const visitor = await visit(`${SMALL}&steps=1000&schedule=constant&learning_rate=0.1&seed=4`, { reducedMotion });
    await stepTo(visitor, 30);
    // Every picture of a projection, as the eye sees them.
    await visitor.page.evaluate(() => {
      window.pictures = new Set();
      const look = () => {
        if (document.body.dataset.partialStep === 'project') window.pictures.add(document.querySelector('#step-through canvas').toDataURL());
        requestAnimationFrame(look);
      };
      look();
    });
    // To a step whose optimiser goes beyond the budget, so that there is something to slide.
    const slide = async () => {
      let threshold = 0;
      for (let turn = 0; turn < 12 && threshold === 0; turn++) {
        while ((await press(visitor)).stage !== 'gradient');
        await visitor.page.evaluate(() => window.pictures.clear());
        threshold = (await press(visitor)).snapshot.threshold;
      }
      assert(threshold > 0, 'there is something to slide');
    };
    await slide();
    const caption = visitor.page.locator('#step-through figcaption');
    if (reducedMotion === 'reduce') {
      assert.match(await caption.innerText(), /Before the projection, left, and after it, right/);
      // The words may have taken a line more, and the picture a line less.
      await new Promise((resolve) => setTimeout(resolve, 500));
      await visitor.page.evaluate(() => window.pictures.clear());
      await new Promise((resolve) => setTimeout(resolve, 900));
      assert.equal(await visitor.page.evaluate(() => window.pictures.size), 1, 'nothing moves');
      await visitor.screenshot('projection-still');
    } else {
      assert.match(await caption.innerText(), /the outline is before the shift by v/);
      // Within a second and a half: of a device too busy to draw four pictures in it, another step's.
      const seen = () =>
        visitor.page
          .waitForFunction(() => window.pictures.size > 3, undefined, { timeout: 3000 })
          .then(
            () => true,
            () => false,
          );
      let moves = await seen();
      for (let more = 0; more < 3 && !moves; more++) {
        await slide();
        moves = await seen();
      }
      assert(moves, 'the scores slide');
      await visitor.screenshot('projection-slides');
    }
    await visitor.leave();
  }
});

/** How high each bar of a histogram stands, in pixels: bins of that width, so many of them below 0, so many above. */
function heights(scores, before, bottom, [wide, below, above]) {
  const binned = (of) => {
    const bins = new Array(below + above).fill(0);
    for (const score of of) {
      const at = below + Math.floor((score === 1 ? 1 - wide / 2 : score) / wide);
      if (at >= 0 && at < bins.length) bins[at] += 1;
    }
    return bins;
  };
  const [now, then] = [binned(scores), binned(before)];
  const most = Math.sqrt(Math.max(1, ...now, ...then));
  return now.map((number) => (Math.sqrt(number) / most) * (bottom - 4));
}

test('in the projection every score moves by v and is then clamped to 0 to 1', limit, async () => {
  const visitor = await visit(`${SMALL}&steps=1000&schedule=constant&learning_rate=0.1&seed=4`, {
    // The clock of the pictures can be stopped.
    prepare: (context) =>
      context.addInitScript(() => {
        const now = performance.now.bind(performance);
        window.clock = null;
        performance.now = () => window.clock ?? now();
      }),
  });
  await stepTo(visitor, 30);
  const { kept } = await palette(visitor);
  // To a step that slides scores beyond the ends.
  let partial;
  const beyond = () => partial?.snapshot.threshold > 0 && partial.stepped.some((score) => score < partial.snapshot.threshold);
  for (let turn = 0; turn < 12 && !beyond(); turn++) {
    for (let phase = 0; phase < (turn === 0 ? 3 : 5); phase++) await press(visitor);
    await visitor.page.evaluate(() => (window.clock = performance.now()));
    partial = await press(visitor);
    if (!beyond()) await visitor.page.evaluate(() => (window.clock = null));
  }
  assert(beyond(), 'a step that goes beyond the budget');
  const {
    stepped,
    snapshot: { scores, threshold },
  } = partial;
  const slid = stepped.map((score) => score - threshold);
  const masses = [];
  for (const [ms, shown, what] of [
    [0, stepped, 'before the slide'],
    [900, slid, 'after the slide, before the clamp'],
    [500, scores, 'after the clamp'],
  ]) {
    await visitor.page.evaluate((more) => (window.clock += more), ms);
    await drawn(visitor);
    await visitor.screenshot(`projection-${what.replaceAll(/\W+/g, '-')}`);
    const { width, height, at } = await pixels(visitor.page.locator('#step-through canvas'));
    const bottom = height - 20;
    const left = Math.round(0.64 * width);
    // The whole range with 3 bins beyond either end, and beside it the end at 0, ten times as far as it slides.
    const whole = { from: 0, to: left - 22, bins: [0.02, 3, 53] };
    const end = { from: left, to: width, bins: [Math.max(10 * threshold, 0.01) / 34, 17, 34] };
    for (const { from, to, bins } of [whole, end]) {
      const expected = heights(shown, stepped, bottom, bins);
      const wide = (to - from) / expected.length;
      const bars = expected.map((_, bin) => {
        const x = Math.floor(from + bin * wide + (wide - 1) / 2);
        return Array.from({ length: bottom }, (__, y) => near(at(x, y), kept, 40)).filter(Boolean).length;
      });
      // The outline of what was, and v's arrow, are drawn over the bars.
      for (const [bin, high] of expected.entries())
        assert(Math.abs(bars[bin] - high) <= 4, `${what}, bin ${bin} of ${expected.length}: ${bars[bin]} pixels high, not ${high}`);
      if (bins === whole.bins) masses.push([...bars.slice(0, 3), ...bars.slice(-3)].reduce((sum, high) => sum + high, 0));
    }
  }
  assert(masses[1] > 0 && masses[2] === 0, `beyond 0 and 1, in pixels: ${masses}`);
  await visitor.leave();
});
