// The panel in which the network classifies one image.

import { methodOf } from '../../model/methods';
import { openedOf, recordedRefusal, valuesOf } from '../../model/selectors';
import { at } from '../../ui/element';
import type { Feature } from '../../ui/page';

export const tryIt: Feature = {
  mount: () => undefined,
  panel: {
    name: 'try',
    async open(page) {
      const { TryView } = await import('./view');
      const view = new TryView(at('try'), page.palette, {
        ask: (request) => page.ask(request),
        classes: (probabilities) => page.dispatch({ kind: 'classes', probabilities }),
        recorded: () => recordedRefusal(page.state.run),
        samples: () => methodOf(valuesOf(page.state.run)).family === 'learned',
      });
      page.onColours((palette) => view.recolour(palette));
      page.follow(
        ({ run }) => [openedOf(run)?.history],
        () => {
          const opened = openedOf(page.state.run);
          if (opened) view.opened(opened.description);
        },
      );
      page.listen((news) => {
        if (news.kind === 'example' || news.kind === 'classified' || news.kind === 'classify_refused') view.receive(news);
      });
    },
  },
};
