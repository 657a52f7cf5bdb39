// The button Share.

import { at } from '../../ui/element';
import type { Feature } from '../../ui/page';
import { factsOf } from '../../ui/page-facts';

export const share: Feature = {
  mount(page) {
    const button = at<HTMLButtonElement>('share');
    let menu: { open(): void } | null = null;
    button.addEventListener('click', async () => {
      // The first press loads the menu; after that the browser opens and closes it by its button.
      if (menu) return;
      const module = await page.load(import('./view'));
      if (!module || menu) return;
      menu = module.shareMenu(factsOf(page), button, () => page.call('make-lesson', button));
      menu.open();
    });
  },
};
