// What a careful visitor runs into: an engine, a device or data that are lost at an awkward moment, a recorded run that is asked for what only
// a network can answer, keys and menus where they are least expected.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { runnerImport } from 'vite';
import { root } from '../../scripts/command.mjs';
import { PATIENCE_MS, asking, before_worker, breakEngine, fragile, site } from './harness.mjs';

const SMALL = 'dataset=planted&model=mlp-32&gate_inputs=true&batch_size=32&keep_ratio=0.25';
const limit = { timeout: 3 * PATIENCE_MS };
const failing = { failing: true };
const { visit } = site();

let folder;
before(() => void (folder = mkdtempSync(path.join(tmpdir(), 'lacuna-mended-'))));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A worker that breaks when it is asked to, and keeps its checkpoints to itself when it is asked to: how often it makes one is not the test's. */
const forgetful = before_worker(`{
  let silent = false;
  const post = self.postMessage.bind(self);
  self.postMessage = (message, more) => (silent && message.kind === 'checkpoint' ? undefined : post(message, more));
  new BroadcastChannel('silent').onmessage = () => (silent = true);
  new BroadcastChannel('break').onmessage = () => { throw new Error('broken on purpose'); };
}`);

/** A table of images of 8 × 8 of three classes; tables of other shades have the same shape and other rows. */
function table(name, shade) {
  const pixel = (row, at) => (Math.floor(at / 22) === row % 3 ? 150 : 20) + ((row * shade + at * 17) % 60);
  const rows = Array.from({ length: 240 }, (_, row) => [...Array.from({ length: 64 }, (_, at) => pixel(row, at)), `class ${row % 3}`].join(','));
  const whole = path.join(folder, name);
  writeFileSync(whole, rows.join('\n'));
  return whole;
}

/** Gives files; until they were taken or refused. */
async function give(visitor, ...files) {
  const before = await visitor.page.evaluate(() => {
    document.querySelector('[data-testid=own-said]')?.classList.remove('refusal');
    return window.reports.filter(({ kind }) => kind === 'owned').length;
  });
  await visitor.see('own-files').setInputFiles(files);
  await visitor.until(
    (known) =>
      window.reports.filter(({ kind }) => kind === 'owned').length > known || document.querySelector('[data-testid=own-said]').classList.contains('refusal'),
    before,
    failing,
  );
}

/** Until a run is open on files of that name. */
const opensOn = (visitor, name, from = 0) =>
  visitor.until(
    ([file, since]) =>
      window.reports.slice(since).some(({ kind, description }) => kind === 'opened' && (description.dataset.own?.name ?? description.dataset.name) === file),
    [name, from],
    failing,
  );
const heardSoFar = (visitor) => visitor.page.evaluate(() => window.reports.length);
const strip = (visitor) => visitor.see('strip').innerText();
const state = (visitor, ...wanted) => visitor.until((states) => states.includes(document.body.dataset.state), wanted, failing);

test('a run keeps the data that it learned from, whatever else was given, refused or lost on the way', limit, async () => {
  const [ants, bees, bad] = [table('ants.csv', 31), table('bees.csv', 13), path.join(folder, 'bad.csv')];
  writeFileSync(bad, '1,2,a\n3,four,b');
  const visitor = await visit('dataset=planted&model=mlp-16&batch_size=16&steps=100000', { prepare: fragile });
  await visitor.see('train').click();
  await visitor.heard('checkpoint');
  await visitor.page.locator('label.own').click();
  await give(visitor, ants);
  assert.match(await visitor.see('own-note').innerText(), /Restart begins with these/);
  // The engine that follows has none of it, and the controls ask for it.
  let from = await heardSoFar(visitor);
  await breakEngine(visitor);
  await opensOn(visitor, 'planted', from);
  from = await heardSoFar(visitor);
  await visitor.see('restart').click();
  await opensOn(visitor, 'ants.csv', from);
  await state(visitor, 'training');
  await visitor.until((since) => window.reports.slice(since).some(({ kind }) => kind === 'checkpoint'), from, failing);
  // Others are given, and some that are none: the run goes on with its own.
  await give(visitor, bees);
  await give(visitor, bad);
  from = await heardSoFar(visitor);
  await breakEngine(visitor);
  await opensOn(visitor, 'ants.csv', from);
  await visitor.until((since) => window.reports.slice(since).some(({ kind, own }) => kind === 'owned' && own.name === 'bees.csv'), from, failing);
  assert.equal(await visitor.see('notice').count(), 0);
  await state(visitor, 'training');
  await visitor.see('view-network').click();
  await visitor.see('train').click();
  await state(visitor, 'paused');
  const saved = await visitor.take('take-run');
  from = await heardSoFar(visitor);
  await visitor.see('restart').click();
  await opensOn(visitor, 'bees.csv', from);
  // In this tab the files of the saved run are known: they are read once more.
  await visitor.see('open-file').setInputFiles(saved);
  await state(visitor, 'replay');
  from = await heardSoFar(visitor);
  await visitor.see('go-on').click();
  await opensOn(visitor, 'ants.csv', from);
  await visitor.leave([/broken on purpose/]);

  // Elsewhere they are asked for by name, and others are refused.
  const elsewhere = await visit('dataset=planted&model=mlp-16&batch_size=16&steps=100000');
  await elsewhere.state('idle');
  await elsewhere.page.locator('label.own').click();
  await give(elsewhere, bees);
  await opensOn(elsewhere, 'bees.csv');
  await elsewhere.see('open-file').setInputFiles(saved);
  await state(elsewhere, 'replay');
  await elsewhere.see('go-on').click();
  await state(elsewhere, 'error');
  assert.match(await elsewhere.see('notice').innerText(), /other data than the run learned from, ants\.csv/);
  await elsewhere.see('give').click();
  from = await heardSoFar(elsewhere);
  await give(elsewhere, bees);
  await elsewhere.until((since) => window.reports.slice(since).some(({ kind, failure }) => kind === 'failed' && failure === 'own'), from, failing);
  await give(elsewhere, ants);
  await opensOn(elsewhere, 'ants.csv', from);
  await state(elsewhere, 'training');
  await elsewhere.leave();
});

test('what was changed after the last checkpoint is changed again, at the pace that was chosen', limit, async () => {
  const visitor = await visit(`${SMALL}&schedule=constant&steps=100000`, { prepare: async (context) => (await forgetful(context), asking(context)) });
  await visitor.see('train').click();
  await visitor.heard('checkpoint');
  await visitor.page.evaluate(() => new BroadcastChannel('silent').postMessage(1));
  await visitor.page.locator('label:has([data-testid=pace-eye])').click();
  await visitor.set('keep_ratio', '0.1');
  await visitor.until(() => window.reports.findLast(({ kind }) => kind === 'snapshot').snapshot.budget < 30);
  assert.deepEqual((await visitor.reports('checkpoint')).at(-1).checkpoint.changes, [], 'no checkpoint knows of it');
  const from = await heardSoFar(visitor);
  await breakEngine(visitor);
  await visitor.until(
    (since) =>
      window.reports
        .slice(since)
        .some(({ kind, checkpoint }) => kind === 'checkpoint' && checkpoint.changes.some(([, name, value]) => name === 'keep_ratio' && value === '0.1')),
    from,
    failing,
  );
  // It may have come while a step was under way: the next one has the budget.
  await visitor.until((since) => window.reports.slice(since).findLast(({ kind }) => kind === 'snapshot').snapshot.budget < 30, from, failing);
  assert.equal(await visitor.see('keep_ratio').inputValue(), '0.1');
  const paces = await visitor.page.evaluate(() => {
    const { worker } = window.asked.findLast(({ kind }) => kind === 'open');
    return window.asked.filter((each) => each.worker === worker && each.kind === 'pace').map(({ steps_per_second }) => steps_per_second);
  });
  assert.deepEqual(paces, [30]);
  // Where it stood when nothing moved, it stands again, with the numbers of its last step.
  await visitor.see('train').click();
  await state(visitor, 'paused');
  await visitor.until(
    () =>
      window.reports.findLast(({ kind }) => kind === 'checkpoint').checkpoint.step === window.reports.findLast(({ kind }) => kind === 'snapshot').snapshot.step,
  );
  // The page's words follow a frame later.
  await visitor.until(() => {
    const { snapshot } = window.reports.findLast(({ kind, snapshot }) => kind === 'snapshot' && snapshot.records.length > 0);
    return document.querySelector('[data-testid=loss]').innerText.startsWith(snapshot.records.at(-1).loss.toFixed(3));
  });
  const loss = await visitor.see('loss').innerText();
  await breakEngine(visitor);
  await visitor.until(() => /stands at step/.test(document.querySelector('[data-testid=strip]')?.innerText), undefined, failing);
  await state(visitor, 'paused');
  await visitor.until((words) => document.querySelector('[data-testid=loss]').innerText === words, loss, failing);
  assert.match(await visitor.page.locator('#phases').innerText(), /L = \d/);
  // Of another run nothing of it is told.
  await visitor.see('strip-close').click();
  await visitor.set('seed', '7');
  await visitor.see('restart').click();
  await state(visitor, 'idle', 'training');
  assert(await visitor.see('strip').isHidden(), await strip(visitor));
  await visitor.leave([/broken on purpose/]);
});

test('an engine that could not be loaded is loaded by “Start again”', limit, async () => {
  let refused = true;
  const visitor = await visit(`${SMALL}&steps=40`, {
    prepare: (context) => context.route(/lacuna_cpu_bg-[^/]*\.wasm$/, (route) => (refused ? route.abort() : route.continue())),
  });
  await visitor.see('again').waitFor();
  refused = false;
  await visitor.see('again').click();
  await state(visitor, 'finished');
  assert.equal(await visitor.see('notice').count(), 0);
  // A finished run that is opened again has the numbers of its last step.
  const loss = await visitor.see('loss').innerText();
  const saved = await visitor.take('take-run');
  await visitor.see('open-file').setInputFiles(saved);
  await state(visitor, 'replay');
  assert.equal(await visitor.see('held').innerText(), '–', 'a recorded run takes no memory');
  const from = await heardSoFar(visitor);
  await visitor.see('go-on').click();
  await visitor.until((since) => window.reports.slice(since).some(({ kind, state }) => kind === 'state' && state === 'finished'), from, failing);
  await visitor.until((words) => document.querySelector('[data-testid=loss]').innerText === words, loss, failing);
  await visitor.leave([/wasm|ERR_FAILED|WebAssembly|fetch/i]);
});

test('a recorded run says in words what it cannot answer, and who looks elsewhere stops its playing', limit, async () => {
  const visitor = await visit(`${SMALL}&steps=60`);
  await visitor.see('train').click();
  await visitor.state('finished');
  // Masks and scores are a run without its weights.
  await visitor.page.setInputFiles('[data-testid=open-file]', await visitor.take('take-masks'));
  await visitor.state('replay');
  const { keyboard } = visitor.page;
  assert.equal(await visitor.see('held').innerText(), '–');
  await visitor.see('take-away').click();
  assert.equal(await visitor.see('take-run').count(), 0, 'it has no weights to go on from');
  assert.equal(await visitor.see('take-masks').count(), 1);
  await keyboard.press('Escape');

  const looking = () => document.body.dataset.looking !== undefined;
  await visitor.see('train').click();
  await visitor.until(looking, undefined, failing);
  await keyboard.press('Escape');
  await visitor.until(() => document.querySelector('#train').textContent === 'Play', undefined, failing);
  assert.equal(await visitor.page.evaluate(looking), false, 'it is now, and stays so');
  await visitor.see('train').click();
  await visitor.until(() => Number(document.body.dataset.looking) > 0, undefined, failing);
  await visitor.page.locator('#history canvas').click({ position: { x: 5, y: 5 } });
  await visitor.until(() => document.querySelector('#train').textContent === 'Play', undefined, failing);
  const at = await visitor.page.evaluate(() => document.body.dataset.looking);
  await visitor.page.waitForTimeout(200);
  assert.equal(await visitor.page.evaluate(() => document.body.dataset.looking), at);
  await visitor.see('now').click();

  await visitor.page
    .locator('.network canvas')
    .first()
    .click({ position: { x: 20, y: 20 } });
  await visitor.see('pin-cost').waitFor();
  assert.match(await visitor.see('pin-cost').innerText(), /run is recorded without its weights; close it/);
  assert(await visitor.see('pin-on').isDisabled());
  // Nothing in it can be pressed: it has the focus itself, and keys close it.
  assert.equal(await visitor.page.evaluate(() => document.activeElement.dataset.testid), 'pin-menu');
  await keyboard.press('Escape');
  assert(await visitor.see('pin-menu').isHidden());
  await visitor.see('view-estimators').click();
  await visitor.see('lab-draw').click();
  assert.match(await visitor.see('lab-said').innerText(), /^This run is recorded without its weights; close it/);
  await visitor.see('view-try').click();
  await visitor.until(
    () => /run is recorded without its weights; close it/.test(document.querySelector('[data-testid=try-said]')?.innerText ?? ''),
    undefined,
    failing,
  );
  assert(await visitor.see('try-surface').isHidden(), 'nothing is offered that cannot be');
  await visitor.leave();
});

test('one Escape does one thing, letters that are typed do nothing else, and the focus goes back', limit, async () => {
  const visitor = await visit(`${SMALL}&steps=100000`, { prepare: asking });
  const { keyboard } = visitor.page;
  const focused = () => visitor.page.evaluate(() => document.activeElement?.dataset.testid ?? document.activeElement?.id);
  await visitor.see('train').click();
  await visitor.steps(40);
  await visitor.see('train').click();
  await visitor.state('paused');
  await visitor.see('tour').click();
  await visitor.see('card-tour').waitFor();
  await visitor.page.locator('#history canvas').click({ position: { x: 2, y: 5 } });
  await visitor.until(() => document.body.dataset.looking !== undefined);
  await visitor.see('tour-next').focus();
  await keyboard.press('Escape');
  await visitor.until(() => document.body.dataset.looking === undefined);
  assert.equal(await visitor.see('card-tour').count(), 1, 'the tour goes on');
  await keyboard.press('Escape');
  assert.equal(await visitor.see('card-tour').count(), 0);

  const link = visitor.page.locator('#settings .try a[href*="#claim="]').first();
  await link.click();
  await visitor.see('card-claim').waitFor();
  await visitor.see('close-claim').click();
  assert(await link.evaluate((each) => each === document.activeElement), 'back on the link');

  await visitor.see('phase').click();
  await visitor.heard('partial_step');
  await visitor.see('walk-leave').click();
  assert.equal(await focused(), 'phase');

  // A menu's words are whole, and it stays under its button when the window changes.
  for (const width of [1440, 390]) {
    await visitor.page.setViewportSize({ width, height: 800 });
    await visitor.see('take-away').click();
    const cut = await visitor.page
      .locator('[data-testid=take-menu] button')
      .evaluateAll((buttons) => buttons.filter((each) => each.scrollWidth > each.clientWidth || getComputedStyle(each).whiteSpace !== 'normal').length);
    assert.equal(cut, 0, `at ${width}`);
    await visitor.screenshot(`menu-${width}`);
    await visitor.page.setViewportSize({ width: width - 20, height: 800 });
    await visitor.until(() => {
      const [menu, button] = ['take-menu', 'take-away'].map((id) => document.querySelector(`[data-testid=${id}]`));
      const [under, of] = [menu.getBoundingClientRect(), button.getBoundingClientRect()];
      return (
        menu.matches(':popover-open') &&
        Math.abs(under.top - of.bottom - 4) < 1 &&
        under.left >= 0 &&
        under.right <= innerWidth &&
        under.left < of.right &&
        under.right > of.left
      );
    });
    await keyboard.press('Escape');
  }
  await visitor.page.setViewportSize({ width: 1440, height: 900 });
  await visitor.set('dataset', 'mnist');
  await visitor.see('restart').click();
  await visitor.until(() => window.reports.findLast(({ kind }) => kind === 'opened').description.dataset.name === 'mnist');
  await visitor.state('idle', 'paused', 'training');
  await visitor.see('view-try').click();
  await visitor.see('try-number').focus();
  const asked = () => visitor.page.evaluate(() => window.asked.filter(({ kind }) => kind === 'open' || kind === 'phase').length);
  const before = await asked();
  await keyboard.press('r');
  await keyboard.press('p');
  assert.equal(await asked(), before, 'neither a restart nor a phase');
  await visitor.leave();
});

test('a screen reader hears what changes, not what is drawn anew; a fixed mask is not told of as sampled', limit, async () => {
  const visitor = await visit(`${SMALL.replace('0.25', '0.9')}&schedule=constant&steps=100000`);
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
  assert(heard >= 1 && heard < 10, `of more than 20 drawings ${heard} were said`);
  assert.equal(await visitor.page.evaluate(() => document.querySelector('[data-testid=cell]').ariaLive), 'off');

  await visitor.set('method', 'static');
  await visitor.set('steps', '30');
  await visitor.see('restart').click();
  await visitor.state('finished');
  await visitor.until(() => /%/.test(document.querySelector('[data-testid=accuracy]').innerText));
  assert.doesNotMatch(await visitor.see('accuracy').innerText(), /sampled/);
  assert.match(await visitor.see('accuracy').getAttribute('title'), /under its mask/);
  await visitor.set('seed', '3');
  await visitor.see('restart').click();
  await visitor.until(() => document.querySelector('[data-testid=accuracy]').innerText === '–');
  assert.equal(await visitor.see('accuracy').getAttribute('title'), '');
  await visitor.leave();
});

test('data are the same by their sum where it is known, else by their files’ name and their shape', async () => {
  const { isSame, shownOf } = (await runnerImport(path.join(root, 'www', 'model', 'dataset-identity.ts'))).module;
  const own = { name: 'ants.csv', words: '', note: '', train: 206, test: 34, has_test: false, is_image: true, classes: ['ant', 'bee'], sum: '0a1b' };
  const dataset = { name: 'own', train: 206, test: 34, classes: 2, channels: 1, width: 8, height: 8, own };
  const shown = shownOf(dataset);
  const { own: _, ...written } = JSON.parse(JSON.stringify(shown));
  assert.deepEqual([written.name, written.sum], ['ants.csv', '0a1b']);
  const other = (more, shape = {}) => ({ ...dataset, ...shape, own: { ...own, ...more } });
  assert(isSame(written, dataset));
  assert(isSame(written, other({ name: 'renamed.csv' })), 'a file may be renamed');
  assert(!isSame(written, other({ sum: 'ffff' })), 'what it holds is the same');
  // Files of before, and of the terminal, say no sum.
  const { sum: __, ...old } = written;
  assert(isSame(old, dataset));
  assert(!isSame(old, other({ name: 'bees.csv' })));
  assert(!isSame(old, other({}, { width: 4, height: 16 })));
  assert(!isSame(old, other({}, { train: 200 })));
});
