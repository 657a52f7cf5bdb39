// Fetches the data files of a run, and feeds them to its session, unpacked, piece by piece as they arrive.

import type { Session } from './load';
import { messageOf } from '../model/words';
import { fetchKept, forgetKept } from '../offline/dataset-cache';
import { said } from '../words/said';

function joined(pieces: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Reads a stream up to at least its first two bytes, which identify a gzip file. */
async function readBeginning(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array> {
  let first = new Uint8Array();
  while (first.length < 2) {
    const { done, value } = await reader.read();
    if (done) break;
    first = joined([first, value]);
  }
  return first;
}

/** The unpacked bytes of a response. The first bytes decide whether it is packed, because some servers unpack a .gz file on the way (Content-Encoding). */
export async function unpacked(body: ReadableStream<Uint8Array>): Promise<ReadableStream<Uint8Array>> {
  const reader = body.getReader();
  const first = await readBeginning(reader);
  const whole = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(first),
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
  const packed = first[0] === 0x1f && first[1] === 0x8b;
  return packed ? whole.pipeThrough(new DecompressionStream('gzip') as ReadableWritablePair<Uint8Array, Uint8Array>) : whole;
}

/** While the engine is busy, pieces are collected for one call. With more bytes than this, reading waits for that call. */
const MOST_WAITING = 8 << 20;

/** The body of a file; null where `signal` was aborted. Errors say what the visitor can do. */
async function request(name: string, folder: string, signal: AbortSignal, uncached: (why: string) => void): Promise<ReadableStream<Uint8Array> | null> {
  try {
    const response = await fetchKept(new URL(name, folder), signal, uncached);
    if (response.ok && response.body) return response.body;
    const set = name.split('/')[0] ?? name;
    throw new Error(said`${name} is not on this server (${response.status}). “lacuna data fetch ${set}” puts it there.`);
  } catch (error) {
    if (signal.aborted) return null;
    if (!navigator.onLine) throw new Error(said`${name} is not cached in this browser, and there is no network. Planted features need no files.`);
    if (error instanceof TypeError) throw new Error(said`${name} could not be fetched: ${error.message}.`);
    throw error;
  }
}

/**
 * Feeds every file of the session. `call` runs work when the session is free. `arrived` is told how many unpacked bytes of all were fed,
 * `uncached` is told why the browser's cache could not store a file. Ends early, without an error, when `signal` is aborted.
 */
export async function feedFiles(
  session: Session,
  folder: string,
  signal: AbortSignal,
  call: (work: () => void) => Promise<void>,
  arrived: (done: number, of: number) => void,
  uncached: (why: string) => void,
): Promise<void> {
  let files: { name: string; bytes: number }[] = [];
  await call(() => void (files = session.files()));
  const of = files.reduce((sum, file) => sum + file.bytes, 0);
  let done = 0;
  for (const { name } of files) {
    const body = await request(name, folder, signal, uncached);
    if (!body) return;
    const reader = (await unpacked(body)).getReader();
    let waiting: Uint8Array[] = [];
    let bytes = 0;
    let feeding: Promise<void> | null = null;
    const feed = (): Promise<void> => {
      feeding ??= call(() => {
        feeding = null;
        if (signal.aborted || waiting.length === 0) return;
        session.feed(name, joined(waiting));
        done += bytes;
        waiting = [];
        bytes = 0;
        arrived(done, of);
      });
      // A later await handles its error; until then it must not count as unhandled.
      feeding.catch(() => undefined);
      return feeding;
    };
    for (;;) {
      const piece = await reader.read().catch((error: unknown) => {
        if (signal.aborted) return null;
        throw new Error(said`${name} is incomplete or damaged: ${messageOf(error)}. Reload the page.`);
      });
      if (signal.aborted || !piece) return;
      if (piece.done) break;
      waiting.push(piece.value);
      bytes += piece.value.length;
      const fed = feed();
      if (bytes > MOST_WAITING) await fed;
    }
    await feed();
    const end = (): void => {
      if (!signal.aborted) session.feed_end(name);
    };
    await call(end).catch(async (error: unknown) => {
      await forgetKept(new URL(name, folder));
      throw error;
    });
  }
}
