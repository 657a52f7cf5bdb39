// Losses, accuracy, pace and memory as numbers.

import { methodOf } from '../../model/methods';
import { momentOf, openedOf, phaseOf, stepsOf } from '../../model/selectors';
import { at } from '../../ui/element';
import type { Feature } from '../../ui/page';
import { ReadingsView } from './view';

export const readings: Feature = {
  mount(page) {
    const view = new ReadingsView({
      loss: at('loss'),
      accuracy_lead: at('accuracy-lead'),
      accuracy: at('accuracy'),
      rate: at('rate'),
      epoch: at('epoch'),
      left: at('left'),
      memory: at('memory'),
    });
    page.follow(
      ({ run }) => [openedOf(run)?.history],
      () => view.clear(),
    );
    const draw = (): void => {
      const { state } = page;
      const opened = openedOf(state.run);
      if (!opened) return;
      const { description, snapshot, step_through, curves, evaluation, values, rate } = opened;
      const moment = momentOf(state);
      view.drawPace(
        {
          state: phaseOf(state.run),
          step: snapshot?.step ?? 0,
          steps: snapshot?.steps ?? stepsOf(state.run),
          epoch: moment?.epoch ?? snapshot?.epoch ?? 0,
          rate: rate.steps_per_second,
        },
        snapshot && description.steps_per_epoch,
      );
      // A recorded run holds no memory.
      if (snapshot && state.run.kind !== 'replay') view.drawMemory(description, snapshot);
      const tested = moment ? curves.testedBy(moment.step) : evaluation;
      view.drawAccuracy(tested, description.dataset.test, moment !== null, methodOf(values).family === 'learned');
      const partial = moment ? null : (step_through?.partial ?? null);
      const record = moment ? moment.record : (partial?.snapshot ?? snapshot)?.records.at(-1);
      if (moment || snapshot || partial) view.drawLoss(partial?.left.includes('losses') ? null : (record ?? null));
    };
    page.draw({
      of: ({ run }) => [openedOf(run)?.snapshot],
      soon: ({ run, looking }) => [looking, openedOf(run)?.step_through, openedOf(run)?.evaluation, phaseOf(run)],
      pace: 'words',
      draw,
    });
  },
};
