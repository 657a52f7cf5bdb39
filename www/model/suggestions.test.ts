// Which settings a choice also changes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLAIMED, type Known, NETWORKS, TRIES, about, along, forData } from './suggestions';
import { METHODS } from './methods';
import type { OwnData, Values } from '../protocol/messages';

const DIGITS: Values = { dataset: 'mnist', model: 'mlp-32', batch_size: '128', gate_inputs: 'true', method: 'vrpge', pins: '' };
const own: OwnData = {
  name: 'ants.csv',
  words: '',
  notes: [],
  columns: [],
  train: 50,
  test: 8,
  has_test: false,
  is_image: false,
  classes: ['ant', 'bee'],
  sum: '',
};

const NOTHING: Known = { replaced: null, own: null };
/** The other settings that a change sets, without a change before it. */
const brings = (values: Values, name: string, value: string, known = NOTHING): Values => along(values, name, value, known).brought;

test('CIFAR-10 brings a convolutional network along, and leaving it brings back what stood there', () => {
  const { brought, replaced } = along(DIGITS, 'dataset', 'cifar10', NOTHING);
  assert.deepEqual(brought, { model: 'cnn-32-64-128', batch_size: '64', gate_inputs: 'false' });
  const there = { ...DIGITS, ...brought, dataset: 'cifar10' };
  const back = along(there, 'dataset', 'mnist', { replaced, own: null });
  assert.deepEqual(back.brought, { model: 'mlp-32', batch_size: '128', gate_inputs: 'true' });
  assert.deepEqual(brings({ ...DIGITS, dataset: 'mnist' }, 'dataset', 'fashion-mnist', { replaced: back.replaced, own: null }), {}, 'and only once');
});

test('a network that was chosen by hand meanwhile is not taken back', () => {
  const first = along(DIGITS, 'dataset', 'cifar10', NOTHING);
  const there = { ...DIGITS, ...first.brought, dataset: 'cifar10' };
  const { replaced } = along(there, 'model', 'resnet20', { replaced: first.replaced, own: null });
  assert.deepEqual(brings({ ...there, model: 'resnet20' }, 'dataset', 'mnist', { replaced, own: null }), {});
});

test('a batch size that was chosen by hand stays', () => {
  assert.deepEqual(brings({ ...DIGITS, batch_size: '32' }, 'dataset', 'cifar10'), { model: 'cnn-32-64-128', gate_inputs: 'false' });
  assert.deepEqual(brings({ ...DIGITS, batch_size: '32' }, 'model', 'vgg16'), { gate_inputs: 'false' });
});

test('a network of another kind begins with its own defaults, one of the same kind with the current settings', () => {
  assert.deepEqual(brings(DIGITS, 'model', 'resnet20'), { batch_size: '64', gate_inputs: 'false' });
  assert.deepEqual(brings({ ...DIGITS, model: 'vgg16', batch_size: '64' }, 'model', 'mlp-32'), { batch_size: '128' });
  assert.deepEqual(brings(DIGITS, 'model', 'mlp-1024-1024'), {});
  assert.deepEqual(brings({ ...DIGITS, model: 'cnn-4' }, 'model', 'wrn-28-10'), {});
});

test('features without an order in space have no convolutions', () => {
  const there = { ...DIGITS, dataset: 'cifar10', model: 'cnn-4', batch_size: '64' };
  assert.deepEqual(brings(there, 'dataset', 'planted'), { model: 'mlp-512-256', batch_size: '128' });
  assert.deepEqual(brings({ ...there, model: 'mlp-16' }, 'dataset', 'planted'), {});
});

test('own data get a batch that there are rows for, and no convolutions where they are no images', () => {
  assert.deepEqual(brings(DIGITS, 'dataset', 'own'), {}, 'of which nothing is known yet');
  assert.deepEqual(brings(DIGITS, 'dataset', 'own', { replaced: null, own }), { batch_size: '32' });
  const convolutional = { ...DIGITS, model: 'cnn-4', batch_size: '16' };
  assert.deepEqual(brings(convolutional, 'dataset', 'own', { replaced: null, own }), { model: 'mlp-512-256' });
  assert.deepEqual(brings(convolutional, 'dataset', 'own', { replaced: null, own: { ...own, is_image: true } }), {});
  for (let train = 1; train < 300; train++) {
    const { batch_size = DIGITS['batch_size'] } = forData(DIGITS, 'own', { replaced: null, own: { ...own, is_image: true, train } }).brought;
    const batch = Number(batch_size);
    assert(batch <= train && (batch === 128 || 2 * batch > train) && Number.isInteger(Math.log2(batch)), `${batch} of ${train}`);
  }
});

test('what own data brought along goes back with other data, unless it was changed by hand', () => {
  const given = along(DIGITS, 'dataset', 'own', { replaced: null, own });
  const there: Values = { ...DIGITS, ...given.brought, dataset: 'own' };
  assert.equal(there['batch_size'], '32');
  assert.deepEqual(brings(there, 'dataset', 'mnist', { replaced: given.replaced, own }), { batch_size: '128' });
  assert.deepEqual(brings({ ...there, batch_size: '16' }, 'dataset', 'mnist', { replaced: given.replaced, own }), {}, 'by hand');
  const more = forData(there, 'own', { replaced: given.replaced, own: { ...own, train: 8000 } });
  assert.deepEqual(more, { brought: { batch_size: '128' }, replaced: null }, 'files of more rows');
  const fewer = forData(there, 'own', { replaced: given.replaced, own: { ...own, train: 5 } });
  assert.deepEqual(fewer.brought, { batch_size: '4' });
  assert.deepEqual(brings({ ...there, ...fewer.brought }, 'dataset', 'mnist', { replaced: fewer.replaced, own }), { batch_size: '128' }, 'not 32');
  const model = along(there, 'model', 'mlp-8', { replaced: given.replaced, own });
  assert.deepEqual(brings({ ...there, model: 'mlp-8' }, 'dataset', 'mnist', { replaced: model.replaced, own }), { batch_size: '128' }, 'another network');
  const images = along({ ...DIGITS, model: 'cnn-4', batch_size: '64' }, 'dataset', 'own', { replaced: null, own });
  assert.deepEqual(images.brought, { model: 'mlp-512-256', batch_size: '32' });
  const after: Values = { ...DIGITS, ...images.brought, dataset: 'own', gate_inputs: 'true' };
  assert.deepEqual(brings(after, 'dataset', 'mnist', { replaced: images.replaced, own }), { model: 'cnn-4', batch_size: '64' });
});

test('pins are let go where they would mean other units or nothing', () => {
  const pinned = { ...DIGITS, pins: '2on' };
  for (const [name, value] of [
    ['dataset', 'planted'],
    ['model', 'mlp-16'],
    ['gate_inputs', 'false'],
    ['method', 'static'],
    ['method', 'dense'],
  ] as const) {
    assert.equal(brings(pinned, name, value)['pins'], '', `${name} ${value}`);
  }
  for (const [name, value] of [
    ['model', 'mlp-32'],
    ['seed', '3'],
    ['method', 'reinforce'],
    ['method', 'ste'],
    ['keep_ratio', '0.5'],
  ] as const) {
    assert.equal(brings(pinned, name, value)['pins'], undefined, `${name} ${value}`);
  }
});

test('the same data once more bring nothing along', () => {
  assert.deepEqual(brings({ ...DIGITS, dataset: 'cifar10' }, 'dataset', 'cifar10'), {});
});

test('what is offered is known by kind: fully connected, convolutional, residual, depthwise', () => {
  const kinds = NETWORKS.flatMap(([kind, networks]) => networks.map(([name]) => [kind.split(/[, ]/)[0], name] as const));
  for (const [kind, name] of kinds) {
    const words = about(name);
    assert.equal(/neuron/.test(words), kind === 'Fully', name);
    assert.equal(/is added to its input/.test(words), kind === 'Residual', name);
    assert.equal(/follow one another/.test(words), kind === 'Convolutional', name);
    assert.equal(/a kernel for each channel/.test(words), kind === 'Depthwise', name);
  }
});

test('what is tried names settings by words that can be read, and each claim once', () => {
  const claims = TRIES.flatMap(([, , claim]) => claim ?? []);
  assert.deepEqual(claims, Object.keys(CLAIMED));
  for (const [title, query] of TRIES) {
    const settings = new URLSearchParams(query);
    assert(
      [...settings].every(([name, value]) => /^[a-z_]+$/.test(name) && value !== ''),
      title,
    );
    assert.equal(new Set(settings.keys()).size, settings.size, title);
    assert((settings.get('method') ?? 'vrpge') in METHODS, title);
  }
});
