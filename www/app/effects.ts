// Performs the effects that the reducer asks for.

import type { EngineClient } from '../engine/client';
import type { Action, Effect, News } from '../model/actions';
import type { State } from '../model/state';
import type { Request } from '../protocol/messages';
import type { Page } from '../ui/page';
import { foot } from '../ui/toast';
import { withLanguageOf } from '../words/language';

/**
 * The experiment of a lesson or a claim whose address has no query, and of a link that cannot be read. On the CPU a batch has half as many
 * images, so that a step takes no longer than a visitor can watch.
 */
const FALLBACK = { gpu: 'gate_inputs=true', cpu: 'gate_inputs=true&batch_size=64' };
const REOPEN_MS = 350;
const ADDRESS_MS = 250;

interface EffectHandlers {
  engine: EngineClient;
  state: () => State;
  dispatch: (action: Action) => void;
  tell: (news: News) => void;
  call: Page['call'];
}

/** The first requests to a new engine. The first engine of the page also reads the page's link. */
export function firstRequests({ controls, pace }: State): Request[] {
  const data = new URL('data/', document.baseURI).href;
  const query = location.search.slice(1);
  const may_be_first = !/[#&](lesson|claim)=/.test(location.hash);
  const load: Request = controls.values ? { kind: 'wake', data } : { kind: 'start', query, may_be_first, fallback: FALLBACK, data };
  return [load, { kind: 'pace', steps_per_second: pace }];
}

/** Returns a function that performs an effect. */
export function effects({ engine, state, dispatch, tell, call }: EffectHandlers): (effect: Effect) => void {
  let reopening = 0;
  let addressing = 0;
  return (effect) => {
    switch (effect.kind) {
      case 'ask':
        return engine.ask(effect.request);
      case 'engine_broke':
        engine.broken = true;
        return;
      case 'renew_engine':
        return engine.renew();
      case 'reopen_later':
        clearTimeout(reopening);
        reopening = window.setTimeout(() => dispatch({ kind: 'reopen' }), REOPEN_MS);
        return;
      case 'reopen_never':
        return clearTimeout(reopening);
      case 'address':
        clearTimeout(addressing);
        addressing = window.setTimeout(() => history.replaceState(null, '', `?${withLanguageOf(effect.query, location.search)}${location.hash}`), ADDRESS_MS);
        return;
      case 'tell':
        return tell(effect.news);
      case 'announce':
        return call('announce', effect.words);
      case 'toast':
        return foot(effect.words);
      case 'store_runs':
        return call('store-runs', null);
      case 'read_files':
        return call('read-files', effect);
      case 'stop_reading':
        return call('stop-reading', null);
      case 'forget_rate':
        return effect.rate.forget();
      case 'record': {
        const { history: recorded, curves, rate, snapshot, values, at } = effect;
        const { generation } = recorded;
        if (snapshot.recorded) curves.take(snapshot.recorded);
        recorded.take(snapshot, values);
        rate.note(snapshot.step, at);
        const { looking } = state();
        // The history may have dropped every second column: the shown step is then at half the column.
        if (looking !== null && recorded.generation > generation) dispatch({ kind: 'look', column: looking >> (recorded.generation - generation) });
        return;
      }
      case 'record_test':
        return effect.curves.test(effect.evaluation, effect.tests);
    }
  };
}
