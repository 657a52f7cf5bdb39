// The menu of a unit that was clicked.

import { labelOf } from '../../model/controls';
import { LEARNED, methodOf } from '../../model/methods';
import { readPins } from '../../model/pins';
import { isOver, openedOf, recordedRefusal } from '../../model/selectors';
import type { State } from '../../model/state';
import type { Feature } from '../../ui/page';
import type { PinInput, PinView } from './view';
import { t } from '../../words/words';

/** Why units of a method without scores cannot be pinned. */
function unlearned({ controls }: State): string {
  const learning = new Intl.ListFormat('en', { type: 'disjunction' }).format(LEARNED.map((name) => labelOf(controls, name)));
  return t`${labelOf(controls, controls.values?.['method'] ?? '')} has no scores that could be pinned: choose ${learning}.`;
}

function inputOf(state: State, unit: number): PinInput {
  const { controls, run } = state;
  const { values } = controls;
  const learned = methodOf(values).family === 'learned';
  return {
    pin: readPins(values?.['pins']).get(unit) ?? null,
    // For a recorded run the menu gives the reason in the place of the worth.
    refused: recordedRefusal(run) ? '' : learned ? null : unlearned(state),
    waits: isOver(run),
    batch_size: openedOf(run)?.description.batch_size ?? 0,
  };
}

export const pins: Feature = {
  mount(page) {
    let view: PinView | null = null;
    const load = async (): Promise<PinView | null> => {
      const module = await page.load(import('./view'));
      return (
        module &&
        new module.PinView(
          (unit, pin) => page.dispatch({ kind: 'pin', unit, pin }),
          () => page.dispatch({ kind: 'pick', unit: null }),
        )
      );
    };
    const drawCost = (): void => {
      const found = openedOf(page.state.run)?.unit_cost;
      if (found) view?.showCost(found.unit, found.cost, found.refused);
    };
    page.follow(
      ({ picked }) => [picked],
      () => {
        if (!page.state.picked) return;
        void (async () => {
          view ??= await load();
          const { picked } = page.state;
          if (!view || !picked) return;
          view.open(picked, inputOf(page.state, picked.unit));
          drawCost();
        })();
      },
    );
    page.follow(
      ({ controls, run }) => [controls, run.kind, isOver(run)],
      () => {
        const { picked, controls } = page.state;
        if (!picked || !view) return;
        view.draw(inputOf(page.state, picked.unit));
        if (controls.refusal?.name === 'pins') view.refuse(controls.refusal.message);
      },
    );
    page.follow(({ run }) => [openedOf(run)?.unit_cost], drawCost);
  },
};
