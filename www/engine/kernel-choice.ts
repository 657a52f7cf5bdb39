// The choice of the kernels' variants on this visitor's GPU, made once for each kind of run and remembered by the browser.

import type { Session } from './load';
import type { Progress } from '../protocol/messages';

const STORE = 'lacuna-kernels';

/** An address for a key; nothing is fetched from it. */
const addressOf = (key: string): string => `/kernels?${new URLSearchParams({ key })}`;

/** Null where the browser stores nothing for this page, as at an insecure address. */
const store = async (): Promise<Cache | null> => ('caches' in globalThis ? await caches.open(STORE).catch(() => null) : null);

/** Chooses the variants of a new run's kernels, if there is a choice on this device. */
export async function chooseKernels(session: Session, progress: Progress): Promise<void> {
  const key = session.kernels_key();
  if (key === undefined) return;
  const kept = await store();
  const known = await (await kept?.match(addressOf(key)))?.text();
  const chosen = await session.choose_kernels(progress, known);
  // A browser that refuses to store it measures again at the next visit.
  if (chosen !== known) await kept?.put(addressOf(key), new Response(chosen)).catch(() => undefined);
}
