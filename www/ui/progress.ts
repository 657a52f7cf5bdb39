// A progress bar.

import { at } from './element';

/** How much is done, and of how much, in a unit of the stage. */
interface Progress {
  stage: string;
  done: number;
  of: number;
}

export function drawProgress(progress: Progress | null): void {
  const bar = at('progress');
  bar.hidden = progress === null || progress.done >= progress.of;
  if (bar.hidden || !progress) return;
  const share = Math.round((100 * progress.done) / Math.max(1, progress.of));
  bar.ariaValueNow = String(share);
  bar.ariaValueText = `${progress.stage}: ${share} %`;
  const fill = bar.querySelector('i');
  if (fill) fill.style.width = `${share}%`;
}
