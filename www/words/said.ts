// What a worker says. Workers have no table and speak English; `translated` finds the translation when the page shows it.

import { arranged, keyOf } from './places';

/** A message in English: said`${file} is not on this server.`. `scripts/words.mjs` reads it as a text for translators. */
export const said = (texts: TemplateStringsArray, ...values: (string | number | undefined)[]): string => arranged(keyOf(texts), values).join('');
