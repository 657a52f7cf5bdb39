// What the networks of jax-js and tfjs have in common: sizes, first weights, one batch of random images, and the settings of the optimiser.

export const BATCH = 128;
export const INPUTS = 784;
export const CLASSES = 10;

export const LEARNING_RATE = 0.01;
export const MOMENTUM = 0.9;
export const WEIGHT_DECAY = 5e-4;

/** The widths of a fully connected network, inputs and classes included. */
export function widthsOf(network) {
  if (!/^mlp(-\d+)+$/.test(network)) throw new Error(`there is no ${network} for this peer, only mlp-WIDTH-WIDTH`);
  return [INPUTS, ...network.split('-').slice(1).map(Number), CLASSES];
}

const uniform = (count, most) => Float32Array.from({ length: count }, () => most * (2 * Math.random() - 1));

/** The first weights of each layer, uniform with a variance of 2 / inputs, and its biases, which are 0. */
export const layersOf = (widths) =>
  widths.slice(1).map((outputs, index) => ({
    inputs: widths[index],
    outputs,
    weights: uniform(widths[index] * outputs, Math.sqrt(6 / widths[index])),
    biases: new Float32Array(outputs),
  }));

export const images = () => Float32Array.from({ length: BATCH * INPUTS }, () => Math.random());

/** The labels as rows with a single 1. */
export const labels = () => Float32Array.from({ length: BATCH * CLASSES }, (_, index) => (Math.floor(index / CLASSES) % CLASSES === index % CLASSES ? 1 : 0));
