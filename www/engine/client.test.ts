// The engine client: which worker gets a request, which requests a new worker gets first, and whose reports are passed on.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import type { Report, Request } from '../protocol/messages';
import { EngineClient } from './client';

/** A worker that only records the requests it gets. */
class StillWorker {
  static all: StillWorker[] = [];
  asked: Request[] = [];
  ended = false;
  private readonly listeners = new Map<string, (event: unknown) => void>();

  constructor() {
    StillWorker.all.push(this);
  }

  addEventListener(kind: string, receive: (event: unknown) => void): void {
    this.listeners.set(kind, receive);
  }

  postMessage(request: Request): void {
    this.asked.push(request);
  }

  terminate(): void {
    this.ended = true;
  }

  says(report: Report): void {
    this.listeners.get('message')?.({ data: report });
  }

  breaks(message: string): void {
    this.listeners.get('error')?.({ message, preventDefault: () => undefined });
  }
}

beforeEach(() => {
  StillWorker.all = [];
  Object.defineProperty(globalThis, 'Worker', { value: StillWorker, configurable: true });
});
afterEach(() => void Reflect.deleteProperty(globalThis, 'Worker'));

const PACE: Request = { kind: 'pace', steps_per_second: 0 };
const TRAIN: Request = { kind: 'train' };

function made(is_open = false): { client: EngineClient; received: Report[]; renewed: () => number } {
  const received: Report[] = [];
  let count = 0;
  const client = new EngineClient({ receive: (report) => received.push(report), isOpen: () => is_open, first: () => [PACE], renewed: () => (count += 1) });
  return { client, received, renewed: () => count };
}

test('a new worker is asked what comes first before anything else', () => {
  const { client, renewed } = made();
  client.begin();
  client.ask(TRAIN);
  assert.deepEqual(StillWorker.all[0]?.asked, [PACE, TRAIN]);
  client.broken = true;
  client.ask(TRAIN);
  const [before, after] = StillWorker.all;
  assert.deepEqual([before?.ended, after?.asked, renewed()], [true, [PACE, TRAIN], 1]);
  client.ask(TRAIN);
  assert.equal(StillWorker.all.length, 2, 'and it is taken for whole again');
});

test('a broken engine is not replaced to save what it has lost', () => {
  const { client } = made();
  client.broken = true;
  client.ask({ kind: 'checkpoint' });
  assert.equal(StillWorker.all.length, 1);
});

test('reports of a worker that was replaced are dropped', () => {
  const { client, received } = made();
  client.renew();
  const [before, after] = StillWorker.all;
  before?.says({ kind: 'state', run: 1, state: 'training' });
  before?.breaks('late');
  assert.deepEqual(received, []);
  after?.says({ kind: 'state', run: 2, state: 'idle' });
  assert.equal(received.length, 1);
});

test('a worker that breaks is told of as a crash where a run was open, and as no engine where none was', () => {
  const failures = [true, false].map((is_open) => {
    const { received } = made(is_open);
    StillWorker.all.at(-1)?.breaks('');
    return received[0]?.kind === 'failed' ? [received[0].run, received[0].failure, received[0].message !== ''] : null;
  });
  assert.deepEqual(failures, [
    [0, 'crashed', true],
    [0, 'engine', true],
  ]);
});
