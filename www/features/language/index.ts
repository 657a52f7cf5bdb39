// The choice of a language, in the header.

import type { Feature } from '../../ui/page';
import { at } from '../../ui/element';
import { LANGUAGES, type Language, remember } from '../../words/language';
import { languageOfPage } from '../../words/words';

export const languages: Feature = {
  mount() {
    const choice = at<HTMLSelectElement>('language');
    const language = languageOfPage();
    for (const [tag, name] of Object.entries(LANGUAGES)) {
      const option = new Option(name, tag, tag === language, tag === language);
      option.lang = tag;
      choice.append(option);
    }
    choice.addEventListener('change', () => {
      // What the link asked for gives way to the choice. If the browser stores nothing, the link says it.
      const address = new URL(location.href);
      address.searchParams.delete('lang');
      if (!remember(choice.value as Language)) address.searchParams.set('lang', choice.value);
      history.replaceState(null, '', address);
      location.reload();
    });
  },
};
