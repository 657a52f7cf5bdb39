// Registers the service worker, which caches the page for offline use, and reports when a newer version waits.

/** How often a tab that stays open looks for a newer version. */
const LOOK_MS = 60 * 60 * 1000;

/** `waits` is called when a newer version waits, with a function that switches to it. */
export async function keepOffline(waits: (takeOver: () => void) => void): Promise<void> {
  if (!('serviceWorker' in navigator)) return;
  const { serviceWorker } = navigator;
  // Where it is refused, as in some private windows, the page works with a network.
  const registration = await serviceWorker.register(new URL('service-worker.js', document.baseURI)).catch(() => null);
  if (!registration) return;
  let asked = false;
  const announceWaiting = (): void => {
    const { waiting } = registration;
    // The first version has no older one to wait for.
    if (!waiting || !serviceWorker.controller) return;
    waits(() => {
      asked = true;
      waiting.postMessage('take over');
    });
  };
  serviceWorker.addEventListener('controllerchange', () => {
    // Other tabs stay on the old version until they are reloaded.
    if (asked) location.reload();
  });
  const follow = (): void => registration.installing?.addEventListener('statechange', announceWaiting);
  registration.addEventListener('updatefound', follow);
  // A newer version may have been found while it was being registered.
  follow();
  announceWaiting();
  let looked = performance.now();
  document.addEventListener('visibilitychange', () => {
    if (document.hidden || performance.now() - looked < LOOK_MS) return;
    looked = performance.now();
    registration.update().catch(() => undefined);
  });
}
