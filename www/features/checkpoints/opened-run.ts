// Converts a run file that the engine has read into the state of the page.

import { Curves, Rows } from '../../model/curves';
import { Timeline } from '../../model/history';
import type { SavedRun } from '../../model/saved-run';
import type { Description, ReadRun, Snapshot } from '../../protocol/messages';

/** A run file and its content. */
export interface OpenedFile {
  bytes: Uint8Array;
  read: ReadRun;
}

/** The bytes of a file, unpacked if it is packed with gzip. */
export async function unpacked(bytes: Uint8Array): Promise<Uint8Array> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  const stream = new Blob([bytes as BlobPart]).stream().pipeThrough(new DecompressionStream('gzip'));
  try {
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    throw new Error('it is packed, but not a whole file');
  }
}

/** The run of a file as the page shows it. */
export function savedRunOf({ bytes, read }: OpenedFile): SavedRun {
  const { plan, began, changes, history, steps_per_epoch } = read;
  const groups = plan.groups.length;
  const curves = new Curves(Rows.of(read.rows), read.tests);
  // A file has no records and settings of its moments: they come from the curves and from the changes.
  const timeline = Timeline.of(plan.units, history, (column) => {
    const step = history.steps[column] ?? 0;
    const changed = changes.filter(([before]) => before < step).map(([, name, value]) => [name, value]);
    return {
      step,
      epoch: step / steps_per_epoch,
      kept: history.kept.slice(column * groups, (column + 1) * groups),
      probe_kept: history.probe_kept.slice(column * groups, (column + 1) * groups),
      budget: history.budgets[column] ?? 0,
      sum_scores: history.sums[column] ?? 0,
      record: curves.recordBefore(step, steps_per_epoch),
      values: { ...began, ...Object.fromEntries(changed) },
    };
  });
  return {
    query: read.query,
    query_now: read.query_now,
    values: read.values,
    follows: true,
    timeline,
    curves,
    evaluation: read.tests.at(-1) ?? null,
    resumed: read.can_continue ? { bytes, step: read.step, changes } : null,
    trained_on: read.values['dataset'] === 'own' ? read.dataset : null,
    late: [],
  };
}

/** The description of a recorded run. */
export function descriptionOf({ plan, adapter, software, kernels, steps, steps_per_epoch, informative, history }: ReadRun): Description {
  return {
    ...plan,
    adapter,
    backend: '',
    software,
    computes: 'gpu',
    steps,
    steps_per_epoch,
    has_timestamps: false,
    informative,
    kernels,
    history_columns: history.capacity,
  };
}

/** The last snapshot of a recorded run. */
export function lastSnapshotOf({ read, saved: { curves, timeline } }: { read: ReadRun; saved: SavedRun }): Snapshot {
  const { plan, step, steps, steps_per_epoch, scores, decided, shades, mask } = read;
  const record = curves.record(steps_per_epoch);
  const end = timeline.at(timeline.columns - 1);
  return {
    step,
    steps,
    epoch: step / steps_per_epoch,
    finished: step >= steps,
    halted: null,
    scores,
    decided,
    shades,
    mask,
    kept: end?.kept.slice() ?? new Uint32Array(plan.groups.length),
    probe_kept: end?.probe_kept.slice() ?? new Uint32Array(plan.groups.length),
    budget: end?.budget ?? 0,
    sum_scores: end?.sum_scores ?? 0,
    threshold: record?.threshold ?? 0,
    records: record ? [record] : [],
    cost: { forward: 0, backward: 0, structure: 0, near_dense: 0 },
    step_ms: 0,
    units_in_memory: plan.units,
    network_bytes: plan.bytes.activations + plan.bytes.weights + plan.bytes.optimiser,
    recorded: null,
  };
}
