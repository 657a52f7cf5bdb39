// The history of a run's scores, and looking back at it.

import { openedOf, phaseOf, settlesAt } from '../../model/selectors';
import { at } from '../../ui/element';
import type { Feature } from '../../ui/page';
import { HistoryView } from './view';

export const history: Feature = {
  mount(page) {
    const view = new HistoryView(at('history'), page.palette, (column) => page.dispatch({ kind: 'look', column }));
    page.onColours((palette) => view.recolour(palette));
    page.follow(
      ({ run }) => [openedOf(run)?.history],
      () => {
        const { run } = page.state;
        const opened = openedOf(run);
        if (opened) view.describe(opened.history, opened.description.groups, opened.description.steps, settlesAt(run));
      },
    );
    page.follow(
      ({ looking }) => [looking],
      () => view.look(page.state.looking),
    );
    page.draw({
      of: ({ run }) => [openedOf(run)?.snapshot],
      soon: ({ run, view: shown }) => [phaseOf(run), shown],
      pace: 'history',
      draw: () => view.draw(),
    });
  },
};
