// Translates what the engine and the workers say in English. A message has its values in it already, so that the texts of the table are compared with it
// as patterns. Values are translated too, if they are no names: a value in quotes and one of a single word stay.

import { PLACE, arranged } from './places';

interface Pattern {
  form: RegExp;
  /** Which value each group of the form holds, and whether it is in quotes. */
  places: { value: number; quoted: boolean }[];
  /** Letters and marks of the English text beside its values; 0 without a word. */
  length: number;
  /** At least two words in a row: a message that has them is this one. Others must show it by their values. */
  certain: boolean;
  /** Without any word: "{0}: {1}. {2}.". It is taken if a value has a translation. */
  bare: boolean;
  text: string;
}

/** A translation, and how many letters and marks of the message are those of texts of the table. */
interface Found {
  text: string;
  known: number;
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
    length: bare ? 0 : withoutPlaces(key).length,
    certain: /[a-z]{2}[^{}]* [^{}]*[a-z]{2}/i.test(key),
    bare,
    text,
  };
}

/** A function that translates by this table into a language, whose numbers it writes. A message without a translation stays. */
export function translator(table: Record<string, string>, language: string): (message: string) => string {
  const done = new Map<string, string>();
  // Without words and without marks between its values a text fits anything. Where two explain a message equally well, the one with
  // more values holds the other; of two with as many, a list its items.
  const made: Pattern[] = [];
  const makePatterns = (): Pattern[] =>
    Object.entries(table)
      .filter(([key, text]) => text !== '' && PLACE.test(key) && /\p{L}|[,:.] /u.test(withoutPlaces(key)))
      .map(patternOf)
      .sort((a, b) => b.places.length - a.places.length || a.length - b.length);

  function ofValue(value: string, seen: Map<string, Found>): Found {
    if (/^\d{1,3}(,\d{3})+$/.test(value)) return { text: Number(value.replaceAll(',', '')).toLocaleString(language), known: 0 };
    return value.includes(' ') ? ofMessage(value, seen) : { text: value, known: 0 };
  }

  function ofPattern({ form, places, length, certain, bare, text }: Pattern, message: string, seen: Map<string, Found>): Found | null {
    const found = form.exec(message);
    if (!found) return null;
    const values: string[] = [];
    let [fits, known] = [certain, length];
    for (const [index, { value, quoted }] of places.entries()) {
      const before = found[index + 1] ?? '';
      const after = quoted ? { text: before, known: 0 } : ofValue(before, seen);
      // Beside a single word a single value is a number: "hidden 1".
      fits ||= (after.known > 0 && (bare || places.length > 1)) || (!bare && PLAIN.test(before));
      known += after.known;
      // The last item of a list may be a name. Then what explains the list as a whole is better: "the sets are a, b".
      if (bare && index === places.length - 1 && after.known === 0) known--;
      values[value] = after.text;
    }
    return fits ? { text: arranged(text, values).join(''), known } : null;
  }

  /** The translation that leaves the least of a message in English. `seen`: those of its parts. */
  function ofMessage(message: string, seen: Map<string, Found>): Found {
    const before = seen.get(message);
    if (before) return before;
    const exact = Object.hasOwn(table, message) ? table[message] : undefined;
    let best: Found = exact ? { text: exact, known: message.length } : { text: message, known: 0 };
    if (!exact) {
      // A part of itself does not explain it.
      seen.set(message, best);
      // The texts of the page itself are exact: a start without a message makes no patterns.
      if (made.length === 0) made.push(...makePatterns());
      for (const pattern of made) {
        const found = ofPattern(pattern, message, seen);
        if (found && found.known > best.known) best = found;
      }
    }
    seen.set(message, best);
    return best;
  }

  // Some messages are lists, a message a line. The names of groups are asked for again and again.
  return (message) => {
    const before = done.get(message);
    if (before !== undefined) return before;
    const lines = message.split('\n').map((line) => ofMessage(line, new Map()).text);
    done.set(message, lines.join('\n'));
    return lines.join('\n');
  };
}
