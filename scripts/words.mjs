// The English texts of the page, for the tables of other languages in www/words: what the sources write as t`…` and parts`…`, what index.html says,
// what src/config.rs calls the settings, and the names in SAID that the engine gives to groups of units, phases and estimators.

import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
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

/** The label and the help of each setting, and the labels of the values to choose from. */
export function keysOfSettings(source) {
  const text = (literal) => JSON.parse(literal.replace(/\\u\{(\w+)\}/g, (_, code) => String.fromCodePoint(Number.parseInt(code, 16))));
  const table = /^settings! \{$([\s\S]*?)^\}$/m.exec(source)?.[1] ?? '';
  const named = [...table.matchAll(/^ {8}("(?:[^"\\]|\\.)*"), ("(?:[^"\\]|\\.)*");$/gm)].flatMap(([, label, help]) => [label, help]);
  const choices = [...source.matchAll(/^choice! \{$([\s\S]*?)^\}$/gm)].flatMap(([, block]) =>
    [...block.matchAll(/ = "[^"]*", ("[^"]*");/g)].map(([, label]) => label),
  );
  return new Set([...named, ...choices].map(text));
}

/** Names that the engine gives, and a test of the page shows. A digit is a value. */
const SAID = [
  ...['inputs', 'classes', 'hidden {0}', 'conv {0}', '{0} shortcut', '{0} sum', 'shortcut', 'sum'],
  ...['sample', 'pack', 'forward', 'scores', 'backward', 'weights'],
  ...['compiling kernels', 'choosing kernels', 'comparing kernels', 'fine-tuning', 'data'],
  ...['static random', 'small dense', 'straight-through', 'Fisher pruning', 'dense', 'magnitude'],
  ...['two-sided', 'one-sided', 'two-sided, c', 'plain', 'first order', 'second order', 'bias', 'variance', 'signal / noise'],
  ...['none', 'doubtful', 'biased', 'too few pairs'],
];

/** All keys, with the places that they come from. */
export function allKeys() {
  const keys = new Map();
  const add = (found, place) => found.forEach((key) => keys.set(key, [...(keys.get(key) ?? []), place]));
  for (const file of readdirSync(sources, { recursive: true }).map((each) => each.replaceAll(path.sep, '/'))) {
    if (!file.endsWith('.ts') || /\.test\.ts$|\.d\.ts$|^(pkg|testing|words)\//.test(file)) continue;
    add(keysOfModule(readFileSync(path.join(sources, file), 'utf8')), file);
  }
  add(keysOfSettings(readFileSync(path.join(root, 'src', 'config.rs'), 'utf8')), 'src/config.rs');
  add(new Set(SAID), 'the engine');
  add(keysOfPage(readFileSync(path.join(root, 'index.html'), 'utf8')), 'index.html');
  return keys;
}

/** A table with the keys of the page, in their order: translations stay, and what has none is empty. */
export const brought = (table, keys) => Object.fromEntries([...keys].map((key) => [key, table[key] ?? '']));

if (process.argv[1] === import.meta.filename) {
  const keys = allKeys();
  for (const file of readdirSync(path.join(sources, 'words')).filter((each) => each.endsWith('.json'))) {
    const place = path.join(sources, 'words', file);
    const before = JSON.parse(readFileSync(place, 'utf8'));
    const table = brought(before, keys.keys());
    writeFileSync(place, `${JSON.stringify(table, null, 2)}\n`);
    const gone = Object.keys(before).filter((key) => !keys.has(key)).length;
    const empty = Object.values(table).filter((text) => text === '').length;
    console.log(`${file}: ${Object.keys(table).length} texts; ${empty} to translate, ${gone} removed that the page no longer has.`);
  }
}
