// Answers the page's questions about links and run files. They need the engine, and no run.

import type { EngineLoader } from './engine-loader';
import { UNSIZED, sizeFirstVisit } from './first-visit';
import type { Engine } from './load';
import type { Post } from './open-run';
import type { RunQueue } from './run-queue';
import { messageOf } from '../model/words';
import type { Report, Request } from '../protocol/messages';

type Asking<Kind extends Request['kind']> = Request & { kind: Kind };

/** A link without what the engine refuses, and why it refuses that, a line for each part. A part is tried after those before it. */
function mended(read_link: Engine['read_link'], query: string): { query: string; refused: string } {
  const taken: string[] = [];
  const refused: string[] = [];
  for (const part of query.split('&')) {
    try {
      read_link([...taken, part].join('&'));
      taken.push(part);
    } catch (error) {
      refused.push(messageOf(error));
    }
  }
  return { query: taken.join('&'), refused: refused.join('\n') };
}

/**
 * Loads the engine, and reports its settings and the values of the page's link: without the parts that the engine refuses, and those of the fallback where
 * no part is left. For a first visit it then measures the device, unless a run was asked for already.
 */
export async function start(
  loader: EngineLoader,
  { fallback: fallbacks, query: asked, may_be_first }: Asking<'start'>,
  post: Post,
  runs: Pick<RunQueue, 'asked' | 'useDevice'>,
): Promise<void> {
  const engine = await loader.load();
  const { settings, entrants, read_link, names_nothing } = engine;
  post({ kind: 'settings', settings: settings(), entrants: entrants() });
  const adapter = await loader.adapter;
  const isWanted = (): boolean => runs.asked === 0;
  const is_bare = names_nothing(asked);
  if (may_be_first && is_bare && isWanted()) {
    post({ kind: 'values', asked: 'first', values: read_link(UNSIZED), query: UNSIZED, refused: null });
    return runs.useDevice(() => sizeFirstVisit(engine, adapter, post, isWanted));
  }
  const fallback = fallbacks[adapter ? 'gpu' : 'cpu'];
  const query = is_bare ? fallback : asked;
  try {
    post({ kind: 'values', asked: 'start', values: read_link(query), query, refused: null });
  } catch {
    const { query: rest, refused } = mended(read_link, asked);
    const is_rest = !names_nothing(rest);
    const opened = is_rest ? rest : fallback;
    post({ kind: 'values', asked: 'start', values: read_link(opened), query: opened, refused: { message: refused, is_rest } });
  }
}

/** Buffers that are moved to the page, because copying them would take long. */
function buffersOf(report: Report): Transferable[] {
  if (report.kind === 'recording') return [report.bytes.buffer];
  return report.kind === 'run_read' ? [report.read.history.shades.buffer, report.read.history.masks.buffer] : [];
}

/** Posts the engine's answer, or why it refuses. */
export async function answer(loader: EngineLoader, ticket: number, say: (engine: Engine) => Report, post: Post): Promise<void> {
  try {
    if (!loader.engine) return;
    const report = say(await loader.engine);
    post(report, buffersOf(report));
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

/** What a run file holds. */
export function readRun({ read_run }: Engine, { ticket, bytes }: Asking<'read_run'>): Report {
  return { kind: 'run_read', ticket, read: read_run(bytes) };
}

/** A run file without weights and optimiser state. */
export function recordingOf({ recording_of }: Engine, ticket: number, bytes: Uint8Array): Report {
  return { kind: 'recording', ticket, bytes: recording_of(bytes) };
}
