// How far something has come that must be waited for.

import { at } from './element';

/** Done and to be done, in whatever the stage counts. */
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
