// A visitor’s own data: read from tables, pictures and idx files, trained on, and asked for again where they are missing.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { crc32, deflateSync } from 'node:zlib';
import { runnerImport } from 'vite';
import { root } from '../../scripts/command.mjs';
import { program } from '../../scripts/wasm.mjs';
import { accessibleInEveryWindow } from './every-window.mjs';
import { PATIENCE_MS, breakEngine, fragile, site } from './harness.mjs';

const limit = { timeout: 5 * PATIENCE_MS };
const { visit } = site();
let folder;

before(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'lacuna-own-'));
});

after(() => rmSync(folder, { recursive: true }));

function file(name, content) {
  const whole = path.join(folder, name);
  mkdirSync(path.dirname(whole), { recursive: true });
  writeFileSync(whole, content);
  return whole;
}

/** Images of 8 × 8 of three classes, each bright elsewhere, as lines of a table. */
function table(rows, { names = ['ant', 'bee', 'cat'], header = true } = {}) {
  const pixel = (row, at) => (Math.floor(at / 22) === row % 3 ? 150 : 20) + ((row * 31 + at * 17) % 60);
  const line = (row) => [...Array.from({ length: 64 }, (_, at) => pixel(row, at)), names[row % 3]].join(',');
  return [
    ...(header ? [[...Array.from({ length: 64 }, (_, at) => `p${at}`), 'label'].join(',')] : []),
    ...Array.from({ length: rows }, (_, row) => line(row)),
  ].join('\n');
}

/** A PNG of one colour with a brighter corner. */
function png(width, height, [red, green, blue]) {
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2], 8);
  const rows = Array.from({ length: height }, (_, y) =>
    Buffer.from([0, ...Array.from({ length: width }, (_, x) => (x + y < 4 ? [255, 255, 255] : [red, green, blue])).flat()]),
  );
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]),
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(Buffer.concat(rows))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function idx(dimensions, bytes) {
  const head = Buffer.alloc(4 + 4 * dimensions.length);
  head.set([0, 0, 8, dimensions.length]);
  dimensions.forEach((size, at) => head.writeUInt32BE(size, 4 + 4 * at));
  return Buffer.concat([head, Buffer.from(bytes)]);
}

/** Waits until data are accepted or refused. Returns the text of the panel. `failing`: an earlier failure is expected, which the data resolve. */
async function read(visitor, work, { failing = false } = {}) {
  const count = () => visitor.page.evaluate(() => window.reports.filter(({ kind }) => kind === 'owned').length);
  const before = await count();
  await work();
  await visitor.until(
    (known) =>
      window.reports.filter(({ kind }) => kind === 'owned').length > known || document.querySelector('[data-testid=own-said]')?.classList.contains('refusal'),
    before,
    { failing },
  );
  return visitor.see('own-said').innerText();
}

test('a table becomes a data set without a request, trains as in the terminal, and its link asks other visitors for it', limit, async () => {
  const csv = file('insects.csv', table(300));
  const visitor = await visit('dataset=planted&model=mlp-16&gate_inputs=true&steps=12');
  await visitor.state('idle');
  await visitor.page.locator('label.own').click();
  await visitor.see('own-files').waitFor({ state: 'attached' });
  // The reader is loaded with the first files; after that there is no request.
  await read(visitor, () => visitor.see('own-files').setInputFiles(csv));
  const requests = [];
  visitor.page.on('request', (request) => requests.push(`${request.method()} ${request.url()}`));
  const said = await read(visitor, () => visitor.see('own-files').setInputFiles(csv));
  assert.match(said, /^insects\.csv: 300 grey images of 8 × 8, 3 classes: 258 training rows and 42 test rows\.$/);
  assert.deepEqual(await visitor.page.locator('.own-classes li').allInnerTexts(), ['ant', 'bee', 'cat']);
  assert.match(await visitor.page.locator('label.own').innerText(), /your data: insects\.csv/);
  await visitor.screenshot('own-table');
  await visitor.until(() => window.reports.findLast(({ kind }) => kind === 'opened')?.description.dataset.name === 'own');
  await visitor.state('idle');
  await visitor.until(() => new URLSearchParams(location.search).get('dataset') === 'own');
  await visitor.see('train').click();
  await visitor.state('finished');
  assert.deepEqual(
    requests.filter((each) => !/(dataset-worker|own_files|icon)/.test(each)),
    [],
    'nothing but the page’s own reader (and its icon) was asked for',
  );
  assert(
    requests.every((each) => each.startsWith('GET ')),
    'nothing was sent',
  );

  const log = path.join(folder, 'log');
  execFileSync(program('lacuna'), ['train', '--url', `?${visitor.query()}`, '--dataset', csv, '--log', log], { cwd: root, stdio: 'pipe' });
  const steps = readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter(({ loss, step }) => loss !== undefined && step !== undefined);
  const here = await visitor.records();
  assert.equal(here.length, 12);
  for (const record of here) {
    const there = steps.find(({ step }) => step === record.step);
    assert(Math.abs(there.loss - record.loss) < 1e-3 * Math.max(1, record.loss), `step ${record.step}: ${record.loss} here, ${there.loss} in the terminal`);
  }
  // Its images can be looked at, with the names of its classes.
  await visitor.see('view-try').click();
  await visitor.see('try-any').click();
  await visitor.until(() => /(ant|bee|cat), [\d.]+\s%/.test(document.querySelector('[data-testid=try-said]').innerText));

  const link = visitor.query();
  await visitor.leave();
  const elsewhere = await visit(link);
  await elsewhere.state('error');
  assert.match(await elsewhere.see('notice').innerText(), /its author’s own data/);
  assert.match(await elsewhere.see('notice').innerText(), /stayed with its owner/);
  await elsewhere.screenshot('own-elsewhere');
  await elsewhere.see('give').click();
  await read(elsewhere, () => elsewhere.see('own-files').setInputFiles(csv), { failing: true });
  await elsewhere.until(() => window.reports.some(({ kind, description }) => kind === 'opened' && description.dataset.name === 'own'), undefined, {
    failing: true,
  });
  await elsewhere.until(() => document.body.dataset.state === 'idle', undefined, { failing: true });
  assert.equal(await elsewhere.see('notice').count(), 0, 'the notice is gone');
  await elsewhere.leave();
});

test('a run on own data continues after its engine breaks, and after a reload once the data are given again', limit, async () => {
  const csv = file('birds.csv', table(240, { names: ['auk', 'emu', 'jay'] }));
  const visitor = await visit('dataset=planted&model=mlp-16&batch_size=16&steps=1500', { prepare: fragile });
  await visitor.state('idle');
  await visitor.page.locator('label.own').click();
  await read(visitor, () => visitor.see('own-files').setInputFiles(csv));
  await visitor.until(() => window.reports.findLast(({ kind }) => kind === 'opened')?.description.dataset.name === 'own');
  await visitor.pace('eye');
  await visitor.see('train').click();
  await visitor.heard('checkpoint');
  await visitor.steps(40);
  await breakEngine(visitor);
  await visitor.until(() => /engine failed.*continued from step/.test(document.querySelector('[data-testid=strip]')?.innerText), undefined, { failing: true });
  assert.equal(await visitor.see('notice').count(), 0, 'nobody is asked for what the page can read again');
  await visitor.state('training');
  await visitor.see('train').click();
  await visitor.state('paused');
  const paused = (await visitor.snapshots()).at(-1).step;
  await visitor.until(
    () =>
      window.reports.findLast(({ kind }) => kind === 'checkpoint')?.checkpoint.step ===
      window.reports.findLast(({ kind }) => kind === 'snapshot')?.snapshot.step,
  );
  await visitor.stored(paused);

  await visitor.page.reload();
  await visitor.until(() => /mlp-16 on birds\.csv was left at step/.test(document.querySelector('[data-testid=strip]')?.innerText), undefined, {
    failing: true,
  });
  await visitor.see('go-on').click();
  await visitor.see('give').click();
  await read(visitor, () => visitor.see('own-files').setInputFiles(csv), { failing: true });
  await visitor.until(
    (from) => window.reports.find(({ kind, snapshot }) => kind === 'snapshot' && snapshot.records.length > 0)?.snapshot.records[0].step === from,
    paused,
    { failing: true },
  );
  await visitor.until(() => document.body.dataset.state === 'finished', undefined, { failing: true });
  await visitor.see('view-network').click();
  const taken = await visitor.take('take-run');
  assert.match(path.basename(taken), /^lacuna-birds\.csv-mlp-16-run-step-1500\.safetensors$/);
  assert.match(
    execFileSync(program('lacuna'), ['train', '--resume', taken, '--dataset', csv], { cwd: root, encoding: 'utf8' }),
    /continues at step 1500 of 1500/,
  );
  await visitor.leave([/broken on purpose/]);
});

test('folders of pictures are classes, and idx files are read as they are', limit, async () => {
  const colours = { grass: [30, 160, 40], sky: [40, 90, 220] };
  for (const [name, colour] of Object.entries(colours)) {
    for (let at = 0; at < 9; at++)
      file(
        `photos/${name}/${at}.png`,
        png(
          at === 3 ? 60 : 12,
          12,
          colour.map((level) => level + at),
        ),
      );
  }
  const visitor = await visit('dataset=planted&model=mlp-16&batch_size=128&steps=6');
  await visitor.state('idle');
  await visitor.page.locator('label.own').click();
  const said = await read(visitor, () => visitor.see('own-folder').setInputFiles(path.join(folder, 'photos')));
  assert.match(said, /^photos: 18 colour images of 32 × 32, 2 classes: 16 training rows and 2 test rows\.$/);
  assert.match(await visitor.see('own-note').innerText(), /cut to the square in their middle/);
  await visitor.screenshot('own-pictures');
  await visitor.until(() => window.reports.findLast(({ kind }) => kind === 'opened')?.description.dataset.channels === 3);
  const { description } = (await visitor.reports('opened')).at(-1);
  assert.deepEqual([description.batch_size, description.dataset.classes, description.dataset.train], [16, 2, 16], 'a batch that there are rows for');
  await visitor.see('train').click();
  await visitor.state('finished');

  // A run that has begun stays on its data until it is restarted.
  const images = file(
    'i.idx',
    idx(
      [20, 5, 5],
      Array.from({ length: 500 }, (_, at) => (at * 37) % 256),
    ),
  );
  const labels = file(
    'l.idx',
    idx(
      [20],
      Array.from({ length: 20 }, (_, at) => at % 4),
    ),
  );
  assert.match(await read(visitor, () => visitor.see('own-files').setInputFiles([images, labels])), /20 grey images of 5 × 5, 4 classes/);
  assert.match(await visitor.see('own-note').innerText(), /Restart begins with these/);
  await visitor.see('restart').click();
  await visitor.until(() => window.reports.findLast(({ kind }) => kind === 'opened')?.description.dataset.width === 5);
  await visitor.leave();
});

test('files that cannot be read are refused with file, line and reason, and nothing is lost', limit, async () => {
  const visitor = await visit('dataset=planted&model=mlp-16&steps=500&batch_size=16');
  await visitor.see('train').click();
  await visitor.steps(3);
  await visitor.page.locator('label.own').click();
  const bad = [
    [[file('lines.csv', `${table(9)}\n1,2,ant`)], /^Lines\.csv, line 11: it has 3 values where the first line has 65\./i],
    [[file('words.csv', '1,2,a\n3,four,b\n5,6,a')], /^Words\.csv, line 2: column 2 says "four", which is no number\./i],
    [[file('one.csv', '1,2,a\n3,4,a')], /all its rows are of one class/],
    [[file('empty.csv', '')], /it is empty/],
    [[file('a/x.png', 'no picture')], /^X\.png: it is in no folder/],
    [[file('cut.idx', idx([4, 2, 2], [1, 2, 3]))], /truncated|its labels are missing/],
    [[file('noise.bin', 'noise')], /its lines have one value/],
    [[file('digits.zip', 'PK\x03\x04')], /^Digits\.zip: it is a zip archive\. Unpack it/],
    [[file('packed.csv.gz', Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3]))], /packed with gzip and damaged/],
  ];
  for (const [files, words] of bad) {
    await visitor.page.evaluate(() => document.querySelector('[data-testid=own-said]')?.classList.remove('refusal'));
    assert.match(await read(visitor, () => visitor.see('own-files').setInputFiles(files)), words);
  }
  await visitor.screenshot('own-refused');
  assert.equal((await visitor.reports('owned')).length, 0);
  assert.equal(new URLSearchParams(visitor.query()).get('dataset'), 'planted', 'the controls stay with their data');
  assert(await visitor.see('dataset-planted').isChecked());
  // The run trains on meanwhile.
  const { step } = (await visitor.snapshots()).at(-1);
  await visitor.steps(step + 2);
  await visitor.leave();
});

test('a table means what its owner meant: a tie is told and chosen, missing values too, and the batch goes back with its reason', limit, async () => {
  const visitor = await visit('dataset=planted&model=mlp-16&batch_size=128&steps=5');
  await visitor.state('idle');
  await visitor.page.locator('label.own').click();
  const rows = ['3,,a,x', '4,1,b,y', '5,2,a,y', '6,3,b,x', '7,4,a,x', '8,2,b,y', '9,1,b,x', '1,3,a,y'];
  const tie = file('tie.csv', ['Id,u,class,species', ...rows.map((row, at) => row.replace(/^\d+/, String(at + 1)))].join('\n'));
  assert.match(
    await read(visitor, () => visitor.see('own-files').setInputFiles(tie)),
    /^Tie\.csv: column 3 \(class\) and column 4 \(species\) could be the class\./,
  );
  const offered = () => visitor.see('own-label').locator('option').allInnerTexts();
  assert.deepEqual(await offered(), ['found by itself', 'Id', 'u', 'class', 'species']);
  const again = (choice, value) => read(visitor, () => visitor.see(choice).selectOption(value));
  assert.match(await again('own-label', { label: 'species' }), /^Tie\.csv, line 2: column 2 \(u\) is empty\./);
  assert.equal(await visitor.see('own-label').inputValue(), 'column 4', 'the choice stays');
  assert.match(await again('own-missing', 'drop'), /^tie\.csv: 7 rows of 3 values, 2 classes/);
  assert.match(await again('own-missing', 'mean'), /^tie\.csv: 8 rows of 3 values, 2 classes/);
  const notes = await visitor.page.locator('[data-testid=own-note] li').allInnerTexts();
  for (const words of [
    'Class: column 4, species: x, y.',
    'Left out: Id (counts the rows).',
    'Words became one input for each value: class (a, b).',
    'Missing values became the mean of their column: u (1).',
  ])
    assert(notes.includes(words), `${words} is not in ${notes.join(' | ')}`);
  await visitor.screenshot('own-table-notes');
  const batch = () => new URLSearchParams(visitor.query()).get('batch_size');
  await visitor.until(() => new URLSearchParams(location.search).get('dataset') === 'own');
  assert.equal(batch(), '4', 'six training rows');
  const large = file('large.csv', table(300));
  assert.match(await read(visitor, () => visitor.see('own-files').setInputFiles(large)), /300 grey images/);
  assert.equal((await offered()).length, 66, 'the columns of the new table');
  assert.equal(await visitor.see('own-label').inputValue(), 'auto');
  // The default is not in the link.
  await visitor.until(() => new URLSearchParams(location.search).get('batch_size') === null);
  await read(visitor, () => visitor.see('own-files').setInputFiles(file('four.csv', 'a,b,class\n1,2,x\n2,3,y\n3,4,x\n4,5,y')));
  await visitor.until(() => new URLSearchParams(location.search).get('batch_size') === '2');
  await visitor.page.locator('label:has([data-testid=dataset-planted])').click();
  await visitor.until(() => new URLSearchParams(location.search).get('batch_size') === null);
  await visitor.leave();
});

test('pictures of every format are the terminal’s run, and what is left out is named', limit, async () => {
  const pictures = path.join(root, 'tests', 'fixtures', 'pictures');
  const visitor = await visit('dataset=planted&model=mlp-16&batch_size=4&steps=6');
  await visitor.state('idle');
  await visitor.page.locator('label.own').click();
  assert.match(await read(visitor, () => visitor.see('own-folder').setInputFiles(pictures)), /^pictures: 13 colour images of 32 × 32, 2 classes/);
  assert.match(await visitor.see('own-note').innerText(), /Left out: 1 picture in no folder of a class \(pictures\/logo\.png\)\./);
  await visitor.until(() => window.reports.findLast(({ kind }) => kind === 'opened')?.description.dataset.name === 'own');
  await visitor.see('train').click();
  await visitor.state('finished');
  await visitor.see('view-network').click();
  const taken = await visitor.take('take-run');
  // The terminal refuses a run that learned from other pixels.
  assert.match(
    execFileSync(program('lacuna'), ['train', '--resume', taken, '--dataset', pictures], { cwd: root, encoding: 'utf8' }),
    /continues at step 6 of 6/,
  );
  await visitor.leave();
});

test('dropping files anywhere opens the panel and reads them', limit, async () => {
  const visitor = await visit('dataset=planted&model=mlp-16&steps=5');
  await visitor.state('idle');
  const fire = (kind, text) =>
    visitor.page.evaluate(
      ([type, content]) => {
        const data = new DataTransfer();
        data.items.add(new File([content], 'dropped.csv'));
        document.querySelector('main').dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: data }));
      },
      [kind, text],
    );
  await fire('dragover', '');
  await visitor.see('own-drop').waitFor();
  await fire('dragover', '');
  assert(await visitor.see('own-drop').evaluate((zone) => zone.classList.contains('over')));
  assert.match(await read(visitor, () => fire('drop', table(30, { header: false }))), /^dropped\.csv: 30 grey images/);
  await accessibleInEveryWindow(visitor, 'own', 'own data');
  await visitor.leave();
});

/** Drags files and folders from the disk over the page and drops them at once, as the browser itself does it for a person. */
async function dropFromDisk(visitor, ...files) {
  const session = await visitor.page.context().newCDPSession(visitor.page);
  const drag = (type) => session.send('Input.dispatchDragEvent', { type, x: 700, y: 400, data: { items: [], files, dragOperationsMask: 1 } });
  for (const type of ['dragEnter', 'dragOver', 'drop']) await drag(type);
  await session.detach();
}

test('a whole folder is dropped from the disk, however many files it has, and a pair of idx files', limit, async () => {
  // More in one folder than a browser lists at once, and what systems and editors leave there.
  const colours = { frog: [30, 160, 40], newt: [190, 90, 40] };
  for (const [name, number] of [
    ['frog', 115],
    ['newt', 25],
  ]) {
    for (let at = 0; at < number; at++)
      file(
        `pond/animals/${name}/${at}.png`,
        png(
          12,
          12,
          colours[name].map((level) => level + (at % 40)),
        ),
      );
  }
  for (const hidden of ['pond/.DS_Store', 'pond/animals/frog/.picture.png', 'pond/.cache/toad/1.png']) file(hidden, 'no picture');
  // The panel comes only after the files.
  let come;
  const dropped = new Promise((resolve) => (come = resolve));
  const visitor = await visit('dataset=planted&model=mlp-16&batch_size=16&steps=6', {
    prepare: (context) => context.route(/\/dataset-(?!worker|identity)[^/]*\.js$/, (route) => dropped.then(() => route.continue())),
  });
  await visitor.state('idle');
  const said = await read(visitor, async () => {
    await dropFromDisk(visitor, path.join(folder, 'pond'));
    assert.equal(await visitor.see('own-drop').count(), 0, 'the panel is not there yet');
    come();
  });
  const [, training, held] = /^pond: 140 colour images of 12 × 12, 2 classes: (\d+) training rows and (\d+) test rows\.$/.exec(said) ?? assert.fail(said);
  assert.deepEqual([Number(training) + Number(held), Number(held)], [140, Math.floor(115 / 7) + Math.floor(25 / 7)]);
  assert.deepEqual(await visitor.page.locator('.own-classes li').allInnerTexts(), ['frog', 'newt']);
  await visitor.until(() => window.reports.findLast(({ kind }) => kind === 'opened')?.description.dataset.name === 'own');
  const {
    description: { dataset },
  } = (await visitor.reports('opened')).at(-1);
  assert.deepEqual([dataset.train, dataset.width, dataset.channels, dataset.classes], [Number(training), 12, 3, 2]);

  const images = file(
    'train-images.idx',
    idx(
      [42, 6, 4],
      Array.from({ length: 42 * 24 }, (_, at) => (at * 37) % 256),
    ),
  );
  const labels = file(
    'train-labels.idx',
    idx(
      [42],
      Array.from({ length: 42 }, (_, at) => at % 3),
    ),
  );
  assert.match(
    await read(visitor, () => dropFromDisk(visitor, labels, images)),
    /^idx files: 42 grey images of 4 × 6, 3 classes: 36 training rows and 6 test rows\.$/,
  );
  await visitor.until(() => window.reports.findLast(({ kind }) => kind === 'opened')?.description.dataset.width === 4);
  await visitor.see('train').click();
  await visitor.state('finished');
  await visitor.leave();
});

test('data are the same if their checksums are, or without checksums if name and shape are', async () => {
  const { isSame, identityOf } = (await runnerImport(path.join(root, 'www', 'model', 'dataset-identity.ts'))).module;
  const own = { name: 'ants.csv', words: '', note: '', train: 206, test: 34, has_test: false, is_image: true, classes: ['ant', 'bee'], sum: '0a1b' };
  const dataset = { name: 'own', train: 206, test: 34, classes: 2, channels: 1, width: 8, height: 8, own };
  const shown = identityOf(dataset);
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
