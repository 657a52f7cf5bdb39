// Caches the built page for offline use. One version is one cache: a page that was opened with a version continues with its files,
// and the next version waits until the visitor asks for it or no page of this one is open.

/** Written by the build: the version, all its files, and the files that index.html names. These tell whether a page belongs to the version. */
declare const __BUILT__: { version: string; files: string[]; named: string[] };

const BUILT = __BUILT__;
const OWN = `lacuna-${BUILT.version}`;
const VERSIONS = /^lacuna-[0-9a-f]+$/;
const worker = self as unknown as ServiceWorkerGlobalScope;
const folder = worker.registration.scope;

/** The types of a service worker that are used here: TypeScript's own exclude those of a page. */
interface ExtendableEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface FetchEvent extends ExtendableEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}
interface ServiceWorkerGlobalScope {
  readonly registration: { readonly scope: string };
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(kind: 'install' | 'activate', listener: (event: ExtendableEvent) => void): void;
  addEventListener(kind: 'fetch', listener: (event: FetchEvent) => void): void;
  addEventListener(kind: 'message', listener: (event: MessageEvent<string>) => void): void;
}

/** The page itself, asked for by its folder, because some hosts redirect index.html there. */
async function keepPage(cache: Cache): Promise<void> {
  const response = await fetch(folder, { cache: 'no-cache' });
  const text = await response.text();
  // While another version is being uploaded, the host may answer with its page: then this version is not installed.
  if (!response.ok || !BUILT.named.every((name) => text.includes(name))) throw new Error('the page on the server is of another version');
  await cache.put(folder, new Response(text, { headers: { 'Content-Type': 'text/html; charset=utf-8' } }));
}

async function install(): Promise<void> {
  const cache = await caches.open(OWN);
  try {
    // Files with a hash in their name never change; the others are fetched again.
    const requests = BUILT.files.map((name) => new Request(new URL(name, folder), { cache: name.startsWith('assets/') ? 'default' : 'no-cache' }));
    await Promise.all([keepPage(cache), cache.addAll(requests)]);
  } catch (error) {
    await caches.delete(OWN);
    throw error;
  }
}

/** Deletes older caches, except the one before this: a page of that version may still be open. */
async function activate(): Promise<void> {
  const versions = (await caches.keys()).filter((name) => VERSIONS.test(name) && name !== OWN);
  await Promise.all(versions.slice(0, -1).map((name) => caches.delete(name)));
  await worker.clients.claim();
}

/** Looks in all caches: a name with a hash belongs to one version, so a page of the version before still finds its files. */
async function answer(request: Request, isPage: boolean): Promise<Response> {
  const own = await caches.open(OWN);
  const kept = isPage ? await own.match(folder) : ((await own.match(request)) ?? (await matchBefore(request)));
  return kept ?? fetch(request);
}

async function matchBefore(request: Request): Promise<Response | undefined> {
  for (const name of (await caches.keys()).filter((each) => VERSIONS.test(each))) {
    const found = await (await caches.open(name)).match(request);
    if (found) return found;
  }
  return undefined;
}

worker.addEventListener('install', (event) => event.waitUntil(install()));
worker.addEventListener('activate', (event) => event.waitUntil(activate()));
worker.addEventListener('message', ({ data }) => {
  if (data === 'take over') void worker.skipWaiting();
});
worker.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname, href } = new URL(request.url);
  if (request.method !== 'GET' || !href.startsWith(folder)) return;
  const name = (origin + pathname).slice(folder.length);
  const isPage = request.mode === 'navigate' && (name === '' || name === 'index.html');
  // Data are cached by the engine's worker when they are first used.
  if (isPage || (request.mode !== 'navigate' && !name.startsWith('data/'))) event.respondWith(answer(request, isPage));
});
