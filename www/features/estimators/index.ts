// The panel that measures the estimators of the structure gradient.

import { openedOf, phaseOf, recordedRefusal } from '../../model/selectors';
import type { State } from '../../model/state';
import { at } from '../../ui/element';
import type { Feature } from '../../ui/page';
import { t } from '../../words/words';

/** Why no pairs of masks can be drawn; null if they can. */
function refusalOf({ run }: State): string | null {
  if (!openedOf(run) || run.kind === 'failed') return t`no network is open: press Train first.`;
  const recorded = recordedRefusal(run);
  return recorded && `${recorded}.`;
}

export const estimators: Feature = {
  mount: () => undefined,
  panel: {
    name: 'estimators',
    async open(page) {
      const { LabView } = await import('./view');
      const view = new LabView(at('estimators'), (pairs) => {
        const refused = refusalOf(page.state);
        if (refused) return view.refuse(refused);
        page.dispatch({ kind: 'draw_pairs', pairs });
      });
      page.onColours(() => view.recolour());
      // Another run is open: the report belongs to the run before.
      page.follow(
        ({ run }) => [openedOf(run)?.history],
        () => view.opened(),
      );
      page.follow(
        ({ run }) => [openedOf(run)?.lab],
        () => {
          const lab = openedOf(page.state.run)?.lab;
          if (lab) view.draw(lab.progress, lab.report);
        },
      );
      page.follow(
        ({ run }) => [phaseOf(run) === 'training'],
        () => {
          if (phaseOf(page.state.run) === 'training') view.moved();
        },
      );
      page.listen((news) => {
        if (news.kind === 'lab_refused') view.refuse(news.message);
      });
    },
  },
};
