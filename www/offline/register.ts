// Has the page kept for days without a network, and says when a newer one waits.

/** A tab that stays open for long looks for a newer version so often. */
const LOOK_MS = 60 * 60 * 1000;

/** `waits` hears of a version that waits, with what takes it over. */
export async function keepOffline(waits: (takeOver: () => void) => void): Promise<void> {
  if (!('serviceWorker' in navigator)) return;
  const { serviceWorker } = navigator;
  // Where it is refused, as in some private windows, the page works as before, with a network.
  const registration = await serviceWorker.register(new URL('service-worker.js', document.baseURI)).catch(() => null);
  if (!registration) return;
  let asked = false;
  const announceWaiting = (): void => {
    const { waiting } = registration;
    // The very first version has nobody to wait for.
    if (!waiting || !serviceWorker.controller) return;
    waits(() => {
      asked = true;
      waiting.postMessage('take over');
    });
  };
  serviceWorker.addEventListener('controllerchange', () => {
    // Other tabs of the old version go on with it until they are reloaded.
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
