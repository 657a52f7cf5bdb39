// Train, step, phase and restart, and the keys that stand for them.

import type { RunState } from '../../protocol/messages';
import { at, say } from '../../ui/element';

interface Shown {
  state: RunState;
  /** It trains, or will as soon as it can. */
  trains: boolean;
  /** The controls ask for another run than the one that goes on. */
  is_fresh: boolean;
  /** Whether a network is there, be it only to be looked at. */
  is_open: boolean;
  /** Nothing trains here, whatever is asked for. */
}

export type Press = 'train' | 'step' | 'phase' | 'restart';

const OVER: RunState[] = ['finished', 'halted'];

/** What a key asks for, where the focus leaves it free. */
function pressOf(key: string, target: HTMLElement): Press | null {
  const types = target.matches('select, input:not([type=radio], [type=checkbox], [type=range], [type=file])');
  const handles = target.closest('button, a, input, select, summary, [role="slider"]') !== null;
  if (key === ' ') return handles ? null : 'train';
  if (key === 'ArrowRight') return handles && !(target instanceof HTMLButtonElement) ? null : 'step';
  if (types) return null;
  return key === 'p' ? 'phase' : key === 'r' ? 'restart' : null;
}

export class ButtonsView {
  private readonly buttons: Record<Press, HTMLButtonElement> = { train: at('train'), step: at('step'), phase: at('phase'), restart: at('restart') };
  private readonly pressed: Record<Press, () => void>;

  /** `leave` hears of Escape, and answers whether there was anything to leave. */
  constructor(pressed: Record<Press, () => void>, leave: () => boolean) {
    this.pressed = pressed;
    for (const name of Object.keys(this.buttons) as Press[]) this.buttons[name].addEventListener('click', pressed[name]);
    addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
      const target = event.target instanceof HTMLElement ? event.target : document.body;
      if (target instanceof HTMLTextAreaElement) return;
      const press = pressOf(event.key, target);
      if (press) this.press(press);
      else if (event.key !== 'Escape' || !leave()) return;
      event.preventDefault();
    });
  }

  /** As if it were pressed: nothing happens where it cannot be. */
  press(name: Press): void {
    if (!this.buttons[name].disabled) this.pressed[name]();
  }

  focus(name: Press): void {
    this.buttons[name].focus();
  }

  draw({ state, trains, is_fresh, is_open }: Shown): void {
    const { train, step, phase, restart } = this.buttons;
    const replays = state === 'replay';
    const goes = replays ? 'Play' : OVER.includes(state) && !is_fresh ? 'Train again' : 'Train';
    say(train, trains ? 'Pause' : goes);
    train.disabled = state === 'error';
    step.disabled = train.disabled || state === 'held' || OVER.includes(state) || !is_open;
    phase.disabled = step.disabled || replays;
    restart.disabled = train.disabled || !is_open;
    restart.classList.toggle('new', is_fresh);
    const name = is_fresh ? 'Restart with the new settings' : 'Restart';
    restart.ariaLabel = name;
    restart.title = `${name} (r)`;
    restart.dataset['differs'] = String(is_fresh);
  }
}
