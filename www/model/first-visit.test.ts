// The experiment of a first visit, for devices from the slowest to the fastest.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NETWORKS, UNMEASURED, denseWork, firstExperiment } from './first-visit';

/** From 0.2 G to 50 T multiply-adds a second, twenty for each factor of ten. */
const SPEEDS = Array.from({ length: 109 }, (_, index) => 2e8 * 10 ** (index / 20));

interface Sized {
  network: (typeof NETWORKS)[number];
  steps: number;
  step_ms: number;
}

function sized(speed: number): Sized {
  const link = new URLSearchParams(firstExperiment(speed));
  const network = NETWORKS.find((each) => each === link.get('model')) ?? assert.fail();
  const steps = link.has('epochs') ? 468 * Number(link.get('epochs')) : Number(link.get('steps'));
  return { network, steps, step_ms: (1000 * denseWork(network)) / speed };
}

test('the multiply-adds of a dense step are those of its products', () => {
  assert.equal(denseWork('mlp-3'), 128 * (2 * 784 * 3 + 3 * 3 * 10));
  assert.equal(denseWork('mlp-128-64'), 128 * (2 * 784 * 128 + 3 * (128 * 64 + 64 * 10)));
});

test('a dense step takes 5 to 50 ms, where the smallest and the largest network allow it', () => {
  assert(SPEEDS.at(-1) === 2e8 * 10 ** 5.4 && 2e8 * 10 ** 5.4 > 5e13);
  for (const speed of SPEEDS) {
    const { network, step_ms } = sized(speed);
    if (network !== NETWORKS[0]) assert(step_ms <= 50, `${step_ms} ms at ${speed}`);
    if (network !== NETWORKS.at(-1)) assert(step_ms >= 5, `${step_ms} ms at ${speed}`);
  }
});

test('a faster device never gets a smaller network, and every network is for some device', () => {
  const places = SPEEDS.map((speed) => NETWORKS.indexOf(sized(speed).network));
  assert.deepEqual(
    places,
    places.toSorted((a, b) => a - b),
  );
  assert.equal(new Set(places).size, NETWORKS.length);
});

test('the whole run takes at most three minutes, even if each step took as long as a dense one', () => {
  for (const speed of [1e6, 5e7, 1e8, ...SPEEDS]) {
    const { steps, step_ms } = sized(speed);
    assert(steps >= 1 && steps <= 9 * 468, `${steps} steps at ${speed}`);
    assert(steps * step_ms <= 180_000, `${(steps * step_ms) / 1000} s at ${speed}`);
  }
});

test('an adapter in software gets a small network, a fast GPU a large one; where nothing is measured the network is small', () => {
  const small = 'model=mlp-256-128&gate_inputs=true&keep_ratio=0.2&keep_start=0.3&scores_rate=0.1&batch_size=128';
  assert.equal(firstExperiment(1.6e9), `${small}&epochs=9`);
  assert.equal(firstExperiment(2e8), `${small}&epochs=1`);
  assert.equal(firstExperiment(1e8), `${small}&steps=279`);
  assert.match(firstExperiment(5e12), /^model=mlp-4096-4096&.*&epochs=9$/);
  assert.equal(firstExperiment(UNMEASURED), `${small}&epochs=5`);
});
