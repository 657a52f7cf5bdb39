// The device of a first visit is measured before its first run.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sizeFirstVisit } from './first-visit';
import type { Engine } from './load';
import { denseWork, firstExperiment, firstLink } from '../model/first-visit';
import type { Report, Values } from '../protocol/messages';

/** An engine whose dense steps take so many milliseconds each, one network after another; an error for a missing one. */
function engineOf(times: number[]): { engine: Engine; timed: string[] } {
  const timed: string[] = [];
  const engine = {
    read_link: (link: string): Values => ({ link }),
    dense_step_ms: async (link: string, progress: (stage: string, done: number, of: number) => void, name?: string) => {
      progress('compiling kernels', 1, 2);
      assert.equal(name, 'a GPU');
      const ms = times[timed.push(link) - 1];
      if (ms === undefined) throw new Error('there is no device');
      return ms;
    },
  } as unknown as Engine;
  return { engine, timed };
}

async function sized(times: number[], isWanted = () => true): Promise<{ report: Report | undefined; timed: string[]; progress: number }> {
  const { engine, timed } = engineOf(times);
  const reports: Report[] = [];
  await sizeFirstVisit(engine, { name: 'a GPU', most_bytes: 1e9 }, (report) => void reports.push(report), isWanted);
  return { report: reports.at(-1), timed, progress: reports.filter(({ kind }) => kind === 'progress').length };
}

const [small, large] = ['mlp-256-128', 'mlp-2048-1024'].map((network) => ({ link: firstLink(network), work: denseWork(network) }));
assert(small && large);

const report = (speed: number | null, query: string): Report => ({ kind: 'sized', speed, values: { link: query }, query });

test('on a slow device a small network is timed, and the experiment fits its speed', async () => {
  const speed = (1000 * small.work) / 20;
  assert.deepEqual(await sized([20]), { report: report(speed, firstExperiment(speed)), timed: [small.link], progress: 1 });
});

test('where a step of the small network is quick, a large one is timed, and its speed counts', async () => {
  const speed = (1000 * large.work) / 2;
  assert.deepEqual(await sized([0.5, 2]), { report: report(speed, firstExperiment(speed)), timed: [small.link, large.link], progress: 2 });
  assert.match(firstExperiment(speed), /mlp-4096-4096/);
});

test('a device that holds no large network is sized by the small one', async () => {
  const speed = (1000 * small.work) / 0.5;
  assert.deepEqual((await sized([0.5])).report, report(speed, firstExperiment(speed)));
});

test('where nothing can be timed the experiment is small', async () => {
  assert.deepEqual((await sized([])).report, report(null, firstExperiment(1e9)));
});

test('a run that was asked for meanwhile does not wait for further networks', async () => {
  assert.deepEqual((await sized([], () => false)).timed, []);
  let wanted = 1;
  assert.deepEqual((await sized([0.5, 2], () => wanted-- > 0)).timed, [small.link]);
});
