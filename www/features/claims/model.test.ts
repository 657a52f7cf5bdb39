// The verdict on a claim follows from the numbers of its runs. The numbers here are made up.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLAIMS, type Claim, type Outcome, type Verdict, apart, claimOf, inputsKept, isMiddle, titleOf } from './model';
import { CLAIMED } from '../../model/suggestions';
import type { LabReport, LabRow } from '../../protocol/messages';
import { description, evaluation, group, snapshot } from '../../testing/samples';

const claim = (name: string): Claim => claimOf(name) ?? assert.fail(`there is no claim ${name}`);
const judged = (name: string, outcomes: Outcome[], lab: LabReport | null = null): Verdict => claim(name).judge(outcomes, lab);

/** A run on square images of that side, with these inputs kept. */
function outcome(kept: number[], decided = 0.9, { side = 28, images = 10_000, informative = null as Uint8Array | null } = {}): Outcome {
  const mask = new Uint8Array(side * side + 4);
  for (const input of kept) mask[input] = 1;
  const groups = [
    group({ name: 'inputs', size: side * side, width: side, height: side }),
    group({ first_unit: side * side }),
    group({ gated: false, size: 10 }),
  ];
  const dataset = { ...description().dataset, classes: 10 };
  return {
    description: description({ groups, informative, dataset }),
    snapshot: snapshot(100, { decided: mask, scores: Float32Array.of(0, 0.5, 1, 0.25) }),
    evaluation: evaluation({ decided, images }),
  };
}
const pixels = (many: number, is: (input: number) => boolean): number[] =>
  Array.from({ length: 784 }, (_, input) => input)
    .filter(is)
    .slice(0, many);
const middle = (many: number): number[] => pixels(many, (input) => isMiddle(input, 28));
const edge = (many: number): number[] => pixels(many, (input) => !isMiddle(input, 28));

test('the middle is the box of 20 × 20 that digits are scaled into, of images of 28 × 28 alone', () => {
  const inside = Array.from({ length: 784 }, (_, input) => input).filter((input) => isMiddle(input, 28));
  assert.equal(inside.length, 400);
  assert(inside.every((input) => [input % 28, Math.floor(input / 28)].every((at) => at >= 4 && at <= 23)));
  assert.deepEqual(Array.from({ length: 1024 }, (_, input) => isMiddle(input, 32)).filter(Boolean), []);
});

test('kept inputs are those of the decided mask; without gated inputs there are none', () => {
  assert.deepEqual(
    inputsKept(outcome([1, 2, 300]), (input) => input > 100),
    { kept: 3, inside: 1 },
  );
  const plain = outcome([1, 2]);
  const [inputs, ...others] = plain.description.groups;
  assert(inputs);
  assert.deepEqual(
    inputsKept({ ...plain, description: { ...plain.description, groups: [{ ...inputs, gated: false }, ...others] } }, () => true),
    { kept: 0, inside: 0 },
  );
});

test('accuracies are apart by their standard errors, which never are nothing', () => {
  const [a, b] = [evaluation({ decided: 0.9, images: 10_000 }), evaluation({ decided: 0.88, images: 10_000 })];
  assert(Math.abs(apart(a, b) - 0.02 / Math.sqrt((0.9 * 0.1 + 0.88 * 0.12) / 10_000)) < 1e-12);
  assert.equal(apart(b, a), -apart(a, b));
  assert.equal(apart(a, a), 0);
  assert(Number.isFinite(apart(evaluation({ decided: 1 }), evaluation({ decided: 1 }))));
  assert(Number.isFinite(apart(evaluation({ decided: 1 }), evaluation({ decided: 0 }))));
});

test('every claim trains what its link says, and has a title in the list', () => {
  assert.deepEqual(
    CLAIMS.map(({ name }) => name),
    Object.keys(CLAIMED),
  );
  for (const each of CLAIMS) {
    assert(titleOf(each) !== '', each.name);
    assert.equal(each.runs[0]?.query, CLAIMED[each.name]);
    const [first, second] = each.runs.map(({ query }) => Object.fromEntries(new URLSearchParams(query)));
    if (!second) continue;
    // The second run is the first one with the usual value of one setting.
    const missing = Object.keys(first ?? {}).filter((name) => !(name in second));
    assert.deepEqual([missing.length, { ...first, ...second }], [1, first], each.name);
  }
});

test('without their runs no claim says anything', () => {
  for (const each of CLAIMS) {
    const { holds, right } = each.judge([], null);
    assert.deepEqual([holds, right], [null, null], each.name);
  }
  for (const name of ['reinforce', 'small-dense', 'slow-rate']) assert.equal(judged(name, [outcome(middle(10))]).holds, null, `${name} with one run of two`);
});

test('digits: it holds where more of the kept pixels lie in the middle than chance would put there', () => {
  const found = judged('digits', [outcome([...middle(30), ...edge(9)], 0.951)]);
  assert.deepEqual([found.holds, found.right], [true, Math.round((100 * 30) / 39)]);
  assert.match(found.found, /^30 of the 39 kept pixels lie in the middle, 77\u00a0%; a random mask would have 51\u00a0% there\. Test accuracy 95\.1\u00a0%\.$/);
  assert.equal(judged('digits', [outcome([...middle(20), ...edge(19)])]).holds, false, 'as chance has it');
  assert.equal(judged('digits', [outcome([...middle(3), ...edge(1)])]).holds, false, 'so few may lie there by chance');
  const none = judged('digits', [outcome([])]);
  assert.deepEqual([none.holds, none.right], [null, null]);
});

test('reinforce: it holds where pairs find twice as many inputs and end better beyond chance', () => {
  const informative = new Uint8Array(256).fill(1, 0, 32);
  const run = (inside: number, decided: number): Outcome =>
    outcome(Array.from({ length: inside }, (_, input) => input).concat([40, 41]), decided, { side: 16, informative });
  const cases: [one: number, two: number, better: number, holds: boolean, right: number][] = [
    [10, 20, 0.9, true, 2],
    [10, 19, 0.9, false, 1],
    [10, 25, 0.701, false, 2],
    [12, 12, 0.9, false, 0],
    [15, 10, 0.9, false, 0],
  ];
  for (const [one, two, better, holds, right] of cases) {
    const verdict = judged('reinforce', [run(one, 0.7), run(two, better)]);
    assert.deepEqual([verdict.holds, verdict.right], [holds, right], `${one} and ${two}`);
    assert(verdict.found.includes(`REINFORCE found ${one} of the 32, among ${one + 2} inputs kept; VR-PGE ${two}, among ${two + 2}.`), verdict.found);
  }
});

test('small-dense: it holds unless the learned mask is better beyond chance', () => {
  for (const [small, learned, holds, right] of [
    [0.95, 0.9, true, 2],
    [0.9, 0.9005, true, 1],
    [0.9, 0.895, true, 1],
    [0.9, 0.95, false, 0],
  ] as const) {
    const verdict = judged('small-dense', [outcome([], small), outcome([], learned)]);
    assert.deepEqual([verdict.holds, verdict.right], [holds, right], `${small} and ${learned}`);
    assert(verdict.found.includes('on 10,000 test images'), verdict.found);
  }
  assert.equal(judged('small-dense', [outcome([], 0.9, { images: 100 }), outcome([], 0.93, { images: 100 })]).right, 1, 'on few images chance reaches further');
});

test('slow-rate: it holds where the slow run is ten points behind', () => {
  for (const [slow, usual, holds, right] of [
    [0.5, 0.9, true, 2],
    [0.85, 0.9, false, 1],
    [0.9, 0.9, false, 0],
    [0.95, 0.9, false, 0],
  ] as const) {
    const verdict = judged('slow-rate', [outcome(middle(3), slow), outcome(middle(20), usual)]);
    assert.deepEqual([verdict.holds, verdict.right], [holds, right], `${slow} and ${usual}`);
    assert.match(verdict.found, /At the end 2 of 4 units are undecided with the slow rate, 2 with the usual one\.$/);
  }
});

/** A report in which the variance of nearly decided units is so many times larger, at α = 0 and at ½. */
function lab(none: number, half: number): LabReport {
  const row = (alpha: number, grown: number): LabRow => ({
    estimator: 'two-sided',
    alpha,
    samples: 256,
    verdict: '',
    cosine: 0,
    cosine_error: 0,
    mean_cosine: 0,
    variance_ratio: 1,
    bias: 0,
    bias_chance: 0,
    variance: 1,
    bound: null,
    signal_to_noise: 1,
    bins: [
      { low: 0, high: 0.001, units: 0 },
      { low: 0.001, high: 0.01, units: 7, variance: 2 * grown },
      { low: 0.01, high: 0.1, units: 3, variance: 3 },
      { low: 0.1, high: 0.5, units: 40, variance: 2 },
    ],
  });
  return {
    step: 50,
    batches: 32,
    pairs: 256,
    control_cosine: null,
    units: 288,
    undecided_units: 50,
    enumerated_masks: null,
    truth_masks: 1024,
    truth_error: 0.01,
    rows: [row(0.5, half), row(0, none)],
  };
}

test('alpha: it holds if the variance grows at 0 and not at ½', () => {
  for (const [none, half, holds, right] of [
    [25, 1.2, true, 2],
    [5, 1.2, true, 1],
    [3, 1.2, false, 1],
    [25, 3, false, 2],
    [0.9, 0.9, false, 0],
    [10, 1, true, 1],
    [1, 1, false, 0],
  ] as const) {
    const verdict = judged('alpha', [], lab(none, half));
    assert.deepEqual([verdict.holds, verdict.right], [holds, right], `${none} and ${half}`);
    assert(verdict.found.startsWith('From 40 undecided units to the 7 with s below 0.01 the variance changes '), verdict.found);
  }
});

/** A report with these cosines at α = ½: of the mean of both orders, and of one sample of the second order and two-sided. */
function orders(first: number, second: number, one: number, two: number): LabReport {
  const report = lab(1, 1);
  const [row] = report.rows;
  if (!row) return assert.fail('a report has rows');
  const made = (estimator: string, mean_cosine: number, cosine: number): LabRow => ({ ...row, estimator, mean_cosine, cosine });
  return { ...report, rows: [made('first order', first, 0), made('second order', second, one), made('two-sided', 0.5, two)] };
}

test('first-order: it holds where the mean of G is far from the true gradient, and the second order is not', () => {
  for (const [first, second, holds, right] of [
    [0.1, 0.8, true, 2],
    [0.1, 0.15, false, 2],
    [0.4, 0.9, false, 1],
    [0.8, 0.9, false, 0],
  ] as const) {
    const verdict = judged('first-order', [], orders(first, second, 0.3, 0.03));
    assert.deepEqual([verdict.holds, verdict.right], [holds, right], `${first} and ${second}`);
  }
});

test('second-order: it holds where one sample is more than three times as near, and the mean is near', () => {
  for (const [one, two, mean, holds, right] of [
    [0.3, 0.03, 0.8, true, 2],
    [0.3, 0.03, 0.3, false, 2],
    [0.06, 0.03, 0.8, false, 1],
    [0.02, 0.03, 0.8, false, 0],
  ] as const) {
    const verdict = judged('second-order', [], orders(0.1, mean, one, two));
    assert.deepEqual([verdict.holds, verdict.right], [holds, right], `${one} and ${two}`);
  }
});

test('alpha: where no unit is nearly off, or none undecided, nothing can be said', () => {
  for (const drop of [[0.001, 0.01], [0.1]]) {
    const report = lab(25, 1);
    for (const { bins } of report.rows) for (const bin of bins) if (drop.includes(bin.low)) bin.units = 0;
    assert.equal(judged('alpha', [], report).holds, null, `without units of s from ${drop.join(' and ')}`);
  }
});
