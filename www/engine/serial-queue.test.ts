// Work that must not overlap.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SerialQueue } from './serial-queue';

const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('work runs in order, one piece at a time, and one that fails does not hold up the next', async () => {
  const queue = new SerialQueue();
  const log: string[] = [];
  const work = (name: string) => async (): Promise<string> => {
    log.push(`${name} begins`);
    await soon();
    log.push(`${name} ends`);
    if (name === 'b') throw new Error('b broke');
    return name;
  };
  const [a, b, c] = [queue.add(work('a')), queue.add(work('b')), queue.add(work('c'))];
  assert.equal(await a, 'a');
  await assert.rejects(b, { message: 'b broke' });
  assert.equal(await c, 'c');
  assert.deepEqual(log, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  assert.equal(await queue.add(() => 'at once'), 'at once');
});
