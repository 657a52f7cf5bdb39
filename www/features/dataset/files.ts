// Which of the visitor's files are read, in which format and in which order. The terminal does the same, because a run depends on the order of the rows.

import type { OwnFile } from '../../protocol/messages';

const PICTURES = ['png', 'jpg', 'jpeg', 'webp', 'gif', 'bmp', 'avif'];
const TABLES = ['csv', 'tsv'];
const TEXTS = ['txt'];

export const lastOf = (path: string): string => path.split('/').at(-1) ?? path;

/** The extension of a file's name, without .gz. */
export function ending(path: string): string {
  const parts = lastOf(path).toLowerCase().split('.');
  const last = parts.length > 1 ? (parts.pop() ?? '') : '';
  return last === 'gz' && parts.length > 1 ? (parts.pop() ?? '') : last;
}

/** The order of two paths: folder by folder. */
function inOrder(a: Pick<OwnFile, 'path'>, b: Pick<OwnFile, 'path'>): number {
  const [mine, other] = [a.path.split('/'), b.path.split('/')];
  for (let at = 0; at < Math.min(mine.length, other.length); at++) {
    const [left = '', right = ''] = [mine[at], other[at]];
    if (left !== right) return left < right ? -1 : 1;
  }
  return mine.length - other.length;
}

/** The files that are read, in order. Files with a leading dot belong to systems and editors and are left out. */
export const inTurn = <Of extends Pick<OwnFile, 'path'>>(files: Of[]): Of[] =>
  files.filter(({ path }) => !path.split('/').some((part) => part.startsWith('.'))).sort(inOrder);

export const isPicture = ({ path }: Pick<OwnFile, 'path'>): boolean => PICTURES.includes(ending(path));
export const isTable = ({ path }: Pick<OwnFile, 'path'>): boolean => TABLES.includes(ending(path));
/** Extensions of tables. */
export const isText = ({ path }: Pick<OwnFile, 'path'>): boolean => TEXTS.includes(ending(path));
