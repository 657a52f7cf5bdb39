// The buttons Train, step, phase and restart, and their keys.

import type { RunState } from '../../protocol/messages';
import { at, say } from '../../ui/element';
import { t } from '../../words/words';

interface Input {
  state: RunState;
  /** The run trains, or will as soon as it can. */
  trains: boolean;
  /** The settings of the controls differ from those of the run. */
  is_fresh: boolean;
  /** Which buttons are enabled. */
  allowed: Record<Press, boolean>;
}

export type Press = 'train' | 'step' | 'phase' | 'restart';

const OVER: RunState[] = ['finished', 'halted'];

/**
 * The button of a key, unless the focused element uses the key itself. No letter is a key: somebody who speaks to the computer, or types beside a field,
 * would press it unasked (WCAG 2.1.4).
 */
function pressOf(key: string, target: HTMLElement): Press | null {
  const handles = target.closest('button, a, input, select, summary, [role="slider"]') !== null;
  if (key === ' ') return handles ? null : 'train';
  if (key === 'ArrowRight') return handles && !(target instanceof HTMLButtonElement) ? null : 'step';
  return null;
}

export class ButtonsView {
  private readonly buttons: Record<Press, HTMLButtonElement> = { train: at('train'), step: at('step'), phase: at('phase'), restart: at('restart') };

  /** `leave` is called on Escape and returns whether there was anything to leave. */
  constructor(pressed: (name: Press) => void, leave: () => boolean) {
    for (const name of Object.keys(this.buttons) as Press[]) this.buttons[name].addEventListener('click', () => pressed(name));
    addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
      const target = event.target instanceof HTMLElement ? event.target : document.body;
      if (target instanceof HTMLTextAreaElement) return;
      const press = pressOf(event.key, target);
      if (press) pressed(press);
      else if (event.key !== 'Escape' || !leave()) return;
      event.preventDefault();
    });
  }

  draw({ state, trains, is_fresh, allowed }: Input): void {
    const { train, restart } = this.buttons;
    for (const [name, button] of Object.entries(this.buttons)) button.disabled = !allowed[name as Press];
    const replays = state === 'replay';
    const goes = replays ? t`Play` : OVER.includes(state) && !is_fresh ? t`Train again` : t`Train`;
    say(train, trains ? t`Pause` : goes);
    restart.classList.toggle('new', is_fresh);
    const name = is_fresh ? t`Restart with the new settings` : t`Restart`;
    restart.ariaLabel = name;
    restart.title = name;
    restart.dataset['differs'] = String(is_fresh);
  }
}
