// A lesson in a link: a title, a text, and the parts of the page that stay. All of it follows the #, which the engine's reader of links
// ignores, and all of it is plain text.

import { t } from '../../words/words';

export interface Lesson {
  title: string;
  text: string;
  /** Names of the parts that stay. */
  show: string[];
}

/** Most characters of title and text. */
export const MOST = { title: 80, text: 800 };
/** Most parts that are read. The page has some sixty. */
const MOST_PARTS = 200;
const PART_NAME = /^[a-z][a-z0-9_-]{0,39}$/;

/** A text without control characters and without characters that change the writing direction. */
export function plain(text: string): string {
  return text
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g, ' ')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim();
}

const characters = (text: string): string[] => [...text];

/** Why a title or a text cannot be used; null if it can. */
export function tooLong({ title, text }: Pick<Lesson, 'title' | 'text'>): string | null {
  for (const [name, words, most] of [
    ['title', title, MOST.title],
    ['text', text, MOST.text],
  ] as const) {
    const length = characters(words).length;
    if (length > most) return t`The ${name} has ${length} characters; at most ${most} are allowed.`;
  }
  return null;
}

/** The part of an address after the #, with this lesson. Other parameters stay. */
export function writeLesson({ title, text, show }: Lesson, hash = ''): string {
  const said = new URLSearchParams(hash.replace(/^#/, ''));
  for (const name of ['title', 'text', 'claim']) said.delete(name);
  said.set('lesson', show.join('.'));
  if (title !== '') said.set('title', plain(title));
  if (text !== '') said.set('text', plain(text));
  return said.toString();
}

/** The code with which another page shows a lesson in a frame. */
export function embedCode(address: string, title: string): string {
  const attribute = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
  const name = title === '' ? 'Lacuna' : t`Lacuna: ${title}`;
  return `<iframe src="${attribute(address)}" title="${attribute(name)}" width="100%" height="720" loading="lazy" style="border: 0"></iframe>`;
}

/** The lesson of an address, and in words what was changed or left out; null if there is none. */
export function readLesson(hash: string): { lesson: Lesson; notes: string[] } | null {
  const said = new URLSearchParams(hash.replace(/^#/, ''));
  const named = said.get('lesson');
  if (named === null) return null;
  const notes: string[] = [];
  const words = (name: keyof typeof MOST): string => {
    const found = characters(plain(said.get(name) ?? ''));
    if (found.length <= MOST[name]) return found.join('');
    notes.push(t`The lesson’s ${name} is longer than ${MOST[name]} characters; the rest is left out.`);
    return `${found.slice(0, MOST[name]).join('')}…`;
  };
  const [title, text] = [words('title').replaceAll('\n', ' '), words('text')];
  const parts = [...new Set(named.split('.').filter((name) => name !== ''))];
  const show = parts.slice(0, MOST_PARTS).filter((name) => PART_NAME.test(name));
  if (show.length < parts.length) notes.push(t`Some of the parts that the link names cannot be names of parts; they are left out.`);
  return { lesson: { title, text, show }, notes };
}
