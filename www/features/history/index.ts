// The history of a run's scores, and looking back at it. The module is loaded after the first step has begun.

import { openedOf, phaseOf, settlesAt } from '../../model/selectors';
import { at } from '../../ui/element';
import type { Feature, Page } from '../../ui/page';
import type { HistoryView } from './view';

function mountView(page: Page, view: HistoryView): void {
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
}

export const history: Feature = {
  mount(page) {
    page.onEngine(async () => {
      const module = await page.load(import('./view'));
      if (!module) return;
      mountView(page, new module.HistoryView(at('history'), page.palette, (column) => page.dispatch({ kind: 'look', column })));
    });
  },
};
