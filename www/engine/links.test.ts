// The worker's answers about links and run files.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EngineLoader } from './engine-loader';
import { answer, link, read, readRun, recordingOf, start } from './links';
import type { Engine } from './load';
import type { Post } from './open-run';
import { denseWork } from '../model/first-visit';
import { description } from '../testing/samples';
import type { Report, Values } from '../protocol/messages';

/** Links of this engine are `name=value`; it knows no “unknown”, not twice the same name, and ignores “utm”. */
const engine = {
  settings: () => [],
  entrants: () => [],
  names_nothing: (query: string): boolean => query.split('&').every((part) => part === '' || part.startsWith('utm')),
  read_link: (query: string): Values => {
    const parts = query.split('&').map((part) => part.split('='));
    const found: Values = {};
    for (const [name = '', value = ''] of parts.filter(([name]) => name !== '' && name !== 'utm')) {
      if (name.startsWith('unknown')) throw new Error(`there is no ${name}`);
      if (name in found) throw new Error(`${name} is set twice`);
      found[name] = value;
    }
    return found;
  },
  write_link: (values: Values) =>
    Object.entries(values)
      .map(([name, value]) => `${name}=${value}`)
      .join('&'),
  describe: () => ({ plan: description(), refused: null }),
  read_run: (bytes: Uint8Array) => ({ step: bytes[0], history: { shades: Uint8Array.of(1), masks: Uint8Array.of(2) } }),
  dense_step_ms: async () => 20,
  recording_of: (bytes: Uint8Array) => bytes.slice(1),
} as unknown as Engine;

const loader = (of: Engine | null, adapter: object | null = null): EngineLoader =>
  ({ load: async () => of, engine: of && Promise.resolve(of), adapter: Promise.resolve(adapter) }) as unknown as EngineLoader;

/** The reports of a start. `asked`: the number of the run that was asked for meanwhile. */
async function reported(query: string, adapter: object | null = null, may_be_first = false, asked = 0): Promise<Report[]> {
  const reports: Report[] = [];
  await start(
    loader(engine, adapter),
    { kind: 'start', query, may_be_first, fallback: { gpu: 'net=large', cpu: 'net=small' }, data: '' },
    (report) => void reports.push(report),
    { asked, useDevice: (work) => work() },
  );
  assert.deepEqual(reports.shift(), { kind: 'settings', settings: [], entrants: [] });
  return reports;
}
const started = async (query: string, adapter: object | null = null): Promise<Report | undefined> => (await reported(query, adapter))[0];

test('the page starts with its link, or with the fallback of what computes', async () => {
  assert.deepEqual(await started('net=own'), { kind: 'values', asked: 'start', values: { net: 'own' }, query: 'net=own', refused: null });
  assert.deepEqual(await started(''), { kind: 'values', asked: 'start', values: { net: 'small' }, query: 'net=small', refused: null });
  assert.deepEqual(await started('', {}), { kind: 'values', asked: 'start', values: { net: 'large' }, query: 'net=large', refused: null });
  assert.deepEqual(await started('unknown'), {
    kind: 'values',
    asked: 'start',
    values: { net: 'small' },
    query: 'net=small',
    refused: { message: 'there is no unknown', is_rest: false },
  });
});

test('what can be read of a link is opened, and each mistake is told', async () => {
  assert.deepEqual(await started('net=own&unknown=1&seed=2&seed=3&utm=x'), {
    kind: 'values',
    asked: 'start',
    values: { net: 'own', seed: '2' },
    query: 'net=own&seed=2&utm=x',
    refused: { message: 'there is no unknown\nseed is set twice', is_rest: true },
  });
  const nothing = await started('unknown=1&utm=x');
  assert.deepEqual(nothing?.kind === 'values' && [nothing.values, nothing.refused?.is_rest], [{ net: 'small' }, false]);
});

test('a link with nothing but what others add is one without settings', async () => {
  const [first] = await reported('utm=mail', {}, true);
  assert(first?.kind === 'values' && first.asked === 'first');
  const [given] = await reported('utm=mail&net=own', {}, true);
  assert(given?.kind === 'values' && given.asked === 'start' && given.values['net'] === 'own', 'a link given by somebody is not resized');
  const [broken] = await reported('unknown=1', {}, true);
  assert(broken?.kind === 'values' && broken.asked === 'start');
});

test('a first visit has settings at once, and those that fit the device once it is measured', async () => {
  const [first, sized, ...more] = await reported('', {}, true);
  assert(first?.kind === 'values' && first.asked === 'first' && first.values['model'] === 'mlp-256-128');
  assert(sized?.kind === 'sized' && sized.speed === denseWork('mlp-256-128') / 0.02 && sized.values['model'] === 'mlp-256-128');
  assert.deepEqual(more, []);
});

test('where a run was asked for before, nothing is measured', async () => {
  const reports = await reported('', {}, true, 1);
  assert.deepEqual(
    reports.map((report) => report.kind === 'values' && report.query),
    ['net=large'],
  );
});

test('links are read and written', () => {
  const linked = link(engine, { kind: 'link', ticket: 4, values: { net: 'a', seed: '2' } });
  assert(linked.kind === 'linked' && linked.ticket === 4 && linked.query === 'net=a&seed=2' && !('refused' in linked.plan));
  assert.deepEqual(read(engine, { kind: 'read', query: 'net=b' }), { kind: 'values', asked: 'read', values: { net: 'b' }, query: 'net=b', refused: null });
});

test('a run file is read and cut by the engine; what is large is moved to the page, not copied', async () => {
  const posted: Parameters<Post>[] = [];
  const bytes = Uint8Array.of(7, 8);
  for (const say of [
    (of: Engine) => readRun(of, { kind: 'read_run', ticket: -2, bytes }),
    (of: Engine) => recordingOf(of, -3, bytes),
    (of: Engine) => read(of, { kind: 'read', query: 'net=b' }),
  ])
    await answer(loader(engine), -2, say, (...all) => void posted.push(all));
  const [[first], [second]] = posted as [[Report], [Report]];
  assert(first.kind === 'run_read' && first.ticket === -2 && first.read.step === 7);
  assert.deepEqual(second, { kind: 'recording', ticket: -3, bytes: Uint8Array.of(8) });
  assert.deepEqual(
    posted.map(([, buffers]) => buffers?.length),
    [2, 1, 0],
  );
});

test('a refusal goes to whoever asked, in the words of the engine; without an engine there is no answer', async () => {
  const reports: Report[] = [];
  const ask = (of: Engine | null): Promise<void> =>
    answer(
      loader(of),
      7,
      (found) => read(found, { kind: 'read', query: 'unknown' }),
      (report) => void reports.push(report),
    );
  await ask(null);
  assert.equal(reports.length, 0);
  await ask(engine);
  assert.deepEqual(reports, [{ kind: 'refused', ticket: 7, message: 'there is no unknown' }]);
});
