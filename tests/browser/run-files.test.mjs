// A run as a file: downloaded, replayed and continued, here and in the terminal; files that are refused.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { program } from '../../scripts/wasm.mjs';
import { PATIENCE_MS, losses, pauseAt, site } from './harness.mjs';

const SMALL = 'dataset=planted&model=mlp-32&gate_inputs=true&batch_size=32&keep_ratio=0.25';
const limit = { timeout: 3 * PATIENCE_MS };
const { visit } = site();
let folder;
const failing = { failing: true };
before(() => void (folder = mkdtempSync(path.join(tmpdir(), 'lacuna-'))));
after(() => rmSync(folder, { recursive: true, force: true }));
const lacuna = (...args) => execFileSync(program('lacuna'), args, { encoding: 'utf8' });

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

const said = (visitor, id) => visitor.see(id).innerText();

test('a whole run is downloaded, replayed here and in the terminal, and continues bit for bit', limit, async () => {
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

test('the page replays and continues run files of the terminal, packed or not, and those with changed settings', limit, async () => {
  const [file, recording] = [path.join(folder, 'terminal.safetensors'), path.join(folder, 'terminal.safetensors.gz')];
  const flags = ['--dataset', 'planted', '--model', 'mlp-24', '--gate-inputs', '--keep-ratio', '0.25', '--batch-size', '32', '--steps', '60'];
  const printed = lacuna('train', ...flags, '--save', file, '--record', recording);
  const accuracy = /test accuracy ([\d.]+) %/.exec(printed)[1];
  const visitor = await visit(SMALL);
  await visitor.state('idle');
  await openFile(visitor, recording);
  await visitor.until(() => /has no weights/.test(document.querySelector('[data-testid=strip]')?.innerText));
  assert.match(await said(visitor, 'strip'), /Recorded by: lacuna train --dataset planted/);
  assert.equal(await visitor.see('go-on').count(), 0);
  await visitor.until(() => document.querySelector('[data-testid=accuracy]').innerText.includes('%'), undefined, { failing: true });
  const shown = parseFloat(await said(visitor, 'accuracy'));
  // Both are rounded, the page's to one digit.
  assert(Math.abs(shown - Number(accuracy)) < 0.0551, `${shown} % here, ${accuracy} % in the terminal`);
  await openFile(visitor, file);
  await visitor.until(() => !/has no weights/.test(document.querySelector('[data-testid=strip]').innerText));
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

test('curves, masks and the history are downloaded as files that other tools read', limit, async () => {
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

  // The animation is the terminal's, bit for bit.
  const masks = path.join(folder, 'masks.safetensors');
  writeFileSync(masks, bytes);
  const drawn = path.join(folder, 'masks.gif');
  lacuna('replay', masks, '--animate', drawn);
  assert.deepEqual(readFileSync(await visitor.take('take-animation')), readFileSync(drawn));

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
  // By keyboard: arrow keys move, Escape closes and gives the focus back.
  await visitor.page.keyboard.press('End');
  assert.match(await visitor.page.evaluate(() => document.activeElement.dataset.testid), /open-run/);
  await visitor.page.keyboard.press('Escape');
  assert.equal(await visitor.page.evaluate(() => document.activeElement.dataset.testid), 'take-away');
  await visitor.leave();
});

test('files that are no runs are refused with a reason, and the run stays open', limit, async () => {
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
    [/is not a safetensors file/, Buffer.from('hello, hello, hello')],
    [/not a safetensors file, or it is incomplete/, good.subarray(0, good.length - 100)],
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

test('a recorded run says what it cannot answer, and looking back stops its playing', limit, async () => {
  const visitor = await visit(`${SMALL}&steps=60`);
  await visitor.see('train').click();
  await visitor.state('finished');
  // Masks and scores are a run without its weights.
  await visitor.page.setInputFiles('[data-testid=open-file]', await visitor.take('take-masks'));
  await visitor.state('replay');
  const { keyboard } = visitor.page;
  assert.equal(await visitor.see('held').innerText(), '–');
  await visitor.see('take-away').click();
  assert.equal(await visitor.see('take-run').count(), 0, 'it has no weights to continue from');
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
  assert.match(await visitor.see('pin-cost').innerText(), /run was recorded without its weights; close it/);
  assert(await visitor.see('pin-on').isDisabled());
  // Nothing in it can be pressed: it has the focus itself, and keys close it.
  assert.equal(await visitor.page.evaluate(() => document.activeElement.dataset.testid), 'pin-menu');
  await keyboard.press('Escape');
  assert(await visitor.see('pin-menu').isHidden());
  await visitor.see('view-estimators').click();
  await visitor.see('lab-draw').click();
  assert.match(await visitor.see('lab-said').innerText(), /^This run was recorded without its weights; close it/);
  await visitor.see('view-try').click();
  await visitor.until(
    () => /run was recorded without its weights; close it/.test(document.querySelector('[data-testid=try-said]')?.innerText ?? ''),
    undefined,
    failing,
  );
  assert(await visitor.see('try-surface').isHidden(), 'nothing is offered that cannot be');
  await visitor.leave();
});
