import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { Language } from './language';
import { translator } from './translate';
import * as words from './words';

const { languageOfPage, parts, t, translated } = words;

const speak = (language: Language, table: Record<string, string>): void => words.speak(language, table, translator(table, language));

afterEach(() => words.speak('en', {}, (message) => message));

test('without a table a sentence is the English one, with its values', () => {
  assert.equal(t`Step ${4}: ${'a'}${undefined}.`, 'Step 4: a.');
  assert.equal(t`plain`, 'plain');
  assert.equal(languageOfPage(), 'en');
  assert.equal(translated('anything'), 'anything');
});

test('a table has the order of its language', () => {
  speak('de', { '{0} of {1} units': 'von {1} Einheiten {0}', Train: 'Trainieren' });
  assert.equal(t`${1} of ${2} units`, 'von 2 Einheiten 1');
  assert.equal(t`Train`, 'Trainieren');
  assert.equal(t`Pause`, 'Pause');
  assert.equal(languageOfPage(), 'de');
  const element = { name: 'b' };
  assert.deepEqual(parts`${element} of ${3} units`, ['von ', '3', ' Einheiten ', element]);
});

test('values are taken as they are, also with braces and dollars', () => {
  speak('de', { 'it is {0}': 'es ist {0}' });
  assert.equal(t`it is ${'{1} $& $1'}`, 'es ist {1} $& $1');
  assert.equal(translated('it is {0} $&'), 'es ist {0} $&');
});

test('what the engine says is translated whole, or by the form that fits best, with its values', () => {
  speak('de', {
    'hidden {0}': 'verborgen {0}',
    'compiling kernels': 'Kernel werden übersetzt',
    'it cannot be read: {0}': 'nicht lesbar: {0}',
    'the file {0} cannot be read': 'die Datei {0} ist nicht lesbar',
    'the file {0} cannot be read: {1}': 'die Datei {0} ist nicht lesbar: {1}',
    'it is empty': 'sie ist leer',
    '{0}, {1}': '{1}; {0}',
  });
  assert.equal(translated('compiling kernels'), 'Kernel werden übersetzt');
  assert.equal(translated('hidden 12'), 'verborgen 12');
  assert.equal(translated('the file a.b (c) cannot be read: it is empty'), 'die Datei a.b (c) ist nicht lesbar: sie ist leer');
  assert.equal(translated('the file x cannot be read'), 'die Datei x ist nicht lesbar');
  assert.equal(translated('a, b'), 'a, b', 'a form without words fits anything: it is taken for values that have a translation');
  assert.equal(translated('no such text'), 'no such text');
});
