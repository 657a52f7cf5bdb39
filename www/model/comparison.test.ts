// A comparison: who trains after whom, and with which settings.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Controls } from './controls';
import type { Contender, Knob, MethodName, Values } from '../protocol/messages';
import { Queue } from './comparison';
import { description } from '../testing/samples';

const contender = (name: string, more: Partial<Contender> = {}): Contender => ({
  name,
  method: name as MethodName,
  presets: {},
  made_by: {},
  is_allocated: false,
  ...more,
});
const knob = (name: string, value: string): Knob => ({ name, label: name, help: '', live: false, value, kind: { type: 'text' } });

const controls = new Controls(() => undefined);
controls.knobs = [knob('learning_rate', '0.1'), knob('scores_rate', '0.05'), knob('method', 'vrpge')];
const BASE: Values = { method: 'static', learning_rate: '0.1', scores_rate: '0.05', seed: '3', pins: '', allocation: '' };

const ALL = [
  contender('vrpge', { presets: { learning_rate: '0.2', scores_rate: '0.03' } }),
  contender('vrpge-one-sided', { method: 'vrpge', made_by: { estimator: 'one-sided' } }),
  contender('static', { presets: { learning_rate: '0.4' } }),
  contender('static-allocated', { method: 'static', is_allocated: true }),
  contender('dense'),
];

/** All that the queue asks for, one after another; each run ends with these scores. */
function asked(queue: Queue, scores: Float32Array | null): { name: string; found: ReturnType<Queue['next']> }[] {
  const all = [];
  for (let found = queue.next(controls); found !== null; found = queue.next(controls)) {
    all.push({ name: queue.now.contender, found });
    if (scores && 'values' in found) queue.end(description(), scores);
  }
  return all;
}
const SCORES = Float32Array.of(0.5, 0.9, 0.1, 0.2, 0, 1, 0.4, 0.4, 0.45, 0.1);

test('opponents come first, the learned ones after them, who waits for one of these last', () => {
  const queue = new Queue(ALL, BASE, false);
  assert.deepEqual(
    asked(queue, SCORES).map(({ name }) => name),
    ['dense', 'static', 'vrpge-one-sided', 'vrpge', 'static-allocated'],
  );
  assert.equal(queue.next(controls), null, 'and no more');
});

test('where it is can be told', () => {
  const queue = new Queue(ALL.slice(0, 3), BASE, false);
  assert.deepEqual(queue.now, { run: 0, of: 3, contender: '' });
  queue.next(controls);
  assert.deepEqual(queue.now, { run: 1, of: 3, contender: 'static' });
});

test('all have what they have in common, and what makes each the one it is', () => {
  const by = Object.fromEntries(asked(new Queue(ALL, BASE, false), SCORES).map(({ name, found }) => [name, found && 'values' in found ? found.values : null]));
  assert.deepEqual(by['dense'], { ...BASE, method: 'dense' });
  assert.deepEqual(by['vrpge'], { ...BASE, method: 'vrpge' });
  assert.deepEqual(by['vrpge-one-sided'], { ...BASE, method: 'vrpge', estimator: 'one-sided' });
});

test('presets are lent where that is wanted, but for what was chosen by hand', () => {
  const by = Object.fromEntries(
    asked(new Queue(ALL, { ...BASE, learning_rate: '0.03' }, true), SCORES).map(({ name, found }) => [name, found && 'values' in found ? found.values : null]),
  );
  assert.deepEqual([by['vrpge']?.['learning_rate'], by['vrpge']?.['scores_rate']], ['0.03', '0.03']);
  assert.deepEqual([by['static']?.['learning_rate'], by['static']?.['scores_rate']], ['0.03', '0.05'], 'nothing of the one before');
  assert.equal(asked(new Queue(ALL.slice(2, 3), BASE, true), null)[0]?.name, 'static');
});

test('who keeps as many units as VR-PGE ended with is asked for just these', () => {
  const [last] = asked(new Queue(ALL, BASE, false), SCORES).slice(-1);
  // Three inputs, and of the hidden units, none of which is kept, the best.
  assert.deepEqual(last?.found, { values: { ...BASE, method: 'static', allocation: '3,1' } });
});

test('without a run of VR-PGE that ended, its division is refused in words', () => {
  const [last] = asked(new Queue(ALL, BASE, false), null).slice(-1);
  assert.deepEqual(last?.found, { refused: 'static-allocated divides the budget as vrpge ended up, and that run did not come to its end.' });
});

test('pins go with the scores that they belong to', () => {
  const by = Object.fromEntries(
    asked(new Queue(ALL, { ...BASE, method: 'vrpge', pins: '2on' }, false), SCORES).map(({ name, found }) => [
      name,
      found && 'values' in found ? found.values['pins'] : null,
    ]),
  );
  assert.deepEqual(by, { dense: '', static: '', 'vrpge-one-sided': '2on', vrpge: '2on', 'static-allocated': '' });
});
