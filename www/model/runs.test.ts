// The runs that are laid over one another: eight at most, each with a colour of its own.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ListedRun, type Listing, MOST_RUNS, admit, forget, restore } from './runs';
import { chance, run } from '../testing/samples';

const NONE: Listing = { list: [], gone: null };
const admitted = (...runs: ListedRun[]): Listing => runs.reduce(admit, NONE);
const numbers = ({ list }: Listing): number[] => list.map(({ number }) => number);
const slots = ({ list }: Listing): number[] => list.map(({ slot }) => slot);

test('a run is taken in once, and gets the first free colour', () => {
  const [one, two, three] = [run(1), run(2), run(3)];
  const all = admitted(one, two, two, one, three);
  assert.deepEqual(numbers(all), [1, 2, 3]);
  assert.deepEqual(slots(all), [0, 1, 2]);
  const after = admit(forget(all, [2]), run(4));
  assert.equal(after.list.at(-1)?.slot, 1, 'the colour of the one that went');
});

test('what is new of a run takes the place of what was known, in its colour', () => {
  const all = admitted(run(1), run(2));
  const after = admit(all, run(2, {}, { state: 'halted' }));
  assert.deepEqual([numbers(after), slots(after)], [numbers(all), slots(all)]);
  assert.deepEqual(
    after.list.map(({ state }) => state),
    ['finished', 'halted'],
  );
  assert.equal(all.list[1]?.state, 'finished', 'the list of before stays as it was');
});

test('the same experiment once more takes the place of the first', () => {
  const all = admitted(run(1, { seed: '5' }), run(2, { seed: '6' }), run(3, { seed: '5' }));
  assert.deepEqual(numbers(all), [2, 3]);
  assert.equal(all.gone, null, 'nobody had to make room');
});

test('a run that was changed on the way is no other’s same', () => {
  assert.deepEqual(numbers(admitted(run(1, { seed: '5' }, { replaced: { keep_ratio: '0.5' } }), run(2, { seed: '5' }))), [1, 2]);
});

test('the oldest makes room, and is told of until somebody else comes', () => {
  const all = Array.from({ length: MOST_RUNS + 2 }, (_, index) => run(index));
  const full = admitted(...all.slice(0, MOST_RUNS));
  assert.equal(full.gone, null);
  const over = admit(full, all[MOST_RUNS] ?? assert.fail());
  assert.equal(over.gone?.number, 0);
  assert.equal(over.list.at(-1)?.slot, 0, 'its colour is free again');
  assert.equal(forget(over, []).gone, null);
});

test('colours are never shared and the number never exceeds what colours there are', () => {
  const next = chance(8);
  let listing = NONE;
  for (let turn = 0; turn < 400; turn++) {
    const before = listing;
    const at = Math.floor(next() * MOST_RUNS);
    if (next() < 0.7) listing = admit(listing, run(turn, { seed: String(Math.floor(next() * 20)) }));
    else
      listing = forget(
        listing,
        listing.list.filter(({ slot }) => slot === at).map(({ number }) => number),
      );
    assert(listing.list.length <= MOST_RUNS);
    assert.equal(new Set(slots(listing)).size, listing.list.length);
    assert(slots(listing).every((slot) => slot >= 0 && slot < MOST_RUNS));
    assert.notEqual(listing.list, before.list, 'a view knows that something changed');
  }
});

test('runs of before a reload come first, under numbers of their own; what trained meanwhile stays the newest', () => {
  const since = admitted(run(9, { seed: '9' }));
  const after = restore(
    since,
    [run(1), run(9, { seed: '2' })].map((each, slot) => ({ ...each, slot })),
  );
  assert.deepEqual(numbers(after), [-1, -2, 9]);
  assert.equal(new Set(slots(after)).size, 3);
});
