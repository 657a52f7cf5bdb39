// Shows what stopped the engine, in the place of the network.

import { at } from '../../ui/element';
import type { Feature } from '../../ui/page';
import { ErrorPanel } from './view';

export const error: Feature = {
  mount(page) {
    const view = new ErrorPanel(
      at('network'),
      () => page.dispatch({ kind: 'again' }),
      () => void page.show('own'),
    );
    page.follow(
      ({ trouble }) => [trouble],
      () => {
        const { trouble } = page.state;
        if (trouble) view.show(trouble.failure, trouble.message);
        else view.clear();
      },
    );
  },
};
