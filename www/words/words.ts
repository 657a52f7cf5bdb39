// The words of the page. Sentences stand in the sources, in English; a table of the page's language has their translations, by the English text.
//
// The table is loaded before any other module of the page is evaluated (`app/main.ts`), so that constants may hold sentences. Workers have no table
// and speak English: `translated` translates what they say. `scripts/words.test.mjs` compares the tables with the sources.

import { type Language, languageFor, remembered } from './language';

type Table = Record<string, string>;

const TABLES: Record<Exclude<Language, 'en'>, () => Promise<{ default: Table }>> = {
  de: () => import('./de.json'),
  es: () => import('./es.json'),
  'zh-Hans': () => import('./zh-Hans.json'),
};

/** The language of the page, and its table: none in English. */
const loaded: { language: Language; table: Table; patterns: Pattern[] } = { language: 'en', table: {}, patterns: [] };

/** Loads the table of the page's language. If that fails, the page speaks English. */
export async function loadWords(): Promise<void> {
  const wanted = languageFor({ query: location.search, chosen: remembered(), browser: navigator.languages });
  if (wanted === 'en') return;
  const module = await TABLES[wanted]().catch(() => null);
  if (module) speak(wanted, module.default);
}

/** Takes that language and its table. */
export const speak = (language: Language, table: Table): void => void Object.assign(loaded, { language, table, patterns: patternsOf(table) });

/** The language of the page. */
export const languageOfPage = (): Language => loaded.language;

/** The English text of a template: its values are {0}, {1} and so on. It is the key of the translation. */
const keyOf = (texts: readonly string[]): string => texts.reduce((key, text, index) => `${key}{${index - 1}}${text}`);

const PLACE = /\{(\d+)\}/;

/** The texts and values of a template in the page's language, in its order. Numbers become texts. */
export function parts<Values extends readonly unknown[]>(texts: TemplateStringsArray, ...values: Values): (string | Exclude<Values[number], number>)[] {
  const key = keyOf(texts);
  // Split by a pattern with a group, every second part is the number of a value.
  const split = (loaded.table[key] ?? key).split(PLACE);
  const given = (place: string): string | Exclude<Values[number], number> => {
    const value = values[Number(place)];
    return typeof value === 'number' ? String(value) : (value as Exclude<Values[number], number>);
  };
  return split.map((part, at) => (at % 2 ? given(part) : part)).filter((part) => part !== '');
}

/** A sentence in the page's language: t`Step ${count(step)}`. Its values are texts that are translated already, or numbers as the page writes them. */
export const t = (texts: TemplateStringsArray, ...values: (string | number | undefined)[]): string => parts(texts, ...values).join('');

interface Pattern {
  form: RegExp;
  /** Which value each group of the form holds. */
  places: number[];
  text: string;
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

function patternOf([key, text]: [string, string]): Pattern {
  const split = key.split(PLACE);
  const form = split.map((part, index) => (index % 2 ? '([^]+?)' : escaped(part))).join('');
  return { form: new RegExp(`^${form}$`), places: split.filter((_, index) => index % 2).map(Number), text };
}

/** The entries with values and at least two words, those with the longest text first: the most particular one that fits is taken. */
const patternsOf = (table: Table): Pattern[] =>
  Object.entries(table)
    .filter(([key]) => PLACE.test(key) && /[a-z]{2}[^{}]* [^{}]*[a-z]{2}/i.test(key))
    .sort(([a], [b]) => b.replace(/\{\d+\}/g, '').length - a.replace(/\{\d+\}/g, '').length)
    .map(patternOf);

/** An English text of the engine in the page's language: a name, the help of a setting, or a message with its values. A text without a translation stays. */
export function translated(text: string): string {
  const exact = loaded.table[text];
  if (exact !== undefined) return exact;
  for (const { form, places, text: into } of loaded.patterns) {
    const found = form.exec(text);
    if (found)
      return into
        .split(PLACE)
        .map((part, index) => (index % 2 ? translated(found[places.indexOf(Number(part)) + 1] ?? '') : part))
        .join('');
  }
  return text;
}
