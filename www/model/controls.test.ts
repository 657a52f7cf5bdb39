// What the controls say while wishes are on their way to the engine.

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { Controls } from './controls';
import type { Knob, Plan, Report, Request, Values } from '../protocol/messages';
import { description } from '../testing/samples';

const plan: Plan = description();
type Linked = Report & { kind: 'linked' };
const linked = (ticket: number, query = ''): Linked => ({ kind: 'linked', ticket, query, plan });
const BASE: Values = { method: 'vrpge', seed: '1', keep_ratio: '0.2' };

function made(values: Values | null = BASE): { controls: Controls; asked: Request[] } {
  const asked: Request[] = [];
  const controls = new Controls((request) => asked.push(request));
  controls.values = values && { ...values };
  return { controls, asked };
}

/** The page's address, as far as controls write it. */
function withAddress(work: (address: { hash: string; written: string[] }) => void): void {
  const address = { hash: '', written: [] as string[] };
  const globals = { window: globalThis, location: address, history: { replaceState: (_: unknown, __: string, to: string) => address.written.push(to) } };
  const before = Object.keys(globals).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const);
  for (const [name, value] of Object.entries(globals)) Object.defineProperty(globalThis, name, { value, configurable: true });
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    work(address);
  } finally {
    mock.timers.reset();
    for (const [name, property] of before) {
      if (property) Object.defineProperty(globalThis, name, property);
      else Reflect.deleteProperty(globalThis, name);
    }
  }
}

test('a wish is asked for, counts as wished at once, and is said once the engine agrees', () =>
  withAddress(() => {
    const { controls, asked } = made();
    controls.wish('seed', { ...BASE, seed: '9' });
    assert.deepEqual(asked, [{ kind: 'link', ticket: 1, values: { ...BASE, seed: '9' } }]);
    assert.equal(controls.wished?.['seed'], '9');
    assert.equal(controls.values?.['seed'], '1');
    const agreed = controls.agree(linked(1, 'seed=9'));
    assert.deepEqual([agreed?.name, agreed?.changed], ['seed', [['seed', '9']]]);
    assert.equal(controls.values?.['seed'], '9');
    assert.equal(controls.plan, plan);
  }));

test('an answer settles the wishes before it too', () =>
  withAddress(() => {
    const { controls } = made();
    controls.wish('seed', { ...BASE, seed: '2' });
    controls.wish('seed', { ...BASE, seed: '3' });
    controls.wish('keep_ratio', { ...BASE, seed: '3', keep_ratio: '0.5' });
    assert.deepEqual(controls.agree(linked(2))?.changed, [['seed', '3']]);
    assert.equal(controls.agree(linked(1)), null, 'what was overtaken is void');
    assert.equal(controls.wished?.['keep_ratio'], '0.5', 'the one behind it waits yet');
    assert.deepEqual(controls.agree(linked(3))?.changed, [['keep_ratio', '0.5']]);
  }));

test('a wish that is refused leaves everything as it was', () =>
  withAddress(() => {
    const { controls } = made();
    controls.wish('seed', { ...BASE, seed: 'x' });
    assert.equal(controls.settle(1)?.name, 'seed');
    assert.deepEqual([controls.values, controls.wished], [BASE, BASE]);
  }));

test('a link makes void what was wished before', () =>
  withAddress(() => {
    const { controls } = made();
    controls.wish('seed', { ...BASE, seed: '9' });
    controls.follow({ ...BASE, seed: '5' }, 'seed=5');
    assert.equal(controls.agree(linked(1)), null);
    assert.equal(controls.values?.['seed'], '5');
  }));

test('what a comparison lent is given back but for what was moved since', () =>
  withAddress(() => {
    const { controls } = made();
    assert.equal(controls.unlent, controls.values);
    controls.wish('method', { ...BASE, method: 'static', keep_ratio: '0.4' }, BASE);
    controls.agree(linked(1));
    assert.deepEqual(controls.unlent, BASE);
    controls.wish('seed', { ...BASE, method: 'static', keep_ratio: '0.4', seed: '7' });
    controls.agree(linked(2));
    controls.wish('keep_ratio', { ...BASE, method: 'static', keep_ratio: '0.6', seed: '7' });
    controls.agree(linked(3));
    assert.deepEqual(controls.unlent, { method: 'vrpge', seed: '7', keep_ratio: '0.6' });
    controls.follow({ ...BASE, method: 'static' }, '');
    assert.deepEqual(controls.unlent, { ...BASE, method: 'static' }, 'a link lends nothing');
  }));

test('they differ from values in any setting, and from none in all', () => {
  const { controls } = made();
  assert.equal(controls.differ({ ...BASE }), false);
  assert.equal(controls.differ({ ...BASE, seed: '2' }), true);
  assert.equal(controls.differ(null), true);
  assert.equal(made(null).controls.differ(BASE), false, 'nothing is said yet');
});

test('a method is called as the engine’s table has it', () => {
  const { controls } = made();
  assert.equal(controls.labelOf('vrpge'), 'vrpge');
  const knob: Knob = { name: 'method', label: 'Method', help: '', live: false, value: 'vrpge', kind: { type: 'choice', choices: [['vrpge', 'VR-PGE']] } };
  controls.knobs = [knob];
  assert.deepEqual([controls.labelOf('vrpge'), controls.labelOf('other'), controls.knob('seed')], ['VR-PGE', 'other', undefined]);
});

test('the address follows after a moment, once for many changes, keeps what stands behind its #, and tells a default from a first visit', () =>
  withAddress((address) => {
    const { controls } = made();
    address.hash = '#lesson=history';
    controls.follow(BASE, 'seed=1');
    controls.follow(BASE, 'seed=2');
    mock.timers.tick(249);
    assert.deepEqual(address.written, []);
    mock.timers.tick(1);
    assert.deepEqual(address.written, ['?seed=2#lesson=history']);
    controls.follow(BASE, '');
    assert.equal(controls.query, 'gate_inputs=false');
    mock.timers.tick(250);
    assert.equal(address.written.at(-1), '?gate_inputs=false#lesson=history');
  }));
