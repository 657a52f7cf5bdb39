// Train, one step, one phase, restart, Back to now, and the pace.

import { allowed, isFresh, phaseOf, trains } from '../../model/selectors';
import { at } from '../../ui/element';
import type { Feature } from '../../ui/page';
import { ButtonsView } from './view';

export const train: Feature = {
  mount(page) {
    const leavePast = (): boolean => {
      if (page.state.looking === null) return false;
      page.dispatch({ kind: 'look', column: null });
      return true;
    };
    const view = new ButtonsView((kind) => page.dispatch({ kind }), leavePast);
    page.follow(
      (state) => [phaseOf(state.run), trains(state), isFresh(state), ...Object.values(allowed(state))],
      () => {
        const { state } = page;
        view.draw({ state: phaseOf(state.run), trains: trains(state), is_fresh: isFresh(state), allowed: allowed(state) });
      },
    );
    at('now').addEventListener('click', () => {
      leavePast();
      at('train').focus();
    });
    for (const input of document.querySelectorAll<HTMLInputElement>('.pace input')) {
      input.addEventListener('change', () => page.dispatch({ kind: 'pace', steps_per_second: Number(input.value) }));
      // A browser may restore form fields on a reload: the page would show a pace that the worker does not have.
      input.checked = Number(input.value) === page.state.pace;
    }
  },
};
