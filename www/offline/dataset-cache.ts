// Data files, kept by the browser when they are first used, so that a second visit needs no network. A run that is left while its files
// arrive keeps nothing of the one that broke off.

import { messageOf } from '../model/words';

const STORE = 'lacuna-data';

/** Where the browser keeps nothing for this page, as from an insecure address, there is no store. */
const store = async (): Promise<Cache | null> => ('caches' in globalThis ? await caches.open(STORE).catch(() => null) : null);

/** The file at that address; `uncached` hears why it could not be kept, where storage is full or refused. */
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

/** What turned out to be damaged must not be met again. */
export async function forgetKept(address: URL): Promise<void> {
  await (await store())?.delete(address);
}
