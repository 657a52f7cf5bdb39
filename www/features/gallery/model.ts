// What the gallery offers: lessons, claims and experiments, with the picture of each.

import { type CLAIMED, TRIES } from '../../model/suggestions';
import { t } from '../../words/words';

export interface OfferedLesson {
  name: string;
  title: string;
  text: string;
  minutes: number;
  /** What a reader should know. */
  needs: string;
  query: string;
  /** The parts of the page that stay. */
  show: string[];
}

const SMALL = 'model=mlp-32&gate_inputs=true&keep_start=0.5&scores_rate=0.2&batch_size=64&steps=800';

/** The five lessons of docs/teaching.md, the shortest first. */
export const LESSONS: OfferedLesson[] = [
  {
    name: 'pixels',
    title: t`Which pixels does it need?`,
    text: t`The network may keep one unit in twenty: pixels and neurons together. Guess first: where on the picture are the pixels that stay? Press Train, and look at the square of inputs.`,
    minutes: 5,
    needs: t`no knowledge needed`,
    query: `${SMALL}&keep_ratio=0.05`,
    show: ['keep_ratio', 'history', 'accuracy', 'budget'],
  },
  {
    name: 'two-losses',
    title: t`Two losses are better than one`,
    text: t`32 of these 256 inputs carry the class; the others are noise. Train with VR-PGE. Note how many kept inputs have a mark. Then choose REINFORCE, which sees one loss a step, and train again.`,
    minutes: 10,
    needs: t`for those who know mean and variance`,
    query: 'dataset=planted&model=mlp-32&gate_inputs=true&keep_ratio=0.125&batch_size=32&steps=300',
    show: ['method', 'history', 'loss', 'accuracy'],
  },
  {
    name: 'budget',
    title: t`What does a budget cost?`,
    text: t`Train with keep ratios of 0.5, 0.2, 0.1 and 0.05. Write down the accuracy of each. Draw it against the keep ratio before you press Compare.`,
    minutes: 15,
    needs: t`for those who know what accuracy is`,
    query: `${SMALL}&keep_ratio=0.2`,
    show: ['keep_ratio', 'budget', 'accuracy', 'speed', 'runs'],
  },
  {
    name: 'other-units',
    title: t`Fewer units, or other units?`,
    text: t`Train with VR-PGE. Then choose the static random mask, with the same number of units. What does the choice of the units add? Then the small dense network: the same work without a choice.`,
    minutes: 20,
    needs: t`for those who know how a network is trained`,
    query: `${SMALL}&keep_ratio=0.1`,
    show: ['method', 'keep_ratio', 'accuracy', 'speed', 'runs'],
  },
  {
    name: 'answer-column',
    title: t`A column that gives the answer away`,
    text: t`Give the table of your group: your own data. Read what the page says of its columns. Can the network know the class? Should it?`,
    minutes: 20,
    needs: t`with a table of your own`,
    query: 'dataset=planted&model=mlp-32-16&gate_inputs=true&keep_ratio=0.5&batch_size=32&steps=600',
    show: ['dataset', 'accuracy', 'history'],
  },
];

/** What a claim measures. */
const MEASURES: Record<keyof typeof CLAIMED, string> = {
  digits: t`The share of kept pixels in the middle of the image, against that of a random mask.`,
  reinforce: t`How many of the 32 inputs that carry the class each of two estimators finds.`,
  alpha: t`How the variance grows towards decided units, at α = 0 and at α = ½.`,
  'first-order': t`The cosine of the mean of the loss’s derivative in the masks to the true gradient.`,
  'second-order': t`The cosine of one sample of G − ½F to the true gradient, against that of one two-sided sample.`,
  'small-dense': t`The test accuracy of a learned mask, and of a dense network of equal work.`,
  'slow-rate': t`The test accuracy at a structure rate of 0.003, and at the usual 0.05.`,
};

export interface OfferedClaim {
  name: keyof typeof CLAIMED;
  title: string;
  measures: string;
}

export const CLAIMS: OfferedClaim[] = TRIES.flatMap(([title, , name]) => (name === null ? [] : [{ name, title, measures: MEASURES[name] }]));

export interface Experiment {
  name: string;
  title: string;
  query: string;
}

/** The experiments without a claim, by the network that they train. */
export const EXPERIMENTS: Experiment[] = TRIES.flatMap(([title, query, claim]) =>
  claim === null ? [{ name: /model=([\w-]+)/.exec(query)?.[1] ?? '', title, query }] : [],
);

const PICTURES = import.meta.glob<string>('../../pictures/gallery/*.webp', { eager: true, query: '?url', import: 'default' });

/** The address of a picture. `npm run pictures` makes the pictures from runs of the page. */
export const pictureOf = (name: string, theme: 'light' | 'dark'): string | undefined => PICTURES[`../../pictures/gallery/${name}-${theme}.webp`];
