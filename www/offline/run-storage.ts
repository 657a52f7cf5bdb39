// Runs that are stored for a reload: the last ones of this browser, one of each tab, as files in IndexedDB.

export interface StoredRun {
  /** The tab that it is of. */
  tab: string;
  /** When it was stored, in milliseconds since 1970. */
  at: number;
  /** What it is, without reading the file. */
  model: string;
  dataset: string;
  step: number;
  steps: number;
  bytes: Uint8Array;
}

/** So many are stored: a browser may have many tabs. */
const MOST = 4;
const TAB = 'lacuna-tab';
const lockOf = (tab: string): string => `${TAB}-${tab}`;

/** This tab's name: it outlives a reload, not the tab. It is written only while the page unloads, so that a copy of the tab gets its own. */
function nameOfTab(): string {
  try {
    const name = sessionStorage.getItem(TAB) ?? String(Math.random()).slice(2);
    sessionStorage.removeItem(TAB);
    addEventListener('pagehide', () => {
      try {
        sessionStorage.setItem(TAB, name);
      } catch {
        // Nothing can be written: after a reload the tab is another one.
      }
    });
    addEventListener('pageshow', () => sessionStorage.removeItem(TAB));
    return name;
  } catch {
    return 'tab';
  }
}

const answered = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('the storage failed'));
  });

export class RunStorage {
  private readonly tab = nameOfTab();
  private opened: Promise<IDBDatabase> | null = null;
  /** Whether what is beyond the most was removed, which once a page is enough. */
  private pruned = false;

  constructor() {
    // Held while the tab exists, so that no other one offers its run.
    void navigator.locks?.request(lockOf(this.tab), () => new Promise(() => undefined)).catch(() => undefined);
  }

  /** Stores this tab's run in the place of the one before. Rejects where the browser stores nothing, or has no room. */
  async put(run: Omit<StoredRun, 'tab' | 'at'>): Promise<void> {
    const store = await this.runs('readwrite');
    const done = new Promise<void>((resolve, reject) => {
      store.transaction.oncomplete = () => resolve();
      store.transaction.onabort = () => reject(store.transaction.error ?? new Error('the storage failed'));
    });
    await Promise.all([answered(store.put({ tab: this.tab, at: Date.now(), ...run })), done]);
    if (this.pruned) return;
    this.pruned = true;
    for (const old of (await this.latest()).slice(MOST)) await this.remove(old.tab);
  }

  /** This tab's run, or the latest one whose tab is closed. */
  async found(): Promise<StoredRun | null> {
    const [all, alive] = await Promise.all([this.latest(), this.otherTabs()]);
    return all.find(({ tab }) => tab === this.tab) ?? all.find(({ tab }) => !alive.has(lockOf(tab))) ?? null;
  }

  async remove(tab: string): Promise<void> {
    await answered((await this.runs('readwrite')).delete(tab));
  }

  private async latest(): Promise<StoredRun[]> {
    const all = (await answered((await this.runs('readonly')).getAll())) as StoredRun[];
    return all.sort((a, b) => b.at - a.at);
  }

  /** The locks of tabs that are open beside this one. */
  private async otherTabs(): Promise<Set<string>> {
    const { held = [] } = (await navigator.locks?.query().catch(() => null)) ?? {};
    return new Set(held.map(({ name }) => name ?? '').filter((name) => name !== lockOf(this.tab)));
  }

  private async runs(mode: IDBTransactionMode): Promise<IDBObjectStore> {
    if (!this.opened) {
      const request = indexedDB.open('lacuna', 1);
      request.onupgradeneeded = () => void request.result.createObjectStore('runs', { keyPath: 'tab' });
      this.opened = answered(request);
    }
    return (await this.opened).transaction('runs', mode).objectStore('runs');
  }
}
