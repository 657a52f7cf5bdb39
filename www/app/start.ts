// Starts the page: the store, the engine, and every feature.

import { EngineClient } from '../engine/client';
import type { News } from '../model/actions';
import { openedOf } from '../model/selectors';
import { Store } from '../model/store';
import { messageOf, sentence } from '../model/words';
import type { Report } from '../protocol/messages';
import { at } from '../ui/element';
import { Frames, PACES } from '../ui/frames';
import type { Page } from '../ui/page';
import { type Palette, readPalette } from '../ui/palette';
import { followTheme } from '../ui/theme';
import { foot } from '../ui/toast';
import { effects, firstRequests } from './effects';
import { FEATURES } from './features';
import { Panels } from './panels';
import { translatePage } from './translate-page';
import { translatedReport } from './translate-report';
import { t } from '../words/words';

type Failure = Report & { kind: 'failed' };

export function start(): void {
  translatePage();
  const listeners = new Set<(news: News) => void>();
  const offers = new Map<string, (argument: never) => void>();
  const colour_listeners = new Set<(palette: Palette) => void>();
  const failure_handlers: ((failure: Failure) => boolean)[] = [];
  const hash_readers: ((hash: string) => Promise<void>)[] = [];
  const frames = new Frames(PACES);
  const colours = { palette: readPalette() };

  const call: Page['call'] = (name, argument) => offers.get(name)?.(argument as never);
  const engine = new EngineClient({
    receive: (said) => {
      const report = translatedReport(said);
      // A feature may replace a device or an engine that broke: then no other feature receives the failure.
      if (report.kind === 'failed' && isCurrentRun(report.run) && failure_handlers.some((handles) => handles(report))) return;
      store.dispatch({ kind: 'report', report });
    },
    isOpen: () => openedOf(store.state.run) !== null,
    first: () => firstRequests(store.state),
    renewed: () => store.dispatch({ kind: 'engine_renewed' }),
  });
  const isCurrentRun = (run: number): boolean => run === 0 || run === store.state.run.number;
  const store = new Store(
    effects({
      engine,
      state: () => store.state,
      dispatch: (action) => store.dispatch(action),
      tell: (news) => listeners.forEach((listener) => listener(news)),
      call,
    }),
  );

  const page: Page = {
    get state() {
      return store.state;
    },
    get palette() {
      return colours.palette;
    },
    dispatch: (action) => store.dispatch(action),
    ask: (request) => engine.ask(request),
    show: (name) => panels.show(name),
    renewEngine: () => engine.renew(),
    follow: (of, act) => store.follow(of, act),
    draw: ({ of, soon = () => [], pace, draw }) => {
      const part = frames.part(pace, draw);
      store.follow(of, () => part.redraw());
      store.follow(soon, () => part.redrawNow());
      return () => part.redraw();
    },
    flush: (pace) => frames.flush(pace),
    listen: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    onEngine: (act) => {
      let called = false;
      const isThere = (): boolean => store.state.controls.settings.length > 0;
      store.follow(
        () => [isThere()],
        () => {
          if (called || !isThere()) return;
          called = true;
          act();
        },
      );
    },
    onColours: (paint) => void colour_listeners.add(paint),
    onFailure: (takes) => void failure_handlers.push(takes),
    onHash: (read) => void hash_readers.push(read),
    load: (module) =>
      module.catch((error: unknown) => {
        const words = sentence(messageOf(error));
        foot(t`This part of the page could not be loaded: ${words} Try it again.`);
        return null;
      }),
    offer: (name, act) => void offers.set(name, act),
    call,
  };
  const panels = new Panels(page, FEATURES);
  for (const { mount } of FEATURES) mount(page);

  const recolour = (): void => {
    colours.palette = readPalette();
    for (const paint of colour_listeners) paint(colours.palette);
  };
  // A canvas on a lost GPU is restored empty and must be redrawn. The event does not bubble, so it is captured.
  addEventListener('contextrestored', recolour, true);
  followTheme(at('theme'), recolour);

  const readHash = (): Promise<unknown> => Promise.all(hash_readers.map((read) => read(location.hash)));
  addEventListener('hashchange', () => void readHash());
  page.onEngine(() => void storePage(page));
  engine.begin();
  void readHash().finally(() => delete document.documentElement.dataset['awaits']);
}

/** A built page is cached for offline use; a page in development is not. */
async function storePage(page: Page): Promise<void> {
  if (import.meta.env.DEV) return;
  const module = await page.load(import('../offline/register'));
  await module?.keepOffline((takeOver) => foot(t`A newer version of this page is ready.`, t`Reload`, takeOver));
}
