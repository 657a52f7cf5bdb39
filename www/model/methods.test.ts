// The table of methods, and which settings each method uses.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { denseWork, FAMILIES, METHODS, means, methodOf } from './methods';

test('the method of values is theirs, that of none is the default', () => {
  assert.equal(methodOf({ method: 'rigl' }), METHODS['rigl']);
  for (const values of [null, {}, { method: 'nobody' }]) assert.deepEqual(methodOf(values), METHODS['vrpge']);
});

test('every method is of one family, and every family has some', () => {
  const named = FAMILIES.map(([family]) => family);
  for (const [name, { family, does }] of Object.entries(METHODS)) {
    assert(named.includes(family), name);
    assert(does.endsWith('.'), `${name}: ${does}`);
  }
  for (const family of named)
    assert(
      Object.values(METHODS).some((method) => method.family === family),
      family,
    );
});

test('a setting that is some method’s own means nothing to the others; one that is nobody’s means something to all', () => {
  const own: Record<string, string[]> = {
    estimator: ['vrpge'],
    alpha: ['vrpge', 'reinforce'],
    scores_rate: ['vrpge', 'reinforce', 'ste', 'fisher'],
    control_variate: ['vrpge'],
    effect_rate: ['vrpge', 'fisher', 'fisher-pruning'],
    exact_information: ['vrpge', 'fisher', 'fisher-pruning'],
    fill_budget: ['vrpge', 'reinforce', 'ste'],
    budget_unit: ['vrpge', 'reinforce', 'ste', 'fisher', 'magnitude', 'fisher-pruning', 'set', 'rigl', 'snip'],
    pins: ['vrpge', 'reinforce', 'ste', 'fisher'],
    schedule: ['vrpge', 'reinforce', 'ste', 'fisher', 'magnitude', 'fisher-pruning', 'small-dense'],
    structure_every: ['magnitude', 'fisher-pruning', 'set', 'rigl'],
    drop_fraction: ['set', 'rigl'],
    allocation: ['set', 'rigl', 'static'],
    compact: ['vrpge', 'reinforce', 'fisher', 'magnitude', 'fisher-pruning', 'snip', 'static'],
  };
  for (const method of Object.keys(METHODS)) {
    for (const [setting, of] of Object.entries(own)) assert.equal(means(setting, { method }), of.includes(method), `${setting} of ${method}`);
    for (const setting of ['seed', 'learning_rate', 'model', 'dataset', 'steps']) assert(means(setting, { method }), `${setting} of ${method}`);
    assert.equal(means('keep_ratio', { method }), method !== 'dense', method);
  }
});

test('where the budget stands still, how it would fall means nothing', () => {
  for (const setting of ['keep_start', 'anneal_fraction']) {
    assert.equal(means(setting, { method: 'vrpge', schedule: 'cubic' }), true);
    assert.equal(means(setting, { method: 'vrpge', schedule: 'constant' }), false);
  }
  assert.equal(means('schedule', { method: 'vrpge', schedule: 'constant' }), true);
});

test('dense work at the start is named where the budget falls from nearly all units', () => {
  const words = (method: string, keep_start: string, schedule = 'cubic'): string | null => denseWork({ method, keep_start, schedule });
  assert.match(words('vrpge', '0.999') ?? '', /starts whole/);
  assert.equal(words('vrpge', '0.3'), 'none');
  assert.equal(words('vrpge', '0.999', 'constant'), 'none');
  assert.match(words('magnitude', '0.9') ?? '', /the start/);
  assert.equal(words('magnitude', '0.5'), 'none');
  assert.equal(words('set', '0.999'), null);
});

test('only a budget that falls starts whole', () => {
  for (const [name, { starts_whole, settings }] of Object.entries(METHODS)) {
    if (starts_whole) assert(settings.includes('schedule') && settings.includes('keep_start'), name);
  }
  assert.deepEqual(
    Object.keys(METHODS).filter((name) => METHODS[name]?.starts_whole),
    ['vrpge', 'reinforce', 'ste', 'fisher', 'magnitude', 'fisher-pruning'],
  );
});
