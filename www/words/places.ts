// Texts with places for values: {0}, {1} and so on.

export const PLACE = /\{(\d+)\}/;

/** The English text of a template. It is the key of its translation. */
export const keyOf = (texts: readonly string[]): string => texts.reduce((key, text, index) => `${key}{${index - 1}}${text}`);

/** A text and its values, in the order of the text. Numbers become texts. */
export function arranged<Values extends readonly unknown[]>(text: string, values: Values): (string | Exclude<Values[number], number>)[] {
  const valueAt = (place: string): string | Exclude<Values[number], number> => {
    const value = values[Number(place)];
    return typeof value === 'number' ? String(value) : (value as Exclude<Values[number], number>);
  };
  // Split by a pattern with a group, every second part is the number of a value.
  const split = text.split(PLACE);
  return split.map((part, index) => (index % 2 ? valueAt(part) : part)).filter((part) => part !== '');
}
