// The budget as a bar: the sum of the scores, its bound, and the goal where the bound ends.

import { isPriced, means, methodOf } from '../../model/methods';
import { count, fixed } from '../../model/format';
import type { Values } from '../../protocol/messages';
import { say } from '../../ui/element';
import type { GoalView } from './goal';
import { t } from '../../words/words';

interface Parts {
  root: HTMLElement;
  fill: HTMLElement;
  tick: HTMLElement;
  sum: HTMLElement;
  budget: HTMLElement;
}

export class MeterView {
  /** Loaded later. */
  goal: GoalView | null = null;
  private readonly parts: Parts;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  /** `units`: how many are gated. `of`: the settings of the shown step. `asked`: the settings that have the goal. */
  draw(units: number, shown: { sum_scores: number; budget: number } | null, of: Values | null, asked: Values | null): void {
    if (units === 0 || !shown) return;
    const { root, fill, tick, sum, budget } = this.parts;
    fill.style.width = `${(100 * shown.sum_scores) / units}%`;
    tick.style.translate = `${(100 * shown.budget) / units}%`;
    const has_budget = (of === null || means('keep_ratio', of)) && of?.['method'] !== 'small-dense';
    const [learned, priced] = [methodOf(of).family === 'learned', of !== null && isPriced(of)];
    const spent = fixed(shown.sum_scores, 1);
    if (priced) say(sum, learned ? t`Σps = ${spent} expected` : t`Σp = ${spent} of kept units`);
    else say(sum, learned ? t`Σs = ${spent} units expected` : t`${count(shown.sum_scores)} units kept`);
    const counted = priced ? t`${count(units)}, by multiply-adds` : count(units);
    say(budget, has_budget ? t`budget K = ${fixed(shown.budget, 1)} of ${counted}` : t`no budget, of ${counted}`);
    const falls = methodOf(asked).starts_whole && asked?.['schedule'] === 'cubic';
    this.goal?.draw(units, has_budget ? Number(asked?.['keep_ratio'] ?? 1) : null, falls ? Number(asked?.['keep_start']) : 1);
    root.dataset['sum'] = String(shown.sum_scores);
    root.dataset['budget'] = String(shown.budget);
  }
}
