// Which networks are offered by name, and which settings go together: a choice may bring others along, which can be changed again.

import type { Values } from './protocol';

/** A visitor need not know a name to choose one. */
export const NETWORKS: [kind: string, networks: [name: string, title: string][]][] = [
  ['Fully connected', [['mlp-512-256', 'small, two layers'], ['mlp-1024-1024', 'wide, two layers']]],
  ['Convolutional, for images', [['cnn-32-64-128', 'small CNN'], ['vgg16', 'VGG-16, deep']]],
  ['Residual, for images', [['resnet20', 'ResNet-20'], ['resnet32', 'ResNet-32, deeper']]],
];

/** What a network of a kind is made of, and what its units are. */
export function about(model: string): string {
  if (/^mlp\b/.test(model)) return 'Every unit is a neuron that sees all kept units of the layer before it.';
  const channel = 'A unit is a channel of a convolution: a filter, and the image that it draws.';
  if (/^(resnet|wrn)/.test(model)) return `${channel} What a block of two convolutions finds is added to what came in, and the sum keeps what either branch keeps.`;
  return `${channel} Convolutions follow one another, and now and then the images are halved.`;
}

const FOR_IMAGES = 'cnn-32-64-128';
const FOR_FEATURES = 'mlp-512-256';
/** Small batches suit convolutions, which do much work for each image. */
const BATCH = { mlp: '128', convolutional: '64' };

const isConvolutional = (model: string | undefined): boolean => model !== undefined && !/^mlp\b/.test(model);

export class Suggestions {
  /** What the last change of data replaced, to be given back when the data are left again. */
  private replaced: Values | null = null;

  /** What else a change should bring along. */
  along(values: Values, name: string, value: string): Values {
    if (name === 'model') {
      this.replaced = null;
      return isConvolutional(value) === isConvolutional(values['model']) ? {} : this.startOf(values, value);
    }
    if (name !== 'dataset' || value === values['dataset']) return {};
    const { replaced } = this;
    const { model = '', batch_size = '', gate_inputs = '' } = values;
    if (value === 'cifar10' && !isConvolutional(model)) {
      this.replaced = { model, batch_size, gate_inputs };
      return { model: FOR_IMAGES, ...this.startOf(values, FOR_IMAGES) };
    }
    this.replaced = null;
    if (replaced && model === FOR_IMAGES) return replaced;
    // These features have no order in space.
    if (value === 'planted' && isConvolutional(model)) return { model: FOR_FEATURES, ...this.startOf(values, FOR_FEATURES) };
    return {};
  }

  /** The usual start with a network of another kind; a batch size that was chosen by hand stays. */
  private startOf(values: Values, model: string): Values {
    const [from, to] = isConvolutional(model) ? [BATCH.mlp, BATCH.convolutional] : [BATCH.convolutional, BATCH.mlp];
    return {
      ...(values['batch_size'] === from ? { batch_size: to } : {}),
      ...(isConvolutional(model) ? { gate_inputs: 'false' } : {}),
    };
  }
}
