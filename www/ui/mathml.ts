// Formulas in MathML, which browsers set themselves: no font and no script of anybody else. https://www.w3.org/TR/mathml-core/

const MATHML = 'http://www.w3.org/1998/Math/MathML';

type Part = Node | string;

/** An element of MathML. Text becomes an identifier, a number or an operator, as it looks. */
export function math(tag: string, ...children: Part[]): Element {
  const made = document.createElementNS(MATHML, tag);
  made.append(...children.map((child) => (typeof child === 'string' && !['mi', 'mo', 'mn', 'mtext'].includes(tag) ? token(child) : child)));
  return made;
}

function token(text: string): Element {
  if (/^[\d½]+$/.test(text)) return math('mn', text);
  const made = math(/^[\p{L}∇]+$/u.test(text) ? 'mi' : 'mo', text);
  // All that our formulas put between brackets is flat; how far brackets stretch around a sign with a line under it depends on the font.
  if (/^[()]$/.test(text)) made.setAttribute('stretchy', 'false');
  return made;
}

export const row = (...children: Part[]): Element => math('mrow', ...children);
export const fraction = (over: Part, under: Part): Element => math('mfrac', over, under);
export const power = (base: Part, exponent: Part): Element => math('msup', base, exponent);
export const below = (base: Part, under: Part): Element => math('munder', base, under);
/** Room between words and signs, in em. */
export function room(em: number): Element {
  const made = math('mspace');
  made.setAttribute('width', `${em}em`);
  return made;
}

/** A formula on a line of its own; `words` say it to those who do not see it. */
export function formula(words: string, ...children: Part[]): Element {
  const made = math('math', row(...children));
  made.setAttribute('display', 'block');
  made.setAttribute('aria-label', words);
  return made;
}
