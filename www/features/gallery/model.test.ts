import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { CLAIMS, EXPERIMENTS, LESSONS, pictureOf } from './model';

const names = [...LESSONS, ...CLAIMS, ...EXPERIMENTS].map(({ name }) => name);

test('each offer has a name of its own and two pictures', () => {
  assert.equal(new Set(names).size, names.length);
  for (const name of names) {
    const pictures = [pictureOf(name, 'light'), pictureOf(name, 'dark')];
    assert.ok(!pictures.includes(undefined) && pictures[0] !== pictures[1], name);
  }
  assert.equal(pictureOf('no such offer', 'light'), undefined);
});

test('the lessons are the plans of docs/teaching.md, in their order, with their links and minutes', () => {
  const plans = readFileSync('docs/teaching.md', 'utf8')
    .split(/^### (?=\d\. )/m)
    .slice(1);
  const MINUTES: Record<string, number> = { five: 5, ten: 10, fifteen: 15, twenty: 20 };
  const sorted = (query: string): string[] => [...new URLSearchParams(query)].map(([name, value]) => `${name}=${value}`).sort();
  const read = plans.map((plan) => {
    const [, query = '', hash = ''] = /example\.org\/lacuna\/\?(\S+)#(\S+)/.exec(plan) ?? [];
    const lesson = new URLSearchParams(hash);
    return {
      settings: sorted(query),
      show: (lesson.get('lesson') ?? '').split('.').sort(),
      title: lesson.get('title'),
      text: lesson.get('text'),
      minutes: MINUTES[/\((\w+) minutes/.exec(plan)?.[1] ?? ''],
    };
  });
  const offered = LESSONS.map(({ query, show, title, text, minutes }) => ({ settings: sorted(query), show: [...show].sort(), title, text, minutes }));
  assert.deepEqual(read, offered);
});

test('the claims and experiments have a title, and an experiment a network', () => {
  assert.ok(CLAIMS.every(({ title, measures }) => title !== '' && measures !== ''));
  assert.deepEqual(
    EXPERIMENTS.map(({ name, query }) => new URLSearchParams(query).get('model') === name),
    EXPERIMENTS.map(() => true),
  );
});
