// The tour.

import { at } from '../../ui/element';
import type { Feature } from '../../ui/page';
import { factsOf } from '../../ui/page-facts';

export const tour: Feature = {
  mount(page) {
    at('tour').addEventListener('click', async () => (await page.load(import('./view')))?.toggleTour(factsOf(page)));
  },
};
