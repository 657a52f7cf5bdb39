// A line of text with buttons above the network: a replay, the offer to continue a run, or the report of a failure.

import { element } from '../../ui/element';

export interface Action {
  id: string;
  words: string;
  act: () => void;
}

export class Strip {
  private readonly root = element('section', 'strip-line');
  private shown: string | null = null;
  private readonly before: HTMLElement;

  constructor(before: HTMLElement) {
    this.root.dataset['testid'] = 'strip';
    this.root.hidden = true;
    this.root.setAttribute('role', 'status');
    this.before = before;
    before.before(this.root);
  }

  /** What is shown; null if nothing is. */
  get kind(): string | null {
    return this.shown;
  }

  /** `kind` names the message, so that the caller can hide it later. */
  show(kind: string, words: string, detail: string, actions: Action[]): void {
    this.shown = kind;
    // Moves below an error message that was shown in the meantime.
    if (this.root.nextElementSibling !== this.before) this.before.before(this.root);
    const text = element('p', '', words);
    if (detail) text.append(' ', element('small', '', detail));
    const buttons = actions.map(({ id, words: label, act }) => {
      const button = element('button', 'small-button', label);
      button.type = 'button';
      button.dataset['testid'] = id;
      button.addEventListener('click', act);
      return button;
    });
    this.root.replaceChildren(text, ...buttons);
    this.root.dataset['kind'] = kind;
    this.root.hidden = false;
  }

  hide(...kinds: string[]): void {
    if (this.shown === null || (kinds.length > 0 && !kinds.includes(this.shown))) return;
    this.shown = null;
    this.root.hidden = true;
  }
}
