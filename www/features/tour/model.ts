// The tour: a few short chapters about the current run. A step waits until what it describes has happened.

import { count, fixed, percent } from '../../model/format';
import { methodOf } from '../../model/methods';
import type { PlaceName } from '../../ui/anchors';
import { KEPT, type Snapshot } from '../../protocol/messages';
import type { News } from '../../model/actions';
import type { PageFacts } from '../../model/page-facts';
import { t, translated } from '../../words/words';

/** The state of the run when a step of the tour began. */
export interface Begun {
  step: number;
  keep_ratio: string;
}

export interface TourStep {
  title: string;
  text: string;
  /** The anchors that it explains. The page scrolls to the first. */
  at: PlaceName[];
  /** The view in the middle; by default the view of the first anchor. */
  view?: 'network' | 'runs';
  wait?: {
    /** The instruction. */
    words: string;
    /** What has happened, in words; null until then. `news` is null when the step begins. */
    done(page: PageFacts, begun: Begun, news: News | null): string | null;
    /** Whether it needs a run that has not ended. */
    going?: true;
  };
}

export interface Chapter {
  title: string;
  steps: TourStep[];
}

/** The experiment of the tour where the open run does not suit: on an adapter in software, or with another method. */
export const TOUR_LINK = { quick: 'model=mlp-64&gate_inputs=true&keep_ratio=0.1&scores_rate=0.03&batch_size=32&steps=1500', usual: 'gate_inputs=true' };
/** Most multiply-adds of a dense step for an adapter in software: these take a few hundredths of a second. */
const QUICK = 3e7;

/** The link that the tour should open first; null if the current run suits. */
export function wantedLink({ description, values }: PageFacts): string | null {
  if (!description || !values) return null;
  const suits = methodOf(values).forwards === 2 && description.groups[0]?.gated === true;
  if (description.software && description.multiply_adds > QUICK) return TOUR_LINK.quick;
  return suits ? null : TOUR_LINK[description.software ? 'quick' : 'usual'];
}

const hasEnded = ({ state }: PageFacts): boolean => state === 'finished' || state === 'halted';

/** The first gated layer that keeps at most half of its units. */
function halved({ description, snapshot }: PageFacts): string | null {
  if (!description || !snapshot || snapshot.step === 0) return null;
  for (const [index, { gated, name, size }] of description.groups.entries()) {
    const kept = snapshot.kept[index] ?? size;
    if (gated && kept <= size / 2) return t`At step ${count(snapshot.step)}, ${translated(name)} keeps ${count(kept)} of ${count(size)}.`;
  }
  return null;
}

const disagreeing = ({ mask }: Snapshot): number => mask.reduce((sum, bits) => sum + (bits === 1 || bits === 2 ? 1 : 0), 0);
const undecided = ({ scores }: Snapshot): number => scores.reduce((sum, score) => sum + (score > 0 && score < 1 ? 1 : 0), 0);
const keptOf = ({ mask }: Snapshot): string => t`${count(mask.reduce((sum, bits) => sum + (bits & KEPT), 0))} of ${count(mask.length)} units`;

const STEPPED = t`Press the button beside Train, or →.`;
/** A step at which the budget has hardly begun to fall. */
const BACK = 100;

export const CHAPTERS: Chapter[] = [
  {
    title: t`What is trained`,
    steps: [
      {
        title: t`Every cell is a unit`,
        text: t`An input pixel or a hidden neuron. Its shade is s, the probability that it is kept; solid means kept in this very step. Weights and probabilities are learned together, by one run.`,
        at: ['network', 'kept'],
      },
      {
        title: t`Set it going`,
        text: t`Everything is kept at first. “30 steps a second” under the button is slow enough to watch; full speed is as fast as your device can train.`,
        at: ['run'],
        wait: {
          words: t`Press Train, or the space bar.`,
          done: ({ state, snapshot }) => (state === 'training' && snapshot && snapshot.step > 0 ? t`It trains: step ${count(snapshot.step)}.` : null),
          going: true,
        },
      },
      {
        title: t`The budget comes down`,
        text: t`The line under the network is the budget K: how many units may be kept on average. As it falls, units are dropped, in whichever layer the loss needs them least.`,
        at: ['network', 'budget'],
        wait: { words: t`Keep training until a layer has lost half its units.`, done: (page) => halved(page), going: true },
      },
      {
        title: t`Hold it there`,
        text: t`A run can be paused at any step. Pausing does not change how it continues.`,
        at: ['train'],
        wait: {
          words: t`Press Pause.`,
          done: (page) => (page.state === 'paused' ? t`Paused at step ${count(page.snapshot?.step ?? 0)}.` : hasEnded(page) ? t`The run has ended.` : null),
        },
      },
    ],
  },
  {
    title: t`Two masks, one difference`,
    steps: [
      {
        title: t`Two masks are drawn`,
        text: t`In each step every unit is drawn twice, once for m and once for m′, each time kept with its own probability. Where the two disagree the cell has a ring.`,
        at: ['disagree', 'network', 'sample'],
        wait: {
          words: t`Take one step. ${STEPPED}`,
          done: ({ snapshot, state }, begun) =>
            snapshot && snapshot.step > begun.step && state !== 'training'
              ? t`Step ${count(snapshot.step)}: m and m′ disagree about ${count(disagreeing(snapshot))} units.`
              : null,
          going: true,
        },
      },
      {
        title: t`One batch, two losses`,
        text: t`The same images go forward under both masks and give L and L′. If L′ is the smaller one, units that only m′ kept were worth keeping: their s goes up, and s of those that only m kept goes down. No backward pass is needed for that.`,
        at: ['losses', 'gradient', 'loss'],
        wait: {
          words: t`Continue in single steps until L′ is smaller than L. ${STEPPED}`,
          done: (_, begun, news) => {
            if (news?.kind !== 'snapshot') return null;
            const found = news.snapshot.records.find(({ step, loss, probe_loss }) => step + 1 > begun.step && probe_loss < loss);
            return found
              ? t`Step ${count(found.step + 1)}: L = ${fixed(found.loss, 3)}, L′ = ${fixed(found.probe_loss, 3)}. The scores of units that only m′ kept rise.`
              : null;
          },
          going: true,
        },
      },
      {
        title: t`Only the rings learn`,
        text: t`Units on which both masks agree say nothing about which is better. As units are decided (s is 0 or 1) there are fewer rings, and the mask changes less. “Estimators” measures the noise of this estimate.`,
        at: ['disagree', 'estimators'],
      },
    ],
  },
  {
    title: t`Budget and projection`,
    steps: [
      {
        title: t`One budget for all layers`,
        text: t`After each step all scores are lowered by the same v until their sum fits K. A unit whose score rises by more than v gains; the others fall. No setting says how many units a layer gets.`,
        at: ['project', 'budget'],
      },
      {
        title: t`Change the budget`,
        text: t`The keep ratio is the share of units that K allows in the end. A change works at once, also during a run.`,
        at: ['keep_ratio'],
        wait: {
          words: t`Drag the keep ratio, or type another number.`,
          done: ({ values }, begun) => (values && values['keep_ratio'] !== begun.keep_ratio ? t`From ${begun.keep_ratio} to ${values['keep_ratio']}.` : null),
        },
      },
      {
        title: t`Look back`,
        text: t`Each column of the history is a recorded step, each row a unit. Drag in it, or use the arrow keys, and the network above shows that step.`,
        at: ['history', 'network'],
        wait: {
          words: t`Look back to step ${BACK} or before. If the run has not come that far, train first.`,
          done: (_, __, news) => (news?.kind === 'looked' && news.step !== null && news.step <= BACK ? t`This is step ${count(news.step)}.` : null),
        },
      },
    ],
  },
  {
    title: t`Is it faster, and than what`,
    steps: [
      {
        title: t`Measured, not promised`,
        text: t`The large number is the time of a dense step over that of a sparse one, both just measured on your device. While nearly everything is kept, two forward passes make the sparse step the slower one.`,
        at: ['speed'],
        wait: {
          words: t`Train on until both were measured.`,
          done: ({ speed }, _, news) => {
            if (news?.kind === 'speed')
              return t`${fixed(news.speed.ratio, 2)}× on this device, with what is kept now; multiply-adds alone would give ${fixed(news.speed.predicted, 2)}×.`;
            return speed ? t`Both were measured; the number says how they compare.` : null;
          },
        },
      },
      {
        title: t`The fair opponent`,
        text: t`Faster than the same network with everything kept is one question. Better than a narrower dense network of the same work is another, and often the answer is no. “Compare” trains both and draws them in one chart.`,
        at: ['runs'],
        wait: {
          words: t`Open Compare.`,
          done: (_, __, news) =>
            news?.kind === 'viewed' && news.name === 'runs' ? t`This chart shows several runs over steps, seconds or multiply-adds.` : null,
        },
        view: 'network',
      },
    ],
  },
  {
    title: t`What the masks find`,
    steps: [
      {
        title: t`To the end`,
        text: t`Towards the end of a run every unit is decided: it is kept or off for good, and the remaining network does not need the units that are off.`,
        at: ['network', 'say'],
        wait: {
          words: t`Train until every unit is decided, or the run ends.`,
          done: (page) => {
            const { snapshot } = page;
            if (!snapshot || snapshot.step === 0) return null;
            if (undecided(snapshot) === 0) return t`Step ${count(snapshot.step)}: all are decided, and ${keptOf(snapshot)} are kept.`;
            return hasEnded(page)
              ? t`The run has ended: ${keptOf(snapshot)} are kept, ${percent(undecided(snapshot) / snapshot.scores.length)} are still undecided.`
              : null;
          },
        },
      },
      {
        title: t`Where it looks`,
        text: t`The mask can only find differences between units: pixels in the middle of an image say more about a digit than those at the edge. Hidden neurons are alike before training, so among them a random choice is nearly as good.`,
        at: ['network', 'accuracy'],
      },
      {
        title: t`Now you`,
        text: t`Each of these claims asks for your prediction before it runs, and then measures. “Method” in the header has the formulas, and each symbol leads to its part of the page.`,
        at: ['tries'],
      },
    ],
  },
];

/** All steps in order, each with its chapter. */
export const STEPS = CHAPTERS.flatMap((chapter, index) => chapter.steps.map((step) => ({ step, chapter: index })));
