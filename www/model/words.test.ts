// Sentences and names that several parts of the page use.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GROUPS, group } from '../testing/samples';
import { isChannel, unitsOf } from './units';
import { messageOf, sentence } from './words';

test('an engine’s words become one sentence, with one full stop', () => {
  assert.equal(sentence('seed must be a number'), 'Seed must be a number.');
  assert.equal(sentence('Is it there?'), 'Is it there?');
  assert.equal(sentence('stop!'), 'Stop!');
  assert.equal(sentence('done.'), 'Done.');
  assert.equal(sentence(''), '.');
  assert.deepEqual(['文件是空的', '“文件”', '好。', '文件: a'].map(sentence), ['文件是空的。', '“文件”。', '好。', '文件: a.']);
});

test('an error’s message is what it says, also where something else was thrown', () => {
  assert.equal(messageOf(new TypeError('no such thing')), 'no such thing');
  assert.equal(messageOf('as text'), 'as text');
  assert.equal(messageOf(undefined), 'undefined');
});

test('gated units are channels where all of them draw images, units where one does not', () => {
  const channel = group({ map_width: 28, map_height: 28 });
  assert.equal(isChannel(channel), true);
  assert.equal(isChannel(group()), false);
  assert.equal(unitsOf({ groups: [channel, group({ gated: false })] }), 'channels');
  assert.equal(unitsOf({ groups: [channel, group()] }), 'units');
  assert.equal(unitsOf({ groups: GROUPS }), 'units');
  assert.equal(unitsOf(null), 'units');
});
