// The English texts of the page, for the tables of other languages in www/words: what the sources write as t`…` and parts`…`, what index.html says,
// and what the engine says (www/words/engine.json, generated from the Rust sources).

import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { parseAst } from 'vite';
import { root } from './command.mjs';

const sources = path.join(root, 'www');
const TAGS = new Set(['t', 'parts']);
const ATTRIBUTES = /\b(?:aria-label|title|alt|placeholder)="([^"]+)"/g;

/** The keys in a module of the page. */
export function keysOfModule(source) {
  const found = new Set();
  const visit = (node) => {
    if (!node || typeof node !== 'object') return;
    if (Array.isArray(node)) return node.forEach(visit);
    if (node.type === 'TaggedTemplateExpression' && TAGS.has(node.tag.name)) {
      found.add(node.quasi.quasis.map(({ value }) => value.cooked).reduce((key, text, index) => `${key}{${index - 1}}${text}`));
    }
    for (const [name, value] of Object.entries(node)) if (name !== 'type') visit(value);
  };
  visit(parseAst(source, { lang: 'ts' }).body);
  return found;
}

const ENTITIES = { '&nbsp;': '\u00a0', '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"' };
const plain = (text) => text.replace(/&\w+;/g, (name) => ENTITIES[name] ?? name);

/** The words of a page: its texts, and the attributes that are read or shown. */
export function keysOfPage(html) {
  const shown = html
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace(/<(script|style|noscript)\b[\s\S]*?<\/\1>/g, '')
    .replace(/<(\w+)[^>]*\btranslate="no"[^>]*>[\s\S]*?<\/\1>/g, '');
  const texts = [...shown.matchAll(/>([^<]+)</g)].map(([, text]) => plain(text).trim());
  const attributes = [...shown.matchAll(ATTRIBUTES)].map(([, text]) => plain(text));
  return new Set([...texts, ...attributes].filter((text) => /[a-z]/i.test(text)));
}

/** All keys, with the places that they come from. */
export function allKeys() {
  const keys = new Map();
  const add = (found, place) => found.forEach((key) => keys.set(key, [...(keys.get(key) ?? []), place]));
  for (const file of readdirSync(sources, { recursive: true }).map((each) => each.replaceAll(path.sep, '/'))) {
    if (!file.endsWith('.ts') || /\.test\.ts$|\.d\.ts$|^(pkg|testing|words)\//.test(file)) continue;
    add(keysOfModule(readFileSync(path.join(sources, file), 'utf8')), file);
  }
  add(keysOfPage(readFileSync(path.join(root, 'index.html'), 'utf8')), 'index.html');
  return keys;
}
