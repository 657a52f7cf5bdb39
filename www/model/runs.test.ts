// The runs that are laid over one another: eight at most, each with a colour of its own.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MOST_RUNS, Runs } from './runs';
import { chance, run } from '../testing/samples';

test('a run is taken in once, and gets the first free colour', () => {
  const runs = new Runs();
  const [one, two, three] = [run(1), run(2), run(3)];
  for (const each of [one, two, two, one, three]) runs.admit(each);
  assert.deepEqual(runs.list, [one, two, three]);
  assert.deepEqual(
    runs.list.map(({ slot }) => slot),
    [0, 1, 2],
  );
  runs.forget((each) => each === two);
  const four = run(4);
  runs.admit(four);
  assert.equal(four.slot, 1, 'the colour of the one that went');
});

test('the same experiment once more takes the place of the first', () => {
  const runs = new Runs();
  const [before, other, again] = [run(1, { seed: '5' }), run(2, { seed: '6' }), run(3, { seed: '5' })];
  for (const each of [before, other, again]) runs.admit(each);
  assert.deepEqual(runs.list, [other, again]);
  assert.equal(runs.gone, null, 'nobody had to make room');
});

test('a run that was changed on the way is no other’s same', () => {
  const runs = new Runs();
  const [changed, plain] = [run(1, { seed: '5' }, { replaced: { keep_ratio: '0.5' } }), run(2, { seed: '5' })];
  runs.admit(changed);
  runs.admit(plain);
  assert.deepEqual(runs.list, [changed, plain]);
});

test('the oldest makes room, and is told of until somebody else comes', () => {
  const runs = new Runs();
  const all = Array.from({ length: MOST_RUNS + 2 }, (_, index) => run(index));
  for (const each of all.slice(0, MOST_RUNS)) runs.admit(each);
  assert.equal(runs.gone, null);
  runs.admit(all[MOST_RUNS] ?? assert.fail());
  assert.equal(runs.gone, all[0]);
  assert.equal(runs.list.at(-1)?.slot, all[0]?.slot, 'its colour is free again');
  runs.forget(() => false);
  assert.equal(runs.gone, null);
});

test('colours are never shared and the number never exceeds what colours there are', () => {
  const [runs, next] = [new Runs(), chance(8)];
  for (let turn = 0; turn < 400; turn++) {
    const { version } = runs;
    if (next() < 0.7) runs.admit(run(turn, { seed: String(Math.floor(next() * 20)) }));
    else runs.forget(({ slot }) => slot === Math.floor(next() * MOST_RUNS));
    assert(runs.list.length <= MOST_RUNS);
    const slots = runs.list.map(({ slot }) => slot);
    assert.equal(new Set(slots).size, slots.length);
    assert(slots.every((slot) => slot >= 0 && slot < MOST_RUNS));
    assert(runs.version > version, 'a view knows that something changed');
  }
});

test('runs of before a reload come first; what trained meanwhile stays the newest', () => {
  const runs = new Runs();
  const since = run(9, { seed: '9' });
  runs.admit(since);
  const before = [run(1), run(2)].map((each, slot) => ({ ...each, slot }));
  runs.restore(before);
  assert.deepEqual(
    runs.list.map(({ number }) => number),
    [1, 2, 9],
  );
  assert.equal(new Set(runs.list.map(({ slot }) => slot)).size, 3);
});
