// The method's formulas in MathML. Every symbol is linked to the part of the page that shows it: pointing at it highlights the part, and
// pressing it goes there. Source: Zhou et al., NeurIPS 2021, https://arxiv.org/abs/2111.05685, section 4.

import './style.css';
import type { PlaceName } from '../../ui/anchors';
import type { PageFacts } from '../../model/page-facts';
import { element } from '../../ui/element';
import { below, formula, fraction, math, power, room, row } from '../../ui/mathml';
import { place, putAway, standing } from '../../ui/card';
import { point, visit } from '../../ui/highlight';
import { t } from '../../words/words';

interface Symbol {
  /** The symbol as it appears in a formula. */
  sign: string;
  means: string;
  lives: PlaceName[];
}

const SYMBOLS = {
  w: { sign: 'w', means: t`the weights`, lives: ['weights'] },
  s: { sign: 's', means: t`keep-probabilities (scores)`, lives: ['network', 'history'] },
  m: { sign: 'm', means: t`the mask that trains w`, lives: ['kept', 'sample'] },
  probe: { sign: 'm′', means: t`the second mask`, lives: ['disagree', 'sample'] },
  L: { sign: 'L', means: t`the loss under m`, lives: ['loss', 'losses'] },
  probe_loss: { sign: 'L′', means: t`the loss under m′`, lives: ['loss', 'losses'] },
  K: { sign: 'K', means: t`the budget`, lives: ['budget', 'keep_ratio'] },
  alpha: { sign: 'α', means: t`the exponent`, lives: ['alpha'] },
  g: { sign: 'g', means: t`the structure gradient`, lives: ['gradient'] },
  v: { sign: 'v', means: t`the shift that keeps the budget`, lives: ['project'] },
  eta: { sign: 'η', means: t`the structure rate`, lives: ['scores_rate'] },
} satisfies Record<string, Symbol>;
type SymbolName = keyof typeof SYMBOLS;

/** A letter that is linked to no part of the page. It has the font of those that are. */
function letter(sign: string): Element {
  const made = math('mi', sign);
  made.classList.add('letter');
  return made;
}

/** Builds the panel for one page. */
class MethodPanel {
  private readonly page: PageFacts;
  /** Called after a symbol was pressed and its part is shown. */
  private gone = false;

  constructor(page: PageFacts) {
    this.page = page;
  }

  private leave(): void {
    if (!this.gone) point();
  }

  /** A symbol in a formula. For keys and screen readers a formula is one element; they use the list of symbols below it. */
  private sign(name: SymbolName): Element {
    const made = math('mi', SYMBOLS[name].sign);
    made.classList.add('symbol');
    this.lead(made as MathMLElement, name);
    return made;
  }

  private button(name: SymbolName): HTMLButtonElement {
    const made = element('button', 'symbol', SYMBOLS[name].sign);
    made.type = 'button';
    made.ariaLabel = `${SYMBOLS[name].sign}, ${SYMBOLS[name].means}`;
    this.lead(made, name);
    return made;
  }

  /** Links a symbol to its part of the page: pointing highlights it, pressing goes there. */
  private lead(made: HTMLElement | MathMLElement, name: SymbolName): void {
    const lives: PlaceName[] = SYMBOLS[name].lives;
    const [first] = lives;
    made.dataset['symbol'] = name;
    const light = (): void => {
      this.gone = false;
      point(...lives);
    };
    // Scrolling under a pointer that does not move is no pointing.
    made.addEventListener('pointermove', (event) => {
      const { movementX, movementY } = event as PointerEvent;
      if (movementX !== 0 || movementY !== 0) light();
    });
    made.addEventListener('focus', light);
    made.addEventListener('pointerleave', () => this.leave());
    made.addEventListener('blur', () => this.leave());
    made.addEventListener('click', async () => {
      if (!first) return;
      await visit(first, this.page);
      point(first);
      // The symbol may have scrolled away from the pointer: the highlight stays while the symbol has the focus.
      this.gone = true;
      const { activeElement } = document;
      const back = async (): Promise<void> => {
        // The highlight may cause a new layout, which takes the focus for a moment.
        await null;
        if (document.activeElement === activeElement) return;
        document.removeEventListener('focusout', back);
        if (!this.gone) return;
        this.gone = false;
        this.leave();
      };
      document.addEventListener('focusout', back);
    });
  }

  private part(title: string, where: string, set: Element[], words: string, names: SymbolName[]): HTMLElement {
    const signs = names.map((name) => element('li', '', this.button(name), element('span', '', SYMBOLS[name].means)));
    return element(
      'section',
      '',
      element('h3', '', title, element('small', '', where)),
      element('div', 'set', ...set),
      element('p', '', words),
      element('ul', 'symbols', ...signs),
    );
  }

  parts(): HTMLElement[] {
    const s = (): Element => this.sign('s');
    const [w, m, probe, L, probe_loss, K, alpha, g, v, eta] = (['w', 'm', 'probe', 'L', 'probe_loss', 'K', 'alpha', 'g', 'v', 'eta'] as const).map(
      (name) => () => this.sign(name),
    ) as [() => Element, () => Element, () => Element, () => Element, () => Element, () => Element, () => Element, () => Element, () => Element, () => Element];
    const one_minus_s = (): Element => row('1', '−', s());
    const objective = [
      formula(
        t`Minimise over w and s the expected loss of w and m, where m is drawn from s,`,
        below(math('mo', 'min'), row(w(), ',', s())),
        room(0.2),
        below(math('mo', '𝔼'), row(m(), '∼', s())),
        room(0.2),
        L(),
        '(',
        w(),
        ',',
        m(),
        ')',
      ),
      formula(
        t`with every s from 0 to 1 and the sum of s at most K.`,
        math('mtext', 'with'),
        room(0.5),
        '0',
        '≤',
        s(),
        '≤',
        '1',
        ',',
        room(0.5),
        math('mo', 'Σ'),
        s(),
        '≤',
        K(),
      ),
    ];
    const estimator = [
      formula(
        t`g is one half of L minus L prime, times m minus m prime, over s times one minus s to the power of one minus alpha.`,
        g(),
        '=',
        fraction('1', '2'),
        room(0.15),
        fraction(
          row('(', L(), '−', probe_loss(), ')', '(', m(), '−', probe(), ')'),
          power(row('(', s(), '(', one_minus_s(), ')', ')'), row('1', '−', alpha())),
        ),
      ),
    ];
    const c = (): Element => letter('c');
    const spread = (exponent: Element): Element => power(row('(', s(), '(', one_minus_s(), ')', ')'), exponent);
    const control = [
      formula(
        t`With the control variate, L minus L prime is lowered by the sum of c times m minus m prime,`,
        L(),
        '−',
        probe_loss(),
        '→',
        L(),
        '−',
        probe_loss(),
        '−',
        math('mo', 'Σ'),
        c(),
        '(',
        m(),
        '−',
        probe(),
        ')',
      ),
      formula(t`and g is raised by c times s times one minus s to the power of alpha.`, g(), '→', g(), '+', c(), room(0.15), spread(alpha())),
    ];
    const second = [
      formula(
        t`The loss with a unit less the loss without it is about G minus one half of F, where G is the derivative of the loss at its mask, and F is about B times the square of G.`,
        math('mi', 'ΔL'),
        '≈',
        letter('G'),
        '−',
        fraction('1', '2'),
        letter('F'),
        ',',
        room(0.5),
        letter('F'),
        '≈',
        letter('B'),
        power(letter('G'), '2'),
      ),
    ];
    const projection = [
      formula(
        t`s becomes s minus eta times the Adam step of g, minus v, clamped between 0 and 1,`,
        s(),
        '←',
        math('mi', 'clamp'),
        '(',
        s(),
        '−',
        eta(),
        room(0.15),
        math('mi', 'Adam'),
        '(',
        g(),
        ')',
        '−',
        v(),
        ',',
        '0',
        ',',
        '1',
        ')',
      ),
      // Two lines: in the narrowest of three columns one would fit in some fonts only.
      formula(t`with the least v from 0 on`, math('mtext', 'with the least'), room(0.4), v(), '≥', '0'),
      formula(t`for which the sum of s is at most K.`, math('mtext', 'for which'), room(0.4), math('mo', 'Σ'), s(), '≤', K()),
    ];
    return [
      this.part(
        t`What is asked for`,
        t`section 4`,
        objective,
        t`The aim is a small mean loss over the masks, within the budget. One sum covers all layers, so that capacity can move between them.`,
        ['w', 's', 'L', 'K'],
      ),
      this.part(
        t`How the scores learn`,
        t`section 4, VR-PGE, two-sided`,
        estimator,
        t`The variance-reduced policy gradient estimator (VR-PGE) reads the losses alone. Units on which the two masks agree learn nothing; where they differ, the mask with the lower loss is favoured. It takes no backward pass. From α = ½ on its variance is bounded.`,
        ['m', 'probe', 'probe_loss', 'g', 'alpha'],
      ),
      this.part(
        t`How the budget is kept`,
        t`section 4, projection`,
        projection,
        t`All scores take a step, then all are lowered by the same v so that they fit the budget. If they are below it and “fill budget” is on, v is negative: all scores above 0 are raised, and the sum is K. If the budget counts multiply-adds, a unit of price p moves by v\u00a0p, and Σ\u00a0p\u00a0s\u00a0≤\u00a0K. At 0 a unit is off, at 1 it is kept: both are decided.`,
        ['v', 'eta'],
      ),
      this.part(
        t`How the noise is lowered`,
        t`control variate`,
        control,
        t`c is a running estimate of what the loss changes by with each unit. It leaves the mean of g as it is, because c of past steps is used, and only then updated.`,
        ['m', 'probe', 'L', 'probe_loss', 'g'],
      ),
      this.part(
        t`What c is made of`,
        t`Fisher information`,
        second,
        t`G comes with the backward pass; B is the number of images. The methods Fisher and Fisher pruning rank units by ½F alone: biased, to second order. They use no difference of losses: one forward and one backward pass. For Fisher, scores take the place of the ranking until the budget has fallen; then the mask is chosen once.`,
        ['m', 'L'],
      ),
    ];
  }
}

/** Opens or closes the panel. */
export function toggleMethod(page: PageFacts): void {
  if (standing() === 'method') return putAway('method');
  const heading = element('h2', 'unseen', t`Method`);
  heading.tabIndex = -1;
  place('method', t`Method`, document.getElementById('method'), () => point(), heading, ...new MethodPanel(page).parts());
  heading.focus();
}
