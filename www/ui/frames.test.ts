// Parts of the page are redrawn in an animation frame after they changed.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { Frames, type Part } from './frames';

/** The milliseconds that the clock of the frames shows. */
let time = 0;
const clock = (): number => time;
let waiting: ((now: number) => void)[] = [];
/** Runs the next animation frame at that time. Returns whether one was requested. */
function frame(now: number): boolean {
  const [next, ...others] = waiting;
  assert.deepEqual(others, [], 'one frame at a time is asked for');
  waiting = [];
  next?.(now);
  return next !== undefined;
}
beforeEach(() => {
  waiting = [];
  Object.defineProperty(globalThis, 'requestAnimationFrame', { value: (work: (now: number) => void) => waiting.push(work), configurable: true });
});
afterEach(() => void Reflect.deleteProperty(globalThis, 'requestAnimationFrame'));

function made(): { fast: Part; slow: Part; drawn: string[] } {
  const drawn: string[] = [];
  const frames = new Frames({ fast: () => 0, slow: () => 100 }, clock);
  const part = (name: 'fast' | 'slow'): Part => frames.part(name, () => drawn.push(name));
  return { drawn, fast: part('fast'), slow: part('slow') };
}

test('what changed is drawn in the next frame, once, however often it changed', () => {
  const { fast, slow, drawn } = made();
  assert.equal(frame(0), false, 'nothing changed, no frame');
  fast.redraw();
  fast.redraw();
  slow.redraw();
  assert.deepEqual(drawn, []);
  assert(frame(1000));
  assert.deepEqual(drawn, ['fast', 'slow']);
  assert.equal(frame(1016), false);
});

test('a part is drawn no oftener than the eye has use for, and not forgotten', () => {
  const { fast, slow, drawn } = made();
  slow.redraw();
  frame(0);
  slow.redraw();
  fast.redraw();
  frame(50);
  assert.deepEqual(drawn, ['slow', 'fast']);
  assert(frame(99), 'it is waited for');
  assert.deepEqual(drawn, ['slow', 'fast']);
  frame(100);
  assert.deepEqual(drawn, ['slow', 'fast', 'slow']);
  assert.equal(frame(116), false);
});

test('what is wanted now does not wait', () => {
  const { slow, drawn } = made();
  slow.redraw();
  frame(0);
  slow.redrawNow();
  frame(1);
  assert.deepEqual(drawn, ['slow', 'slow']);
});

test('what a drawing changes is drawn in the frame after', () => {
  const drawn: string[] = [];
  const frames = new Frames({ always: () => 0 }, clock);
  const two = frames.part('always', () => drawn.push('two'));
  const one = frames.part('always', () => (drawn.push('one'), two.redraw()));
  one.redraw();
  frame(0);
  frame(16);
  assert.deepEqual(drawn, ['one', 'two']);
  assert.equal(frame(32), false);
});

test('what is of one pace is drawn together, and at once where it is flushed', () => {
  const drawn: string[] = [];
  const frames = new Frames({ words: () => 100 }, clock);
  const [one, two] = ['one', 'two'].map((name) => frames.part('words', () => drawn.push(name)));
  one?.redraw();
  frame(0);
  one?.redraw();
  two?.redraw();
  frame(50);
  assert.deepEqual(drawn, ['one'], 'the second waits for the pause that the first began');
  frame(100);
  assert.deepEqual(drawn, ['one', 'one', 'two']);
  two?.redraw();
  frames.flush('words');
  assert.deepEqual(drawn, ['one', 'one', 'two', 'two']);
  frame(150);
  assert.equal(drawn.length, 4, 'and not once more');
});

test('what does not fit in a frame is drawn in the next one, and first what was not drawn for longest', () => {
  const drawn: string[] = [];
  const frames = new Frames({ one: () => 0, two: () => 0, three: () => 0 }, clock);
  const slow = (name: 'one' | 'two' | 'three', ms: number): Part =>
    frames.part(name, () => {
      drawn.push(name);
      time += ms;
    });
  const parts = [slow('one', 50), slow('two', 1), slow('three', 50)];
  const change = (): void => parts.forEach((part) => part.redraw());
  change();
  assert(frame(0));
  assert.deepEqual(drawn, ['one']);
  change();
  assert(frame(16));
  assert.deepEqual(drawn, ['one', 'two', 'three']);
  assert(frame(32));
  assert.deepEqual(drawn, ['one', 'two', 'three', 'one']);
  assert.equal(frame(48), false);
});
