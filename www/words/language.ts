// The language of the page: that of the link, or the visitor's choice, or the first of the browser's that the page has.

/** The languages of the page, each by its own name. English is the language of the sources; the others have a table, `NAME.json`. */
export const LANGUAGES = { en: 'English', de: 'Deutsch', es: 'Español', 'zh-Hans': '简体中文' } as const;

export type Language = keyof typeof LANGUAGES;

const KEY = 'lacuna-language';

/** The language of the page that a language tag asks for: `de-AT` asks for `de`, and every Chinese for `zh-Hans`. Null if the page does not have it. */
export function matching(tag: string): Language | null {
  const [first = ''] = tag.toLowerCase().split('-');
  const found = Object.keys(LANGUAGES).find((name) => name.toLowerCase().split('-')[0] === first);
  return (found as Language | undefined) ?? null;
}

/** What decides about the language, the strongest first. */
export interface Wishes {
  /** The query of the link. It may have `lang=de`. */
  query: string;
  /** What the visitor chose before; null for nothing. */
  chosen: string | null;
  /** The languages of the browser, the preferred first. */
  browser: readonly string[];
}

export function languageFor({ query, chosen, browser }: Wishes): Language {
  const asked = [new URLSearchParams(query).get('lang'), chosen, ...browser];
  return asked.map((tag) => (tag ? matching(tag) : null)).find((language) => language !== null) ?? 'en';
}

/** A browser that stores nothing for this page throws: then nothing was chosen. */
export function remembered(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

/** Stores the visitor's choice for the next visit. Returns whether that was possible. */
export function remember(language: Language): boolean {
  try {
    localStorage.setItem(KEY, language);
    return true;
  } catch {
    return false;
  }
}

/** A query with the `lang` of another, because the engine's links have none: the page stays in the language that its link asked for. */
export function withLanguageOf(query: string, of: string): string {
  const lang = new URLSearchParams(of).get('lang');
  return lang === null ? query : `${query}${query ? '&' : ''}lang=${encodeURIComponent(lang)}`;
}
