// The English texts of the page, for the tables of other languages, www/words/NAME.json: what the sources write as t`…` and parts`…`, what workers say
// (said`…`), what index.html says, and what the engine says (www/words/engine.json, which `npm run generate` writes from the Rust sources).
//
// `npm run words` brings the tables up to date: it adds texts with an empty translation, removes those that are gone, puts them in the order of the sources,
// and says how many are left to translate.

import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { parseAst } from 'vite';
import { root } from './command.mjs';

const sources = path.join(root, 'www');
const tables = path.join(sources, 'words');
const ENGINE = 'engine.json';
const TAGS = new Set(['t', 'parts', 'said']);
const ATTRIBUTES = /\s(?:aria-label|title|alt|placeholder)="([^"]+)"/g;

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
  // What is left out separates the texts beside it.
  const shown = html
    .replace(/<!--[\s\S]*?-->/g, '<>')
    .replace(/<(script|style|noscript)\b[\s\S]*?<\/\1>/g, '<>')
    .replace(/<(\w+)[^>]*\btranslate="no"[^>]*>[\s\S]*?<\/\1>/g, '<>');
  const texts = [...shown.matchAll(/>([^<]+)</g)].map(([, text]) => plain(text).trim());
  const attributes = [...shown.matchAll(ATTRIBUTES)].map(([, text]) => plain(text));
  return new Set([...texts, ...attributes].filter((text) => /[a-z]/i.test(text)));
}

/** Names that views show of what they have as data: a part of a residual block, and the quantities of the estimators. */
const NAMES = ['shortcut', 'bias', 'variance', 'signal / noise'];

/** All keys, in the order of the tables, with the places that they come from. */
export function allKeys() {
  const keys = new Map();
  const add = (found, place) => found.forEach((key) => keys.set(key, [...(keys.get(key) ?? []), place]));
  const files = readdirSync(sources, { recursive: true }).map((each) => each.replaceAll(path.sep, '/'));
  for (const file of files.sort()) {
    if (!file.endsWith('.ts') || /\.test\.ts$|\.d\.ts$|^(pkg|testing|words)\//.test(file)) continue;
    add(keysOfModule(readFileSync(path.join(sources, file), 'utf8')), file);
  }
  add(keysOfPage(readFileSync(path.join(root, 'index.html'), 'utf8')), 'index.html');
  add(new Set(NAMES), 'scripts/words.mjs');
  add(new Set(JSON.parse(readFileSync(path.join(tables, ENGINE), 'utf8'))), ENGINE);
  return keys;
}

/** The files of the tables. */
export const tableFiles = () =>
  readdirSync(tables)
    .filter((file) => file.endsWith('.json') && file !== ENGINE)
    .sort();

export const readTable = (file) => JSON.parse(readFileSync(path.join(tables, file), 'utf8'));

/** The places of values in a text, each once, in order. */
export const placesOf = (text) => [...new Set(text.match(/\{\d+\}/g))].sort();

/** What is wrong with a table, a line for each mistake. `keys`: all keys, in order. */
export function mistakesOf(table, keys) {
  const [wanted, found] = [new Set(keys), Object.keys(table)];
  const mistakes = [
    ...[...wanted].filter((key) => !Object.hasOwn(table, key)).map((key) => `lacks: ${key}`),
    ...found.filter((key) => !wanted.has(key)).map((key) => `has no longer a use: ${key}`),
    ...found.filter((key) => table[key].trim() === '').map((key) => `is empty: ${key}`),
    ...found
      .filter((key) => table[key].trim() !== '' && placesOf(table[key]).join() !== placesOf(key).join())
      .map((key) => `has other values than {n} of its English text: ${key}`),
  ];
  // With another order, two engineers who add texts would change other lines than their own.
  if (mistakes.length === 0 && found.join('\n') !== [...wanted].join('\n')) mistakes.push('is not in the order of the sources');
  return mistakes;
}

/** The table with all keys and no others, in their order. A key without a translation has an empty one. */
export const updated = (table, keys) => Object.fromEntries([...keys].map((key) => [key, Object.hasOwn(table, key) ? table[key] : '']));

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const keys = [...allKeys().keys()];
  for (const file of tableFiles()) {
    const before = readTable(file);
    const table = updated(before, keys);
    writeFileSync(path.join(tables, file), `${JSON.stringify(table, null, 2)}\n`);
    const removed = Object.keys(before).filter((key) => !Object.hasOwn(table, key)).length;
    const left = Object.values(table).filter((text) => text.trim() === '').length;
    console.log(`${file}: ${left} of ${keys.length} texts are left to translate; ${removed} were removed.`);
  }
}
