// Pins as a link writes them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Pin, readPins, withPin } from './pins';
import { chance } from '../testing/samples';

test('pins are read by unit, and none of nothing', () => {
  assert.deepEqual(
    [...readPins('12on,40off')],
    [
      [12, 'on'],
      [40, 'off'],
    ],
  );
  assert.deepEqual([...readPins('')], []);
  assert.deepEqual([...readPins()], []);
});

test('one more pin is put where its number belongs, another one in its place replaces it', () => {
  assert.equal(withPin(undefined, 7, 'on'), '7on');
  assert.equal(withPin('12on,40off', 9, 'off'), '9off,12on,40off');
  assert.equal(withPin('12on,40off', 100, 'on'), '12on,40off,100on');
  assert.equal(withPin('12on,40off', 40, 'on'), '12on,40on');
});

test('a unit that is let go leaves nothing behind, and one that was free changes nothing', () => {
  assert.equal(withPin('12on,40off', 12, null), '40off');
  assert.equal(withPin('12on', 12, null), '');
  assert.equal(withPin('12on', 3, null), '12on');
});

test('what is written is read back, whatever was pinned before', () => {
  const next = chance(3);
  const kept = new Map<number, Pin>();
  let text: string | undefined;
  for (let turn = 0; turn < 300; turn++) {
    const [unit, choice] = [Math.floor(next() * 40), Math.floor(next() * 3)];
    const pin = ([null, 'on', 'off'] as const)[choice] ?? null;
    if (pin === null) kept.delete(unit);
    else kept.set(unit, pin);
    text = withPin(text, unit, pin);
    assert.deepEqual(
      [...readPins(text)],
      [...kept].sort(([a], [b]) => a - b),
    );
    assert.match(text, /^(\d+(on|off)(,\d+(on|off))*)?$/);
  }
});
