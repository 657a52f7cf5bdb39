// The card of the tour, with one step at a time.

import './style.css';
import type { PlaceName } from '../../ui/anchors';
import type { News } from '../../model/actions';
import type { PageFacts } from '../../model/page-facts';
import { type Begun, CHAPTERS, STEPS, wantedLink } from './model';
import { element, say } from '../../ui/element';
import { button, place, putAway, standing } from '../../ui/card';
import { point, reveal } from '../../ui/highlight';
import { t } from '../../words/words';

const KEY = 'lacuna-tour';
/** A browser that stores nothing for this page throws: then the tour begins anew at each visit. */
function remembered(): number {
  try {
    const at = Number(localStorage.getItem(KEY));
    return Number.isInteger(at) && at > 0 && at < STEPS.length ? at : 0;
  } catch {
    return 0;
  }
}
function remember(at: number): void {
  try {
    localStorage.setItem(KEY, String(at));
  } catch {
    // Only the place in the tour is lost.
  }
}

class TourCard {
  private readonly page: PageFacts;
  private at: number;
  private done = false;
  private begun: Begun = { step: 0, keep_ratio: '' };
  private readonly chapter = element('small');
  private readonly title = element('span');
  private readonly heading = element('h2', '', this.chapter, this.title);
  private readonly text = element('p');
  private readonly wait = element('p', 'wait');
  private readonly back = button(t`Back`, 'tour-back', () => this.go(this.at - 1));
  private readonly next = button(t`Next`, 'tour-next', () => this.forward());
  private readonly chapters: HTMLButtonElement[];

  constructor(page: PageFacts) {
    this.page = page;
    this.at = remembered();
    this.heading.tabIndex = -1;
    this.wait.setAttribute('role', 'status');
    this.wait.dataset['testid'] = 'tour-wait';
    this.chapters = CHAPTERS.map(({ title }, index) => {
      const made = button(String(index + 1), `tour-chapter-${index + 1}`, () => this.go(STEPS.findIndex(({ chapter }) => chapter === index)), 'chapter');
      made.title = title;
      made.ariaLabel = t`Chapter ${index + 1}: ${title}`;
      return made;
    });
    const list = element('ol', '', ...this.chapters.map((each) => element('li', '', each)));
    list.ariaLabel = t`Chapters`;
    const stop = page.listen((news) => this.receive(news));
    const left = (): void => {
      stop();
      point();
    };
    place(
      'tour',
      t`Tour`,
      document.getElementById('tour'),
      left,
      element('div', 'says', this.heading, this.text, this.wait),
      element('div', 'moves', list, this.back, this.next),
    );
    const link = wantedLink(page);
    if (link !== null && this.at === 0) page.open(link, false);
    this.go(this.at);
  }

  private forward(): void {
    if (this.at < STEPS.length - 1) return this.go(this.at + 1);
    remember(0);
    putAway('tour');
    document.getElementById('tour')?.focus();
  }

  private go(to: number): void {
    const found = STEPS[to];
    if (!found) return;
    this.at = to;
    remember(to);
    const { step, chapter } = found;
    const { snapshot, values } = this.page;
    this.begun = { step: snapshot?.step ?? 0, keep_ratio: values?.['keep_ratio'] ?? '' };
    this.done = step.wait === undefined;
    const first = STEPS.findIndex((each) => each.chapter === chapter);
    this.chapter.textContent = t`Tour, chapter ${chapter + 1} of ${CHAPTERS.length}: ${CHAPTERS[chapter]?.title} · ${to - first + 1} of ${CHAPTERS[chapter]?.steps.length}`;
    this.title.textContent = step.title;
    this.text.textContent = step.text;
    this.chapters.forEach((each, index) => (each.ariaCurrent = index === chapter ? 'step' : null));
    this.back.disabled = to === 0;
    this.say();
    this.heading.focus({ preventScroll: true });
    void this.look(step.at, step.view);
    this.receive(null);
  }

  /** Shows what the step explains. */
  private async look(places: PlaceName[], view?: string): Promise<void> {
    const at = this.at;
    const [first] = places;
    if (view && this.page.view !== view) await this.page.show(view);
    if (first) await reveal(first, this.page);
    // The visitor may have moved on or closed the tour while a view was loaded.
    if (this.at === at && standing() === 'tour') point(...places);
  }

  private receive(news: News | null): void {
    const step = STEPS[this.at]?.step;
    if (!step) return;
    // The elements of the anchors may have been made anew.
    if (news?.kind === 'settings' || news?.kind === 'opened') void this.look(step.at, step.view);
    // Another run counts its steps anew.
    if (news?.kind === 'opened') this.begun = { ...this.begun, step: 0 };
    if (this.begun.keep_ratio === '' || news?.kind === 'values') this.begun = { ...this.begun, keep_ratio: this.page.values?.['keep_ratio'] ?? '' };
    if (this.done || !step.wait) return;
    const words = step.wait.done(this.page, this.begun, news);
    if (words !== null) {
      this.done = true;
      this.say(words);
    } else if (news?.kind === 'state') this.say();
  }

  private say(came?: string): void {
    const wait = STEPS[this.at]?.step.wait;
    const has_ended = this.page.state === 'finished' || this.page.state === 'halted';
    const words = came ?? (wait ? `${wait.words}${wait.going && has_ended ? ` ${t`This run has ended: press Train again for a new one.`}` : ''}` : '');
    say(this.wait, words);
    this.wait.hidden = words === '';
    this.wait.dataset['done'] = String(this.done);
    const is_last = this.at === STEPS.length - 1;
    this.next.textContent = is_last ? t`Finish` : this.done ? t`Next` : t`Skip`;
    this.next.classList.toggle('go-on', this.done);
  }
}

/** Opens the tour where it was left, or closes it. */
export function toggleTour(page: PageFacts): void {
  if (standing() === 'tour') return putAway('tour');
  new TourCard(page);
}
