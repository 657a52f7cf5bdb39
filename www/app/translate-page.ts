// Translates index.html, which is written in English, before any feature changes it.

import { languageOfPage, translated } from '../words/words';

/** The attributes that hold words. `scripts/words.mjs` reads the same. */
const ATTRIBUTES = ['aria-label', 'title', 'alt', 'placeholder'];

function translateText(node: Node): void {
  const text = node.nodeValue ?? '';
  const words = text.trim();
  if (words) node.nodeValue = text.replace(words, () => translated(words));
}

export function translatePage(): void {
  const language = languageOfPage();
  document.documentElement.lang = language;
  if (language === 'en') return;
  const isFree = (node: Node): boolean => !(node instanceof Element ? node : node.parentElement)?.closest('script, style, noscript, [translate="no"]');
  const walk = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
  for (let node: Node | null = walk.currentNode; node; node = walk.nextNode()) {
    if (!isFree(node)) continue;
    if (!(node instanceof Element)) translateText(node);
    else for (const name of ATTRIBUTES) if (node.hasAttribute(name)) node.setAttribute(name, translated(node.getAttribute(name) ?? ''));
  }
}
