// Runs as files, checkpoints over a reload or a broken device, and recorded runs. The module is loaded after the first step has begun.

import type { News } from '../../model/actions';
import type { Report } from '../../protocol/messages';
import { at } from '../../ui/element';
import type { Feature } from '../../ui/page';
import type { Checkpoints } from './checkpoints';
import { Player } from './player';

const isReport = (news: News): news is Report => !['looked', 'viewed', 'stepped', 'play_pressed', 'play_stepped'].includes(news.kind);

export const checkpoints: Feature = {
  mount(page) {
    const player = new Player(page);
    let view: Checkpoints | null = null;
    // Reports that came before the module was loaded are passed on.
    let early: Report[] = [];
    page.listen((news) => {
      if (news.kind === 'play_pressed') player.toggle();
      else if (news.kind === 'play_stepped') player.step();
      else if (!isReport(news)) return;
      else if (view) view.receive(news);
      else early.push(news);
    });
    page.onFailure(({ failure, message }) => view?.recover(failure, message) ?? false);
    page.offer('open-run', (file) => void view?.openFile(file));
    import('./checkpoints')
      .then((module) => {
        view = new module.Checkpoints(page, at<HTMLButtonElement>('take-away'), at('network'));
        for (const report of early) view.receive(report);
      })
      .catch(() => undefined)
      .finally(() => (early = []));
  },
};
