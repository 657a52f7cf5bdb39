// Plans a run: its network and its memory, before anything is allocated.

import type { Engine } from './load';
import { messageOf } from '../model/words';
import { isSame } from '../model/dataset-identity';
import type { Failure, Plan, DatasetIdentity } from '../protocol/messages';
import { said } from '../words/said';

/** A plan, with why the device cannot hold it; or why there is none. */
export type Planned = { plan: Plan; too_large: string | null } | { failure: Failure; message: string };

/** Whether a link asks for data that only the visitor has. */
function asksForOwn(read_link: Engine['read_link'], query: string): boolean {
  try {
    return read_link(query)['dataset'] === 'own';
  } catch {
    return false;
  }
}

/**
 * Plans the run of a link on a device whose buffers have at most so many bytes. `trained_on`: of a run that continues from a
 * checkpoint, the data that it learned from. With other data of the visitor it is refused.
 */
export function planRun({ describe, own_data, read_link }: Engine, query: string, most_bytes: number | undefined, trained_on?: DatasetIdentity): Planned {
  const others = (): Planned => ({ failure: 'own', message: said`these are other data than the run learned from, ${trained_on?.name}: give the same files` });
  try {
    const { plan, refused: too_large } = describe(query, most_bytes);
    return trained_on && plan.dataset.own && !isSame(trained_on, plan.dataset) ? others() : { plan, too_large };
  } catch (error) {
    if (!asksForOwn(read_link, query)) return { failure: 'refused', message: messageOf(error) };
    if (own_data() === null) return { failure: 'own', message: messageOf(error) };
    // A saved run always fits the data that it learned from: where it does not fit, the visitor gave other data.
    return trained_on ? others() : { failure: 'refused', message: messageOf(error) };
  }
}

/** What a run takes of the device's memory, in bytes. */
export const totalBytes = ({ bytes: { data, activations, weights, optimiser } }: Plan): number => data + activations + weights + optimiser;
