// The plan of a run before it is opened.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Engine } from './load';
import { type Planned, planRun, totalBytes } from './run-plan';
import { description } from '../testing/samples';
import type { OwnData, Plan, DatasetIdentity } from '../protocol/messages';

const PLAN: Plan = description();
const OWN: OwnData = {
  name: 'mine.csv',
  words: '',
  notes: [],
  columns: [],
  train: 80,
  test: 20,
  has_test: true,
  is_image: false,
  classes: ['a', 'b', 'c'],
  sum: 'ab',
};
const OWN_PLAN: Plan = { ...PLAN, dataset: { ...PLAN.dataset, name: 'own', own: OWN } };
const SHOWN: DatasetIdentity = { ...OWN_PLAN.dataset, name: 'mine.csv', sum: 'ab' };

/** An engine that plans, or that refuses with these words. */
function engine(answer: { plan: Plan; refused?: string } | string, { dataset = 'planted', own = null as OwnData | null } = {}): Engine {
  const describe = () => {
    if (typeof answer === 'string') throw new Error(answer);
    return { plan: answer.plan, refused: answer.refused ?? null };
  };
  const read_link = () => {
    if (dataset === '') throw new Error('unreadable');
    return { dataset };
  };
  return { describe, read_link, own_data: () => own } as unknown as Engine;
}
const plan = (of: Engine, trained_on?: DatasetIdentity): Planned => planRun(of, 'a link', undefined, trained_on);
const failed = (planned: Planned) => ('failure' in planned ? [planned.failure, planned.message] : null);

test('a plan comes with why the device cannot hold it', () => {
  const fits = plan(engine({ plan: PLAN }));
  assert('plan' in fits && fits.too_large === null && fits.plan.model === 'mlp-4');
  const large = plan(engine({ plan: PLAN, refused: 'a buffer is too large' }));
  assert('plan' in large && large.too_large === 'a buffer is too large' && !('refused' in large.plan));
});

test('the largest buffer of the device reaches the engine', () => {
  const asked: unknown[] = [];
  const noting = { ...engine({ plan: PLAN }), describe: (...args: unknown[]) => (asked.push(args), { plan: PLAN, refused: null }) } as unknown as Engine;
  planRun(noting, 'a link', 1024);
  assert.deepEqual(asked, [['a link', 1024]]);
});

test('a link that cannot be is refused in the words of the engine', () => {
  assert.deepEqual(failed(plan(engine('there is no such method'))), ['refused', 'there is no such method']);
  assert.deepEqual(failed(plan(engine('this is no link', { dataset: '' }))), ['refused', 'this is no link']);
});

test('a link to data of the visitor’s asks for them where they are missing', () => {
  assert.deepEqual(failed(plan(engine('give your files', { dataset: 'own' }))), ['own', 'give your files']);
  assert.deepEqual(failed(plan(engine('too few classes', { dataset: 'own', own: OWN }))), ['refused', 'too few classes']);
});

test('a run continues with the data that it learned from, and with no others', () => {
  const others = ['own', 'these are other data than the run learned from, mine.csv: give the same files'];
  assert.equal(failed(plan(engine({ plan: OWN_PLAN }, { dataset: 'own', own: OWN }), SHOWN)), null);
  assert.deepEqual(failed(plan(engine({ plan: OWN_PLAN }, { dataset: 'own', own: OWN }), { ...SHOWN, sum: 'cd' })), others);
  assert.deepEqual(failed(plan(engine('too few classes', { dataset: 'own', own: OWN }), SHOWN)), others);
  // A public data set is the same wherever it comes from.
  assert.equal(failed(plan(engine({ plan: PLAN }), { ...SHOWN, sum: 'cd' })), null);
});

test('a run takes memory for data, activations, weights and optimiser', () => {
  assert.equal(totalBytes(PLAN), 1000);
});
