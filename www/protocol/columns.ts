// Written from src/web by `npm run generate`. Do not edit it: a unit test of the library compares it.

/** The values of a row of the curves, in this order. `mean`: the mean over its steps; otherwise the value after its last step. */
export const CURVES = [
  { name: 'loss', mean: true },
  { name: 'probe_loss', mean: true },
  { name: 'accuracy', mean: true },
  { name: 'gradient_norm', mean: true },
  { name: 'sum_scores', mean: false },
  { name: 'budget', mean: false },
  { name: 'threshold', mean: false },
  { name: 'learning_rate', mean: false },
  { name: 'scores_rate', mean: false },
  { name: 'multiply_adds', mean: false },
  { name: 'seconds', mean: false },
] as const;
