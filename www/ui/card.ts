// The row below the header, which holds one card. A card there covers no part of the page that it explains.

import './card.css';
import { element } from './element';
import { t } from '../words/words';

/** A card, and how it is closed: by the page, or by the visitor, whose focus then returns to the control that opened it. */
interface Card {
  name: string;
  close: () => void;
  leave: () => void;
}

/** The close function of the card in the row, by its element. */
const cards = new WeakMap<Element, Card>();
const standingCard = (): Card | null => {
  const root = document.querySelector('body > .over > .card');
  return (root && cards.get(root)) ?? null;
};

// Escape closes the card wherever the focus is, unless the focused element handles the key. While the page looks back, Escape first returns to the present.
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && !('looking' in document.body.dataset) && document.querySelector(':popover-open') === null) standingCard()?.leave();
});

/** The row. It is made for the first card. */
function row(): HTMLElement {
  const found = document.querySelector<HTMLElement>('body > .over');
  if (found) return found;
  const made = element('div', 'over');
  document.querySelector('header')?.after(made);
  // Where the page scrolls, an element that is scrolled to must not end up behind the row.
  new ResizeObserver(() => document.documentElement.style.setProperty('--over', `${made.offsetHeight}px`)).observe(made);
  return made;
}

/** A small button. */
export function button(words: string, testid: string, pressed: () => void, className = 'small-button'): HTMLButtonElement {
  const made = element('button', className, words);
  made.type = 'button';
  made.dataset['testid'] = testid;
  made.addEventListener('click', pressed);
  return made;
}

/** The name of the card in the row. */
export const standing = (): string | null => standingCard()?.name ?? null;

/**
 * Puts a card into the row in the place of the one before. `closed` is called when the card is closed in any way. `opener`: the control that
 * opened it. It gets the focus when the visitor closes the card, and its aria-expanded is set if it has one.
 */
export function place(name: string, label: string, opener: HTMLElement | null, closed: () => void, ...children: Node[]): HTMLElement {
  standingCard()?.close();
  const card = element('section', `card ${name}`);
  card.ariaLabel = label;
  card.dataset['testid'] = `card-${name}`;
  const close = (): void => {
    if (!card.isConnected) return;
    card.remove();
    if (opener?.ariaExpanded) opener.ariaExpanded = 'false';
    closed();
  };
  const leave = (): void => {
    const held = card.contains(document.activeElement);
    close();
    // The opener may have been removed with the card before.
    if (held) (opener?.isConnected ? opener : document.getElementById('train'))?.focus();
  };
  const cross = button('×', `close-${name}`, leave, 'quiet cross');
  cross.ariaLabel = t`Close: ${label}`;
  cross.title = t`Close (Esc)`;
  card.append(...children, cross);
  cards.set(card, { name, close, leave });
  if (opener?.ariaExpanded) opener.ariaExpanded = 'true';
  row().append(card);
  return card;
}

/** Closes the card of that name. */
export function putAway(name: string): void {
  const card = standingCard();
  if (card?.name === name) card.close();
}

/** Puts an element above the card; it stays when cards change. */
export function placeAbove(...children: Node[]): void {
  row().prepend(...children);
}
