// A menu under a button. Each entry has a name, and a second line that describes it.

import { element } from './element';
import './menu.css';

export interface Entry {
  id: string;
  name: string;
  says: string;
  /** Begins another group of entries. */
  is_apart?: boolean;
  /** `said`: the element of its name. An entry that answers in that element leaves the menu open for a while. */
  act: (said: HTMLElement) => 'stays' | void;
}

const EDGE = 12;
const WIDTH = 352;
const ANSWER_MS = 1600;

export class Menu {
  private readonly root = element('div', 'menu');
  private readonly entries: () => Entry[];
  /** The menu closes after an answer, unless it was closed and opened again meanwhile. */
  private closing = 0;

  /** The browser opens and closes the menu by its button. `entries` is called each time it opens. */
  constructor(opener: HTMLButtonElement, testid: string, entries: () => Entry[]) {
    this.entries = entries;
    this.root.popover = 'auto';
    this.root.setAttribute('role', 'menu');
    this.root.ariaLabel = opener.innerText;
    this.root.dataset['testid'] = testid;
    opener.after(this.root);
    opener.popoverTargetElement = this.root;
    opener.setAttribute('aria-haspopup', 'menu');
    opener.ariaExpanded = 'false';
    this.root.addEventListener('beforetoggle', ({ newState }) => {
      opener.ariaExpanded = String(newState === 'open');
      clearTimeout(this.closing);
      if (newState !== 'open') return;
      this.place(opener);
      this.fill();
    });
    this.root.addEventListener('toggle', ({ newState }) => {
      if (newState === 'open') this.root.querySelector('button')?.focus({ preventScroll: true });
    });
    // The menu stays below its button when the button moves, and closes when the button is scrolled out of the window.
    for (const moved of ['scroll', 'resize']) {
      addEventListener(
        moved,
        () => {
          if (!this.root.matches(':popover-open')) return;
          if (opener.getBoundingClientRect().bottom < 0) this.root.hidePopover();
          else this.place(opener);
        },
        { passive: true },
      );
    }
    this.root.addEventListener('keydown', (event) => this.move(event));
  }

  open(): void {
    this.root.showPopover();
  }

  private place(opener: HTMLElement): void {
    const { bottom, right } = opener.getBoundingClientRect();
    const { clientWidth } = document.documentElement;
    const width = Math.min(WIDTH, clientWidth - 2 * EDGE);
    this.root.style.width = `${width}px`;
    this.root.style.top = `${bottom + 4}px`;
    this.root.style.right = `${Math.max(EDGE, Math.min(clientWidth - right, clientWidth - EDGE - width))}px`;
  }

  private fill(): void {
    this.root.replaceChildren(
      ...this.entries().map(({ id, name, says, is_apart, act }) => {
        const said = element('b', '', name);
        const item = element('button', is_apart ? 'apart' : '', said, element('small', '', says));
        item.type = 'button';
        item.tabIndex = -1;
        item.setAttribute('role', 'menuitem');
        item.dataset['testid'] = id;
        item.addEventListener('click', () => {
          clearTimeout(this.closing);
          if (act(said) === 'stays') this.closing = window.setTimeout(() => this.root.hidePopover(), ANSWER_MS);
          else this.root.hidePopover();
        });
        return item;
      }),
    );
  }

  private move(event: KeyboardEvent): void {
    const items = [...this.root.querySelectorAll('button')];
    const at = items.indexOf(document.activeElement as HTMLButtonElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (to !== undefined) {
      items.at(to % items.length)?.focus();
      event.preventDefault();
    }
    // While the menu is open, keys of the page, such as space, do nothing. The browser itself handles Escape.
    if (event.key === 'Tab') this.root.hidePopover();
    else event.stopPropagation();
  }
}
