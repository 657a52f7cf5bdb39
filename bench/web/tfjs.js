// A training step of TensorFlow.js with its WebGPU backend.

import '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import { BATCH, CLASSES, INPUTS, LEARNING_RATE, MOMENTUM, WEIGHT_DECAY, images, labels, layersOf, widthsOf } from './network.js';

export async function prepare(network) {
  if (!(await tf.setBackend('webgpu'))) throw new Error('tfjs finds no WebGPU');
  await tf.ready();
  const layers = layersOf(widthsOf(network)).map(({ inputs, outputs, weights, biases }) => ({
    weights: tf.variable(tf.tensor2d(weights, [inputs, outputs])),
    biases: tf.variable(tf.tensor1d(biases)),
  }));
  const trained = layers
    .flatMap(({ weights, biases }) => [weights, biases])
    .map((weights) => ({ weights, velocity: tf.variable(tf.zerosLike(weights), false) }));
  const x = tf.tensor2d(images(), [BATCH, INPUTS]);
  const y = tf.tensor2d(labels(), [BATCH, CLASSES]);

  const lossOf = () => {
    const logits = layers.reduce((values, { weights, biases }, index) => {
      const activation = index < layers.length - 1 ? 'relu' : 'linear';
      return tf.fused.matMul({ a: values, b: weights, bias: biases, activation });
    }, x);
    return tf.losses.softmaxCrossEntropy(y, logits);
  };

  // Written out, because the optimisers of tfjs have no weight decay.
  const step = () =>
    tf.tidy(() => {
      const { value, grads } = tf.variableGrads(
        lossOf,
        trained.map(({ weights }) => weights),
      );
      for (const { weights, velocity } of trained) {
        const gradient = tf.add(grads[weights.name], tf.mul(weights, WEIGHT_DECAY));
        velocity.assign(tf.add(tf.mul(velocity, MOMENTUM), gradient));
        weights.assign(tf.sub(weights, tf.mul(velocity, LEARNING_RATE)));
      }
      return value;
    });

  return {
    cases: ['dense'],
    async steps(_, count) {
      let loss = null;
      for (let done = 0; done < count; done += 1) {
        loss?.dispose();
        loss = step();
      }
      const [value] = await loss.data();
      loss.dispose();
      return value;
    },
  };
}
