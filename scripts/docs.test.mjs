// Links of the documents lead somewhere, and README.md stays short.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { root } from './command.mjs';

const MOST_README_LINES = 180;

const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync(path.join(root, 'docs'), { recursive: true })
    .filter((file) => file.endsWith('.md'))
    .map((file) => path.posix.join('docs', file.replaceAll(path.sep, '/'))),
];

const read = (file) => readFileSync(path.join(root, file), 'utf8');

/** Markdown without its code, in which nothing is a link or a heading. */
const withoutBlocks = (text) => text.replaceAll(/^(```|~~~)[\s\S]*?^\1/gm, '');
const withoutCode = (text) => withoutBlocks(text).replaceAll(/`[^`\n]+`/g, '');

/** Targets of links and of pictures. */
const linksIn = (text) => [...withoutCode(text).matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)].map(([, target]) => target);

/** Anchors of the headings, as GitHub names them. */
function anchorsIn(text) {
  const [anchors, seen] = [new Set(), new Map()];
  for (const [, heading] of withoutBlocks(text).matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
    const name = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
      .replaceAll(' ', '-');
    const before = seen.get(name) ?? 0;
    seen.set(name, before + 1);
    anchors.add(before === 0 ? name : `${name}-${before}`);
  }
  return anchors;
}

/** Errors in the links of a document at `file`. Links to other hosts are not checked. */
function brokenLinks(file, text, exists, readOther) {
  return linksIn(text).flatMap((target) => {
    if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return [];
    const [place, anchor] = target.split('#');
    const other = place === '' ? file : path.posix.join(path.posix.dirname(file), decodeURIComponent(place));
    if (!exists(other)) return [`${file}: ${target}: there is no ${other}`];
    if (anchor === undefined) return [];
    const headings = anchorsIn(place === '' ? text : readOther(other));
    return headings.has(anchor) ? [] : [`${file}: ${target}: ${other} has no heading #${anchor}`];
  });
}

test('links of the documents lead to files and headings that are there', () => {
  const broken = documents.flatMap((file) => brokenLinks(file, read(file), (other) => existsSync(path.join(root, other)), read));
  assert.deepEqual(broken, []);
});

test('a link to no file, to no heading, and none in code is found', () => {
  const text =
    '# What it *shows*\n## One `word`\n## One `word`\n[a](b.md) [c](#what-it-shows) [d](#one-word-1) [e](c.md#no) ![f](p.png) `[g](h)`\n```\n[i](j)\n# no\n```\n';
  const broken = brokenLinks(
    'docs/a.md',
    text,
    (file) => ['docs/a.md', 'docs/c.md'].includes(file),
    () => '# Yes',
  );
  assert.deepEqual(broken, [
    'docs/a.md: b.md: there is no docs/b.md',
    'docs/a.md: c.md#no: docs/c.md has no heading #no',
    'docs/a.md: p.png: there is no docs/p.png',
  ]);
});

test('README.md is read in one sitting', () => {
  const lines = read('README.md').trimEnd().split('\n').length;
  assert.ok(lines <= MOST_README_LINES, `README.md has ${lines} lines; ${MOST_README_LINES} are the most. What is longer belongs into docs/.`);
});
