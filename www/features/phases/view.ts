// The bottom of the page: one training step as six phases, each with its formula and the numbers of the last step.

import type { Family } from '../../model/methods';
import { laterPhases, PHASES, type PartOfStep, type Said, TITLES } from '../../model/phases';
import { say } from '../../ui/element';

const SHOW_MS = 420;

interface Phase {
  item: HTMLLIElement;
  title: HTMLElement;
  formula: HTMLElement;
  words: HTMLElement;
}

export class PhasesView {
  private readonly phases: Phase[];
  private timer = 0;

  constructor(root: HTMLElement) {
    this.phases = TITLES.map((name, index) => {
      const item = document.createElement('li');
      const heading = document.createElement('b');
      const number = document.createElement('small');
      number.textContent = String(index + 1);
      const title = document.createElement('span');
      title.textContent = name;
      heading.append(number, title);
      const formula = document.createElement('p');
      formula.className = 'formula';
      const words = document.createElement('p');
      item.append(heading, formula, words);
      root.append(item);
      return { item, title, formula, words };
    });
  }

  /** `family`: that of the method. With a given mask two of the phases do nothing. */
  draw(phases: Said[], family: Family): void {
    for (const index of [2, 3]) this.phases[index]?.item.classList.toggle('unused', family === 'given');
    for (const [index, [title, formula, words]] of phases.entries()) {
      const phase = this.phases[index];
      if (!phase) continue;
      say(phase.title, title);
      say(phase.formula, formula);
      say(phase.words, words);
    }
  }

  /** Highlights the phase that was executed and dims the later ones; null: no step is executed phase by phase. */
  light(part: PartOfStep | null): void {
    clearTimeout(this.timer);
    const later = laterPhases(part);
    const now = part ? PHASES[part.stage] : [];
    for (const [index, { item }] of this.phases.entries()) {
      item.classList.toggle('now', now.includes(index));
      item.classList.toggle('later', later.has(index));
      if (now.includes(index)) item.setAttribute('aria-current', 'step');
      else item.removeAttribute('aria-current');
    }
  }

  /** After a single step: highlights the phases one after another. */
  sweep(): void {
    clearTimeout(this.timer);
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    const visit = (index: number): void => {
      for (const [other, { item }] of this.phases.entries()) item.classList.toggle('now', other === index);
      if (index < this.phases.length) this.timer = window.setTimeout(() => visit(index + 1), SHOW_MS);
    };
    visit(0);
  }
}
