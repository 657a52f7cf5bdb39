// The measured time of a step, beside that of a dense step.

import { gatedKept } from '../../model/run-stats';
import { openedOf, sizedFor } from '../../model/selectors';
import { at } from '../../ui/element';
import type { Feature } from '../../ui/page';
import { SpeedView } from './view';

export const speed: Feature = {
  mount(page) {
    const ask = at<HTMLButtonElement>('compare');
    const view = new SpeedView({
      root: at('speed'),
      ratio: at('ratio'),
      words: at('ratio-words'),
      dense: at('bar-dense'),
      sparse: at('bar-sparse'),
      name: at('sparse-name'),
      dense_ms: at('ms-dense'),
      sparse_ms: at('ms-sparse'),
      key: at('phases-key'),
      note: at('speed-note'),
      ask,
    });
    ask.addEventListener('click', () => page.dispatch({ kind: 'measure' }));
    const opened = () => openedOf(page.state.run);
    page.follow(
      ({ run }) => [openedOf(run)?.history],
      () => {
        const run = opened();
        if (run) view.describe(run.description, run.values['method'] ?? '', page.state.run.kind === 'replay', sizedFor(page.state));
      },
    );
    page.follow(
      ({ run }) => [openedOf(run)?.costly],
      () => {
        const costly = opened()?.costly;
        if (costly) view.defer(costly.ms, costly.bytes);
      },
    );
    page.follow(
      ({ run }) => [openedOf(run)?.measuring],
      () => {
        if (opened()?.measuring) view.measuring();
      },
    );
    page.follow(
      ({ run }) => [openedOf(run)?.speed],
      () => {
        const run = opened();
        if (!run?.speed) return;
        const { description, snapshot, values } = run;
        const share = snapshot ? gatedKept(description.groups, snapshot.kept) / Math.max(1, description.units) : 1;
        view.draw(run.speed, values['method'] ?? '', share, description);
      },
    );
  },
};
