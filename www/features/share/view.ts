// What stands under Share: the link of the experiment, and a link for a lesson.

import type { Stage } from '../../model/page-api';
import { copyInto } from '../../ui/copy';
import { Menu } from '../../ui/menu';

let menu: Menu | null = null;

/** The first press brings the menu; from then on the browser opens and closes it by its button. */
export function openShare(stage: Stage, opener: HTMLButtonElement, makeLesson: () => void): void {
  if (menu) return;
  menu = new Menu(opener, 'share-menu', () => [
    {
      id: 'copy-link',
      name: 'Copy link',
      says: 'To this experiment, with all its settings',
      act: (said) => {
        copyInto(said, new URL(`?${stage.query}`, location.href).href, 'See the address bar');
        return 'stays';
      },
    },
    {
      id: 'make-lesson',
      name: 'Make a lesson',
      says: 'A link with your own words, and only the controls you choose',
      act: makeLesson,
    },
  ]);
  menu.open();
}
