import assert from 'node:assert/strict';
import { test } from 'node:test';
import { languageOfPage, parts, t, translated } from './words';

test('without a table a sentence is the English one, with its values', () => {
  assert.equal(t`Step ${4}: ${'a'}${undefined}.`, 'Step 4: a.');
  assert.equal(t`it is ${'{1} $& $1'}`, 'it is {1} $& $1');
  const element = { name: 'b' };
  assert.deepEqual(parts`${element} of ${3} units`, [element, ' of ', '3', ' units']);
  assert.equal(languageOfPage(), 'en');
  assert.equal(translated('anything'), 'anything');
});
