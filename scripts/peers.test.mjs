// What `npm run peers` computes and writes; the peers themselves run only in it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asked, halfIqr, median, pageOf, ratiosOf, stepsFor, tablesOf } from '../bench/peers.mjs';
import { Explained } from './command.mjs';

test('a whole run has every network, every peer and five turns', () => {
  const whole = asked([]);
  assert.equal(whole.isWhole, true);
  assert.equal(whole.turns, 5);
  assert.deepEqual(asked(['--peers', 'torch,lacuna']).peers, ['lacuna', 'torch'], 'in the order of their turns');
  for (const args of [
    ['--turns', '4'],
    ['--networks', 'vgg16'],
    ['--peers', 'lacuna'],
  ])
    assert.equal(asked(args).isWhole, false, args.join(' '));
});

test('what nobody can run is refused in words', () => {
  for (const [args, words] of [
    [['--networks', 'mlp-7'], /there is no mlp-7; there are mlp-512-512/],
    [['--turns', '0'], /takes a number from 1, not "0"/],
    [['--turns', 'all'], /not "all"/],
    [['--fast'], /--fast[\s\S]*usage: npm run peers/],
  ])
    assert.throws(
      () => asked(args),
      (error) => error instanceof Explained && words.test(error.message),
      args.join(' '),
    );
});

test('medians and spreads', () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([4, 1, 9, 6]), 5);
  assert.equal(halfIqr([1, 2, 3, 4, 5]), 1);
});

test('a burst takes about a second, at least a step and at most five hundred', () => {
  assert.deepEqual([0.1, 4, 1000, 60_000].map(stepsFor), [500, 250, 1, 1]);
});

const times = { 'lacuna dense': [2, 6, 4], 'lacuna 0.1': [1, 1, 1], 'burn dense': [8, null, 8], 'torch dense': [4, 4, 4] };

test('ratios are those of the same turn', () => {
  assert.deepEqual(ratiosOf(times, 'lacuna dense', 'burn dense'), [0.25, 0.5]);
  assert.deepEqual(ratiosOf(times, 'lacuna dense', 'tfjs dense'), []);
});

test('a table has a row for each case that ran, and a dash where a network has none', () => {
  const text = tablesOf(['mlp-512-512', 'vgg16'], { 'mlp-512-512': times, vgg16: { 'lacuna dense': [10, 10, 10] } });
  assert.match(text, /^\| Lacuna, dense +\| 4 ± \S+ +\| 10 ± 0/m);
  assert.match(text, /^\| burn, dense +\| 8 ± 0\S* +\| –/m);
  assert.doesNotMatch(text, /tfjs/);
  assert.match(text, /^\| keep 0\.1 over PyTorch +\| 0\.25/m);
});

test('the page names versions and adapters, and why a peer is missing', () => {
  const page = pageOf({
    commit: 'abc',
    date: '2026-01-02',
    turns: 3,
    facts: { lacuna: { adapter: 'A' }, burn: { adapter: 'B', version: '1.2' } },
    networks: ['mlp-512-512'],
    results: { 'mlp-512-512': times },
    missing: ['PyTorch is left out: Python 3 is missing.'],
  });
  assert.match(page, /^\| burn +\| 1\.2, B/m);
  assert.match(page, /^\| commit +\| `abc`/m);
  assert.match(page, /^PyTorch is left out: Python 3 is missing\.$/m);
});
