// Lessons, claims and experiments to choose from, each with a picture.

import { at } from '../../ui/element';
import type { Feature } from '../../ui/page';

export const gallery: Feature = {
  mount() {},
  panel: {
    name: 'lessons',
    async open(page) {
      const { showGallery } = await import('./view');
      showGallery(at('lessons'), page);
    },
  },
};
