// The menu of Share: the link of the experiment, and a link with a lesson.

import type { PageFacts } from '../../model/page-facts';
import { copyInto } from '../../ui/copy';
import { Menu } from '../../ui/menu';

/** The menu under `opener`, which opens and closes it. */
export const shareMenu = (page: PageFacts, opener: HTMLButtonElement, makeLesson: () => void): Menu =>
  new Menu(opener, 'share-menu', () => [
    {
      id: 'copy-link',
      name: 'Copy link',
      says: 'To this experiment, with all its settings',
      act: (said) => {
        copyInto(said, new URL(`?${page.query}`, location.href).href, 'See the address bar');
        return 'stays';
      },
    },
    {
      id: 'make-lesson',
      name: 'Make a lesson',
      says: 'A link with your own text, and only the controls you choose',
      act: makeLesson,
    },
  ]);
