// Memory levels off, however long a run is: in the page, its worker and the engine.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PATIENCE_MS, Visitor, launch, serve } from './harness.mjs';

/**
 * The steps at which memory is measured. History and curves are halved when they are full, each time after twice as many steps. At twice the steps
 * they are equally full, so memory must not grow then.
 */
const LOOKS = [1250, 2500, 5000, 10_000, 20_000];

/** The largest difference by chance, in bytes: 24 a step over 5,000 steps, 12 a step over 10,000. */
const CHANCE = 120_000;

/** Runs before the worker's own code: remembers the engine's memory, which the browser does not count. */
function holdMemory() {
  for (const name of ['instantiate', 'instantiateStreaming']) {
    const plain = WebAssembly[name];
    WebAssembly[name] = async (...args) => {
      const made = await plain.apply(WebAssembly, args);
      self.engine_memory = (made.instance ?? made).exports.memory;
      return made;
    };
  }
}

test('over 20,000 steps with the history on, the memory of page and worker levels off', { timeout: 10 * PATIENCE_MS }, async () => {
  // Only an isolated page may measure its memory.
  const [server, browser] = [await serve({ isolated: true }), await launch({ features: ['ForceEagerMeasureMemory'], measured: true })];
  try {
    const visitor = await Visitor.open(browser, server, 'dataset=planted&model=mlp-8&gate_inputs=true&batch_size=4&keep_ratio=0.25&steps=40000', {
      offline: true,
      overheard: false,
      prepare: (context) =>
        context.route(/\/worker-[^/]*\.js$/, async (route) => {
          const response = await route.fetch();
          await route.fulfill({ response, body: `(${holdMemory})();${await response.text()}` });
        }),
    });
    assert(await visitor.page.evaluate(() => crossOriginIsolated));
    await visitor.page.waitForFunction(() => document.body.dataset.state === 'idle');
    await visitor.see('train').click();
    const found = [];
    for (const step of LOOKS) {
      // Paused within the page, in the frame that sees the step: during a round trip to the test the CPU would do hundreds of steps.
      await visitor.page.waitForFunction(
        (least) => {
          if (Number(document.body.dataset.step) < least) return false;
          document.querySelector('[data-testid=train]').click();
          return true;
        },
        step,
        { timeout: 5 * PATIENCE_MS },
      );
      await visitor.page.waitForFunction(() => document.body.dataset.state === 'paused');
      // Garbage is not counted.
      const held = { page: Infinity, worker: Infinity };
      for (let look = 0; look < 3; look++) {
        for (const thread of [visitor.page, visitor.page.workers()[0]]) await thread.evaluate(() => self.gc());
        const { breakdown } = await visitor.page.evaluate(() => performance.measureUserAgentSpecificMemory());
        // Memory that both share is attributed to the page or to neither: all that is not the worker's counts as the page's.
        const sum = (is) =>
          breakdown
            .filter(({ attribution }) => attribution.some(({ scope }) => scope === 'DedicatedWorkerGlobalScope') === is)
            .reduce((total, { bytes }) => total + bytes, 0);
        // The least of three measurements: some memory is freed late.
        held.page = Math.min(held.page, sum(false));
        held.worker = Math.min(held.worker, sum(true));
      }
      const engine = await visitor.page.workers()[0].evaluate(() => self.engine_memory.buffer.byteLength);
      found.push({ step, ...held, engine });
      await visitor.see('train').click();
    }
    console.log(
      found
        .map(
          ({ step, ...bytes }) =>
            `step ${step}: ${Object.entries(bytes)
              .map(([where, each]) => `${where} ${(each / 1e6).toFixed(2)}`)
              .join(', ')} MB`,
        )
        .join('; '),
    );
    const columns = await visitor.see('history').getAttribute('data-columns');
    assert(Number(columns) > 100, `the history was on: ${columns} columns`);
    const [first, second, third, fourth, last] = found;
    for (const where of ['page', 'worker', 'engine']) {
      assert(first[where] > 100_000, `${where}: something was measured`);
      // A browser sometimes drops compiled code for one look, which makes that look low, or compiles more, which makes all later ones higher. What
      // leaks makes memory grow both times.
      const growth = [fourth[where] - Math.max(second[where], third[where]), last[where] - Math.max(third[where], fourth[where])];
      assert(Math.min(...growth) < CHANCE, `${where}: ${JSON.stringify(found)}`);
    }
    await visitor.leave();
  } finally {
    await browser.close();
    await server.close();
  }
});
