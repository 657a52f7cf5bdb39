// Sizes the experiment of a first visit: times dense steps on the device, before the first run.

import type { KnownAdapter } from './adapter';
import type { Engine } from './load';
import type { Post } from './open-run';
import { UNMEASURED, denseWork, firstExperiment, firstLink } from '../model/first-visit';
import type { Progress } from '../protocol/messages';

/** Networks to time. The second one is timed only where a step of the first is so quick that its time says little about larger networks. */
const TIMED = ['mlp-256-128', 'mlp-2048-1024'];
const QUICK_MS = 2;

/** The settings of a first visit before its device is measured, and where it cannot be. */
export const UNSIZED = firstExperiment(UNMEASURED);

/**
 * Multiply-adds a second of dense steps; null where a step cannot be timed. The next run then says what is wrong with the device. `isWanted`: false
 * where a run was asked for meanwhile, which waits for the device.
 */
async function measuredSpeed({ dense_step_ms }: Engine, adapter: KnownAdapter | null, post: Post, isWanted: () => boolean): Promise<number | null> {
  const progress: Progress = (stage, done, of) => post({ kind: 'progress', run: 0, stage, done, of });
  let speed: number | null = null;
  try {
    for (const network of TIMED) {
      if (!isWanted()) break;
      const step_ms = await dense_step_ms(firstLink(network), progress, adapter?.name ?? undefined);
      speed = Math.max(speed ?? 0, (1000 * denseWork(network)) / step_ms);
      if (step_ms > QUICK_MS) break;
    }
  } catch {
    // What was measured before is used.
  }
  return speed;
}

/** Measures the device, and reports the experiment that fits it. */
export async function sizeFirstVisit(engine: Engine, adapter: KnownAdapter | null, post: Post, isWanted: () => boolean): Promise<void> {
  const speed = await measuredSpeed(engine, adapter, post, isWanted);
  const query = firstExperiment(speed ?? UNMEASURED);
  post({ kind: 'sized', speed, values: engine.read_link(query), query });
}
