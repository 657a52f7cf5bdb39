// Points at the part of the page that words speak of, and goes there.

import './card.css';
import type { PageFacts } from '../model/page-facts';
import { PLACES, type Place, type PlaceName } from './anchors';

const still = matchMedia('(prefers-reduced-motion: reduce)');

/** What stands for a place now: where it is folded away or not shown, the nearest thing around it that is. */
function found({ at }: Place): HTMLElement | null {
  const target = document.querySelector<HTMLElement>(at);
  if (target?.checkVisibility()) return target;
  const fold = target?.closest<HTMLElement>('details:not([open])');
  return fold?.checkVisibility() ? fold : null;
}

/** Outlines these places, and nothing else. */
export function point(...names: PlaceName[]): void {
  for (const element of document.querySelectorAll('.pointed')) element.classList.remove('pointed');
  for (const name of names) found(PLACES[name])?.classList.add('pointed');
}

/** Brings a place into sight: its view of the middle, its fold, its part of a long page. */
export async function reveal(name: PlaceName, page: PageFacts): Promise<void> {
  const wanted: Place = PLACES[name];
  if (wanted.view && page.view !== wanted.view) await page.show(wanted.view);
  const target = document.querySelector<HTMLElement>(wanted.at);
  const fold = target?.closest('details');
  if (fold) fold.open = true;
  // What is in sight stays where it is.
  found(wanted)?.scrollIntoView({ block: 'nearest', behavior: still.matches ? 'instant' : 'smooth' });
}

/** Goes to a place: shows it, and gives the focus to its first control, or to itself. */
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
