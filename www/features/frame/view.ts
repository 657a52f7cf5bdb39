// What a framed page adds to its header, and what it tells the page around it.

import './style.css';
import { openedOf, phaseOf, stepsOf } from '../../model/selectors';
import type { RunState } from '../../protocol/messages';
import { element } from '../../ui/element';
import type { Page } from '../../ui/page';
import { t } from '../../words/words';

/** A message to the page around the frame. docs/teaching.md describes it; a later version only adds fields. */
export interface Told {
  source: 'lacuna';
  version: 1;
  state: RunState;
  /** Steps done and steps of the whole run; 0 while no run is open. */
  step: number;
  steps: number;
  /** Of the last test under the decided mask, and the step of that test; null before the first, and on the visitor's own data. */
  test_accuracy: number | null;
  tested_at: number | null;
}

/** Links to the page outside the frame, and tells each new step and test, at most once an animation frame. */
export function tell(page: Page): void {
  const open = element('a', 'quiet open-whole', t`Open in a tab`);
  open.target = '_blank';
  open.rel = 'noopener';
  open.dataset['testid'] = 'open-whole';
  // The address changes with the settings.
  const address = (): void => void (open.href = location.href);
  address();
  for (const event of ['pointerdown', 'focus', 'keydown']) open.addEventListener(event, address);
  document.querySelector('.top .page')?.append(open);

  let waits = false;
  const say = (): void => {
    waits = false;
    const { run } = page.state;
    const opened = openedOf(run);
    // What the visitor's own data give stays with the visitor.
    const test = opened?.description.dataset.own ? undefined : opened?.curves.tests.at(-1);
    const told: Told = {
      source: 'lacuna',
      version: 1,
      state: phaseOf(run),
      step: opened?.snapshot?.step ?? 0,
      steps: opened ? stepsOf(run) : 0,
      test_accuracy: test?.decided ?? null,
      tested_at: test?.step ?? null,
    };
    // Whoever frames the page may know what it shows.
    window.parent.postMessage(told, '*');
  };
  page.follow(
    ({ run }) => [phaseOf(run), openedOf(run)?.snapshot, openedOf(run)?.evaluation],
    () => {
      if (waits) return;
      waits = true;
      requestAnimationFrame(say);
    },
  );
}
