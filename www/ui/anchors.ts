// The elements of the page that the tour, the method and claims can point at.

/** The element to point at, and the view in the middle that has it. */
export interface Place {
  at: string;
  view?: 'network' | 'runs' | 'estimators';
}

export const PLACES = {
  train: { at: '#train' },
  run: { at: '.run .buttons' },
  say: { at: '.head' },
  network: { at: '#network', view: 'network' },
  kept: { at: '.key li:nth-child(1)', view: 'network' },
  disagree: { at: '.key li.two', view: 'network' },
  budget: { at: '.meter', view: 'network' },
  history: { at: '#history', view: 'network' },
  speed: { at: '#speed' },
  loss: { at: '.plot:has(#loss-chart)' },
  accuracy: { at: '.plot:has(#accuracy-chart)' },
  sample: { at: '#phases > :nth-child(1)' },
  losses: { at: '#phases > :nth-child(2)' },
  gradient: { at: '#phases > :nth-child(3)' },
  project: { at: '#phases > :nth-child(4)' },
  weights: { at: '#phases > :nth-child(6)' },
  keep_ratio: { at: '[data-setting=keep_ratio]' },
  alpha: { at: '[data-setting=alpha]' },
  scores_rate: { at: '[data-setting=scores_rate]' },
  runs: { at: 'button[value=runs]' },
  estimators: { at: 'button[value=estimators]' },
  tries: { at: '.try' },
} satisfies Record<string, Place>;

export type PlaceName = keyof typeof PLACES;
