// The budget: the sum of the scores, its bound, and the goal where the bound ends.

import { requestedValues } from '../../model/controls';
import { momentOf, openedOf } from '../../model/selectors';
import { at } from '../../ui/element';
import type { Feature } from '../../ui/page';
import { MeterView } from './view';

export const budget: Feature = {
  mount(page) {
    const view = new MeterView({ root: at('meter'), fill: at('meter-fill'), tick: at('meter-tick'), sum: at('meter-sum'), budget: at('meter-budget') });
    const drawAgain = page.draw({
      of: ({ run, controls }) => [openedOf(run)?.snapshot, openedOf(run)?.values, controls],
      soon: ({ run, looking }) => [looking, openedOf(run)?.step_through],
      pace: 'words',
      draw: () => {
        const { state } = page;
        const [moment, opened] = [momentOf(state), openedOf(state.run)];
        const values = moment?.values ?? opened?.values ?? null;
        const shown = moment ?? opened?.step_through?.partial.snapshot ?? opened?.snapshot ?? null;
        view.draw(opened?.description.units ?? 0, shown, values, moment ? values : requestedValues(state.controls));
      },
    });
    // The slider of the goal is loaded later, so that the first step does not wait for it.
    page.onEngine(async () => {
      const module = await page.load(import('./goal'));
      if (!module) return;
      view.goal = new module.GoalView(at('meter-goal'), (keep_ratio) => {
        page.dispatch({ kind: 'look', column: null });
        page.dispatch({ kind: 'change', name: 'keep_ratio', value: String(keep_ratio) });
      });
      drawAgain();
    });
  },
};
