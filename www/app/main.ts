// The first module of the page. The rest is evaluated when the words of the page's language are there, so that constants may hold sentences.

import { loadWords } from '../words/words';

void loadWords()
  .then(() => import('./start'))
  .then(({ start }) => start())
  .finally(() => {
    document.documentElement.inert = false;
  });
