// Parts of the page that are redrawn in a frame after they changed.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { Frames } from './frames';

let waiting: ((now: number) => void)[] = [];
/** Gives the next frame at that time; answers with whether one was asked for. */
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

function made(): { frames: Frames<'fast' | 'slow'>; drawn: string[] } {
  const drawn: string[] = [];
  return {
    drawn,
    frames: new Frames({ fast: { every_ms: () => 0, draw: () => drawn.push('fast') }, slow: { every_ms: () => 100, draw: () => drawn.push('slow') } }),
  };
}

test('what changed is drawn in the next frame, once, however often it changed', () => {
  const { frames, drawn } = made();
  assert.equal(frame(0), false, 'nothing changed, no frame');
  frames.redraw('fast');
  frames.redraw('fast', 'slow');
  assert.deepEqual(drawn, []);
  assert(frame(1000));
  assert.deepEqual(drawn, ['fast', 'slow']);
  assert.equal(frame(1016), false);
});

test('a part is drawn no oftener than the eye has use for, and not forgotten', () => {
  const { frames, drawn } = made();
  frames.redraw('slow');
  frame(0);
  frames.redraw('slow', 'fast');
  frame(50);
  assert.deepEqual(drawn, ['slow', 'fast']);
  assert(frame(99), 'it is waited for');
  assert.deepEqual(drawn, ['slow', 'fast']);
  frame(100);
  assert.deepEqual(drawn, ['slow', 'fast', 'slow']);
  assert.equal(frame(116), false);
});

test('what is wanted now does not wait', () => {
  const { frames, drawn } = made();
  frames.redraw('slow');
  frame(0);
  frames.redrawNow('slow');
  frame(1);
  assert.deepEqual(drawn, ['slow', 'slow']);
});

test('what a drawing changes is drawn in the frame after', () => {
  const drawn: string[] = [];
  const frames: Frames<'one' | 'two'> = new Frames({
    one: { every_ms: () => 0, draw: () => (drawn.push('one'), frames.redraw('two')) },
    two: { every_ms: () => 0, draw: () => drawn.push('two') },
  });
  frames.redraw('one');
  frame(0);
  frame(16);
  assert.deepEqual(drawn, ['one', 'two']);
  assert.equal(frame(32), false);
});
