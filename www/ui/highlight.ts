// Highlights a part of the page, or scrolls to it.

import './card.css';
import type { PageFacts } from '../model/page-facts';
import { PLACES, type Place, type PlaceName } from './anchors';

const still = matchMedia('(prefers-reduced-motion: reduce)');

/** The visible element for an anchor: where the anchor itself is folded away or hidden, the nearest visible element around it. */
function found({ at }: Place): HTMLElement | null {
  const target = document.querySelector<HTMLElement>(at);
  if (target?.checkVisibility()) return target;
  const fold = target?.closest<HTMLElement>('details:not([open])');
  return fold?.checkVisibility() ? fold : null;
}

/** Outlines these anchors and no others. */
export function point(...names: PlaceName[]): void {
  for (const element of document.querySelectorAll('.pointed')) element.classList.remove('pointed');
  for (const name of names) found(PLACES[name])?.classList.add('pointed');
}

/** Makes an anchor visible: shows its view, opens its fold, scrolls to it. */
export async function reveal(name: PlaceName, page: PageFacts): Promise<void> {
  const wanted: Place = PLACES[name];
  if (wanted.view && page.view !== wanted.view) await page.show(wanted.view);
  const target = document.querySelector<HTMLElement>(wanted.at);
  const fold = target?.closest('details');
  if (fold) fold.open = true;
  // An element that is in sight is not scrolled.
  found(wanted)?.scrollIntoView({ block: 'nearest', behavior: still.matches ? 'instant' : 'smooth' });
}

/** Shows an anchor, and focuses its first control, or the anchor itself. */
export async function visit(name: PlaceName, page: PageFacts): Promise<void> {
  await reveal(name, page);
  const target = found(PLACES[name]);
  if (!target) return;
  const control = target.matches('button')
    ? target
    : target.querySelector<HTMLElement>('button:not(:disabled), input:not(:disabled), select, canvas[tabindex], summary');
  if (control?.checkVisibility()) return control.focus({ preventScroll: true });
  if (target.tabIndex < 0) target.tabIndex = -1;
  target.focus({ preventScroll: true });
}
