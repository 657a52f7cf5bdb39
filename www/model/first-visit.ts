// The experiment of a first visit, sized by the measured speed of the device. A pure function of that speed.

/** What every first visit has in common. The inputs are gated, because their mask shows which pixels are kept. */
const SETTINGS = 'gate_inputs=true&keep_ratio=0.2&keep_start=0.3&scores_rate=0.1';
const BATCH = 128;

/** MNIST: pixels of an image, classes, and full batches in an epoch. */
const [INPUTS, CLASSES] = [784, 10];
const EPOCH_STEPS = Math.floor(60_000 / BATCH);

/**
 * From the smallest to the largest. Each takes at most 3.4 times the multiply-adds of the one before. Steps of a smaller one would take most of their
 * time for their dispatches on a device in software, sparse or dense. The largest is limited by memory: a larger one could not be compared
 * with its dense network unasked.
 */
export const NETWORKS = ['mlp-256-128', 'mlp-512-256', 'mlp-1024-512', 'mlp-2048-1024', 'mlp-4096-2048', 'mlp-4096-4096'] as const;

/** A dense step takes at most so long, where the smallest network allows it. With the next larger network it would take longer. */
const DENSE_STEP_MS = 30;
/** All steps of the run take at most so long, even if each took as long as a dense one. */
const ALL_STEPS_MS = 180_000;
const MOST_EPOCHS = 9;

/** Multiply-adds a second where the speed cannot be measured: about what a laptop's CPU does. */
export const UNMEASURED = 1e9;

/** Multiply-adds of a dense step: each layer goes forward and has a gradient of its weights, and each but the first one of its inputs. Biases are not counted. */
export function denseWork(network: string): number {
  const widths = [INPUTS, ...network.split('-').slice(1).map(Number), CLASSES];
  return BATCH * widths.slice(1).reduce((sum, to, layer) => sum + (layer === 0 ? 2 : 3) * (widths[layer] ?? 0) * to, 0);
}

/** The link of a first visit's network, whatever the length of its run. */
export const firstLink = (network: string): string => `model=${network}&${SETTINGS}&batch_size=${BATCH}`;

/** The link of the experiment for a device that does `speed` multiply-adds a second in a dense step. */
export function firstExperiment(speed: number): string {
  const stepMs = (network: string): number => (1000 * denseWork(network)) / speed;
  const network = NETWORKS.findLast((each) => stepMs(each) <= DENSE_STEP_MS) ?? NETWORKS[0];
  const steps = Math.floor(ALL_STEPS_MS / stepMs(network));
  const epochs = Math.min(MOST_EPOCHS, Math.floor(steps / EPOCH_STEPS));
  return `${firstLink(network)}&${epochs > 0 ? `epochs=${epochs}` : `steps=${Math.max(1, steps)}`}`;
}
