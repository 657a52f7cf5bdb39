// The page within a frame of another page: a compact header, and messages to the page around it.

import type { Feature } from '../../ui/page';

export const frame: Feature = {
  mount(page) {
    if (window.parent === window) return;
    document.body.dataset['framed'] = '';
    page.onEngine(async () => {
      const module = await page.load(import('./view'));
      module?.tell(page);
    });
  },
};
