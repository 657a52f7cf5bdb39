// The words of the page. Sentences stand in the sources, in English; a table of the page's language has their translations, by the English text.
//
// The table is loaded before any other module of the page is evaluated (`app/main.ts`), so that constants may hold sentences. Workers have no table
// and speak English: `translated` translates what they say. `scripts/words.test.mjs` compares the tables with the sources.

import { type Language, languageFor, remembered } from './language';
import { arranged, keyOf } from './places';

type Table = Record<string, string>;

const TABLES: Record<Exclude<Language, 'en'>, () => Promise<{ default: Table }>> = {
  de: () => import('./de.json'),
  es: () => import('./es.json'),
  'zh-Hans': () => import('./zh-Hans.json'),
};

/** The language of the page, and its table: none in English. */
const loaded = { language: 'en' as Language, table: {} as Table, translate: (message: string): string => message };

/** Loads the table of the page's language. If that fails, the page speaks English. */
export async function loadWords(): Promise<void> {
  const wanted = languageFor({ query: location.search, chosen: remembered(), browser: navigator.languages });
  if (wanted === 'en') return;
  const found = await Promise.all([TABLES[wanted](), import('./translate')]).catch(() => null);
  if (!found) return;
  const [{ default: table }, { translator }] = found;
  speak(wanted, table, translator(table, wanted));
}

/** Takes that language, its table, and what translates messages by it. */
export function speak(language: Language, table: Table, translate: (message: string) => string): void {
  Object.assign(loaded, { language, table, translate });
}

/** The language of the page. */
export const languageOfPage = (): Language => loaded.language;

/** The texts and values of a template in the page's language, in its order. Numbers become texts. */
export function parts<Values extends readonly unknown[]>(texts: TemplateStringsArray, ...values: Values): (string | Exclude<Values[number], number>)[] {
  const key = keyOf(texts);
  return arranged(loaded.table[key] ?? key, values);
}

/** A sentence in the page's language: t`Step ${count(step)}`. Its values are texts that are translated already, or numbers as the page writes them. */
export const t = (texts: TemplateStringsArray, ...values: (string | number | undefined)[]): string => parts(texts, ...values).join('');

/** An English text of the engine in the page's language: a name, the help of a setting, or a message with its values. A text without a translation stays. */
export const translated = (text: string): string => loaded.translate(text);
