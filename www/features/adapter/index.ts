// The adapter: a button in the header that names what computes, and the card that it opens.

import { openedOf } from '../../model/selectors';
import { at } from '../../ui/element';
import type { Feature } from '../../ui/page';
import { t } from '../../words/words';

export const adapter: Feature = {
  mount(page) {
    const chip = at('adapter');
    page.follow(
      ({ run }) => [openedOf(run)?.description],
      () => {
        const description = openedOf(page.state.run)?.description;
        if (!description) return;
        chip.hidden = false;
        const computes = description.computes === 'cpu' ? t`CPU · no WebGPU here` : `${description.adapter} · WebGPU`;
        chip.textContent = page.state.run.kind === 'replay' ? t`a recorded run` : computes;
      },
    );
    chip.addEventListener('click', async () => {
      const description = openedOf(page.state.run)?.description;
      if (description) (await page.load(import('./view')))?.toggleComputes(description, page.state.run.kind === 'replay', chip);
    });
  },
};
