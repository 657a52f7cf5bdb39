// Points at the part of the page that words speak of, and goes there.

import './card.css';
import { PLACES, type Place, type PlaceName } from './anchors';

const still = matchMedia('(prefers-reduced-motion: reduce)');

let pointed: Element[] = [];

/** What stands for a place now: where it is folded away or not shown, the nearest thing around it that is. */
function found({ at }: Place): HTMLElement | null {
  const target = document.querySelector<HTMLElement>(at);
  if (target?.checkVisibility()) return target;
  const fold = target?.closest<HTMLElement>('details:not([open])');
  return fold?.checkVisibility() ? fold : null;
}

/** Outlines these places, and nothing else. */
export function point(...names: PlaceName[]): void {
  for (const element of pointed) element.classList.remove('pointed');
  pointed = names.flatMap((name) => found(PLACES[name]) ?? []);
  for (const element of pointed) element.classList.add('pointed');
}

/** Brings a place into sight: its view of the middle, its fold, its part of a long page. */
export async function reveal(name: PlaceName, show: (view: string) => Promise<void>): Promise<void> {
  const wanted: Place = PLACES[name];
  if (wanted.view && document.body.dataset['view'] !== wanted.view) await show(wanted.view);
  const target = document.querySelector<HTMLElement>(wanted.at);
  const fold = target?.closest('details');
  if (fold) fold.open = true;
  // What is in sight stays where it is.
  found(wanted)?.scrollIntoView({ block: 'nearest', behavior: still.matches ? 'instant' : 'smooth' });
}

/** Goes to a place: shows it, and gives the focus to its first control, or to itself. */
export async function visit(name: PlaceName, show: (view: string) => Promise<void>): Promise<void> {
  await reveal(name, show);
  const target = found(PLACES[name]);
  if (!target) return;
  const control = target.matches('button')
    ? target
    : target.querySelector<HTMLElement>('button:not(:disabled), input:not(:disabled), select, canvas[tabindex], summary');
  if (control?.checkVisibility()) return control.focus({ preventScroll: true });
  if (target.tabIndex < 0) target.tabIndex = -1;
  target.focus({ preventScroll: true });
}
