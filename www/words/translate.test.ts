import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arranged } from './places';
import { said } from './said';
import { translator } from './translate';

const german = (table: Record<string, string>): ((message: string) => string) => translator(table, 'de');

test('a text of the table is translated, and one without a translation stays', () => {
  const translate = german({ 'Learning rate': 'Lernrate', constructor: 'Erbauer' });
  assert.equal(translate('Learning rate'), 'Lernrate');
  assert.equal(translate('Learning rates'), 'Learning rates');
  assert.equal(translate('toString'), 'toString');
  assert.equal(translate('constructor'), 'Erbauer');
  assert.equal(german({})('a: b. c.'), 'a: b. c.');
});

test('the values of a message stand where the translation has their places, in any order and as often as it says', () => {
  const translate = german({ 'the loss of {0} is not below {1}': '{1} ist nicht größer als {0}; {0}' });
  assert.equal(translate('the loss of a is not below b'), 'b ist nicht größer als a; a');
  assert.deepEqual(arranged('{1} und {0}{1}', ['a', 'b']), ['b', ' und ', 'a', 'b']);
});

test('values are texts, not patterns: dollars, braces and brackets stay', () => {
  const translate = german({ 'there is no {0} in it (yet)': 'kein {0} darin (noch)' });
  for (const value of ['$&', '$1', '{0}', '{1}', '.*', '\\']) assert.equal(translate(`there is no ${value} in it (yet)`), `kein ${value} darin (noch)`);
  assert.equal(translate('there is no x in it yet'), 'there is no x in it yet');
});

test('values that are messages are translated, values in quotes and single words are not', () => {
  const translate = german({
    'its link: {0}': 'sein Link: {0}',
    '{0} must be {1}, not "{2}"': '{0} muss {1} sein, nicht "{2}"',
    'a number from {0} to {1}': 'eine Zahl von {0} bis {1}',
    'true or false': 'true oder false',
    units: 'Einheiten',
  });
  assert.equal(
    translate('its link: alpha must be a number from 0 to 1, not "true or false"'),
    'sein Link: alpha muss eine Zahl von 0 bis 1 sein, nicht "true or false"',
  );
  assert.equal(translate('augment must be true or false, not "2"'), 'augment muss true oder false sein, nicht "2"');
  // The name of a visitor's class may be a word of the page.
  assert.equal(translate('its link: units'), 'sein Link: units');
});

test('of several patterns that fit, that which leaves the least in English is taken', () => {
  const table = { 'it is {0}': 'es ist {0}', 'it is empty; {0} values are missing': 'es ist leer; {0} Werte fehlen', 'it is empty': 'es ist leer' };
  for (const entries of [Object.entries(table), Object.entries(table).reverse()]) {
    const translate = german(Object.fromEntries(entries));
    assert.equal(translate('it is empty; 3 values are missing'), 'es ist leer; 3 Werte fehlen');
    assert.equal(translate('it is empty'), 'es ist leer');
    assert.equal(translate('it is a PDF'), 'es ist a PDF');
  }
});

test('a pattern of one word is taken for numbers, quotes and translated values only', () => {
  const translate = german({ '{0} of {1}': '{0} von {1}', 'column {0}': 'Spalte {0}', '{0} and {1}': '{0} und {1}' });
  assert.equal(translate('3 of 10'), '3 von 10');
  assert.equal(translate('bag of words'), 'bag of words');
  assert.equal(translate('3 apples of words'), '3 apples of words');
  assert.equal(translate('column 2 and column 5'), 'Spalte 2 und Spalte 5');
  assert.equal(translate('"Yes" and "yes"'), '"Yes" und "yes"');
});

test('the parts of a message and the items of a list are translated, also where their names have marks', () => {
  const translate = german({
    '{0}: {1}. {2}.': '{0}: {1}. {2}!',
    '{0}, {1}': '{0}; {1}',
    '{0}, line {1}': '{0}, Zeile {1}',
    'it is empty': 'sie ist leer',
    'Unpack it first': 'Entpacke sie zuerst',
    'Left out: {0}.': 'Weggelassen: {0}.',
    '{0} (counts the rows)': '{0} (zählt die Zeilen)',
    '{0} (words, {1} different ones)': '{0} ({1} verschiedene Wörter)',
  });
  assert.equal(
    translate('Smith, J. (b. c: d).csv, line 3: it is empty. Unpack it first.'),
    'Smith, J. (b. c: d).csv, Zeile 3: sie ist leer. Entpacke sie zuerst!',
  );
  assert.equal(
    translate('Left out: no (counts the rows), name (words, 300 different ones), a (b).'),
    'Weggelassen: no (zählt die Zeilen); name (300 verschiedene Wörter); a (b).',
  );
  assert.equal(translate('Left out: Smith, J.'), 'Weggelassen: Smith, J.');
});

test('a message that several patterns explain as well is divided where its values are', () => {
  const translate = german({
    '{0}: {1}. {2}.': '{0}: {1}. {2}.',
    '{0}, {1}': '{0}, {1}',
    '{0}, {1}: {2} and {3}': '{0}, {1}: {2} und {3}',
    '{0} rows of {1} values': '{0} Zeilen mit {1} Werten',
    '{0} classes': '{0} Klassen',
    '{0} training rows': '{0} Trainingszeilen',
    '{0} test rows': '{0} Testzeilen',
    '{0} is empty; {1} values are missing': '{0} ist leer; {1} Werte fehlen',
    'column {0}': 'Spalte {0}',
    'the values of {0}': 'die Werte von {0}',
    'hidden {0}': 'verdeckt {0}',
    '{0} would take {1} MiB, but buffers end at {2} MiB': '{0} braucht {1} MiB, doch Puffer enden bei {2} MiB',
    'the sets are {0}': 'die Mengen sind {0}',
    'Left out: {0}.': 'Weggelassen: {0}.',
    '{0} (counts the rows)': '{0} (zählt)',
    'Fill them in': 'Füllen Sie sie aus',
    '{0} says "{1}", which is no number{2}': '{0} sagt „{1}“, was keine Zahl ist{2}',
    ', and so do {0} further cells': ', wie {0} weitere Zellen',
  });
  assert.equal(
    translate('200 rows of 4 values, 3 classes: 170 training rows and 30 test rows'),
    '200 Zeilen mit 4 Werten, 3 Klassen: 170 Trainingszeilen und 30 Testzeilen',
  );
  assert.equal(translate('a.csv: column 2 is empty; 3 values are missing. Fill them in.'), 'a.csv: Spalte 2 ist leer; 3 Werte fehlen. Füllen Sie sie aus.');
  assert.equal(
    translate('a.csv: column 2 says "x", which is no number, and so do 3 further cells. Fill them in.'),
    'a.csv: Spalte 2 sagt „x“, was keine Zahl ist, wie 3 weitere Zellen. Füllen Sie sie aus.',
  );
  assert.equal(translate('a says "x", which is no number'), 'a sagt „x“, was keine Zahl ist');
  assert.equal(
    translate('the values of hidden 1 would take 9 MiB, but buffers end at 8 MiB'),
    'die Werte von verdeckt 1 braucht 9 MiB, doch Puffer enden bei 8 MiB',
  );
  assert.equal(translate('the sets are a, b'), 'die Mengen sind a, b');
  assert.equal(translate('Left out: column 3 (counts the rows), b.'), 'Weggelassen: Spalte 3 (zählt), b.');
});

test('a text of the page that has no words and no marks between its values is no pattern', () => {
  const translate = german({ '{0} {1}.': '{1} {0}.', 'is empty': 'ist leer' });
  assert.equal(translate('it is empty.'), 'it is empty.');
});

test('numbers are grouped as the language does, and lines are messages of their own', () => {
  const translate = german({ '{0} training rows': '{0} Trainingszeilen', 'it is empty': 'sie ist leer' });
  assert.equal(translate('60,000 training rows\nit is empty'), '60.000 Trainingszeilen\nsie ist leer');
});

test('a worker says its message in English', () => {
  assert.equal(said`${'a.gz'} is not on this server (${404}).`, 'a.gz is not on this server (404).');
  assert.equal(said`data`, 'data');
});
