// Which settings go together.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLAIMED, NETWORKS, Suggestions, TRIES, about } from './suggestions';
import { METHODS } from './methods';
import type { OwnData, Values } from '../protocol/messages';

const DIGITS: Values = { dataset: 'mnist', model: 'mlp-32', batch_size: '128', gate_inputs: 'true', method: 'vrpge', pins: '' };
const own: OwnData = { name: 'ants.csv', words: '', note: '', train: 50, test: 8, has_test: false, is_image: false, classes: ['ant', 'bee'], sum: '' };

test('CIFAR-10 brings a convolutional network along, and leaving it brings back what stood there', () => {
  const suggestions = new Suggestions();
  const brought = suggestions.along(DIGITS, 'dataset', 'cifar10');
  assert.deepEqual(brought, { model: 'cnn-32-64-128', batch_size: '64', gate_inputs: 'false' });
  const there = { ...DIGITS, ...brought, dataset: 'cifar10' };
  assert.deepEqual(suggestions.along(there, 'dataset', 'mnist'), { model: 'mlp-32', batch_size: '128', gate_inputs: 'true' });
  assert.deepEqual(suggestions.along({ ...DIGITS, dataset: 'mnist' }, 'dataset', 'fashion-mnist'), {}, 'and only once');
});

test('a network that was chosen by hand meanwhile is not taken back', () => {
  const suggestions = new Suggestions();
  const there = { ...DIGITS, ...suggestions.along(DIGITS, 'dataset', 'cifar10'), dataset: 'cifar10' };
  suggestions.along(there, 'model', 'resnet20');
  assert.deepEqual(suggestions.along({ ...there, model: 'resnet20' }, 'dataset', 'mnist'), {});
});

test('a batch size that was chosen by hand stays', () => {
  assert.deepEqual(new Suggestions().along({ ...DIGITS, batch_size: '32' }, 'dataset', 'cifar10'), { model: 'cnn-32-64-128', gate_inputs: 'false' });
  assert.deepEqual(new Suggestions().along({ ...DIGITS, batch_size: '32' }, 'model', 'vgg16'), { gate_inputs: 'false' });
});

test('a network of another kind begins as usual, one of the same kind as it stands', () => {
  assert.deepEqual(new Suggestions().along(DIGITS, 'model', 'resnet20'), { batch_size: '64', gate_inputs: 'false' });
  assert.deepEqual(new Suggestions().along({ ...DIGITS, model: 'vgg16', batch_size: '64' }, 'model', 'mlp-32'), { batch_size: '128' });
  assert.deepEqual(new Suggestions().along(DIGITS, 'model', 'mlp-1024-1024'), {});
  assert.deepEqual(new Suggestions().along({ ...DIGITS, model: 'cnn-4' }, 'model', 'wrn-28-10'), {});
});

test('features without an order in space have no convolutions', () => {
  const there = { ...DIGITS, dataset: 'cifar10', model: 'cnn-4', batch_size: '64' };
  assert.deepEqual(new Suggestions().along(there, 'dataset', 'planted'), { model: 'mlp-512-256', batch_size: '128' });
  assert.deepEqual(new Suggestions().along({ ...there, model: 'mlp-16' }, 'dataset', 'planted'), {});
});

test('own data get a batch that there are rows for, and no convolutions where they are no images', () => {
  const suggestions = new Suggestions();
  assert.deepEqual(suggestions.along(DIGITS, 'dataset', 'own'), {}, 'of which nothing is known yet');
  suggestions.own = own;
  assert.deepEqual(suggestions.along(DIGITS, 'dataset', 'own'), { batch_size: '32' });
  const convolutional = { ...DIGITS, model: 'cnn-4', batch_size: '16' };
  assert.deepEqual(suggestions.along(convolutional, 'dataset', 'own'), { model: 'mlp-512-256' });
  suggestions.own = { ...own, is_image: true };
  assert.deepEqual(suggestions.along(convolutional, 'dataset', 'own'), {});
  for (let train = 1; train < 300; train++) {
    suggestions.own = { ...own, train };
    const { batch_size = DIGITS['batch_size'] } = suggestions.forOwn(DIGITS);
    const batch = Number(batch_size);
    assert(batch <= train && (batch === 128 || 2 * batch > train) && Number.isInteger(Math.log2(batch)), `${batch} of ${train}`);
  }
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
    assert.equal(new Suggestions().along(pinned, name, value)['pins'], '', `${name} ${value}`);
  }
  for (const [name, value] of [
    ['model', 'mlp-32'],
    ['seed', '3'],
    ['method', 'reinforce'],
    ['method', 'ste'],
    ['keep_ratio', '0.5'],
  ] as const) {
    assert.equal(new Suggestions().along(pinned, name, value)['pins'], undefined, `${name} ${value}`);
  }
});

test('the same data once more bring nothing along', () => {
  assert.deepEqual(new Suggestions().along({ ...DIGITS, dataset: 'cifar10' }, 'dataset', 'cifar10'), {});
});

test('what is offered is known by kind: fully connected, convolutional, residual', () => {
  const kinds = NETWORKS.flatMap(([kind, networks]) => networks.map(([name]) => [kind.split(/[, ]/)[0], name] as const));
  for (const [kind, name] of kinds) {
    const words = about(name);
    assert.equal(/neuron/.test(words), kind === 'Fully', name);
    assert.equal(/added to what came in/.test(words), kind === 'Residual', name);
    assert.equal(/follow one another/.test(words), kind === 'Convolutional', name);
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
