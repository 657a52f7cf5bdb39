// The method's formulas.

import { at } from '../../ui/element';
import type { Feature } from '../../ui/page';
import { factsOf } from '../../ui/page-facts';

export const method: Feature = {
  mount(page) {
    at('method').addEventListener('click', async () => (await page.load(import('./view')))?.toggleMethod(factsOf(page)));
  },
};
