// A lesson in a link: written and read back, and links that are no lessons.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Lesson, MOST, embedCode, plain, readLesson, tooLong, writeLesson } from './model';
import { chance } from '../../testing/samples';

const read = (hash: string): { lesson: Lesson; notes: string[] } => readLesson(hash) ?? assert.fail(`${hash} names no lesson`);

test('what is written is read back, with all that a link would take for its own', () => {
  const lesson = { title: 'Which pixels? 1+1=2 & more', text: 'First.\nThen: “#title=x”, 100 %, \\ and ✓ — 𝛼.', show: ['history', 'keep_ratio', 'loss-2'] };
  assert.deepEqual(read(`#${writeLesson(lesson)}`), { lesson, notes: [] });
  assert.deepEqual(read(writeLesson(lesson)), { lesson, notes: [] }, 'with and without its #');
});

test('any words come back as they were prepared', () => {
  const next = chance(11);
  const letters = [...'ab &=#%+?/\\"\'<>{}\n\r\täπ漢🙂\u0000\u200b\u202e\ufeff'];
  for (let turn = 0; turn < 500; turn++) {
    const words = (): string => Array.from({ length: Math.floor(next() * 40) }, () => letters[Math.floor(next() * letters.length)]).join('');
    const [title, text] = [plain(words()).replaceAll('\n', ' ').trim(), plain(words())];
    assert.deepEqual(read(writeLesson({ title, text, show: ['history'] })), { lesson: { title, text, show: ['history'] }, notes: [] });
  }
});

test('embed code is one element, whatever the words are', () => {
  assert.equal(
    embedCode('https://a.b/?x=1&y=2#lesson=loss&title=a', 'Is 1 < 2 & "why"?'),
    '<iframe src="https://a.b/?x=1&amp;y=2#lesson=loss&amp;title=a" title="Lacuna: Is 1 &lt; 2 &amp; &quot;why&quot;?" width="100%" height="720" loading="lazy" style="border: 0"></iframe>',
  );
  assert.match(embedCode('https://a.b/', ''), / title="Lacuna" /);
});

test('without a lesson there is none; an empty one shows nothing', () => {
  assert.equal(readLesson(''), null);
  assert.equal(readLesson('#title=x&text=y'), null);
  assert.deepEqual(read('#lesson=').lesson, { title: '', text: '', show: [] });
});

test('what else stands behind the # stays; another lesson and a claim go', () => {
  const hash = writeLesson({ title: '', text: 'b', show: ['loss'] }, '#theme=dark&lesson=history&title=old&text=older&claim=digits');
  const said = new URLSearchParams(hash);
  assert.deepEqual(Object.fromEntries(said), { theme: 'dark', lesson: 'loss', text: 'b' });
});

test('words are text: without control characters and without what turns the direction of others', () => {
  assert.equal(plain('a\u202eb\u0000c\u200bd\u2069e\ufefff\u0085g'), 'a b c d e f g');
  assert.equal(plain('a\r\nb\rc'), 'a\nb\nc');
  assert.equal(plain('a\n\n\n\n\nb'), 'a\n\nb');
  assert.equal(plain('  a\n'), 'a');
  assert.equal(plain('tab\there'), 'tab here');
  const hostile = '"><img src=x onerror=alert(1)><style>*{display:none}</style>{{1+1}}${1}';
  assert.equal(plain(hostile), hostile, 'what looks like code is text as well');
});

test('a title is one line', () => {
  assert.equal(read(`#lesson=history&title=${encodeURIComponent('a\u202Eb\u0000c\u200Bd\ne')}`).lesson.title, 'a b c d e');
});

test('what is no text is marked as such', () => {
  assert.match(read('#lesson=history&text=%E0%A4%A').lesson.text, /\uFFFD/);
});

test('words that are too long are cut, and a note says which', () => {
  const { lesson, notes } = read(`#lesson=history&title=${'t'.repeat(5000)}&text=${'y'.repeat(100_000)}`);
  assert.equal(lesson.title, `${'t'.repeat(80)}…`);
  assert.equal(lesson.text, `${'y'.repeat(800)}…`);
  assert.deepEqual(
    notes.map((note) => /lesson’s (title|text) is longer than (\d+) characters/.exec(note)?.slice(1)),
    [
      ['title', '80'],
      ['text', '800'],
    ],
  );
  const exact = read(writeLesson({ title: '🙂'.repeat(MOST.title), text: 'x'.repeat(MOST.text), show: [] }));
  assert.deepEqual(exact.notes, [], 'as many as are allowed, each a character however it is stored');
  assert.equal([...exact.lesson.title].length, MOST.title);
});

test('who writes is told what is too long', () => {
  assert.equal(tooLong({ title: '🙂'.repeat(80), text: 'x'.repeat(800) }), null);
  assert.equal(tooLong({ title: 'x'.repeat(81), text: '' }), 'The title has 81 characters; at most 80 are allowed.');
  assert.equal(tooLong({ title: '', text: 'x'.repeat(801) }), 'The text has 801 characters; at most 800 are allowed.');
});

test('parts that can be no names are left out, and a note says so; doubles are one', () => {
  const { lesson, notes } = read('#lesson=history.constructor.__proto__.%3Cb%3E.Train.history');
  assert.deepEqual(lesson.show, ['history', 'constructor']);
  assert.equal(notes.length, 1);
  assert.match(notes[0] ?? '', /cannot be names of parts/);
  assert.deepEqual(read(`#lesson=${Array.from({ length: 500 }, (_, index) => `part${index}`).join('.')}`).lesson.show.length, 200, 'nor more than a page has');
  assert.deepEqual(read('#lesson=history..loss.').notes, [], 'nothing between two dots is no part');
});
