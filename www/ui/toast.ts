// One line at the bottom of the window, until it is dismissed.

import { at, element } from './element';
import { t } from '../words/words';

export function foot(words: string, label = t`Dismiss`, press: () => void = () => undefined): void {
  const line = at('foot');
  const button = element('button', 'small-button', label);
  button.type = 'button';
  button.addEventListener('click', () => {
    line.hidden = true;
    press();
  });
  line.replaceChildren(element('span', '', words), button);
  line.hidden = false;
}
