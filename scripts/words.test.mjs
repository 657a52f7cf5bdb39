// The tables of the page's languages have exactly the texts of its sources.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { root } from './command.mjs';
import { allKeys, keysOfModule, keysOfPage, mistakesOf, placesOf, readTable, tableFiles, updated } from './words.mjs';

test('the texts of a module are found in every way of writing them', () => {
  const source = `
    const HEADS: string[] = [t\`worst error\`, 'no text', \`no \${text}\`];
    const said_of = (n: number): string => (n === 1 ? t\`one step\` : t\`\${count(n)} steps of \${count(of)}\`);
    export class View<Value> { private readonly words = { title: t\`a "quote" and a \\\`tick\\\`\` } as const; }
    row.append(...parts\`Keeping \${element('b', '', t\`nested \${inner}\`)} units\`);
    throw new Error(said\`\${name} is not on this server (\${status}).\`);
    other\`of another tag\`;
    // t\`in a comment\`
  `;
  assert.deepEqual(
    [...keysOfModule(source)],
    ['worst error', 'one step', '{0} steps of {1}', 'a "quote" and a `tick`', 'Keeping {0} units', 'nested {0}', '{0} is not on this server ({1}).'],
  );
});

test('the texts of a page are found, with the attributes that are read or shown', () => {
  const html = `<!doctype html><title>A page</title><style>p { color: red }</style><script>say('no')</script><noscript>Switch it on.</noscript>
    <!-- <p>hidden</p> --><p title="a &quot;tip&quot;">Two&nbsp;words, <b translate="no">m′</b> and <i>more</i>: 12</p>
    <img alt="a cat" src="cat.png"><input placeholder="a name" data-title="no" aria-label="Name"><b>12</b>`;
  assert.deepEqual([...keysOfPage(html)].sort(), ['A page', 'Name', 'Two\u00a0words,', 'a "tip"', 'a cat', 'a name', 'and', 'more']);
});

test('what is wrong with a table is said', () => {
  const keys = ['one', '{0} of {1}', 'three'];
  assert.deepEqual(mistakesOf({ one: 'eins', '{0} of {1}': '{1}: {0}, {0}', three: 'drei' }, keys), []);
  assert.deepEqual(mistakesOf({ one: ' ', '{0} of {1}': '{0} von {2}', four: 'vier' }, keys), [
    'lacks: three',
    'has no longer a use: four',
    'is empty: one',
    'has other values than {n} of its English text: {0} of {1}',
  ]);
  assert.deepEqual(mistakesOf({ three: 'drei', one: 'eins', '{0} of {1}': '{0} von {1}' }, keys), ['is not in the order of the sources']);
  assert.deepEqual(placesOf('{1} {0} {1} {x}'), ['{0}', '{1}']);
});

test('a table that is brought up to date has its translations, in the order of the sources', () => {
  const table = updated({ two: 'zwei', gone: 'weg', one: 'eins' }, ['one', 'two', 'three', 'constructor']);
  assert.deepEqual(Object.entries(table), [
    ['one', 'eins'],
    ['two', 'zwei'],
    ['three', ''],
    ['constructor', ''],
  ]);
});

test('the settings, the texts of index.html and of workers are among the keys', () => {
  const keys = allKeys();
  const some = ['Keep ratio', 'Learning rate of the scores.', 'cubic', 'Train', 'hidden {0}', '{0} could not be fetched: {1}.', 'there is no such unit'];
  assert.deepEqual(
    some.filter((key) => !keys.has(key)),
    [],
  );
});

test('there is a table for each language that can be chosen', () => {
  const [, list = ''] = /LANGUAGES = \{([^}]*)\}/.exec(readFileSync(path.join(root, 'www', 'words', 'language.ts'), 'utf8')) ?? [];
  const names = [...list.matchAll(/'?([\w-]+)'?: '/g)].map(([, name]) => name).filter((name) => name !== 'en');
  assert.ok(names.length >= 3);
  assert.deepEqual(tableFiles(), names.map((name) => `${name}.json`).sort());
});

test('no text begins or ends with a blank, which a translator does not see', () => {
  assert.deepEqual(
    [...allKeys().keys()].filter((key) => key !== key.trim()),
    [],
  );
});

for (const file of tableFiles()) {
  test(`${file} has a translation for every text (npm run words says what is left)`, () => {
    const mistakes = mistakesOf(readTable(file), [...allKeys().keys()]);
    assert.equal(mistakes.length, 0, `${file} has ${mistakes.length} mistakes, such as:\n${mistakes.slice(0, 10).join('\n')}`);
  });
}

test('a German text has German quotes', () => {
  const wrong = Object.entries(readTable('de.json')).filter(([, text]) => /[„“”]/.test(text.replace(/„[^„“”]*“/g, '')));
  assert.deepEqual(wrong, []);
});
