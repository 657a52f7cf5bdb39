// Answers the page's questions about links. They need the engine's table of settings, and no run.

import type { EngineLoader } from './engine-loader';
import type { Engine } from './load';
import type { Post } from './open-run';
import { messageOf } from '../model/words';
import type { Report, Request } from '../protocol/messages';

type Asking<Kind extends Request['kind']> = Request & { kind: Kind };

/** Loads the engine, and reports its settings and the values of the page's link, or of the fallback where the engine refuses that link. */
export async function start(loader: EngineLoader, { fallback: fallbacks, query: asked }: Asking<'start'>, post: Post): Promise<void> {
  const { settings, entrants, read_link } = await loader.load();
  post({ kind: 'settings', settings: settings(), entrants: entrants() });
  const fallback = fallbacks[(await loader.adapter) ? 'gpu' : 'cpu'];
  const query = asked === '' ? fallback : asked;
  try {
    post({ kind: 'values', asked: 'start', values: read_link(query), query, refused: null });
  } catch (error) {
    post({ kind: 'values', asked: 'start', values: read_link(fallback), query: fallback, refused: messageOf(error) });
  }
}

/** Posts the engine's answer, or why it refuses. */
export async function answer(loader: EngineLoader, ticket: number, say: (engine: Engine) => Report, post: Post): Promise<void> {
  try {
    if (loader.engine) post(say(await loader.engine));
  } catch (error) {
    post({ kind: 'refused', ticket, message: messageOf(error) });
  }
}

/** The values of a link. */
export function read({ read_link }: Engine, { query }: Asking<'read'>): Report {
  return { kind: 'values', asked: 'read', values: read_link(query), query, refused: null };
}

/** The link of some values, and what it asks for. */
export function link({ write_link, describe }: Engine, { ticket, values }: Asking<'link'>): Report {
  const query = write_link(values);
  const { plan } = describe(query);
  return { kind: 'linked', ticket, query, plan };
}

/** What a saved run is: its link, with the settings that were changed while it ran. */
export function describeSaved({ read_link, write_link, describe }: Engine, { ticket, query, changes, shown }: Asking<'describe'>): Report {
  const began = read_link(query);
  const values = { ...began, ...Object.fromEntries(changes.map(([, name, value]) => [name, value])) };
  const { plan } = describe(query, undefined, shown);
  return { kind: 'described', ticket, plan, values, began, query: write_link(values) };
}
