// Written from src/web by `npm run generate`. Do not edit it: a unit test of the library compares.

/** What a row of the curves tells, in this order; `mean`: as the mean of its steps, not as its last step left it. */
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
