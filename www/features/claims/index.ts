// Claims about the method, opened by a link or by another feature.

import type { Feature } from '../../ui/page';
import { factsOf } from '../../ui/page-facts';

export const claims: Feature = {
  mount(page) {
    const open = async (name: string): Promise<void> => (await page.load(import('./view')))?.openClaim(factsOf(page), name);
    page.offer('claim', (name) => void open(name));
    page.onHash(async (hash) => {
      const claim = /[#&]claim=([^&]*)/.exec(hash)?.[1];
      if (claim !== undefined) await open(claim);
    });
  },
};
