// What outlives the moment: a run as a file, replayed and gone on with; a reload, a device and an engine that break, a hidden tab.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { program } from '../../scripts/wasm.mjs';
import { PATIENCE_MS, Visitor, asking, before_worker, breakEngine, fragile, launchSeen, serve, site } from './harness.mjs';

const SMALL = 'dataset=planted&model=mlp-32&gate_inputs=true&batch_size=32&keep_ratio=0.25';
const limit = { timeout: 3 * PATIENCE_MS };
const { visit } = site();

let folder;
before(() => void (folder = mkdtempSync(path.join(tmpdir(), 'lacuna-'))));
after(() => rmSync(folder, { recursive: true, force: true }));
const lacuna = (...args) => execFileSync(program('lacuna'), args, { encoding: 'utf8' });

/** Trains and pauses at a step not before that one; answers with it. */
async function pauseAt(visitor, least) {
  await visitor.pace('eye');
  await visitor.see('train').click();
  await visitor.steps(least);
  await visitor.see('train').click();
  await visitor.state('paused');
  await visitor.pace('full');
  return (await visitor.snapshots()).at(-1).step;
}

const openFile = (visitor, file) => visitor.see('open-file').setInputFiles(file);
/** As a person drops a file on the page. */
async function drop(visitor, file) {
  const given = await visitor.page.evaluateHandle(
    ({ name, bytes }) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(bytes)], name));
      return data;
    },
    { name: path.basename(file), bytes: [...readFileSync(file)] },
  );
  for (const kind of ['dragover', 'drop']) await visitor.page.dispatchEvent('main', kind, { dataTransfer: given });
}
const losses = (records, from) => records.filter(({ step }) => step >= from).map(({ step, loss, probe_loss }) => [step, loss, probe_loss]);
const said = (visitor, id) => visitor.see(id).innerText();

test('a run is taken away whole, replayed here and in the terminal, and goes on bit for bit', limit, async () => {
  const link = `${SMALL}&seed=5&steps=240`;
  const unbroken = await visit(link);
  await unbroken.see('train').click();
  await unbroken.state('finished');
  const records = await unbroken.records();
  await unbroken.leave();

  const visitor = await visit(link);
  const paused = await pauseAt(visitor, 20);
  const file = await visitor.take('take-run');
  assert.match(path.basename(file), /^lacuna-planted-mlp-32-run-step-\d+\.safetensors$/);
  await visitor.leave();

  // The terminal reads what the page wrote, the weights among it.
  const shown = lacuna('replay', file);
  assert.match(shown, new RegExp(`step ${paused} of 240: inputs \\d+/256, hidden 1 \\d+/32`));
  assert.match(shown, /seed=5/);

  const again = await visit();
  await again.state('idle');
  await openFile(again, file);
  await again.state('replay');
  assert.match(await said(again, 'strip'), new RegExp(`A recorded run: mlp-32 on planted, ${paused} of 240 steps, on CPU`));
  assert.match(await said(again, 'status'), /A recorded run\. It ended with/);
  assert.equal(await again.see('seed').inputValue(), '5', 'the controls say what it was');
  await again.screenshot('replay');

  // It plays, pauses, and is scrubbed with the keys, and nothing trains.
  const looking = () => document.querySelector('#history canvas').getAttribute('aria-valuenow');
  assert.equal(await said(again, 'train'), 'Play');
  await again.see('train').click();
  await again.until(() => /^Looking back to step/.test(document.querySelector('[data-testid=status]').innerText));
  await again.see('train').click();
  const column = Number(await again.page.evaluate(looking));
  await again.page.locator('#history canvas').focus();
  await again.page.keyboard.press('Home');
  await again.until(() => /^Looking back to step 0:/.test(document.querySelector('[data-testid=status]').innerText));
  assert.equal(Number(await again.page.evaluate(looking)), 0);
  assert(column >= 0);
  assert.deepEqual(
    (await again.snapshots()).filter(({ step }) => step > 0),
    [],
    'nothing was trained',
  );

  await again.see('go-on').click();
  await again.state('finished');
  const rest = await again.records();
  assert.equal(rest[0].step, paused, 'it goes on with the next step');
  assert.deepEqual(losses(rest, paused), losses(records, paused), 'bit for bit the losses of the run that was never stopped');
  // Its history and its curves begin where the run began.
  const [head, first] = readFileSync(await again.take('take-curves'), 'utf8').split('\n');
  assert.equal(first.split(',')[head.split(',').indexOf('step')], '0');
  await again.leave();
});

test('the page replays and goes on with what the terminal saved, packed or not, and with what was changed on the way', limit, async () => {
  const [file, recording] = [path.join(folder, 'terminal.safetensors'), path.join(folder, 'terminal.safetensors.gz')];
  const flags = ['--dataset', 'planted', '--model', 'mlp-24', '--gate-inputs', '--keep-ratio', '0.25', '--batch-size', '32', '--steps', '60'];
  const printed = lacuna('train', ...flags, '--save', file, '--record', recording);
  const accuracy = /test accuracy ([\d.]+) %/.exec(printed)[1];
  const visitor = await visit(SMALL);
  await visitor.state('idle');
  await openFile(visitor, recording);
  await visitor.until(() => /holds no weights/.test(document.querySelector('[data-testid=strip]')?.innerText));
  assert.match(await said(visitor, 'strip'), /Recorded by: lacuna train --dataset planted/);
  assert.equal(await visitor.see('go-on').count(), 0);
  await visitor.until(() => document.querySelector('[data-testid=accuracy]').innerText.includes('%'), undefined, { failing: true });
  const shown = parseFloat(await said(visitor, 'accuracy'));
  // Both are rounded, the page's to one digit.
  assert(Math.abs(shown - Number(accuracy)) < 0.0551, `${shown} % here, ${accuracy} % in the terminal`);
  await openFile(visitor, file);
  await visitor.until(() => !/holds no weights/.test(document.querySelector('[data-testid=strip]').innerText));
  await visitor.see('go-on').click();
  await visitor.state('finished');
  await visitor.leave();

  // A live setting that is changed goes with the file.
  const changed = await visit(`${SMALL}&schedule=constant&steps=100000`);
  await changed.state('idle');
  await changed.pace('eye');
  await changed.see('train').click();
  await changed.steps(20);
  await changed.set('keep_ratio', '0.1');
  await changed.until(() => window.reports.findLast(({ kind }) => kind === 'snapshot').snapshot.budget < 30);
  await changed.see('train').click();
  await changed.state('paused');
  const saved = await changed.take('take-run');
  await changed.leave();
  assert.match(lacuna('replay', saved), /keep_ratio = 0\.1/);
  const again = await visit();
  await again.state('idle');
  await openFile(again, saved);
  await again.state('replay');
  assert.equal(await again.see('keep_ratio').inputValue(), '0.1');
  await again.leave();
});

test('curves, masks and the history are taken away as files that other tools read', limit, async () => {
  const visitor = await visit(`${SMALL}&steps=150`);
  await visitor.see('train').click();
  await visitor.state('finished');
  const records = await visitor.records();
  const lines = readFileSync(await visitor.take('take-curves'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(','));
  const column = (name) => lines.slice(1).map((line) => line[lines[0].indexOf(name)]);
  assert(
    lines.every((line) => line.length === lines[0].length),
    'every line has every column',
  );
  const told = column('loss').flatMap((loss, index) => (loss === '' ? [] : [[Number(column('step')[index]), Number(loss)]]));
  assert.deepEqual(
    told,
    records.map(({ step, loss }) => [step, loss]),
    'every step, exactly',
  );
  assert(
    column('test_accuracy').some((accuracy) => Number(accuracy) > 0),
    'the tests are among them',
  );

  const bytes = readFileSync(await visitor.take('take-masks'));
  const header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE())).toString());
  const units = 288;
  assert.deepEqual([header.scores.dtype, header.scores.shape], ['F32', [units]]);
  assert.deepEqual([header.decided_mask.dtype, header.decided_mask.shape, header['history.mask'].shape[1]], ['U8', [units], units]);
  assert.equal(header['weights.0'], undefined);
  const { scores } = (await visitor.snapshots()).at(-1);
  const data = bytes.subarray(8 + Number(bytes.readBigUInt64LE()));
  const stored = Array.from({ length: units }, (_, unit) => data.readFloatLE(header.scores.data_offsets[0] + 4 * unit));
  assert.deepEqual(stored, scores, 'the scores of the last step');

  const png = readFileSync(await visitor.take('take-history'));
  assert.deepEqual([...png.subarray(0, 8)], [137, 80, 78, 71, 13, 10, 26, 10]);
  assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [1920, 1200]);
  // Its bands show the history that the masks' file has: each column a moment, each row of pixels a unit, by its score.
  const [moments] = header['history.scores'].shape;
  const past = data.subarray(...header['history.scores'].data_offsets);
  assert.equal(past.length, moments * units);
  const [left, across, bands] = [
    170,
    1690,
    [
      { top: 128, height: 812, first: 0, size: 256 },
      { top: 948, height: 102, first: 256, size: 32 },
    ],
  ];
  const samples = bands.flatMap(({ top, height, first, size }) =>
    Array.from({ length: 4 * moments }, (_, index) => {
      const [moment, unit] = [index >> 2, (index * 37) % size];
      const place = [Math.floor(left + ((moment + 0.5) * across) / moments), top + Math.floor(((unit + 0.5) * height) / size)];
      return { moment, unit: first + unit, place };
    }),
  );
  const { found, off, kept } = await visitor.page.evaluate(
    async ([file, places]) => {
      const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(file), (letter) => letter.charCodeAt(0))]));
      const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d', { willReadFrequently: true });
      context.drawImage(bitmap, 0, 0);
      const probe = document.body.appendChild(document.createElement('i'));
      const [off, kept] = ['off', 'kept'].map((name) => {
        probe.style.color = `var(--${name})`;
        return getComputedStyle(probe)
          .color.match(/[\d.]+/g)
          .map(Number);
      });
      probe.remove();
      return { found: places.map(([x, y]) => [...context.getImageData(x, y, 1, 1).data].slice(0, 3)), off, kept };
    },
    [png.toString('base64'), samples.map(({ place }) => place)],
  );
  const met = new Set();
  for (const [index, { moment, unit }] of samples.entries()) {
    const score = past[moment * units + unit] / 255;
    const wanted = off.map((level, colour) => level + (kept[colour] - level) * score);
    assert(
      found[index].every((level, colour) => Math.abs(level - wanted[colour]) <= 2),
      `moment ${moment}, unit ${unit}, s = ${score}: ${found[index]}, not ${wanted}`,
    );
    met.add(Math.round(4 * score));
  }
  assert.equal(met.size, 5, 'scores from 0 to 1 are among them');
  await visitor.see('take-away').click();
  await visitor.screenshot('take-away');
  // By keyboard: arrows walk, Escape closes and gives the focus back.
  await visitor.page.keyboard.press('End');
  assert.match(await visitor.page.evaluate(() => document.activeElement.dataset.testid), /open-run/);
  await visitor.page.keyboard.press('Escape');
  assert.equal(await visitor.page.evaluate(() => document.activeElement.dataset.testid), 'take-away');
  await visitor.leave();
});

test('files that are no runs are refused in words, and the page goes on', limit, async () => {
  const visitor = await visit(`${SMALL}&steps=5000`);
  await visitor.state('idle');
  await pauseAt(visitor, 10);
  const good = readFileSync(await visitor.take('take-run'));
  const head = 8 + Number(good.readBigUInt64LE());
  const edited = (edit) => {
    const header = JSON.parse(good.subarray(8, head).toString());
    edit(header);
    const text = Buffer.from(JSON.stringify(header));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(text.length));
    return Buffer.concat([length, text, good.subarray(head)]);
  };
  const shifted = Buffer.from(good);
  const { scores } = JSON.parse(good.subarray(8, head).toString());
  shifted.writeFloatLE(3, head + scores.data_offsets[0]);
  for (const [words, bytes] of [
    [/is no safetensors file/, Buffer.from('hello, hello, hello')],
    [/no safetensors file, or not a whole one/, good.subarray(0, good.length - 100)],
    [/is packed, but not a whole file/, Buffer.from([0x1f, 0x8b, 8, 0, 1])],
    [/not of a run/, edited((header) => delete header.__metadata__)],
    [/another version/, edited((header) => (header.__metadata__.format = 'lacuna run 9'))],
    [/keep_ratio must be a number/, edited((header) => (header.__metadata__.link = '?keep_ratio=7'))],
    [
      /lacks the tensor mask/,
      edited((header) => {
        header.other = header.mask;
        delete header.mask;
      }),
    ],
    [/tensor scores is F32 of .288., not F32 of .296./, edited(({ __metadata__: words }) => (words.link = words.link.replace('mlp-32', 'mlp-40')))],
    [/keep-probabilities/, shifted],
    [/state in its metadata lacks a number/, edited((header) => (header.__metadata__.state = '{}'))],
    [/it says step 9000 of 5000/, edited((header) => (header.__metadata__.step = '9000'))],
  ]) {
    const file = path.join(folder, 'bad.safetensors');
    writeFileSync(file, bytes);
    if (words.source.includes('metadata')) await drop(visitor, file);
    else await openFile(visitor, file);
    await visitor.until((pattern) => new RegExp(pattern).test(document.querySelector('[data-testid=strip]')?.innerText), words.source);
    assert.match(await said(visitor, 'strip'), /^bad\.safetensors cannot be read as a run: /);
    await visitor.see('strip-close').click();
  }
  assert.equal(await visitor.page.evaluate(() => document.body.dataset.state), 'paused', 'the run is still there');
  await visitor.leave();
});

test('after a reload the page offers to go on where it was, and does, bit for bit', limit, async () => {
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

test('a saved run taken up before the page has read its link goes on, and the link’s own run is not opened in its place', limit, async () => {
  const visitor = await visit(`${SMALL}&seed=9&steps=400`, { prepare: asking });
  const paused = await pauseAt(visitor, 80);
  await visitor.heard('checkpoint');
  await visitor.stored(paused);
  // From here on the worker keeps to itself what the link says, until it is let go.
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

test('an engine that breaks is opened anew, and the run goes on', limit, async () => {
  const visitor = await visit(`${SMALL}&steps=100000`, {
    prepare: fragile,
  });
  await visitor.see('train').click();
  await visitor.heard('checkpoint');
  await visitor.steps(40);
  await breakEngine(visitor);
  await visitor.until(() => window.reports.filter(({ kind }) => kind === 'opened').length === 2);
  await visitor.until(() => /engine broke.*went on from step/.test(document.querySelector('[data-testid=strip]')?.innerText));
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

test('a storage that is full is said once, and training goes on', limit, async () => {
  const visitor = await visit(`${SMALL}&steps=100000`, {
    prepare: (context) =>
      context.addInitScript(() => {
        IDBObjectStore.prototype.put = () => {
          throw new DOMException('no room', 'QuotaExceededError');
        };
      }),
  });
  await visitor.see('train').click();
  await visitor.until(() => /storage is full: training goes on/.test(document.querySelector('[data-testid=strip]')?.innerText ?? ''));
  const step = (await visitor.snapshots()).at(-1).step;
  await visitor.steps(step + 10);
  const [download] = await Promise.all([visitor.page.waitForEvent('download'), visitor.see('strip-take').click()]);
  assert.match(download.suggestedFilename(), /-run-step-\d+\.safetensors/);
  await visitor.leave();
});

test('a hidden tab goes on training, and the page catches up when it is seen again', limit, async () => {
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
    // What was on its way is drawn.
    await rest(500);
    const before = await look();
    let last = before;
    // A hidden tab's own timers come once a second.
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

    // A window that is put away is no other.
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
