// Fetches the data files of a run and feeds them to it, unpacked, piece by piece as they arrive.

import type { Session } from './engine';

/** Concatenates the first chunks of a stream until at least two bytes are there, enough for the gzip mark. */
async function readMark(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array> {
  let first = new Uint8Array();
  while (first.length < 2) {
    const { done, value } = await reader.read();
    if (done) break;
    const joined = new Uint8Array(first.length + value.length);
    joined.set(first);
    joined.set(value, first.length);
    first = joined;
  }
  return first;
}

/** The unpacked bytes of a response. Some servers unpack a .gz on the way (Content-Encoding), so the bytes decide, not the name. */
async function unpacked(body: ReadableStream<Uint8Array>): Promise<ReadableStream<Uint8Array>> {
  const reader = body.getReader();
  const first = await readMark(reader);
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

/**
 * Feeds every file of the session. `arrived` hears of the unpacked bytes so far after each piece.
 * Ends early, without an error, when `signal` is aborted.
 */
export async function feedFiles(
  session: Session,
  folder: string,
  signal: AbortSignal,
  arrived: (done: number, of: number) => void,
): Promise<void> {
  const files = session.files();
  const of = files.reduce((sum, file) => sum + file.bytes, 0);
  let done = 0;
  for (const { name } of files) {
    const response = await fetch(new URL(name, folder), { signal, cache: 'force-cache' }).catch((error: unknown) => {
      if (signal.aborted) return null;
      throw new Error(`${name} could not be fetched: ${error instanceof Error ? error.message : String(error)}`);
    });
    if (!response) return;
    if (!response.ok || !response.body) {
      const set = name.split('/')[0] ?? name;
      throw new Error(`${name} is not on this server (${response.status}). “lacuna data fetch ${set}” puts it there.`);
    }
    const reader = (await unpacked(response.body)).getReader();
    for (;;) {
      const piece = await reader.read();
      if (signal.aborted) return void reader.cancel();
      if (piece.done) break;
      session.feed(name, piece.value);
      done += piece.value.length;
      arrived(done, of);
    }
    session.feed_end(name);
  }
}
