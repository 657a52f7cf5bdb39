// Texts with places for values: {0}, {1} and so on.

export const PLACE = /\{(\d+)\}/;

/** The English text of a template. It is the key of its translation. */
export const keyOf = (texts: readonly string[]): string => texts.reduce((key, text, index) => `${key}{${index - 1}}${text}`);

/** A text and its values, in the order of the text. */
export function arranged<Value>(text: string, values: Value[]): (string | Value)[] {
  // Split by a pattern with a group, every second part is the number of a value.
  const split = text.split(PLACE);
  return split.map((part, index): string | Value => (index % 2 ? (values[Number(part)] as Value) : part)).filter((part) => part !== '');
}
