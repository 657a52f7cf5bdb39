// The tables of the page's languages, www/words, and the sources say the same.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { root } from './command.mjs';
import { allKeys, keysOfModule, keysOfPage, keysOfSettings } from './words.mjs';

const folder = path.join(root, 'www', 'words');
const tables = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => [file, JSON.parse(readFileSync(path.join(folder, file), 'utf8'))]);
const placesOf = (text) => [...text.matchAll(/\{\d+\}/g)].map(([place]) => place).sort();

test('keys are found in every way of writing them', () => {
  const source = "const a: string = t`one ${b} two ${t`inner ${c}`}`; f(...parts`${x} of ${y}`); other`no`; `nor ${this}`; 'nor this';";
  assert.deepEqual([...keysOfModule(source)].sort(), ['inner {0}', 'one {0} two {1}', '{0} of {1}']);
  const page =
    '<!-- no --><script>no</script><noscript><p>no</p></noscript><h1 aria-label="No" translate="no">n<i>o</i></h1><b title="A title" data-x="no"> some&nbsp;words <i></i></b><u>12</u>';
  assert.deepEqual([...keysOfPage(page)].sort(), ['A title', 'some\u00a0words']);
  const settings =
    'choice! {\n    X {\n        A = "a", "label of a";\n    }\n}\n\nsettings! {\n    x: f64 = 0.0, Kind::Switch, false,\n        "A \\u{3b1}", "Its \\"help\\".";\n}\n';
  assert.deepEqual([...keysOfSettings(settings)], ['A α', 'Its "help".', 'label of a']);
});

test('the settings and the texts of index.html are among the keys', () => {
  const keys = allKeys();
  assert.ok(['Keep ratio', 'Learning rate of the scores.', 'cubic', 'Train', 'hidden {0}', 'Paused at step {0}.'].every((key) => keys.has(key)));
  assert.ok(keys.size > 900, String(keys.size));
});

test('there is a table for each language that can be chosen', () => {
  const [, list = ''] = /LANGUAGES = \{([^}]*)\}/.exec(readFileSync(path.join(folder, 'language.ts'), 'utf8')) ?? [];
  const names = [...list.matchAll(/'?([\w-]+)'?: '/g)].map(([, name]) => name).filter((name) => name !== 'en');
  assert.ok(names.length >= 3);
  assert.deepEqual(tables.map(([file]) => file).sort(), names.map((name) => `${name}.json`).sort());
});

for (const [file, table] of tables) {
  test(`${file} has every text of the page and no other, with its values`, () => {
    const keys = [...allKeys().keys()];
    const name = 'npm run words says what to do';
    assert.deepEqual(
      keys.filter((key) => !table[key]),
      [],
      `texts without a translation: ${name}`,
    );
    assert.deepEqual(
      Object.keys(table).filter((key) => !keys.includes(key)),
      [],
      `texts that the page no longer has: ${name}`,
    );
    for (const key of keys) assert.deepEqual(placesOf(table[key]), placesOf(key), key);
  });
}
