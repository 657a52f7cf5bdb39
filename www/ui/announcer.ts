// Announces to a screen reader a text that changes all the time: only when its meaning changes.

import { element } from './element';

export class Announcer {
  readonly root = element('p', 'unseen');
  private meaning = '';

  constructor() {
    this.root.ariaLive = 'polite';
  }

  /** Announces `words` if `meaning` differs from the last one. */
  say(meaning: string, words: string): void {
    if (meaning === this.meaning) return;
    this.meaning = meaning;
    this.root.textContent = words;
  }
}
