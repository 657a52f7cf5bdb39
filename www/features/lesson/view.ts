// Shows a lesson: its title and text above the page, and only the parts of the page that it names. Also the card that makes one.

import './style.css';
import { CLAIMED, TRIES } from '../../model/suggestions';
import { type Lesson, MOST, embedCode, plain, readLesson, tooLong, writeLesson } from './model';
import type { PageFacts } from '../../model/page-facts';
import { copyInto } from '../../ui/copy';
import { element, say } from '../../ui/element';
import { button, place, placeAbove } from '../../ui/card';
import { t } from '../../words/words';

/** A part of the page that a lesson may show or hide. */
interface Part {
  name: string;
  title: string;
  at: () => HTMLElement | null;
}

/** The parts around the network. The network, Train, one step and restart always stay. */
const BESIDE: [name: string, title: string, at: string][] = [
  ['pace', t`Pace`, '.pace'],
  ['budget', t`Budget`, '.meter'],
  ['history', t`History`, '#history'],
  ['speed', t`Speed`, '#speed'],
  ['loss', t`Loss`, '.plot:has(#loss-chart)'],
  ['accuracy', t`Accuracy`, '.plot:has(#accuracy-chart)'],
  ['figures', t`Figures`, '.figures'],
  ['phases', t`The six phases`, 'footer.phases'],
  ['tries', t`Claims to try`, '.try'],
];
/** The parts that a new lesson shows at first. */
const USUAL = ['history', 'budget', 'loss', 'accuracy', 'keep_ratio', 'phases'];
/** Buttons of the header that every lesson shows. */
const ALWAYS = ['network', 'theme'];

/** All other buttons of the header. */
function headParts(): Part[] {
  const buttons = [...document.querySelectorAll<HTMLButtonElement>('.top nav button:not([popover] button)')];
  return buttons.flatMap((at) => {
    const name = at.value || at.id;
    return name === '' || ALWAYS.includes(name) ? [] : [{ name, title: at.ariaLabel ?? at.innerText, at: () => at }];
  });
}

const besideParts = (): Part[] => BESIDE.map(([name, title, at]) => ({ name, title, at: () => document.querySelector<HTMLElement>(at) }));

function settingParts(page: PageFacts): Part[] {
  return page.settings.map(({ name, label }) => ({ name, title: label, at: () => document.querySelector<HTMLElement>(`[data-setting='${name}']`) }));
}

const allParts = (page: PageFacts): Part[] => [...headParts(), ...besideParts(), ...settingParts(page)];

/** The lesson on the page. */
export class LessonView {
  private readonly page: PageFacts;
  private readonly root = element('section', 'lesson');
  private readonly title = element('h2');
  private readonly text = element('p', 'text');
  private readonly notes = element('p', 'notes');
  private readonly all = button(t`Show everything`, 'lesson-all', () => this.toggle());
  private lesson: Lesson | null = null;
  private whole = false;
  private said: string[] = [];

  constructor(page: PageFacts) {
    this.page = page;
    this.root.ariaLabel = t`Lesson`;
    this.root.dataset['testid'] = 'lesson';
    this.notes.dataset['testid'] = 'lesson-notes';
    this.root.append(element('div', '', this.title, this.text, this.notes), this.all);
    placeAbove(this.root);
    addEventListener('hashchange', () => this.read());
    // The settings exist once the engine is loaded.
    page.listen(({ kind }) => {
      if (kind === 'settings') this.apply();
    });
  }

  read(): void {
    const found = readLesson(location.hash);
    this.lesson = found?.lesson ?? null;
    this.said = found?.notes ?? [];
    this.whole = false;
    this.title.textContent = this.lesson?.title || t`A lesson`;
    this.text.textContent = this.lesson?.text ?? '';
    this.root.hidden = this.lesson === null;
    this.apply();
  }

  private toggle(): void {
    this.whole = !this.whole;
    this.all.textContent = this.whole ? t`Show the lesson only` : t`Show everything`;
    this.apply();
  }

  /** Hides what the lesson does not name, also from the keyboard and from screen readers. */
  private apply(): void {
    const { lesson, page } = this;
    const parts = allParts(page);
    const is_all = lesson === null || this.whole;
    for (const { name, at } of parts) at()?.classList.toggle('put-away', !is_all && !lesson.show.includes(name));
    document.body.toggleAttribute('data-lesson', !is_all);
    if (!is_all) {
      // Folds with a part that the lesson names are opened.
      for (const fold of document.querySelectorAll<HTMLDetailsElement>('.settings details.group'))
        fold.open = fold.querySelector('[data-setting]:not(.put-away, [hidden])') !== null;
    }
    const known = new Set(parts.map(({ name }) => name));
    const unknown = page.settings.length === 0 ? [] : (lesson?.show.filter((name) => !known.has(name)) ?? []);
    const missing =
      unknown.length === 0
        ? []
        : [
            unknown.length > 3
              ? t`This page has no part named ${unknown.slice(0, 3).join(', ')} and ${unknown.length - 3} more.`
              : t`This page has no part named ${unknown.join(', ')}.`,
          ];
    this.notes.textContent = [...this.said, ...missing].join(' ');
  }
}

/** Tick boxes for parts, under a heading. */
function boxes(heading: string, parts: Part[], changed: () => void): { root: HTMLElement; inputs: HTMLInputElement[] } {
  const inputs = parts.map(({ name }) => {
    const input = element('input');
    input.type = 'checkbox';
    input.value = name;
    input.checked = draft.show.includes(name);
    input.dataset['testid'] = `keep-${name}`;
    input.addEventListener('change', changed);
    return input;
  });
  const chips = inputs.map((input, index) => element('label', 'chip-box', input, element('span', '', parts[index]?.title ?? '')));
  return { root: element('fieldset', '', element('legend', '', heading), element('div', 'chips', ...chips)), inputs };
}

/** The unfinished lesson. It stays until the page is closed, also when the card is closed. */
const draft: { title: string; text: string; claim: string; show: string[] } = { title: '', text: '', claim: '', show: USUAL };

/** The card in which a lesson is made. */
export function composeLesson(page: PageFacts, opener: HTMLElement): void {
  const title = element('input');
  title.type = 'text';
  title.dataset['testid'] = 'lesson-title';
  title.placeholder = t`Which pixels does it need?`;
  const text = element('textarea');
  text.rows = 4;
  text.dataset['testid'] = 'lesson-text';
  text.placeholder = t`What to do, what to look at, what to ask.`;
  const claim = element('select');
  claim.dataset['testid'] = 'lesson-claim';
  for (const [words, value] of [[t`nothing more`, ''], ...TRIES.flatMap(([words, , name]) => (name === null ? [] : [[words, name]]))]) {
    const option = element('option', '', words ?? '');
    option.value = value ?? '';
    claim.append(option);
  }
  [title.value, text.value, claim.value] = [draft.title, draft.text, draft.claim];
  const said = element('p', 'soft');
  said.setAttribute('role', 'status');
  said.dataset['testid'] = 'lesson-said';
  const copied = element('span', '', t`Copy the lesson’s link`);
  const copy = button('', 'lesson-copy', () => copyInto(copied, link.href, t`Use “Open it” and copy its address`), 'small-button go-on');
  copy.append(copied);
  const framed = element('span', '', t`Copy embed code`);
  const embed = button(
    '',
    'lesson-embed',
    () => copyInto(framed, embedCode(link.href, plain(title.value)), t`This browser does not let a page copy`),
    'small-button',
  );
  embed.append(framed);
  const link = element('a', '', t`Open it`);
  link.target = '_blank';
  link.rel = 'noopener';
  link.dataset['testid'] = 'lesson-open';
  const groups = [
    boxes(t`Beside the network`, besideParts(), update),
    boxes(t`In the header`, headParts(), update),
    boxes(t`Settings`, settingParts(page), update),
  ];

  function update(): void {
    const words = { title: plain(title.value), text: plain(text.value) };
    const show = groups.flatMap(({ inputs }) => inputs.filter((input) => input.checked).map((input) => input.value));
    Object.assign(draft, { title: title.value, text: text.value, claim: claim.value, show });
    const trouble = tooLong(words);
    const theme = /theme=(light|dark)/.exec(location.hash)?.[0] ?? '';
    const hash = writeLesson({ ...words, show }, theme);
    const address = new URL(`?${page.query}`, location.href);
    address.hash = claim.value in CLAIMED ? `${hash}&claim=${claim.value}` : hash;
    link.href = address.href;
    copy.disabled = embed.disabled = trouble !== null;
    link.hidden = trouble !== null;
    const left = t`${MOST.text - [...words.text].length} characters left for the text.`;
    const now = trouble ?? t`The link holds the experiment as it is set now, your text, and the parts of the page that stay. ${left}`;
    say(said, now);
  }

  for (const field of [title, text, claim]) field.addEventListener('input', update);
  const heading = element('h2', '', element('small', '', t`A link for a class`), t`Make a lesson`);
  const words = element(
    'div',
    'words',
    heading,
    element('label', '', element('span', '', t`Title`), title),
    element('label', '', element('span', '', t`Text`), text),
    element('label', 'inline', element('span', '', t`Begin with`), claim),
    element('div', 'line', copy, embed, link),
    said,
  );
  place(
    'compose',
    t`Make a lesson`,
    opener,
    () => undefined,
    words,
    element('div', 'keeps', element('p', '', t`What stays on the page, beside the network and Train`), ...groups.map(({ root }) => root)),
  );
  update();
  title.focus();
}
