// A training step of jax-js. The whole step is one function under `jit`, which fuses its operations.

import { defaultDevice, init, jit, nn, numpy as np, tree, valueAndGrad } from '@jax-js/jax';
import { BATCH, CLASSES, INPUTS, LEARNING_RATE, MOMENTUM, WEIGHT_DECAY, images, labels, layersOf, widthsOf } from './network.js';

// An array belongs to the function that it is given to; `ref` keeps it for another use.
function lossOf(layers, x, y) {
  const logits = layers.reduce((values, { weights, biases }, index) => {
    const sums = np.matmul(values, weights).add(biases);
    return index < layers.length - 1 ? nn.relu(sums) : sums;
  }, x);
  return nn
    .logSoftmax(logits)
    .mul(y)
    .sum()
    .mul(-1 / BATCH);
}

const step = jit((layers, velocities, x, y) => {
  const [loss, gradients] = valueAndGrad(lossOf)(tree.ref(layers), x, y);
  const faster = tree.map(
    (weights, velocity, gradient) => velocity.mul(MOMENTUM).add(gradient).add(weights.mul(WEIGHT_DECAY)),
    tree.ref(layers),
    velocities,
    gradients,
  );
  const next = tree.map((weights, velocity) => weights.sub(velocity.mul(LEARNING_RATE)), layers, tree.ref(faster));
  return [next, faster, loss];
});

export async function prepare(network) {
  if (!(await init('webgpu')).includes('webgpu')) throw new Error('jax-js finds no WebGPU');
  defaultDevice('webgpu');
  let layers = layersOf(widthsOf(network)).map(({ inputs, outputs, weights, biases }) => ({
    weights: np.array(weights, { shape: [inputs, outputs] }),
    biases: np.array(biases),
  }));
  let velocities = layers.map(({ weights, biases }) => ({ weights: np.zeros(weights.shape), biases: np.zeros(biases.shape) }));
  const x = np.array(images(), { shape: [BATCH, INPUTS] });
  const y = np.array(labels(), { shape: [BATCH, CLASSES] });
  return {
    cases: ['dense'],
    async steps(_, count) {
      let loss = null;
      for (let done = 0; done < count; done += 1) {
        loss?.dispose();
        [layers, velocities, loss] = step(layers, velocities, x.ref, y.ref);
      }
      return (await loss.data())[0];
    },
  };
}
