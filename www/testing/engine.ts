// An open run for unit tests of the worker: a session without an engine, a clock that stands still, and the reports that were sent.

import type { Session } from '../engine/load';
import { OpenRun, type Opened } from '../engine/open-run';
import type { Report } from '../protocol/messages';
import { description, evaluation, snapshot } from './samples';

/** A clock that only the test moves. */
export class FakeClock {
  ms = 0;
  readonly now = (): number => this.ms;
}

const absent = (name: string) => (): never => {
  throw new Error(`this test has no ${name}`);
};

/** A session of ten steps, one per call, with all its rows. A test may replace parts of it. */
export function fakeSession(more: Partial<Session> = {}): Session {
  const steps = 10;
  let step = 0;
  const now = () => snapshot(step, { steps, finished: step === steps });
  return {
    description: () => description({ steps }),
    kernels_key: () => undefined,
    choose_kernels: absent('choice'),
    stopper: () => ({ stop: () => undefined, free: () => undefined }),
    files: () => [],
    feed: absent('data'),
    feed_end: absent('data'),
    rows_ready: () => 80,
    advance: async () => {
      step += 1;
      return now();
    },
    phase: absent('phase'),
    unit_cost: absent('cost of a unit'),
    snapshot: async () => ({ ...now(), records: [] }),
    change: () => step,
    filters: async () => null,
    evaluate: async (images) => ({ evaluation: evaluation({ step, images }), tests: 1 }),
    measure_speed: async () => ({ sparse_ms: 1, dense_ms: 2, ratio: 2, predicted: 3, steps: 1, phases: [], adapter: 'an adapter', how: '' }),
    finish: async () => null,
    checkpoint: async () => ({ bytes: Uint8Array.of(step), step, changes: [] }),
    recording: () => Uint8Array.of(step),
    restore: absent('checkpoint'),
    estimator_draw: absent('lab'),
    estimator_report: () => null,
    estimator_release: () => undefined,
    example: absent('example'),
    classify: absent('image'),
    classify_more: absent('image'),
    classify_release: () => undefined,
    lost: () => undefined,
    free: () => undefined,
    ...more,
  };
}

export interface Opening {
  run: OpenRun;
  reports: Report[];
  clock: FakeClock;
}

/** Opens a run whose reports are collected. */
export function opened(more: Partial<Opened> = {}): Opening {
  const reports: Report[] = [];
  const clock = new FakeClock();
  const environment = {
    post: (report: Report) => void reports.push(report),
    clock: clock.now,
    macrotask: () => new Promise<void>((resolve) => setImmediate(resolve)),
  };
  const run = new OpenRun({ number: 1, session: fakeSession(), plan: description(), training: false, passing: false, ...more }, environment);
  return { run, reports, clock };
}

/** A report in short: its kind, with the state or the task where it has one. */
export const brief = (report: Report): string =>
  report.kind === 'state' ? report.state : report.kind === 'busy' ? `busy ${report.task ?? 'no more'}` : report.kind;
