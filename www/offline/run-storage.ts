// What is kept for a reload: the last runs of this browser, each tab's own, as files in IndexedDB.

export interface Stored {
  tab: string;
  at: number;
  /** For words, without reading the file. */
  model: string;
  dataset: string;
  step: number;
  steps: number;
  bytes: Uint8Array<ArrayBuffer>;
}

const MOST = 4;
const TAB = 'lacuna-tab';
const lockOf = (tab: string): string => `${TAB}-${tab}`;

/** This tab's name: it outlives a reload, not the tab. It is put down only while the page is away, so that a copy of the tab has one of its own. */
function named(): string {
  try {
    const name = sessionStorage.getItem(TAB) ?? String(Math.random()).slice(2);
    sessionStorage.removeItem(TAB);
    addEventListener('pagehide', () => {
      try {
        sessionStorage.setItem(TAB, name);
      } catch {
        // Nothing can be put down: after a reload the tab is another one.
      }
    });
    addEventListener('pageshow', () => sessionStorage.removeItem(TAB));
    return name;
  } catch {
    return 'tab';
  }
}
export const tab = named();

// Held as long as the tab lives, so that no other one offers its run.
void navigator.locks?.request(lockOf(tab), () => new Promise(() => undefined)).catch(() => undefined);

async function others(): Promise<Set<string>> {
  const { held = [] } = (await navigator.locks?.query().catch(() => null)) ?? {};
  return new Set(held.map(({ name }) => name ?? '').filter((name) => name !== lockOf(tab)));
}

const answered = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('the storage failed'));
  });

let opened: Promise<IDBDatabase> | null = null;
function database(): Promise<IDBDatabase> {
  if (!opened) {
    const request = indexedDB.open('lacuna', 1);
    request.onupgradeneeded = () => void request.result.createObjectStore('runs', { keyPath: 'tab' });
    opened = answered(request);
  }
  return opened;
}

const runs = async (mode: IDBTransactionMode): Promise<IDBObjectStore> => (await database()).transaction('runs', mode).objectStore('runs');

/** Keeps this tab's run in the place of the one before. */
export async function put(stored: Omit<Stored, 'tab' | 'at'>): Promise<void> {
  const store = await runs('readwrite');
  const done = new Promise<void>((resolve, reject) => {
    store.transaction.oncomplete = () => resolve();
    store.transaction.onabort = () => reject(store.transaction.error ?? new Error('the storage failed'));
  });
  await Promise.all([answered(store.put({ tab, at: Date.now(), ...stored })), done]);
  if (pruned) return;
  pruned = true;
  for (const old of (await latest()).slice(MOST)) await forget(old.tab);
}
let pruned = false;

async function latest(): Promise<Stored[]> {
  const all = (await answered((await runs('readonly')).getAll())) as Stored[];
  return all.sort((a, b) => b.at - a.at);
}

/** This tab's run, or the latest one whose tab is closed. */
export async function found(): Promise<Stored | null> {
  const [all, alive] = await Promise.all([latest(), others()]);
  return all.find((stored) => stored.tab === tab) ?? all.find((stored) => !alive.has(lockOf(stored.tab))) ?? null;
}

export async function forget(name: string): Promise<void> {
  await answered((await runs('readwrite')).delete(name));
}
