// The notice in the place of the network: a lost device, or anything else that stopped the engine.

import type { Trouble } from '../../model/state';
import { sentence } from '../../model/words';
import { t } from '../../words/words';

interface Advice {
  title: string;
  lines: string[];
}

function describe(failure: Trouble, message: string): Advice {
  switch (failure) {
    case 'lost':
      return { title: t`The GPU was lost`, lines: [message, t`This happens after a driver restart or a long sleep. A new run can start at once.`] };
    case 'crashed':
      return {
        title: t`The engine failed`,
        lines: [sentence(message), t`That is a fault of this program. A new run can start at once, and “Take away” can still download this one.`],
      };
    case 'link':
      return {
        title: t`The link could not be read`,
        lines: [...message.split('\n'), t`Another experiment was opened instead. The address stays until a setting is changed.`],
      };
    case 'part_of_link':
      return {
        title: t`Part of the link could not be read`,
        lines: [...message.split('\n'), t`The rest was opened. The address stays until a setting is changed.`],
      };
    case 'large':
      return {
        title: t`This network is too large for this device`,
        lines: [sentence(message), t`No memory was allocated. Choose another network or a smaller batch in the settings.`],
      };
    case 'refused':
      return { title: t`This experiment cannot be opened`, lines: [sentence(message)] };
    case 'own':
      return { title: t`This experiment needs its author’s own data`, lines: [sentence(message)] };
    case 'engine':
      return { title: t`The engine stopped`, lines: [message] };
  }
}

export class ErrorPanel {
  private notice: HTMLElement | null = null;
  private readonly before: HTMLElement;
  private readonly again: () => void;
  private readonly give: () => void;

  /** A notice is put before that element. `again` is called by the button that opens the run again, `give` by the one that asks for the visitor's data. */
  constructor(before: HTMLElement, again: () => void, give: () => void) {
    this.before = before;
    this.again = again;
    this.give = give;
  }

  show(failure: Trouble, message: string): void {
    this.clear();
    const { title, lines } = describe(failure, message);
    const notice = document.createElement('section');
    notice.className = 'notice';
    notice.dataset['testid'] = 'notice';
    notice.dataset['failure'] = failure;
    notice.setAttribute('role', 'alert');
    const heading = document.createElement('h2');
    heading.textContent = title;
    const list = document.createElement('ul');
    for (const line of lines) {
      const item = document.createElement('li');
      item.textContent = line;
      list.append(item);
    }
    notice.append(heading, list);
    if (failure === 'lost' || failure === 'crashed' || failure === 'engine' || failure === 'own') {
      const button = document.createElement('button');
      button.type = 'button';
      button.dataset['testid'] = failure === 'own' ? 'give' : 'again';
      button.textContent = failure === 'own' ? t`Give the data` : t`Start again`;
      button.addEventListener('click', () => (failure === 'own' ? this.give() : this.again()));
      notice.append(button);
    }
    this.before.before(notice);
    this.notice = notice;
  }

  clear(): void {
    this.notice?.remove();
    this.notice = null;
  }
}
