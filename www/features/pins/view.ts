// The menu of a unit: what it is worth, and buttons to pin it on, pin it off or unpin it.

import './style.css';

import { count, significant } from '../../model/format';
import type { Pin } from '../../model/pins';
import type { UnitCost } from '../../protocol/messages';
import { sentence } from '../../model/words';
import { element, say } from '../../ui/element';
import type { PickedUnit } from '../../model/picked-unit';
import { parts, t } from '../../words/words';

/** Distance of the menu from the cell and from the edge of the window, in CSS pixels. */
const AWAY = 8;
/** Smaller differences, in standard errors, count as none. */
const TELLING = 2;

export interface PinInput {
  pin: Pin | null;
  /** Why the unit cannot be pinned. */
  refused: string | null;
  /** Whether the run is over, so that a pin applies to the next run. */
  waits: boolean;
  /** Images of a batch. */
  batch_size: number;
}

const CHOICES: [pin: Pin | null, label: string][] = [
  ['on', t`Pin on`],
  ['off', t`Pin off`],
  [null, t`Let go`],
];

function costWords({ difference, error, on, off, batches }: UnitCost, batch_size: number): (string | HTMLElement)[] {
  const over = t`over ${count(batches)} batches of ${count(batch_size)} images, everything else as in m`;
  const size = `${significant(Math.abs(difference), 2)} ± ${significant(error, 2)}`;
  if (Math.abs(difference) < TELLING * error || difference === 0)
    return parts`On or off makes no measurable difference to the loss: ${element('b', '', size)}, ${over}.`;
  const cost = element('b', '', size);
  const [loss_on, loss_off] = [significant(on, 4), significant(off, 4)];
  return difference < 0
    ? parts`Pinning it off costs ${cost} of loss: ${loss_on} on, ${loss_off} off, ${over}. Pinning it on saves that.`
    : parts`Pinning it on costs ${cost} of loss: ${loss_on} on, ${loss_off} off, ${over}. Pinning it off saves that.`;
}

export class PinView {
  private unit: number | null = null;
  private from: HTMLElement | null = null;
  private batch_size = 1;
  private readonly menu = element('div', 'pin-menu');
  private readonly title = element('h2');
  private readonly cost = element('p', 'cost');
  private readonly words = element('p');
  private readonly buttons: HTMLButtonElement[];

  private readonly closed: () => void;

  /** `pinned` is called with a unit and its pin, `closed` when the menu is closed. */
  constructor(pinned: (unit: number, pin: Pin | null) => void, closed: () => void) {
    this.closed = closed;
    this.buttons = CHOICES.map(([pin, label]) => {
      const button = element('button', '', label);
      button.type = 'button';
      button.dataset['testid'] = pin === null ? 'let-go' : `pin-${pin}`;
      button.addEventListener('click', () => {
        if (this.unit !== null) pinned(this.unit, pin);
      });
      return button;
    });
    this.menu.setAttribute('role', 'dialog');
    this.menu.dataset['testid'] = 'pin-menu';
    this.title.id = 'pin-title';
    this.menu.setAttribute('aria-labelledby', this.title.id);
    this.cost.setAttribute('role', 'status');
    this.cost.dataset['testid'] = 'pin-cost';
    this.words.dataset['testid'] = 'pin-words';
    this.menu.append(this.title, this.cost, element('div', 'choices', ...this.buttons), this.words);
    this.menu.hidden = true;
    // Without an enabled button the menu itself gets the focus, so that Escape closes it.
    this.menu.tabIndex = -1;
    document.body.append(this.menu);
    this.menu.addEventListener('keydown', (event) => {
      // Keys in the menu do not reach the page.
      event.stopPropagation();
      if (event.key === 'Escape') this.close();
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step === undefined) return;
      const enabled = this.buttons.filter((button) => !button.disabled);
      const at = enabled.findIndex((button) => button === document.activeElement);
      enabled[(at + step + enabled.length) % enabled.length]?.focus();
    });
    addEventListener('pointerdown', (event) => {
      if (event.target instanceof Node && !this.menu.contains(event.target)) this.close(false);
    });
    this.menu.addEventListener('focusout', (event) => {
      if (event.relatedTarget instanceof Node && !this.menu.contains(event.relatedTarget)) this.close(false);
    });
  }

  open({ unit, name, place, from }: PickedUnit, input: PinInput): void {
    [this.unit, this.from, this.batch_size] = [unit, from, input.batch_size];
    this.title.textContent = name.charAt(0).toUpperCase() + name.slice(1);
    this.say(this.cost, t`Measuring what it is worth to the loss…`);
    this.draw(input);
    this.menu.hidden = false;
    const { width, height } = this.menu.getBoundingClientRect();
    const left = Math.min(Math.max(AWAY, place.left + place.width / 2 - width / 2), innerWidth - width - AWAY);
    const below = place.bottom + AWAY;
    const top = below + height > innerHeight - AWAY ? Math.max(AWAY, place.top - height - AWAY) : below;
    this.menu.style.left = `${left}px`;
    this.menu.style.top = `${top}px`;
    (this.buttons.find((button) => !button.disabled && button.ariaPressed !== 'true') ?? this.menu).focus();
  }

  /** Shows the pin of the unit. */
  draw({ pin, refused, waits }: PinInput): void {
    for (const [index, [is]] of CHOICES.entries()) {
      const button = this.buttons[index];
      if (!button) continue;
      button.ariaPressed = String(is !== null && is === pin);
      button.disabled = refused !== null || (is === null && pin === null);
    }
    const held = pin === null ? '' : t`Pinned ${pin}: its score stays at ${pin === 'on' ? 1 : 0}, and the others share what the budget leaves.`;
    this.say(this.words, refused ?? (waits && pin !== null ? t`Pinned ${pin} from the next run on.` : held), refused !== null);
  }

  showCost(unit: number, cost: UnitCost | null, refused: string | null): void {
    if (unit !== this.unit) return;
    if (cost) this.cost.replaceChildren(...costWords(cost, this.batch_size));
    else this.say(this.cost, t`What it is worth cannot be measured: ${refused ?? ''}.`);
  }

  /** Shows why the engine refused a pin. */
  refuse(message: string): void {
    this.say(this.words, sentence(message), true);
  }

  close(back = true): void {
    if (this.menu.hidden) return;
    this.menu.hidden = true;
    if (back) this.from?.focus();
    this.closed();
  }

  private say(line: HTMLElement, words: string, refusal = false): void {
    line.classList.toggle('refusal', refusal);
    say(line, words);
  }
}
