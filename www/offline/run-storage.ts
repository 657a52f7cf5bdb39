// Runs that are stored in this browser, as files in IndexedDB: the present run of each tab, for a reload, and those that other runs replaced.

export interface StoredRun {
  /** The tab whose present run it is; `left-` and a number if another run replaced it. */
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

/** A stored run without its file. */
export type StoredSummary = Omit<StoredRun, 'bytes'>;

/** So many are stored: a browser may have many tabs. */
const MOST = 4;
/** So many that were replaced are stored, and at most in this share of the storage that the browser grants. */
const MOST_LEFT = 8;
const MOST_SHARE = 0.25;
const LEFT = 'left-';
const isLeft = ({ tab }: StoredSummary): boolean => tab.startsWith(LEFT);
const summaryOf = ({ bytes: _, ...run }: StoredRun): StoredSummary => run;
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
    await this.write({ tab: this.tab, at: Date.now(), ...run });
    if (this.pruned) return;
    this.pruned = true;
    for (const old of (await this.latest()).filter((each) => !isLeft(each)).slice(MOST)) await this.remove(old.tab);
  }

  /**
   * Stores a run that another one replaced, beside the others, of which the oldest go where there are too many. Returns all of them, the latest first.
   * Rejects as `put` does.
   */
  async leave(run: Omit<StoredRun, 'tab' | 'at'>): Promise<StoredSummary[]> {
    const at = Date.now();
    await this.write({ tab: `${LEFT}${at}`, at, ...run });
    const { quota = Number.POSITIVE_INFINITY } = (await navigator.storage?.estimate?.().catch(() => null)) ?? {};
    let bytes = 0;
    const stays: StoredRun[] = [];
    for (const each of (await this.latest()).filter(isLeft)) {
      bytes += each.bytes.length;
      if (stays.length > 0 && (stays.length >= MOST_LEFT || bytes > MOST_SHARE * quota)) await this.remove(each.tab);
      else stays.push(each);
    }
    return stays.map(summaryOf);
  }

  private async write(run: StoredRun): Promise<void> {
    const store = await this.runs('readwrite');
    const done = new Promise<void>((resolve, reject) => {
      store.transaction.oncomplete = () => resolve();
      store.transaction.onabort = () => reject(store.transaction.error ?? new Error('the storage failed'));
    });
    await Promise.all([answered(store.put(run)), done]);
  }

  /** This tab's run, or the latest one whose tab is closed; and the runs that others replaced, the latest first. */
  async found(): Promise<{ present: StoredRun | null; left: StoredSummary[] }> {
    const [stored, alive] = await Promise.all([this.latest(), this.otherTabs()]);
    const all = stored.filter((each) => !isLeft(each));
    const present = all.find(({ tab }) => tab === this.tab) ?? all.find(({ tab }) => !alive.has(lockOf(tab))) ?? null;
    return { present, left: stored.filter(isLeft).map(summaryOf) };
  }

  /** The file of a stored run. */
  async bytesOf(tab: string): Promise<Uint8Array> {
    const run = (await answered((await this.runs('readonly')).get(tab))) as StoredRun | undefined;
    if (!run) throw new Error('another tab has deleted it');
    return run.bytes;
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
