// Networks that are offered by name, and settings that a choice also changes. The visitor can change these again.

import { methodOf } from './methods';
import type { OwnData, Values } from '../protocol/messages';
import { t } from '../words/words';

/** Networks for a visitor who knows no name. */
export const NETWORKS: [kind: string, networks: [name: string, title: string][]][] = [
  [
    t`Fully connected`,
    [
      ['mlp-512-256', t`small, two layers`],
      ['mlp-1024-1024', t`wide, two layers`],
    ],
  ],
  [
    t`Convolutional, for images`,
    [
      ['cnn-32-64-128', t`small CNN`],
      ['vgg16', 'VGG-16, deep'],
    ],
  ],
  [
    t`Residual, for images`,
    [
      ['resnet20', 'ResNet-20'],
      ['resnet32', t`ResNet-32, deeper`],
    ],
  ],
  [t`Depthwise, for images`, [['mobilenet', 'MobileNet']]],
];

/** A description of a kind of network and its units. */
export function about(model: string): string {
  if (/^mlp\b/.test(model)) return t`Every unit is a neuron that sees all kept units of the layer before it.`;
  const channel = t`A unit is a channel of a convolution: a filter and its output map. Fewer channels are faster and need less memory, but a learned choice of them has shown no accuracy gain over a uniform static mask at equal training work.`;
  if (/^(resnet|wrn)/.test(model))
    return t`${channel} The output of a block of two convolutions is added to its input, and the sum keeps the channels that either branch keeps.`;
  if (/^mobilenet/.test(model)) return t`${channel} A depthwise convolution has a kernel for each channel; a channel that is off takes its kernel with it.`;
  return t`${channel} Convolutions follow one another, and poolings halve the maps.`;
}

/** VR-PGE as in the paper: its estimator, its projection, and a whole network at the start. */
const OF_PAPER = 'keep_start=0.999&control_variate=false&fill_budget=false';

/** The link of each claim, by its name. The runs are small enough for an adapter in software. */
export const CLAIMED = {
  digits: 'model=mlp-32&gate_inputs=true&keep_ratio=0.05&scores_rate=0.03&batch_size=64&steps=800',
  reinforce: 'dataset=planted&model=mlp-32&gate_inputs=true&method=reinforce&keep_ratio=0.125&batch_size=32&steps=300',
  alpha: 'dataset=planted&model=mlp-32&gate_inputs=true&keep_ratio=0.25&anneal_fraction=1&batch_size=32&steps=200',
  'first-order': 'dataset=planted&model=mlp-32&gate_inputs=true&keep_ratio=0.2&anneal_fraction=1&scores_rate=0.1&batch_size=128&steps=200&keep_start=0.5',
  'second-order': 'dataset=planted&model=mlp-32&gate_inputs=true&keep_ratio=0.2&anneal_fraction=1&scores_rate=0.1&batch_size=128&steps=200&keep_start=0.5',
  'small-dense': `model=mlp-64&gate_inputs=true&method=small-dense&keep_ratio=0.1&batch_size=32&steps=300&${OF_PAPER}`,
  'slow-rate': 'model=mlp-64&gate_inputs=true&keep_ratio=0.1&scores_rate=0.003&batch_size=32&steps=300',
};

/** Experiments to try. Those with a name are claims, which ask for a prediction first (features/claims/model.ts); the others are only opened. */
export const TRIES: [title: string, query: string, claim: keyof typeof CLAIMED | null][] = [
  [t`The mask finds the digits`, CLAIMED.digits, 'digits'],
  [t`REINFORCE has too much noise`, CLAIMED.reinforce, 'reinforce'],
  [t`At α = 0 the variance grows without bound`, CLAIMED.alpha, 'alpha'],
  [t`The gradient that costs nothing says nothing`, CLAIMED['first-order'], 'first-order'],
  [t`The second order finds the units`, CLAIMED['second-order'], 'second-order'],
  [t`A small dense network is hard to beat`, CLAIMED['small-dense'], 'small-dense'],
  [t`Too slow a structure rate fails`, CLAIMED['slow-rate'], 'slow-rate'],
  [t`Which channels does a CNN keep?`, 'dataset=cifar10&model=cnn-32-64-128&batch_size=64', null],
  [t`Where does a residual net shrink?`, 'dataset=cifar10&model=resnet20&batch_size=64&keep_ratio=0.35', null],
];

const FOR_IMAGES = 'cnn-32-64-128';
const FOR_FEATURES = 'mlp-512-256';
/** Convolutions do much work for each image, so their batches are small. */
const BATCH = { mlp: '128', convolutional: '64' };

export const isConvolutional = (model: string | undefined): boolean => model !== undefined && !/^mlp\b/.test(model);

/** What data brought along, and what stood there before. It goes back when other data are chosen, unless it was changed by hand meanwhile. */
export interface Replaced {
  before: Values;
  brought: Values;
}

/** `replaced`: what the next change of data restores. */
export interface Change {
  brought: Values;
  replaced: Replaced | null;
}

/** What suggestions depend on, beside the settings. */
export interface Known {
  replaced: Replaced | null;
  /** The visitor's own data, once they are given. */
  own: OwnData | null;
}

/** The other settings that a change sets, and those that the next change of data restores. */
export function along(values: Values, name: string, value: string, known: Known): Change {
  const { brought, replaced } = others(values, name, value, known);
  return { brought: { ...unpinned(values, name, value), ...brought }, replaced };
}

/** Pins name units of one network, and need scores. */
export function unpinned(values: Values, name: string, value: string): Values {
  const holds = !['dataset', 'model', 'gate_inputs'].includes(name) && (name !== 'method' || methodOf({ method: value }).family === 'learned');
  return holds || !values['pins'] || value === values[name] ? {} : { pins: '' };
}

function others(values: Values, name: string, value: string, { replaced, own }: Known): Change {
  if (name === 'model') {
    // A batch that is small because there are few rows stays small for any network.
    const { batch_size } = replaced?.before ?? {};
    const kept = values['dataset'] === 'own' && replaced && batch_size !== undefined;
    return {
      brought: isConvolutional(value) === isConvolutional(values['model']) ? {} : startOf(values, value),
      replaced: kept ? { before: { batch_size }, brought: { batch_size: replaced.brought['batch_size'] ?? '' } } : null,
    };
  }
  if (name !== 'dataset' || value === values['dataset']) return { brought: {}, replaced };
  return forData(values, value, { replaced, own });
}

/** What data bring along, after what the data before them brought was taken back. */
export function forData(values: Values, dataset: string, { replaced, own }: Known): Change {
  const back = Object.fromEntries(Object.entries(replaced?.before ?? {}).filter(([name]) => values[name] === replaced?.brought[name]));
  const from: Values = { ...values, ...back };
  const brought = fitting(from, dataset, own);
  const changes: Values = Object.fromEntries(Object.entries({ ...back, ...brought }).filter(([name, value]) => value !== values[name]));
  const before = Object.fromEntries(Object.keys(brought).map((name) => [name, from[name] ?? '']));
  return { brought: changes, replaced: Object.keys(brought).length > 0 ? { before, brought } : null };
}

/** Settings that fit data: convolutions for pictures in colour and none for features without an order in space, a batch no larger than the data. */
function fitting(values: Values, dataset: string, own: OwnData | null): Values {
  const convolutional = isConvolutional(values['model']);
  if (dataset === 'cifar10') return convolutional ? {} : { model: FOR_IMAGES, ...startOf(values, FOR_IMAGES) };
  const of_own = dataset === 'own' ? own : null;
  const no_images = dataset === 'planted' || (of_own !== null && !of_own.is_image);
  const fits: Values = convolutional && no_images ? { model: FOR_FEATURES, ...startOf(values, FOR_FEATURES) } : {};
  const batch = Number({ ...values, ...fits }['batch_size']);
  return { ...fits, ...(of_own && batch > of_own.train ? { batch_size: String(2 ** Math.floor(Math.log2(Math.max(1, of_own.train)))) } : {}) };
}

/** The usual settings for a network of another kind. A batch size that was chosen by hand stays. */
function startOf(values: Values, model: string): Values {
  const [from, to] = isConvolutional(model) ? [BATCH.mlp, BATCH.convolutional] : [BATCH.convolutional, BATCH.mlp];
  return {
    ...(values['batch_size'] === from ? { batch_size: to } : {}),
    ...(isConvolutional(model) ? { gate_inputs: 'false' } : {}),
  };
}
