// Data files are fetched, unpacked and fed piece by piece; errors say what the visitor can do.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Session } from './load';
import { feedFiles, unpacked } from './dataset-fetch';
import { chance } from '../testing/samples';

const stream = (...pieces: Uint8Array[]): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
const read = async (from: ReadableStream<Uint8Array>): Promise<Uint8Array> =>
  new Uint8Array(await new Response(from as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer());
const noise = (length: number, seed = 1): Uint8Array<ArrayBuffer> => {
  const next = chance(seed);
  return Uint8Array.from({ length }, () => Math.floor(next() * 256));
};
/** In pieces of at most so many bytes. */
const pieces = (bytes: Uint8Array, most: number): Uint8Array[] =>
  Array.from({ length: Math.ceil(bytes.length / most) }, (_, index) => bytes.slice(index * most, (index + 1) * most));

test('bytes decide whether they are packed, in whatever pieces they come', async () => {
  const plain = noise(5000);
  for (const bytes of [plain, Uint8Array.of(0x1f), Uint8Array.of(0x1f, 0), new Uint8Array()]) {
    for (const most of [1, 2, 3, 1000, 10_000]) assert.deepEqual(await read(await unpacked(stream(...pieces(bytes, most)))), new Uint8Array(bytes));
  }
  for (const most of [1, 2, 7, 100_000]) assert.deepEqual(await read(await unpacked(stream(...pieces(gzipSync(plain), most)))), plain);
});

test('a packed file that breaks off is an error', async () => {
  await assert.rejects(async () => read(await unpacked(stream(gzipSync(noise(5000)).subarray(0, 3000)))));
});

interface Fed {
  session: Session;
  fed: Record<string, Uint8Array>;
  ended: string[];
}
function taking(files: Record<string, Uint8Array>): Fed {
  const [fed, ended]: [Record<string, Uint8Array>, string[]] = [{}, []];
  const session = {
    files: () => Object.entries(files).map(([name, { length }]) => ({ name, bytes: length })),
    feed: (name: string, bytes: Uint8Array) => void (fed[name] = Uint8Array.of(...(fed[name] ?? []), ...bytes)),
    feed_end: (name: string) => void ended.push(name),
  } as unknown as Session;
  return { session, fed, ended };
}
const turn = async (work: () => void): Promise<void> => {
  await new Promise((resolve) => setImmediate(resolve));
  work();
};
const fetching = (answer: (address: string) => Response | Promise<Response>): void =>
  void (globalThis.fetch = (async (address: URL) => answer(String(address))) as typeof fetch);
const online = (onLine: boolean): void => void Object.defineProperty(globalThis, 'navigator', { value: { onLine }, configurable: true });
const { fetch: plainFetch } = globalThis;
const navigated = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
afterEach(() => {
  globalThis.fetch = plainFetch;
  if (navigated) Object.defineProperty(globalThis, 'navigator', navigated);
  else Reflect.deleteProperty(globalThis, 'navigator');
});
const feed = ({ session }: Fed, { signal = new AbortController().signal, arrived = (_: number, __: number): void => undefined } = {}): Promise<void> =>
  feedFiles(session, 'http://here/data/', signal, turn, arrived, () => undefined);

test('every file is fed whole, in order, and what arrived is told up to the last byte', async () => {
  const files = { 'set/labels.gz': noise(700, 2), 'set/images.gz': noise(9000, 3) };
  const taken = taking(files);
  fetching(
    (address) =>
      new Response(
        stream(...pieces(gzipSync(files[address.replace('http://here/data/', '') as keyof typeof files]), 500)) as ReadableStream<Uint8Array<ArrayBuffer>>,
      ),
  );
  const told: [number, number][] = [];
  await feed(taken, { arrived: (done, of) => told.push([done, of]) });
  assert.deepEqual(taken.fed, files);
  assert.deepEqual(taken.ended, Object.keys(files));
  assert.deepEqual(told.at(-1), [9700, 9700]);
  assert(told.every(([done], index) => index === 0 || done > (told[index - 1]?.[0] ?? Infinity)));
});

test('a file that is not on the server is told with how to get it', async () => {
  online(true);
  fetching(() => new Response(null, { status: 404 }));
  await assert.rejects(feed(taking({ 'mnist/labels.gz': noise(3) })), {
    message: 'mnist/labels.gz is not on this server (404). “lacuna data fetch mnist” puts it there.',
  });
});

test('without a network the words are of the network', async () => {
  online(false);
  fetching(() => Promise.reject(new TypeError('failed to fetch')));
  await assert.rejects(feed(taking({ 'mnist/labels.gz': noise(3) })), /mnist\/labels\.gz is not cached in this browser, and there is no network/);
  online(true);
  await assert.rejects(feed(taking({ 'mnist/labels.gz': noise(3) })), /could not be fetched: failed to fetch\./);
});

test('a file that breaks off is told as such', async () => {
  online(true);
  fetching(() => new Response(gzipSync(noise(5000)).subarray(0, 3000)));
  await assert.rejects(feed(taking({ 'mnist/images.gz': noise(5000) })), /mnist\/images\.gz is incomplete or damaged: .*Reload the page\./s);
});

test('what the engine refuses at a file’s end is its own words', async () => {
  fetching(() => new Response(noise(10)));
  const taken = taking({ 'set/x': noise(10) });
  taken.session.feed_end = () => {
    throw new Error('its sum is another');
  };
  await assert.rejects(feed(taken), { message: 'its sum is another' });
});

test('a run that is left is fed no more, and that is no error', async () => {
  const abort = new AbortController();
  const taken = taking({ 'set/x': noise(1000), 'set/y': noise(1000) });
  fetching(() => new Response(stream(...pieces(noise(1000), 100)) as ReadableStream<Uint8Array<ArrayBuffer>>));
  await feed(taken, { signal: abort.signal, arrived: () => abort.abort() });
  assert.deepEqual(taken.ended, []);
  assert(!('set/y' in taken.fed));
});
