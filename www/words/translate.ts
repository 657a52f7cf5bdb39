// Translates what the engine and the workers say in English. A message has its values in it already, so that the texts of the table are compared with it
// as patterns. Values are translated too, if they are no names: a value in quotes and one of a single word stay.

import { PLACE, arranged } from './places';

interface Pattern {
  form: RegExp;
  /** Which value each group of the form holds, and whether it is in quotes. */
  places: { value: number; quoted: boolean }[];
  /** At least two words in a row: a message that has them is this one. Others must show it by their values. */
  certain: boolean;
  /** Without any word: "{0}: {1}. {2}.". It is taken if a value has a translation. */
  bare: boolean;
  text: string;
}

/** Numbers, or texts in quotes: what stands beside a single word of the program, such as "column 3". */
const PLAIN = /^(?:\d[\d., ]*|"[\s\S]*")$/;

const withoutPlaces = (key: string): string => key.replace(/\{\d+\}/g, '');
const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

function patternOf([key, text]: [string, string]): Pattern {
  const split = key.split(PLACE);
  const bare = !/\p{L}/u.test(withoutPlaces(key));
  // Between marks alone, a mark in parentheses does not count. The last comma separates an item from those before it, other marks count where they come first.
  const value = (index: number): string => (bare ? `((?:\\([^)]*\\)|[^(])+${split[index + 1] === ', ' ? '' : '?'})` : '([\\s\\S]*?)');
  return {
    form: new RegExp(`^${split.map((part, index) => (index % 2 ? value(index) : escaped(part))).join('')}$`),
    places: split.flatMap((part, index) =>
      index % 2 ? [{ value: Number(part), quoted: /"$/.test(split[index - 1] ?? '') && /^"/.test(split[index + 1] ?? '') }] : [],
    ),
    certain: /[a-z]{2}[^{}]* [^{}]*[a-z]{2}/i.test(key),
    bare,
    text,
  };
}

/** A function that translates by this table into a language, whose numbers it writes. A message without a translation stays. */
export function translator(table: Record<string, string>, language: string): (message: string) => string {
  // The most particular pattern that fits is taken: that with the longest text. Without words and without marks between its values it fits anything.
  const patterns = Object.entries(table)
    .filter(([key]) => PLACE.test(key) && /\p{L}|[,:.] /u.test(withoutPlaces(key)))
    .sort(([a], [b]) => withoutPlaces(b).length - withoutPlaces(a).length)
    .map(patternOf);

  function translateValue(value: string): string {
    if (/^\d{1,3}(,\d{3})+$/.test(value)) return Number(value.replaceAll(',', '')).toLocaleString(language);
    return value.includes(' ') ? translate(value) : value;
  }

  function translateBy({ form, places, certain, bare, text }: Pattern, message: string): string | null {
    const found = form.exec(message);
    if (!found) return null;
    const values: string[] = [];
    let fits = certain;
    for (const [index, { value, quoted }] of places.entries()) {
      const before = found[index + 1] ?? '';
      const after = quoted ? before : translateValue(before);
      fits ||= after !== before || (!bare && PLAIN.test(before));
      values[value] = after;
    }
    return fits ? arranged(text, values).join('') : null;
  }

  function translate(message: string): string {
    const exact = Object.hasOwn(table, message) ? table[message] : undefined;
    if (exact !== undefined) return exact;
    for (const pattern of patterns) {
      const found = translateBy(pattern, message);
      if (found !== null) return found;
    }
    return message;
  }

  // Some messages are lists, a message a line.
  return (message) => message.split('\n').map(translate).join('\n');
}
