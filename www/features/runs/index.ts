// The panel that compares runs.

import { at } from '../../ui/element';
import { openedOf, phaseOf } from '../../model/selectors';
import type { Feature } from '../../ui/page';

export const runs: Feature = {
  mount(page) {
    // Restores the runs from before a reload, and stores those of now.
    let store: ((list: (typeof page.state.runs)['list']) => string | null) | null = null;
    const save = (): void => {
      if (store) page.dispatch({ kind: 'stored_runs', refusal: store(page.state.runs.list) });
    };
    page.offer('store-runs', save);
    addEventListener('pagehide', save);
    page.onEngine(async () => {
      const module = await page.load(import('../../offline/tab-storage'));
      if (!module) return;
      page.dispatch({ kind: 'restore_runs', runs: module.storedRuns() });
      store = module.storeRuns;
    });
  },
  panel: {
    name: 'runs',
    async open(page) {
      const { RunsView } = await import('./view');
      const view = new RunsView(at('runs'), {
        compare: (entrants, best, common) => page.dispatch({ kind: 'compare', entrants, best, common }),
        stop: () => page.dispatch({ kind: 'stop_comparison' }),
        forget: (numbers) => page.dispatch({ kind: 'forget_runs', numbers }),
      });
      page.onColours(() => view.recolour());
      const drawAgain = page.draw({
        of: ({ runs: list, run, comparison, controls }) => [list, openedOf(run)?.listed, comparison, controls.settings],
        soon: ({ view: shown }) => [shown],
        pace: 'runs',
        draw: () => {
          const { view: shown, runs: listing, run, comparison, controls } = page.state;
          if (shown === 'runs') view.draw({ ...listing, current: openedOf(run)?.listed?.number ?? null, compares: comparison !== null, ...controls });
        },
      });
      // Drawn at once, so that a listener that hears of the end of a run finds its numbers.
      page.follow(
        ({ run }) => [phaseOf(run)],
        () => {
          drawAgain();
          page.flush('runs');
        },
      );
    },
  },
};
