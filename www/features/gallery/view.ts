// The gallery: a picture, a title and a sentence for each lesson, claim and experiment. A press opens it.

import './style.css';
import { element } from '../../ui/element';
import type { Page } from '../../ui/page';
import { t } from '../../words/words';
import { CLAIMS, EXPERIMENTS, LESSONS, pictureOf } from './model';

/** Of a picture, in pixels. */
const SIZE = { width: 448, height: 280 };

const theme = (): 'light' | 'dark' => {
  const dark =
    document.documentElement.dataset['theme'] === 'dark' || (!document.documentElement.dataset['theme'] && matchMedia('(prefers-color-scheme: dark)').matches);
  return dark ? 'dark' : 'light';
};

interface Offer {
  name: string;
  title: string;
  /** Below the title: what it takes. */
  takes: string;
  says: string;
  open(): void;
}

export function showGallery(root: HTMLElement, page: Page): void {
  const pictures: { name: string; image: HTMLImageElement }[] = [];

  function card({ name, title, takes, says, open }: Offer): HTMLElement {
    const image = element('img');
    Object.assign(image, { alt: '', loading: 'lazy', decoding: 'async', ...SIZE });
    pictures.push({ name, image });
    const button = element('button', 'offer', image, element('b', '', title), element('small', '', takes), element('span', '', says));
    button.type = 'button';
    button.dataset['testid'] = `offer-${name}`;
    button.addEventListener('click', () => {
      open();
      void page.show('network');
    });
    return element('li', '', button);
  }

  const part = (title: string, says: string, offers: Offer[]): HTMLElement[] => [
    element('h2', '', title, element('small', '', says)),
    element('ul', 'offers', ...offers.map(card)),
  ];

  const lessons = LESSONS.map(({ name, title, text, minutes, needs, query, show }) => ({
    name,
    title,
    takes: t`${minutes} minutes, ${needs}`,
    says: text,
    open: () => page.call('open-lesson', { query, lesson: { title, text, show } }),
  }));
  const claims = CLAIMS.map(({ name, title, measures }) => ({
    name,
    title,
    takes: t`about a minute`,
    says: measures,
    open: () => page.call('claim', name),
  }));
  const experiments = EXPERIMENTS.map(({ name, title, query }) => ({
    name,
    title,
    takes: t`hours on a device without a GPU`,
    says: name,
    open: () => page.dispatch({ kind: 'link', query, trains: false }),
  }));
  root.replaceChildren(
    ...part(t`Lessons`, t`They show only the parts of the page that they need.`, lessons),
    ...part(t`Claims`, t`Predict first. The page then trains and measures.`, claims),
    ...part(t`Experiments`, t`Convolutional networks on CIFAR-10.`, experiments),
  );
  const paint = (): void => {
    for (const { name, image } of pictures) {
      const address = pictureOf(name, theme());
      if (address && !image.src.endsWith(address.replace(/^[./]+/, ''))) image.src = address;
    }
  };
  page.onColours(paint);
  paint();
}
