// The row between the head of the page and everything else: what speaks of the page stands there, so that it hides nothing of it.

import './card.css';
import { element } from './element';

/** A card, and how it goes: by itself, or by a person, whose focus goes back to what brought it. */
interface Card {
  name: string;
  close: () => void;
  leave: () => void;
}

/** The row has one card at a time: which one is known by its element. */
const cards = new WeakMap<Element, Card>();
const standingCard = (): Card | null => {
  const root = document.querySelector('body > .over > .card');
  return (root && cards.get(root)) ?? null;
};

// Whatever has the focus; what has a use for the key itself lets it go no further. Who looks back comes back to now first.
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && !('looking' in document.body.dataset) && document.querySelector(':popover-open') === null) standingCard()?.leave();
});

/** The row; it comes with the first thing that stands in it. */
function row(): HTMLElement {
  const found = document.querySelector<HTMLElement>('body > .over');
  if (found) return found;
  const made = element('div', 'over');
  document.querySelector('header')?.after(made);
  // Where the page scrolls, what is scrolled to must not end up behind the row.
  new ResizeObserver(() => document.documentElement.style.setProperty('--over', `${made.offsetHeight}px`)).observe(made);
  return made;
}

/** A button that is not one of the great ones. */
export function button(words: string, testid: string, pressed: () => void, className = 'small-button'): HTMLButtonElement {
  const made = element('button', className, words);
  made.type = 'button';
  made.dataset['testid'] = testid;
  made.addEventListener('click', pressed);
  return made;
}

/** Which one stands there. */
export const standing = (): string | null => standingCard()?.name ?? null;

/**
 * Puts a card into the row and takes the one before away. `closed` is called when it goes, however that comes about; `opener`, a control,
 * has the focus when a person closed it, and says whether it is open where it says so at all.
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
    // What brought it may have gone with the card before.
    if (held) (opener?.isConnected ? opener : document.getElementById('train'))?.focus();
  };
  const cross = button('×', `close-${name}`, leave, 'quiet cross');
  cross.ariaLabel = `Close: ${label}`;
  cross.title = 'Close (Esc)';
  card.append(...children, cross);
  cards.set(card, { name, close, leave });
  if (opener?.ariaExpanded) opener.ariaExpanded = 'true';
  row().append(card);
  return card;
}

/** Takes the card of that name away. */
export function putAway(name: string): void {
  const card = standingCard();
  if (card?.name === name) card.close();
}

/** Puts something above the card, to stay. */
export function placeAbove(...children: Node[]): void {
  row().prepend(...children);
}
