// The bottom of the page: a step as six phases.

import { methodOf } from '../../model/methods';
import { phaseTitle } from '../../model/phases';
import { momentOf, openedOf } from '../../model/selectors';
import type { State } from '../../model/state';
import { shownPhases } from '../../model/shown-phases';
import { at, say } from '../../ui/element';
import type { Feature } from '../../ui/page';
import { PhasesView } from './view';
import { t } from '../../words/words';

export const phases: Feature = {
  mount(page) {
    const view = new PhasesView(at('phases'));
    const values = (): State['controls']['values'] => momentOf(page.state)?.values ?? openedOf(page.state.run)?.values ?? null;
    page.draw({
      of: ({ run }) => [openedOf(run)?.snapshot],
      soon: ({ run, looking }) => [looking, openedOf(run)?.step_through, openedOf(run)?.values],
      pace: 'words',
      draw: () => view.draw(shownPhases(page.state), methodOf(values()).family),
    });
    page.follow(
      ({ run }) => [openedOf(run)?.step_through],
      () => {
        const partial = openedOf(page.state.run)?.step_through?.partial ?? null;
        view.light(partial);
        const [following] = partial?.left ?? [];
        const next = partial ? t`of the next step` : t`of a step`;
        say(at('phase-next'), following ? `next: ${phaseTitle(following, shownPhases(page.state))}` : next);
      },
    );
    page.listen(({ kind }) => {
      if (kind === 'stepped') view.sweep();
    });
  },
};
