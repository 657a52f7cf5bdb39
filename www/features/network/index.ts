// The network in the middle of the page, and the legend of its cells.

import { methodOf } from '../../model/methods';
import { readPins } from '../../model/pins';
import { keptUnits, momentOf, openedOf, phaseOf, planOf } from '../../model/selectors';
import { barsOf } from '../../model/step-through';
import type { Feature } from '../../ui/page';
import { at } from '../../ui/element';
import { NetworkView } from './view';

const keyItem = (name: string): HTMLElement | null => document.querySelector<HTMLElement>(`.key .${name}`);

export const network: Feature = {
  mount(page) {
    const view = new NetworkView(at('network'), at('cell'), page.palette, (unit) => page.dispatch({ kind: 'pick', unit }));
    page.onColours((palette) => view.recolour(palette));
    const opened = () => openedOf(page.state.run);
    page.follow(
      ({ run }) => [planOf(run)],
      () => {
        const plan = planOf(page.state.run);
        if (!plan) return;
        view.describe(plan);
        document.body.dataset['known'] = '';
        const shown = {
          channels: plan.filters !== null,
          sums: plan.groups.some(({ union_of }) => union_of !== null),
          told: (opened()?.description.informative ?? null) !== null,
        };
        for (const [name, is] of Object.entries(shown)) {
          const item = keyItem(name);
          if (item) item.hidden = !is;
        }
      },
    );
    page.follow(
      ({ run }) => [openedOf(run)?.filters],
      () => view.showFilters(opened()?.filters ?? null),
    );
    page.follow(
      ({ run }) => [openedOf(run)?.classes],
      () => view.showClasses(opened()?.classes ?? null),
    );
    page.follow(
      ({ run }) => [openedOf(run)?.values['method']],
      () => {
        const method = opened()?.values['method'];
        if (method) document.querySelectorAll<HTMLElement>('.two').forEach((words) => (words.hidden = methodOf({ method }).forwards < 2));
      },
    );
    page.draw({
      of: ({ run }) => [openedOf(run)?.snapshot, openedOf(run)?.values['pins']],
      soon: (state) => [state.looking, openedOf(state.run)?.step_through, phaseOf(state.run), state.view],
      pace: 'network',
      draw: () => {
        const moment = momentOf(page.state);
        const run = opened();
        const pins = readPins((moment?.values ?? run?.values)?.['pins']);
        view.pin((unit) => pins.has(unit));
        at('pinned-key').hidden = pins.size === 0;
        if (moment) return view.draw(moment, null, true);
        const partial = run?.step_through?.partial;
        const shown = partial?.snapshot ?? run?.snapshot;
        if (shown) view.draw({ scores: shown.shades, mask: shown.mask, kept: shown.kept }, partial ? barsOf(partial) : null);
      },
    });
    page.draw({ of: (state) => [keptUnits(state)], pace: 'words', draw: () => view.name() });
  },
};
