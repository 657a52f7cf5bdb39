// Claims about the method. A visitor predicts the outcome, the runs are trained, and a rule judges the claim. The rule is fixed before and uses
// the numbers of the runs alone.

import { CLAIMED, TRIES } from '../../model/suggestions';
import { count, percent, significant } from '../../model/format';
import type { Description, Evaluation, LabReport, LabRow, Snapshot } from '../../protocol/messages';
import { t } from '../../words/words';

/** One run of a claim, at its end. */
export interface Outcome {
  description: Description;
  snapshot: Snapshot;
  evaluation: Evaluation;
}

export interface Verdict {
  /** Null if the numbers do not decide. */
  holds: boolean | null;
  /** What was measured, in words. */
  found: string;
  /** The index of the right answer, or the value that was asked for; null if there is none. */
  right: number | null;
}

export interface Claim {
  name: keyof typeof CLAIMED;
  /** What is claimed and how it is tested. */
  about: string;
  question: string;
  /** Answers to choose from, or a share in percent with its first value. */
  answers: string[] | { percent: number };
  /** The links of the runs, which are trained one after another. */
  runs: { label: string; query: string }[];
  /** How many pairs of masks to draw from the network of the last run. */
  pairs?: number;
  /** The view in the middle while the runs train. */
  view: 'network' | 'runs' | 'estimators';
  judge(outcomes: Outcome[], lab: LabReport | null): Verdict;
}

/** Smaller differences, in standard errors, count as chance. */
const SURE = 2;
const UNSURE: Verdict = { holds: null, found: t`A run did not end, so there is no result.`, right: null };

/** The difference of two test accuracies, in standard errors. */
export function apart(a: Evaluation, b: Evaluation): number {
  const variance = ({ decided, images }: Evaluation): number => Math.max(decided * (1 - decided), 1 / images) / images;
  return (a.decided - b.decided) / Math.sqrt(variance(a) + variance(b));
}

/** The number of inputs that the decided mask keeps, and how many of them are in a part of the inputs. */
export function inputsKept(
  { description: { groups }, snapshot: { decided } }: Outcome,
  within: (input: number, width: number) => boolean,
): { kept: number; inside: number } {
  const inputs = groups[0];
  let [kept, inside] = [0, 0];
  if (!inputs?.gated) return { kept, inside };
  for (let input = 0; input < inputs.size; input++) {
    if (decided[inputs.first_unit + input] !== 1) continue;
    kept += 1;
    if (within(input, inputs.width)) inside += 1;
  }
  return { kept, inside };
}

/** MNIST scales each digit into a box of 20 × 20 pixels and centres it by its mass in the frame of 28 × 28. */
const BOX = 20;
const FRAME = 28;
export function isMiddle(input: number, width: number): boolean {
  const edge = (FRAME - BOX) / 2;
  const inside = (at: number): boolean => at >= edge && at < FRAME - edge;
  return width === FRAME && inside(input % width) && inside(Math.floor(input / width));
}

/** The same experiment with the usual value of one setting. */
const without = (query: string, name: string): string =>
  query
    .split('&')
    .filter((pair) => !pair.startsWith(`${name}=`))
    .join('&');

/** The variance of the units with s nearest to 0 over that of the units with s from 0.1 to 0.5; null if either kind is missing. */
function growth(row: LabRow | undefined): { times: number; from: number; to: number; below: number } | null {
  const filled = row?.bins.filter(({ units, variance }) => units > 0 && variance !== undefined) ?? [];
  const [least, middle] = [filled[0], filled.find(({ low }) => low === 0.1)];
  if (!least?.variance || !middle?.variance || least === middle || least.low > middle.low) return null;
  return { times: least.variance / middle.variance, from: middle.units, to: least.units, below: least.high };
}

/** Units whose score is neither 0 nor 1. */
const undecidedOf = ({ snapshot: { scores } }: Outcome): number => scores.filter((score) => score > 0 && score < 1).length;
/** The row of an estimator at α = ½. */
const half = (lab: LabReport | null, estimator: string): LabRow | undefined => lab?.rows.find((row) => row.estimator === estimator && row.alpha === 0.5);
const NO_LAB: Verdict = { holds: null, found: t`The network was not measured, so there is no result.`, right: null };
/** Of a network whose weights have settled, at the end of a run. The true gradient is measured with an error, which lowers each cosine. */
const SETTLED = { runs: [{ label: 'VR-PGE', query: CLAIMED['first-order'] }], pairs: 512, view: 'estimators' as const };

const of = (outcome: Outcome): string => percent(outcome.evaluation.decided);
const images = (outcome: Outcome): string => t`${count(outcome.evaluation.images)} test images`;

export const CLAIMS: Claim[] = [
  {
    name: 'digits',
    about: t`Every pixel of an image has a keep-probability. The network is not told where in the image the digits are. It may keep one unit in twenty.`,
    question: t`The middle of the image, 20\u00a0×\u00a020 of 28\u00a0×\u00a028 pixels, is 51\u00a0% of it. How many of the kept pixels will lie there?`,
    answers: { percent: 51 },
    runs: [{ label: 'VR-PGE', query: CLAIMED.digits }],
    view: 'network',
    judge([run]) {
      if (!run) return UNSURE;
      const { kept, inside } = inputsKept(run, isMiddle);
      if (kept === 0) return { holds: null, found: t`The decided mask kept no pixel at all.`, right: null };
      const [share, chance] = [inside / kept, (BOX * BOX) / (FRAME * FRAME)];
      const errors = (share - chance) / Math.sqrt((chance * (1 - chance)) / kept);
      return {
        holds: errors > SURE,
        found: t`${count(inside)} of the ${count(kept)} kept pixels lie in the middle, ${percent(share, 0)}; a random mask would have ${percent(chance, 0)} there. Test accuracy ${of(run)}.`,
        right: Math.round(100 * share),
      };
    },
  },
  {
    name: 'reinforce',
    about: t`REINFORCE learns the scores from one loss; VR-PGE, the variance-reduced policy gradient estimator, from the difference of two. Both are right on average. In these data 32 of 256 inputs carry the class, and the budget allows 32 units.`,
    question: t`Which of the two finds more of these inputs?`,
    answers: ['REINFORCE', t`VR-PGE, by less than twice`, t`VR-PGE, by twice or more`],
    runs: [
      { label: 'REINFORCE', query: CLAIMED.reinforce },
      { label: 'VR-PGE', query: without(CLAIMED.reinforce, 'method') },
    ],
    view: 'runs',
    judge([one, two]) {
      if (!one || !two) return UNSURE;
      const found = (run: Outcome): { kept: number; inside: number } => inputsKept(run, (input) => run.description.informative?.[input] === 1);
      const [single, pair] = [found(one), found(two)];
      return {
        holds: pair.inside >= 2 * single.inside && apart(two.evaluation, one.evaluation) > SURE,
        found: t`REINFORCE found ${count(single.inside)} of the 32, among ${count(single.kept)} inputs kept; VR-PGE ${count(pair.inside)}, among ${count(pair.kept)}. Test accuracy ${of(one)} and ${of(two)}.`,
        right: single.inside >= pair.inside ? 0 : pair.inside < 2 * single.inside ? 1 : 2,
      };
    },
  },
  {
    name: 'alpha',
    about: t`The estimator is divided by (s(1−s))^(1−α). At α = 0 a unit that is nearly decided has a tiny divisor; at α = ½ its variance is bounded. A network is trained part of the way and frozen, and both are computed from the same pairs of masks.`,
    question: t`At α = 0, from undecided units (s of 0.1 to 0.5) to those nearest to being off, the variance`,
    answers: [t`falls or stays`, t`grows, up to tenfold`, t`grows more than tenfold`],
    runs: [{ label: 'VR-PGE', query: CLAIMED.alpha }],
    pairs: 256,
    view: 'estimators',
    judge(_, lab) {
      const grown = (alpha: number): ReturnType<typeof growth> => growth(lab?.rows.find((row) => row.estimator === 'two-sided' && row.alpha === alpha));
      const [none, half] = [grown(0), grown(0.5)];
      if (!lab || !none || !half) return { holds: null, found: t`No undecided unit was nearly off, so there is no result.`, right: null };
      return {
        holds: none.times > 4 && half.times < 2,
        found: t`From ${count(none.from)} undecided units to the ${count(none.to)} with s below ${none.below} the variance changes ${significant(none.times, 2)}-fold at α = 0 and ${significant(half.times, 2)}-fold at α = ½, over ${count(lab.pairs)} pairs of masks.`,
        right: none.times <= 1 ? 0 : none.times <= 10 ? 1 : 2,
      };
    },
  },
  {
    name: 'first-order',
    ...SETTLED,
    about: t`G, the derivative of the loss at the mask of a kept unit, costs almost nothing: the backward pass has its terms. It is the slope of the loss along a scaling of the unit. A network is trained until its weights settle. It is frozen, and G is drawn on many masks and batches.`,
    question: t`The cosine of the mean of G to the true gradient of the scores is`,
    answers: [t`above 0.7`, t`from 0.3 to 0.7`, t`below 0.3`],
    judge(_, lab) {
      const [first, second] = [half(lab, 'first order'), half(lab, 'second order')];
      if (!first || !second) return NO_LAB;
      return {
        holds: first.mean_cosine < 0.3 && second.mean_cosine > first.mean_cosine + 0.3,
        found: t`The cosine of the mean of G is ${significant(first.mean_cosine, 2)}. With the second order, G − ½F, it is ${significant(second.mean_cosine, 2)}, from the same masks.`,
        right: first.mean_cosine > 0.7 ? 0 : first.mean_cosine >= 0.3 ? 1 : 2,
      };
    },
  },
  {
    name: 'second-order',
    ...SETTLED,
    about: t`G − ½F adds the Fisher information of a unit’s mask, F ≈ B·G², to the derivative G. It takes one forward and one backward pass through the kept units. VR-PGE takes two forward passes and learns from one difference of losses. The estimate is biased, that of VR-PGE is not.`,
    question: t`The cosine of one sample of G − ½F to the true gradient is, compared with one two-sided sample,`,
    answers: ['lower', t`up to three times as high`, t`more than three times as high`],
    judge(_, lab) {
      const [two, second] = [half(lab, 'two-sided'), half(lab, 'second order')];
      if (!two || !second) return NO_LAB;
      const times = second.cosine / Math.max(two.cosine, 1e-3);
      return {
        holds: times > 3 && second.mean_cosine > 0.4,
        found: t`The cosine of one sample is ${significant(second.cosine, 2)} for G − ½F and ${significant(two.cosine, 2)} two-sided. The mean of all samples of G − ½F has ${significant(second.mean_cosine, 2)}.`,
        right: times <= 1 ? 0 : times <= 3 ? 1 : 2,
      };
    },
  },
  {
    name: 'small-dense',
    about: t`The fair baseline for a sparse network is a narrower dense one: it takes as many multiply-adds over its whole run, searches for no mask, and keeps every pixel. The mask is learned as in the paper, from a whole network.`,
    question: t`Which has the higher test accuracy at the end?`,
    answers: [t`the learned mask`, t`no difference beyond chance`, t`the small dense network`],
    runs: [
      { label: t`small dense`, query: CLAIMED['small-dense'] },
      { label: 'VR-PGE', query: without(CLAIMED['small-dense'], 'method') },
    ],
    view: 'runs',
    judge([small, learned]) {
      if (!small || !learned) return UNSURE;
      const errors = apart(learned.evaluation, small.evaluation);
      return {
        holds: errors <= SURE,
        found: t`The small dense network reached ${of(small)}, the learned mask ${of(learned)}, on ${images(learned)}. Longer runs may end differently, because most of the search for a mask is at the beginning.`,
        right: errors > SURE ? 0 : errors < -SURE ? 2 : 1,
      };
    },
  },
  {
    name: 'slow-rate',
    about: t`Scores that learn too slowly are still undecided at the end. Every step draws another mask, and no unit is trained for long.`,
    question: t`At a structure rate of 0.003, a seventeenth of the usual, the network ends`,
    answers: [t`about as good`, t`worse, by less than ten points`, t`worse, by ten points or more`],
    runs: [
      { label: t`rate 0.003`, query: CLAIMED['slow-rate'] },
      { label: t`rate 0.05`, query: without(CLAIMED['slow-rate'], 'scores_rate') },
    ],
    view: 'runs',
    judge([slow, usual]) {
      if (!slow || !usual) return UNSURE;
      const is_close = apart(usual.evaluation, slow.evaluation) <= SURE;
      const is_far = usual.evaluation.decided - slow.evaluation.decided >= 0.1;
      return {
        holds: is_far && !is_close,
        found: t`Test accuracy ${of(slow)} with the slow rate and ${of(usual)} with the usual one. At the end ${count(undecidedOf(slow))} of ${count(slow.snapshot.scores.length)} units are undecided with the slow rate, ${count(undecidedOf(usual))} with the usual one.`,
        right: is_close ? 0 : is_far ? 2 : 1,
      };
    },
  },
];

/** The title of a claim in the list of claims. */
export const titleOf = (claim: Claim): string => TRIES.find(([, , name]) => name === claim.name)?.[0] ?? '';
export const claimOf = (name: string): Claim | undefined => CLAIMS.find((claim) => claim.name === name);
