// A step that is executed phase by phase: a card for each phase, in the place of the history.

import { openedOf } from '../../model/selectors';
import { at } from '../../ui/element';
import type { Feature, Page } from '../../ui/page';
import { shownPhases } from '../../model/shown-phases';
import type { StepThroughView } from './view';

export const stepThrough: Feature = {
  mount(page) {
    let view: StepThroughView | null = null;
    const root = at('step-through');
    const show = async (): Promise<void> => {
      view ??= await load(page, root);
      const opened = openedOf(page.state.run);
      // The step may have been finished while the view was loaded.
      if (!view || !opened?.step_through) return;
      root.hidden = page.state.looking !== null;
      view.show(opened.step_through, shownPhases(page.state), opened.description, opened.values);
      // The attribute is set after the card is drawn, so that both agree.
      page.flush('words');
      document.body.dataset['partialStep'] = opened.step_through.partial.stage;
    };
    page.follow(
      ({ run }) => [openedOf(run)?.step_through],
      () => {
        if (openedOf(page.state.run)?.step_through) return void show();
        root.hidden = true;
        delete document.body.dataset['partialStep'];
      },
    );
    page.follow(
      ({ looking }) => [looking],
      () => (root.hidden = !view || !openedOf(page.state.run)?.step_through || page.state.looking !== null),
    );
    page.onColours((palette) => view?.recolour(palette));
  },
};

async function load(page: Page, root: HTMLElement): Promise<StepThroughView | null> {
  const module = await page.load(import('./view'));
  if (!module) return null;
  const leave = (): void => {
    page.dispatch({ kind: 'leave_step' });
    // The button is removed with the view, so the focus returns to One phase.
    at('phase').focus();
  };
  return new module.StepThroughView(root, page.palette, () => page.dispatch({ kind: 'phase' }), leave);
}
