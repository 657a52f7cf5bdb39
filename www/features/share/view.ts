// The menu of Share: the link of the experiment, and a link with a lesson.

import type { PageFacts } from '../../model/page-facts';
import { copyInto } from '../../ui/copy';
import { Menu } from '../../ui/menu';
import { t } from '../../words/words';

/** The menu under `opener`, which opens and closes it. */
export const shareMenu = (page: PageFacts, opener: HTMLButtonElement, makeLesson: () => void): Menu =>
  new Menu(opener, 'share-menu', () => [
    {
      id: 'copy-link',
      name: t`Copy link`,
      says: t`To this experiment, with all its settings`,
      act: (said) => {
        copyInto(said, new URL(`?${page.query}`, location.href).href, t`See the address bar`);
        return 'stays';
      },
    },
    {
      id: 'make-lesson',
      name: t`Make a lesson`,
      says: t`A link with your own text, and only the controls you choose`,
      act: makeLesson,
    },
  ]);
