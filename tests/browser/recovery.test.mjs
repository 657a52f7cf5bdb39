// A run continues after a reload, after an engine breaks or cannot be loaded, with a full storage, and in a hidden tab.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { PATIENCE_MS, Visitor, asking, before_worker, breakEngine, fragile, launchSeen, losses, pauseAt, serve, site } from './harness.mjs';

const SMALL = 'dataset=planted&model=mlp-32&gate_inputs=true&batch_size=32&keep_ratio=0.25';
const limit = { timeout: 3 * PATIENCE_MS };
const { visit } = site();
const failing = { failing: true };
let folder;
before(() => void (folder = mkdtempSync(path.join(tmpdir(), 'lacuna-recovery-'))));
after(() => rmSync(folder, { recursive: true, force: true }));

const said = (visitor, id) => visitor.see(id).innerText();

test('after a reload the page offers to continue, and does so bit for bit', limit, async () => {
  const visitor = await visit(`${SMALL}&seed=9&steps=400`);
  const paused = await pauseAt(visitor, 80);
  await visitor.heard('checkpoint');
  await visitor.stored(paused);
  await visitor.page.reload();
  await visitor.state('idle');
  await visitor.until(() => /left at step/.test(document.querySelector('[data-testid=strip]')?.innerText ?? ''));
  assert.match(await said(visitor, 'strip'), new RegExp(`mlp-32 on planted was left at step ${paused} of 400`));
  await visitor.screenshot('go-on');
  await visitor.see('go-on').click();
  await visitor.state('finished');
  const rest = await visitor.records();
  assert.equal(rest[0].step, paused);
  await visitor.stored(400);
  await visitor.page.reload();
  await visitor.see('strip').waitFor({ state: 'attached' });
  await visitor.until(() => /ended after 400 steps/.test(document.querySelector('[data-testid=strip]')?.innerText));
  await visitor.see('forget').click();
  await visitor.until(() => document.querySelector('[data-testid=strip]').hidden);
  await visitor.page.reload();
  await visitor.state('idle');
  assert(await visitor.see('strip').isHidden(), 'what is forgotten is not offered again');
  await visitor.see('train').click();
  await visitor.state('finished');
  assert.deepEqual(losses(await visitor.records(), paused), losses(rest, paused));
  await visitor.leave();
});

test('a saved run that is continued before the page has read its link is not replaced by the run of the link', limit, async () => {
  const visitor = await visit(`${SMALL}&seed=9&steps=400`, { prepare: asking });
  const paused = await pauseAt(visitor, 80);
  await visitor.heard('checkpoint');
  await visitor.stored(paused);
  // From here on the worker holds back its answer about the link until the test releases it.
  await before_worker(`{
    const given = self.postMessage;
    const allowed = new Promise((resolve) => (new BroadcastChannel('link').onmessage = resolve));
    self.postMessage = function (report, ...more) {
      if (report.kind !== 'values') return given.call(self, report, ...more);
      void allowed.then(() => given.call(self, report, ...more));
    };
  }`)(visitor.page.context());
  await visitor.page.reload();
  await visitor.see('go-on').click();
  await visitor.until(() => window.asked.some(({ kind, resumed }) => kind === 'open' && resumed));
  await visitor.page.evaluate(() => new BroadcastChannel('link').postMessage('go'));
  await visitor.heard('values');
  await visitor.state('finished');
  assert.equal(await visitor.page.evaluate(() => window.asked.filter(({ kind }) => kind === 'open').length), 1);
  assert.equal((await visitor.records())[0].step, paused);
  assert.match(visitor.query(), /seed=9/);
  await visitor.set('method', 'static');
  await visitor.until(() => document.querySelector('[data-testid=restart]').dataset.differs === 'true');
  await visitor.leave();
});

test('after an engine breaks another is opened, and the run continues', limit, async () => {
  const visitor = await visit(`${SMALL}&steps=100000`, {
    prepare: fragile,
  });
  await visitor.see('train').click();
  await visitor.heard('checkpoint');
  await visitor.steps(40);
  await breakEngine(visitor);
  await visitor.until(() => window.reports.filter(({ kind }) => kind === 'opened').length === 2);
  await visitor.until(() => /engine failed.*continued from step/.test(document.querySelector('[data-testid=strip]')?.innerText));
  const second = await visitor.page.evaluate(() => window.reports.findLastIndex(({ kind }) => kind === 'opened'));
  await visitor.until((from) => window.reports.slice(from).some(({ kind, snapshot }) => kind === 'snapshot' && snapshot.records.length > 0), second);
  const [first] = await visitor.page.evaluate(
    (from) =>
      window.reports
        .slice(from)
        .filter(({ kind, snapshot }) => kind === 'snapshot' && snapshot.records.length > 0)
        .map(({ snapshot }) => snapshot.records[0].step),
    second,
  );
  assert(first > 0, 'it does not begin anew');
  assert(await visitor.see('notice').isHidden());
  await visitor.screenshot('engine-broke');
  await visitor.leave([/broken on purpose/]);
});

test('a full storage is mentioned once, and training continues', limit, async () => {
  const visitor = await visit(`${SMALL}&steps=100000`, {
    prepare: (context) =>
      context.addInitScript(() => {
        IDBObjectStore.prototype.put = () => {
          throw new DOMException('no room', 'QuotaExceededError');
        };
      }),
  });
  await visitor.see('train').click();
  await visitor.until(() => /storage is full: training continues/.test(document.querySelector('[data-testid=strip]')?.innerText ?? ''));
  const step = (await visitor.snapshots()).at(-1).step;
  await visitor.steps(step + 10);
  const [download] = await Promise.all([visitor.page.waitForEvent('download'), visitor.see('strip-take').click()]);
  assert.match(download.suggestedFilename(), /-run-step-\d+\.safetensors/);
  await visitor.leave();
});

test('a hidden tab trains on, and the page catches up when it is visible again', limit, async () => {
  const server = await serve();
  const { browser, close } = await launchSeen();
  try {
    const visitor = await Visitor.open(browser, server, `${SMALL}&steps=100000`, { context: browser.contexts()[0] });
    const { page } = visitor;
    await page.evaluate(() => {
      window.frames_seen = 0;
      const count = () => {
        window.frames_seen += 1;
        requestAnimationFrame(count);
      };
      count();
    });
    const look = () =>
      page.evaluate(() => ({
        visible: document.visibilityState,
        frames: window.frames_seen,
        columns: Number(document.querySelector('#history').dataset.columns ?? 0),
        step: window.reports.findLast(({ kind }) => kind === 'snapshot').snapshot.step,
      }));
    const rest = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    const seen = (state) => visitor.until((wanted) => document.visibilityState === wanted, state);
    await visitor.see('train').click();
    await visitor.steps(20);
    const saved = (await visitor.reports('checkpoint')).length;

    const other = await page.context().newPage();
    await other.goto('about:blank');
    await seen('hidden');
    // Pending drawings are finished.
    await rest(500);
    const before = await look();
    let last = before;
    // Timers of a hidden tab fire once a second.
    for (let turn = 0; turn < 3; turn++) {
      await rest(1200);
      await visitor.steps(last.step + 5);
      last = await look();
      assert.equal(last.visible, 'hidden');
    }
    assert.deepEqual([last.frames, last.columns], [before.frames, before.columns], 'no frame comes, and nothing is drawn that nobody sees');
    await visitor.until((known) => window.reports.filter(({ kind }) => kind === 'checkpoint').length > known, saved);
    await page.bringToFront();
    await seen('visible');
    await visitor.until(
      (from) => Number(document.body.dataset.step) > from && /still undecided|decided/.test(document.querySelector('[data-testid=status]').innerText),
      last.step,
    );
    await visitor.until((known) => Number(document.querySelector('#history').dataset.columns) > known, before.columns);

    // The same with a minimised window.
    await other.close();
    const session = await page.context().newCDPSession(page);
    const { windowId } = await session.send('Browser.getWindowForTarget');
    const put = (windowState) => session.send('Browser.setWindowBounds', { windowId, bounds: { windowState } });
    await put('minimized');
    await seen('hidden');
    await rest(500);
    const away = await look();
    await visitor.steps(away.step + 20);
    assert.equal((await look()).frames, away.frames, 'no frame comes');
    await put('normal');
    await seen('visible');
    await visitor.until((known) => window.frames_seen > known, away.frames);
    const steps = (await visitor.records()).map((record) => record.step);
    assert.deepEqual(
      steps,
      steps.map((_, index) => index),
      'no step is missing',
    );
    await visitor.leave();
  } finally {
    await close();
    await server.close();
  }
});

/** A worker that breaks on request, and that holds back its checkpoints on request, because the test cannot choose when it makes one. */
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

/** Gives files, and waits until they are accepted or refused. */
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

/** Waits until a run is open on files of that name. */
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

test('a run stays on the data that it learned from, whatever other data are given, refused or lost', limit, async () => {
  const [ants, bees, bad] = [table('ants.csv', 31), table('bees.csv', 13), path.join(folder, 'bad.csv')];
  writeFileSync(bad, '1,2,a\n3,four,b');
  const visitor = await visit('dataset=planted&model=mlp-16&batch_size=16&steps=100000', { prepare: fragile });
  await visitor.see('train').click();
  await visitor.heard('checkpoint');
  await visitor.page.locator('label.own').click();
  await give(visitor, ants);
  assert.match(await visitor.see('own-note').innerText(), /Restart begins with these/);
  // The new engine has no data, and the controls ask for them.
  let from = await heardSoFar(visitor);
  await breakEngine(visitor);
  await opensOn(visitor, 'planted', from);
  from = await heardSoFar(visitor);
  await visitor.see('restart').click();
  await opensOn(visitor, 'ants.csv', from);
  await state(visitor, 'training');
  await visitor.until((since) => window.reports.slice(since).some(({ kind }) => kind === 'checkpoint'), from, failing);
  // Other files are given, and some that are no data: the run stays on its own.
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
  const kept = await visitor.take('take-run');
  from = await heardSoFar(visitor);
  await visitor.see('restart').click();
  await opensOn(visitor, 'bees.csv', from);
  // In this tab the files of the saved run are known: they are read again.
  await visitor.see('open-file').setInputFiles(kept);
  await state(visitor, 'replay');
  from = await heardSoFar(visitor);
  await visitor.see('go-on').click();
  await opensOn(visitor, 'ants.csv', from);
  await visitor.leave([/broken on purpose/]);

  // In another tab they are asked for by name, and others are refused.
  const elsewhere = await visit('dataset=planted&model=mlp-16&batch_size=16&steps=100000');
  await elsewhere.state('idle');
  await elsewhere.page.locator('label.own').click();
  await give(elsewhere, bees);
  await opensOn(elsewhere, 'bees.csv');
  await elsewhere.see('open-file').setInputFiles(kept);
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

test('settings changed after the last checkpoint are changed again, and the pace stays', limit, async () => {
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
  // The change may have arrived during a step: the next step has the budget.
  await visitor.until((since) => window.reports.slice(since).findLast(({ kind }) => kind === 'snapshot').snapshot.budget < 30, from, failing);
  assert.equal(await visitor.see('keep_ratio').inputValue(), '0.1');
  const paces = await visitor.page.evaluate(() => {
    const { worker } = window.asked.findLast(({ kind }) => kind === 'open');
    return window.asked.filter((each) => each.worker === worker && each.kind === 'pace').map(({ steps_per_second }) => steps_per_second);
  });
  assert.deepEqual(paces, [30]);
  // A paused run is restored at its step, with the numbers of that step.
  await visitor.see('train').click();
  await state(visitor, 'paused');
  await visitor.until(
    () =>
      window.reports.findLast(({ kind }) => kind === 'checkpoint').checkpoint.step === window.reports.findLast(({ kind }) => kind === 'snapshot').snapshot.step,
  );
  // The page is drawn a frame later.
  await visitor.until(() => {
    const { snapshot } = window.reports.findLast(({ kind, snapshot }) => kind === 'snapshot' && snapshot.records.length > 0);
    return document.querySelector('[data-testid=loss]').innerText.startsWith(snapshot.records.at(-1).loss.toFixed(3));
  });
  const loss = await visitor.see('loss').innerText();
  await breakEngine(visitor);
  await visitor.until(() => /is at step/.test(document.querySelector('[data-testid=strip]')?.innerText), undefined, failing);
  await state(visitor, 'paused');
  await visitor.until((words) => document.querySelector('[data-testid=loss]').innerText === words, loss, failing);
  assert.match(await visitor.page.locator('#phases').innerText(), /L = \d/);
  // With another run the message is gone.
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
  const kept = await visitor.take('take-run');
  await visitor.see('open-file').setInputFiles(kept);
  await state(visitor, 'replay');
  assert.equal(await visitor.see('held').innerText(), '–', 'a recorded run takes no memory');
  const from = await heardSoFar(visitor);
  await visitor.see('go-on').click();
  await visitor.until((since) => window.reports.slice(since).some(({ kind, state }) => kind === 'state' && state === 'finished'), from, failing);
  await visitor.until((words) => document.querySelector('[data-testid=loss]').innerText === words, loss, failing);
  await visitor.leave([/wasm|ERR_FAILED|WebAssembly|fetch/i]);
});
