// The page for everybody: no complaint of axe-core in any view and theme, every control by keys alone, colours that stay apart for every
// common form of colour blindness, and no movement where none is wanted.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createServer } from 'vite';
import { SIGHTS, contrast, distance } from './colours.mjs';
import { PATIENCE_MS, site } from './harness.mjs';

const SMALL = 'dataset=planted&model=mlp-32&gate_inputs=true&batch_size=32&keep_ratio=0.25';
const limit = { timeout: 5 * PATIENCE_MS };
const THEMES = ['light', 'dark'];
const VIEWS = ['network', 'runs', 'estimators', 'try', 'check'];
const { visit } = site();

test(`axe-core finds nothing in any view, before, during and after training`, limit, async () => {
  const visitor = await visit(`${SMALL}&steps=100000`);
  const view = async (name) => {
    await visitor.see(`view-${name}`).click();
    await visitor.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 500)));
  };
  await visitor.state('idle');
  await visitor.page.evaluate(() => document.querySelectorAll('details').forEach((details) => (details.open = true)));
  for (const name of VIEWS) {
    await view(name);
    await visitor.accessible(`${name}, before training`);
  }
  await view('network');
  await visitor.pace('eye');
  await visitor.see('train').click();
  await visitor.heard('speed');
  for (const name of ['network', 'runs']) {
    await view(name);
    await visitor.accessible(`${name}, while it trains`);
  }
  await view('network');
  await visitor.see('history').locator('canvas').press('ArrowLeft');
  await visitor.accessible('looking back');
  await view('estimators');
  await visitor.see('lab-pairs').selectOption('256');
  await visitor.see('lab-draw').click();
  await visitor.until(() => window.reports.some(({ kind, report }) => kind === 'lab' && report));
  await visitor.accessible('estimators, while pairs are drawn');
  await visitor.until(() => window.reports.some(({ kind, progress }) => kind === 'lab' && !progress.drawing));
  await visitor.accessible('estimators, with all that was found');
  await visitor.set('batch_size', '0');
  await visitor.heard('refused');
  await visitor.accessible('a value refused');
  await visitor.page.setViewportSize({ width: 390, height: 844 });
  for (const name of VIEWS) {
    await view(name);
    await visitor.accessible(`${name}, on a phone`);
  }
  await visitor.leave();
});

test(`axe-core finds nothing in claims, the tour, the method and lessons`, limit, async () => {
  const visitor = await visit(`${SMALL}#lesson=history.loss.keep_ratio&title=A+title&text=Some+text`);
  await visitor.state('idle');
  await visitor.accessible('a lesson');
  await visitor.see('lesson-all').click();
  for (const [card, opened] of [
    ['claim', 'claim-digits'],
    ['claim', 'claim-reinforce'],
    ['tour', 'tour'],
    ['method', 'method-panel'],
  ]) {
    await visitor.see(opened).click();
    await visitor.see(`card-${card}`).waitFor();
    await visitor.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 300)));
    await visitor.accessible(opened);
  }
  await visitor.see('share').click();
  await visitor.see('share-menu').waitFor();
  await visitor.accessible('the menu under Share');
  await visitor.see('make-lesson').click();
  await visitor.see('card-compose').waitFor();
  await visitor.accessible('a lesson being made');
  await visitor.page.setViewportSize({ width: 390, height: 844 });
  for (const opened of ['tour', 'method-panel', 'claim-slow-rate']) {
    await visitor.see(opened).click();
    await visitor.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 600)));
    await visitor.accessible(`${opened}, on a phone`);
  }
  await visitor.leave();
});

test(`axe-core finds nothing in a step by phases, a unit's pins, the downloads and a recorded run`, limit, async () => {
  const visitor = await visit(`${SMALL}&steps=100000`);
  const { keyboard } = visitor.page;
  const everywhere = async (where) => {
    for (const [width, height] of [
      [1440, 900],
      [390, 844],
    ]) {
      await visitor.page.setViewportSize({ width, height });
      await visitor.accessible(`${where}, ${width} wide`);
    }
    await visitor.page.setViewportSize({ width: 1440, height: 900 });
  };
  await visitor.state('idle');
  for (const stage of ['sample', 'losses', 'gradient', 'project', 'backward', 'weights']) {
    await visitor.see('phase').click();
    await visitor.until((wanted) => document.body.dataset.partialStep === wanted, stage);
    await everywhere(`the phase ${stage}`);
  }
  await visitor.page.locator('#network canvas').first().focus();
  await keyboard.press('Home');
  await keyboard.press('Enter');
  await visitor.heard('cost');
  await everywhere('the menu of a unit');
  await visitor.see('pin-on').click();
  await visitor.until(() => new URLSearchParams(location.search).get('pins') !== null);
  await everywhere('a unit pinned');
  await keyboard.press('Escape');
  await visitor.see('take-away').click();
  await everywhere('the menu under Take away');
  await keyboard.press('Escape');
  await visitor.see('open-file').setInputFiles(await visitor.take('take-masks'));
  await visitor.state('replay');
  await everywhere('a recorded run');
  await visitor.see('open-file').setInputFiles({ name: 'no-run.safetensors', mimeType: 'application/octet-stream', buffer: Buffer.from('{}') });
  await visitor.until(() => /not a safetensors file/.test(document.querySelector('[data-testid=strip]')?.innerText));
  await everywhere('a file that is no run');
  await visitor.leave();
});

test(`axe-core finds nothing in the notices of failures`, limit, async () => {
  const link = await visit('keep_ratio=7');
  await link.see('notice').waitFor();
  await link.state('idle');
  await link.accessible('a link that cannot be read');
  await link.leave();
  const large = await visit('dataset=cifar10&model=wrn-28-10&batch_size=4096');
  await large.state('error', 'unopened');
  await large.accessible('a network too large');
  await large.leave();
  const residual = await visit('dataset=cifar10&model=resnet20&batch_size=1');
  await residual.heard('opened');
  await residual.accessible('a residual network');
  await residual.leave();
  const missing = await visit('dataset=mnist&model=mlp-32', { without: /\/data\/mnist\// });
  await missing.see('notice').waitFor();
  await missing.accessible('the engine stopped');
  await missing.leave([/404/]);
});

test('axe-core finds nothing in a browser without WebGPU', limit, async () => {
  const visitor = await visit(SMALL);
  await visitor.state('idle');
  // What computes, and how to come by WebGPU.
  await visitor.see('adapter').click();
  await visitor.see('card-computes').waitFor();
  await visitor.accessible('what computes');
  await visitor.leave();
});

test('a screen reader hears every change of state and every refusal, and finds names for all parts', limit, async () => {
  const visitor = await visit(`${SMALL}&steps=60`);
  await visitor.state('idle');
  const heard = (words) => visitor.until((pattern) => new RegExp(pattern).test(document.querySelector('[role=status][aria-live=polite]').textContent), words);
  await heard('Press Train');
  await visitor.set('batch_size', '0');
  await heard('batch_size must be');
  await visitor.see('batch_size').fill('32');
  await visitor.see('batch_size').press('Enter');
  await visitor.see('train').click();
  await heard('^Done\\. .* units');
  const tree = await visitor.page.locator('body').ariaSnapshot();
  for (const part of [
    /region "Run":/,
    /region "The network"/,
    /region "History of the masks"/,
    /region "Readings"/,
    /complementary "Settings"/,
    /main/,
    /application "inputs: \d+ of 256 units kept"/,
    /slider "Look back through the run"/,
    /img "Loss along steps: from [\d.]+ to [\d.]+, up to step 60"/,
    /img "Test accuracy along steps: from .*\s%/,
    /group "Expected number of kept units against the budget"/,
    /contentinfo "The six phases of a step"/,
  ])
    assert.match(tree, part);
  const settings = await visitor.page.locator('#settings').ariaSnapshot();
  for (const part of [/group "Data"/, /slider "Keep ratio"/, /switch "Gate inputs"/, /textbox "Batch size": "32"/]) assert.match(settings, part);
  await visitor.leave();
});

test('a screen reader hears changes, not every drawing; with a fixed mask nothing is called sampled', limit, async () => {
  // The rate is so low that no unit is decided meanwhile, which would be said.
  const visitor = await visit(`${SMALL.replace('0.25', '0.9')}&schedule=constant&scores_rate=0.0001&steps=100000`);
  await visitor.see('train').click();
  await visitor.steps(10);
  await visitor.page.evaluate(() => {
    window.said = { shown: 0, heard: 0 };
    const cell = document.querySelector('[data-testid=cell]');
    new MutationObserver(() => (window.said.shown += 1)).observe(cell, { childList: true, characterData: true, subtree: true });
    new MutationObserver(() => (window.said.heard += 1)).observe(cell.nextElementSibling, { childList: true, characterData: true, subtree: true });
  });
  await visitor.page.locator('.network canvas').first().focus();
  await visitor.page.keyboard.press('ArrowRight');
  await visitor.until(() => window.said.shown > 20);
  const { heard } = await visitor.page.evaluate(() => window.said);
  // The unit of the focus, and the one to its right.
  assert(heard >= 1 && heard <= 2, `of more than 20 drawings ${heard} were said`);
  assert.equal(await visitor.page.evaluate(() => document.querySelector('[data-testid=cell]').ariaLive), 'off');

  await visitor.set('method', 'static');
  await visitor.set('steps', '30');
  await visitor.see('restart').click();
  await visitor.state('finished');
  await visitor.until(() => /%/.test(document.querySelector('[data-testid=accuracy]').innerText));
  assert.doesNotMatch(await visitor.see('accuracy').innerText(), /sampled/);
  assert.match(await visitor.see('accuracy').getAttribute('title'), /under its mask/);
  // A run this short may be tested before a question reaches the page, so the page keeps what it showed.
  await visitor.page.evaluate(() => {
    const accuracy = document.querySelector('[data-testid=accuracy]');
    window.untested = [];
    const look = () => accuracy.textContent === '–' && window.untested.push(accuracy.title);
    new MutationObserver(look).observe(accuracy, { attributes: true, childList: true, characterData: true, subtree: true });
  });
  await visitor.set('seed', '3');
  await visitor.see('restart').click();
  await visitor.until(() => window.untested.length > 0);
  const untested = await visitor.page.evaluate(() => window.untested);
  assert(
    untested.every((title) => title === ''),
    `titles without an accuracy: ${untested}`,
  );
  await visitor.leave();
});

test('in a narrow window no view is wider than the window, and the page says what computes', limit, async () => {
  const visitor = await visit(SMALL);
  await visitor.state('idle');
  for (const width of [320, 360, 390]) {
    await visitor.page.setViewportSize({ width, height: 700 });
    for (const view of ['network', 'runs', 'estimators', 'try', 'check', 'lessons']) {
      await visitor.see(`view-${view}`).click();
      await visitor.page.locator(`#${view} *`).first().waitFor();
      await visitor.frames();
      assert.equal(await visitor.page.evaluate(() => document.documentElement.scrollWidth), width, `${view} at ${width} px`);
    }
  }
  await visitor.see('adapter').click();
  assert.match(await visitor.see('card-computes').innerText(), /CPU/);
  await visitor.leave();
});

test('kept, off and disagreeing cells, and the curves of eight runs, differ for every common form of colour blindness', limit, async () => {
  // The page's own arithmetic of colours on the colours that the browser resolved.
  const vite = await createServer({
    configFile: false,
    root: new URL('../..', import.meta.url).pathname,
    server: { middlewareMode: true, ws: false },
    appType: 'custom',
    logLevel: 'error',
  });
  const { mixed, shade } = await vite.ssrLoadModule('/www/ui/palette.ts');
  await vite.close();
  for (const colorScheme of THEMES) {
    const visitor = await visit(SMALL, { colorScheme });
    const names = ['paper', 'card', 'ink', 'soft', 'kept', 'probe', 'off', ...Array.from({ length: 8 }, (_, slot) => `run-${slot + 1}`)];
    const colours = await visitor.page.evaluate((wanted) => {
      const sample = document.body.appendChild(document.createElement('i'));
      const read = (name) => (
        (sample.style.color = `var(--${name})`),
        getComputedStyle(sample)
          .color.match(/[\d.]+/g)
          .slice(0, 3)
          .map(Number)
      );
      return Object.fromEntries(wanted.map((name) => [name, read(name)]));
    }, names);
    const { paper, card, ink, soft, kept, probe, off } = colours;
    for (const ground of [paper, card]) {
      for (const [name, colour] of Object.entries({ ink, soft, kept, probe })) {
        assert(contrast(colour, ground) >= 4.5, `${colorScheme}: ${name} can be read, ${contrast(colour, ground).toFixed(2)}`);
      }
    }
    // The palest cell that is kept, and the darkest one that is not.
    const [by_luck, nearly] = [mixed(off, kept, 0.78), shade(colours, 0.99)];
    for (const sight of SIGHTS) {
      const say = (what, value) => `${colorScheme}, ${sight}: ${what} ${value.toFixed(1)}`;
      for (const [what, a, b, apart, ratio] of [
        ['kept and off', kept, off, 35, 3],
        ['disagreeing and off', probe, off, 35, 3],
        ['disagreeing and kept', probe, kept, 14, 1],
        ['disagreeing and kept by luck', probe, by_luck, 14, 1],
        ['disagreeing and undecided', probe, shade(colours, 0.5), 25, 2.5],
        ['kept by luck and likely but off', by_luck, nearly, 8, 1.4],
      ]) {
        assert(distance(a, b, sight) >= apart, say(`${what} are apart by`, distance(a, b, sight)));
        assert(contrast(a, b, sight) >= ratio, say(`${what} have a contrast of`, contrast(a, b, sight)));
      }
      const runs = names.filter((name) => name.startsWith('run-')).map((name) => colours[name]);
      for (const [index, run] of runs.entries()) {
        assert(contrast(run, paper) >= 3, say(`run ${index + 1} has a contrast of`, contrast(run, paper)));
        for (const [before, other] of runs.slice(0, index).entries()) {
          // The second four are dashed too.
          const least = before < 4 === index < 4 ? 14 : 9;
          assert(distance(run, other, sight) >= least, say(`runs ${before + 1} and ${index + 1} are apart by`, distance(run, other, sight)));
        }
      }
    }
    await visitor.leave();
  }
});

test('with reduced motion nothing moves by itself', limit, async () => {
  const visitor = await visit(`${SMALL}&steps=100000`, { reducedMotion: 'reduce' });
  await visitor.state('idle');
  await visitor.see('train').click();
  await visitor.heard('speed');
  const moving = await visitor.page.evaluate(() => document.getAnimations().length);
  assert.equal(moving, 0, 'no animation and no transition runs');
  await visitor.see('train').click();
  await visitor.state('paused');
  await visitor.see('step').click();
  // The eye is not partial through the phases of a step.
  const partial = await visitor.page.evaluate(async () => {
    for (let wait = 0; wait < 20; wait++) {
      if (document.querySelector('.phases .now')) return true;
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    return false;
  });
  assert.equal(partial, false);
  await visitor.leave();
});
