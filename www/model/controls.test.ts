// What the controls show while changes wait for the engine.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accept, differ, follow, settingOf, labelOf, settle, requestChange, requestedValues, withoutComparison } from './controls';
import { type Controls, initialState } from './state';
import type { Setting, Plan, Values } from '../protocol/messages';
import { description } from '../testing/samples';

const plan: Plan = description();
const linked = (ticket: number, query = '') => ({ ticket, query, plan });
const BASE: Values = { method: 'vrpge', seed: '1', keep_ratio: '0.2' };
const shows = (values: Values | null = BASE): Controls => ({ ...initialState.controls, values });
const accepted = (controls: Controls, ticket: number): Controls => accept(controls, linked(ticket))?.controls ?? assert.fail();

test('a change is pending at once, and is shown once the engine accepts it', () => {
  const before = requestChange(shows(), 'seed', { ...BASE, seed: '9' });
  assert.deepEqual([before.ticket, before.pending.length], [1, 1]);
  assert.equal(requestedValues(before)?.['seed'], '9');
  assert.equal(before.values?.['seed'], '1');
  const { controls, wish: found, changed } = accept(before, linked(1, 'seed=9')) ?? assert.fail();
  assert.deepEqual([found.name, changed], ['seed', [['seed', '9']]]);
  assert.equal(controls.values?.['seed'], '9');
  assert.deepEqual([controls.plan, controls.query], [plan, 'seed=9']);
});

test('an answer settles the changes before it too', () => {
  let controls = requestChange(shows(), 'seed', { ...BASE, seed: '2' });
  controls = requestChange(controls, 'seed', { ...BASE, seed: '3' });
  controls = requestChange(controls, 'keep_ratio', { ...BASE, seed: '3', keep_ratio: '0.5' });
  const second = accept(controls, linked(2)) ?? assert.fail();
  assert.deepEqual(second.changed, [['seed', '3']]);
  assert.equal(accept(second.controls, linked(1)), null, 'what was overtaken is dropped');
  assert.equal(requestedValues(second.controls)?.['keep_ratio'], '0.5', 'the one after it is still pending');
  assert.deepEqual(accept(second.controls, linked(3))?.changed, [['keep_ratio', '0.5']]);
});

test('a change that is refused leaves everything as it was', () => {
  const { controls, wish: found } = settle(requestChange(shows(), 'seed', { ...BASE, seed: 'x' }), 1);
  assert.equal(found?.name, 'seed');
  assert.deepEqual([controls.values, requestedValues(controls)], [BASE, BASE]);
});

test('a link drops pending changes', () => {
  const controls = follow(requestChange(shows(), 'seed', { ...BASE, seed: '9' }), { ...BASE, seed: '5' }, 'seed=5');
  assert.equal(accept(controls, linked(1)), null);
  assert.equal(controls.values?.['seed'], '5');
});

test('what a comparison set has its earlier value again, unless it was changed since', () => {
  assert.equal(withoutComparison(shows()), BASE);
  let controls = accepted(requestChange(shows(), 'method', { ...BASE, method: 'static', keep_ratio: '0.4' }, BASE), 1);
  assert.deepEqual(withoutComparison(controls), BASE);
  controls = accepted(requestChange(controls, 'seed', { ...BASE, method: 'static', keep_ratio: '0.4', seed: '7' }), 2);
  controls = accepted(requestChange(controls, 'keep_ratio', { ...BASE, method: 'static', keep_ratio: '0.6', seed: '7' }), 3);
  assert.deepEqual(withoutComparison(controls), { method: 'vrpge', seed: '7', keep_ratio: '0.6' });
  assert.deepEqual(
    withoutComparison(follow(controls, { ...BASE, method: 'static' }, '')),
    { ...BASE, method: 'static' },
    'a link replaces what the comparison set',
  );
});

test('they differ from values in any setting, and from none in all', () => {
  assert.equal(differ(shows(), { ...BASE }), false);
  assert.equal(differ(shows(), { ...BASE, seed: '2' }), true);
  assert.equal(differ(shows(), null), true);
  assert.equal(differ(shows(null), BASE), false, 'nothing is shown yet');
});

test('a method is called as the engine’s table has it', () => {
  assert.equal(labelOf(shows(), 'vrpge'), 'vrpge');
  const setting: Setting = { name: 'method', label: 'Method', help: '', live: false, value: 'vrpge', kind: { type: 'choice', choices: [['vrpge', 'VR-PGE']] } };
  const controls = { ...shows(), settings: [setting] };
  assert.deepEqual([labelOf(controls, 'vrpge'), labelOf(controls, 'other'), settingOf(controls, 'seed')], ['VR-PGE', 'other', undefined]);
});

test('a default experiment differs from a first visit', () => {
  assert.equal(follow(shows(), BASE, '').query, 'gate_inputs=false');
  assert.equal(accept(requestChange(shows(), 'seed', BASE), linked(1))?.controls.query, 'gate_inputs=false');
});
