// The curves of loss and accuracy. The module is loaded after the first step has begun.

import { momentOf, openedOf, phaseOf, stepsOf } from '../../model/selectors';
import { at } from '../../ui/element';
import type { Feature, Page } from '../../ui/page';
import type { CurvesView, Mark } from './view';

/** The marked step: the one that the visitor looks back at, or the step whose losses were just computed. */
function markOf(page: Page): Mark | null {
  const moment = momentOf(page.state);
  if (moment) return { step: moment.step };
  const partial = openedOf(page.state.run)?.step_through?.partial;
  const { loss, probe_loss } = partial?.snapshot.records.at(-1) ?? {};
  if (!partial || loss === undefined || probe_loss === undefined || partial.left.includes('losses')) return null;
  return { step: partial.snapshot.step, losses: [loss, Number.isFinite(probe_loss) ? probe_loss : null] };
}

function mountView(page: Page, view: CurvesView): void {
  page.onColours((palette) => view.recolour(palette));
  page.follow(
    ({ run }) => [openedOf(run)?.curves],
    () => {
      const opened = openedOf(page.state.run);
      if (opened) view.describe(opened.curves, stepsOf(page.state.run));
    },
  );
  page.follow(
    ({ run, looking }) => [looking, openedOf(run)?.step_through],
    () => view.mark(markOf(page)),
  );
  page.draw({
    of: ({ run }) => [openedOf(run)?.snapshot, openedOf(run)?.evaluation, phaseOf(run)],
    pace: 'curves',
    draw: () => view.draw(),
  });
}

export const curves: Feature = {
  mount(page) {
    page.onEngine(async () => {
      const module = await page.load(import('./view'));
      if (module) mountView(page, new module.CurvesView(at('loss-chart'), at('accuracy-chart'), page.palette));
    });
  },
};
