// Formulas in MathML, which browsers set themselves: no font and no script of anybody else. https://www.w3.org/TR/mathml-core/

const MATHML = 'http://www.w3.org/1998/Math/MathML';

type Part = Node | string;

/** An element of MathML. A text becomes an identifier, a number or an operator, by its characters. */
export function math(tag: string, ...children: Part[]): Element {
  const made = document.createElementNS(MATHML, tag);
  made.append(...children.map((child) => (typeof child === 'string' && !['mi', 'mo', 'mn', 'mtext'].includes(tag) ? token(child) : child)));
  return made;
}

function token(text: string): Element {
  if (/^[\d½]+$/.test(text)) return math('mn', text);
  const made = math(/^[\p{L}∇]+$/u.test(text) ? 'mi' : 'mo', text);
  // The content of our brackets is one line high. Stretchy brackets would depend on the font, where a sign has a line under it.
  if (/^[()]$/.test(text)) made.setAttribute('stretchy', 'false');
  return made;
}

export const row = (...children: Part[]): Element => math('mrow', ...children);
export const fraction = (over: Part, under: Part): Element => math('mfrac', over, under);
export const power = (base: Part, exponent: Part): Element => math('msup', base, exponent);
export const below = (base: Part, under: Part): Element => math('munder', base, under);
/** Space between words and signs, in em. */
export function room(em: number): Element {
  const made = math('mspace');
  made.setAttribute('width', `${em}em`);
  return made;
}

/** A formula on a line of its own. `words`: the same for screen readers. */
export function formula(words: string, ...children: Part[]): Element {
  const made = math('math', row(...children));
  made.setAttribute('display', 'block');
  made.setAttribute('aria-label', words);
  return made;
}
