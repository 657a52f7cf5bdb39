// A run that was read from a file, as the page shows it.

import { Traces } from '../../model/curves';
import { type KeptMoment, type Moment, Timeline } from '../../model/history';
import { type Curves, recordOf } from '../../model/recorder';
import type { Kept } from '../../model/run-file';
import { Refused } from '../../model/safetensors';
import type { SavedRun } from '../../model/saved-run';
import type { Description, Plan, Snapshot, StepRecord, Values } from '../../protocol/messages';

/** A file that was read, with the settings as its run began (`began`) and at its end (`values`, and `query` as a link). */
export interface ReadRun {
  kept: Kept;
  plan: Plan;
  values: Values;
  began: Values;
  query: string;
}

/** The bytes of a file, unpacked where it is packed with gzip. */
export async function unpacked(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  try {
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    throw new Refused('is packed, but not a whole file');
  }
}

/** What the page shows of a run that was read. */
export function savedRunOf({ kept, plan, values, began, query }: ReadRun): SavedRun {
  const { steps_per_epoch, changes } = kept;
  // What a file leaves out of a moment: the step before it, and the settings as they stood.
  const whole = (moment: KeptMoment): Moment => {
    const row = kept.rows.findLast(({ step }) => step < moment.step);
    const changed = changes.filter(([step]) => step < moment.step).map(([, name, value]) => [name, value]);
    return {
      ...moment,
      epoch: moment.step / steps_per_epoch,
      record: row ? recordOf(row, steps_per_epoch) : null,
      values: { ...began, ...Object.fromEntries(changed) },
    };
  };
  return {
    query: kept.query,
    query_now: query,
    values,
    follows: true,
    timeline: Timeline.from(plan.units, { ...kept.history, moments: kept.history.moments.map(whole) }),
    traces: tracesOf(kept, steps_per_epoch),
    evaluation: kept.tests.at(-1) ?? null,
    curves: { rows: kept.rows, width: kept.width, tests: kept.tests },
    record: recordAt(kept, steps_per_epoch),
    resumed: kept.state && { state: kept.state, changes: kept.changes },
    shown: values['dataset'] === 'own' ? kept.dataset : null,
    late: [],
  };
}

/** What a recorded run is described as. */
export function descriptionOf({ kept, plan }: ReadRun): Description {
  return {
    ...plan,
    adapter: kept.adapter,
    backend: '',
    software: kept.software,
    computes: 'gpu',
    steps: kept.steps,
    steps_per_epoch: kept.steps_per_epoch,
    has_timestamps: false,
    informative: kept.informative,
  };
}

/** The end of a recorded run. */
export function lastSnapshotOf({ kept, plan }: ReadRun): Snapshot {
  const record = recordAt(kept, kept.steps_per_epoch);
  const end = kept.history.moments.at(-1);
  return {
    step: kept.step,
    steps: kept.steps,
    epoch: kept.step / kept.steps_per_epoch,
    finished: kept.step >= kept.steps,
    halted: null,
    scores: kept.scores,
    mask: kept.mask,
    kept: end?.kept.slice() ?? new Uint32Array(plan.groups.length),
    probe_kept: end?.probe_kept.slice() ?? new Uint32Array(plan.groups.length),
    budget: end?.budget ?? 0,
    sum_scores: end?.sum_scores ?? 0,
    threshold: record?.threshold ?? 0,
    records: record ? [record] : [],
    cost: { forward: 0, backward: 0, structure: 0, near_dense: 0 },
    step_ms: 0,
    units_held: plan.units,
    network_bytes: plan.bytes.activations + plan.bytes.weights + plan.bytes.optimiser,
  };
}

/** The last step of curves. */
export function recordAt({ rows }: Curves, steps_per_epoch: number): StepRecord | null {
  const row = rows.at(-1);
  return row ? recordOf(row, steps_per_epoch) : null;
}

/** The curves as the page draws them. */
export function tracesOf({ rows, tests }: Curves, steps_per_epoch: number): Traces {
  const traces = new Traces();
  traces.push(rows.map((row) => recordOf(row, steps_per_epoch)));
  for (const test of tests) traces.evaluate(test);
  return traces;
}
