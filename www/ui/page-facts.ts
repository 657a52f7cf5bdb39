// The page as the tour, claims, the method and lessons see it.

import type { PageFacts } from '../model/page-facts';
import { openedOf, phaseOf } from '../model/selectors';
import type { Page } from './page';

export function factsOf(page: Page): PageFacts {
  return {
    get settings() {
      return page.state.controls.settings;
    },
    get values() {
      return page.state.controls.values;
    },
    get query() {
      return page.state.controls.query;
    },
    get state() {
      return phaseOf(page.state.run);
    },
    get run() {
      return page.state.run.number;
    },
    get current() {
      return openedOf(page.state.run)?.listed ?? null;
    },
    get description() {
      return openedOf(page.state.run)?.description ?? null;
    },
    get snapshot() {
      return openedOf(page.state.run)?.snapshot ?? null;
    },
    get speed() {
      return openedOf(page.state.run)?.speed ?? null;
    },
    get view() {
      return page.state.view;
    },
    open: (query, trains) => page.dispatch({ kind: 'link', query, trains }),
    show: (name) => page.show(name),
    ask: (request) => page.ask(request),
    listen: (listener) => page.listen(listener),
  };
}
