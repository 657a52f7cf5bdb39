// Caches data files in the browser when they are first used, so that a second visit needs no network. A download that was aborted
// is not cached.

import { messageOf } from '../model/words';

const STORE = 'lacuna-data';

/** Null where the browser stores nothing for this page, as at an insecure address. */
const store = async (): Promise<Cache | null> => ('caches' in globalThis ? await caches.open(STORE).catch(() => null) : null);

/** The file at that address. `uncached` is told why it could not be cached: storage is full or refused. */
export async function fetchKept(address: URL, signal: AbortSignal, uncached: (why: string) => void): Promise<Response> {
  const kept = await store();
  const found = await kept?.match(address);
  if (found) return found;
  const response = await fetch(address, { signal, cache: 'force-cache' });
  if (kept && response.ok) {
    kept.put(address, response.clone()).catch((error: unknown) => {
      if (!signal.aborted) uncached(messageOf(error));
    });
  }
  return response;
}

/** Removes a file that turned out to be damaged. */
export async function forgetKept(address: URL): Promise<void> {
  await (await store())?.delete(address);
}
