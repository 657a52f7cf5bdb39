// For a screen reader, what others see change all the time: said when it means something else than before.

import { element } from './element';

export class Announcer {
  readonly root = element('p', 'unseen');
  private meaning = '';

  constructor() {
    this.root.ariaLive = 'polite';
  }

  /** Says the words where their meaning is another one. */
  say(meaning: string, words: string): void {
    if (meaning === this.meaning) return;
    this.meaning = meaning;
    this.root.textContent = words;
  }
}
