// The card of a claim: the claim, a prediction, the runs that test it, and what they measured.

import './style.css';
import { type Claim, claimOf, type Outcome, titleOf, type Verdict } from './model';
import { count } from '../../model/format';
import type { News } from '../../model/actions';
import type { PageFacts } from '../../model/page-facts';
import { element, say } from '../../ui/element';
import { button, place, putAway } from '../../ui/card';
import { foot } from '../../ui/toast';
import { t } from '../../words/words';

/** The seeds of "Once more". */
const FIRST_SEED = 1;

/** One claim, from the question to the verdict. */
class ClaimCard {
  private readonly page: PageFacts;
  private readonly claim: Claim;
  private readonly title = element('h2');
  private readonly asks = element('div', 'asks');
  private readonly go = button(t`Train and see`, 'claim-go', () => this.begin(FIRST_SEED), 'small-button go-on');
  private readonly progress = element('p', 'soft');
  private readonly told = element('div', 'told');
  private said: { index: number; words: string } | null = null;
  private seed = FIRST_SEED;
  /** The number of the current run; null until its link is read. */
  private own: number | null = null;
  private outcomes: Outcome[] = [];
  private running = false;
  private drawing = false;

  constructor(page: PageFacts, claim: Claim) {
    this.page = page;
    this.claim = claim;
    this.title.append(element('small', '', t`A claim. Predict first, then measure`), titleOf(claim));
    this.title.tabIndex = -1;
    this.progress.dataset['testid'] = 'claim-progress';
    this.told.dataset['testid'] = 'claim-told';
    this.told.setAttribute('role', 'status');
    this.go.disabled = Array.isArray(claim.answers);
    this.asks.append(this.prediction(), element('div', 'line', this.go, this.progress), this.told);
    const stop = page.listen((news) => this.receive(news));
    const { activeElement } = document;
    const opener = activeElement instanceof HTMLElement && activeElement !== document.body ? activeElement : null;
    place('claim', t`Claim: ${titleOf(claim)}`, opener, stop, element('div', 'says', this.title, element('p', '', claim.about), this.settings()), this.asks);
    this.say(this.go.disabled ? t`Choose an answer first.` : '');
    this.title.focus();
  }

  /** The settings of the runs that are not defaults, and those that differ between the runs. */
  private settings(): HTMLElement {
    const { runs } = this.claim;
    const values = runs.map(({ query }) => new Map(query.split('&').map((pair) => pair.split('=') as [string, string])));
    const names = [...new Set(values.flatMap((each) => [...each.keys()]))];
    const own = names.filter((name) => new Set(values.map((each) => each.get(name))).size > 1);
    const row = (head: string, words: string[]): Node[] => [element('dt', '', head), element('dd', '', words.join(' · '))];
    const shared = names.filter((name) => !own.includes(name)).map((name) => this.words(name, values[0]?.get(name)));
    const list = element('dl', 'differs-list', ...row(runs.length > 1 ? t`Both` : t`Settings`, shared));
    if (own.length > 0)
      runs.forEach((_, index) =>
        list.append(
          ...row(
            t`Run ${index + 1}`,
            own.map((name) => this.words(name, values[index]?.get(name))),
          ),
        ),
      );
    return list;
  }

  /** A setting in words. A setting that a link does not name has its default. */
  private words(name: string, set: string | undefined): string {
    const setting = this.page.settings.find((each) => each.name === name);
    const value = set ?? setting?.value ?? '';
    const label = setting?.label.toLowerCase() ?? name;
    if (name === 'model') return value;
    if (setting?.kind.type === 'switch') return `${label} ${value === 'true' ? 'on' : 'off'}`;
    if (setting?.kind.type === 'choice') return `${label} ${setting.kind.choices.find(([each]) => each === value)?.[1] ?? value}`;
    return `${label} ${value}`;
  }

  private prediction(): HTMLElement {
    const { answers, question } = this.claim;
    const field = element('fieldset', 'prediction', element('legend', '', question));
    if (Array.isArray(answers)) {
      const chips = answers.map((words, index) => {
        const input = element('input');
        input.type = 'radio';
        input.name = 'prediction';
        input.dataset['testid'] = `answer-${index}`;
        input.addEventListener('change', () => {
          this.said = { index, words };
          this.go.disabled = false;
          this.say('');
        });
        return element('label', 'chip-box', input, element('span', '', words));
      });
      field.append(element('div', 'chips', ...chips));
      return field;
    }
    const input = element('input');
    input.type = 'range';
    input.min = '0';
    input.max = '100';
    input.value = String(answers.percent);
    input.ariaLabel = question;
    input.dataset['testid'] = 'answer';
    const shown = element('output');
    const show = (): void => {
      shown.textContent = `${input.value}\u00a0%`;
      input.ariaValueText = shown.textContent;
      input.style.setProperty('--at', `${input.value}%`);
      this.said = { index: Number(input.value), words: shown.textContent };
    };
    input.addEventListener('input', show);
    show();
    field.append(element('div', 'set', input, shown));
    return field;
  }

  private say(words: string): void {
    say(this.progress, words);
  }

  private begin(seed: number): void {
    this.seed = seed;
    this.own = null;
    this.outcomes = [];
    this.running = true;
    this.drawing = false;
    this.go.hidden = true;
    this.told.replaceChildren();
    this.asks.querySelectorAll('input').forEach((input) => (input.disabled = true));
    void this.page.show(this.claim.view === 'runs' ? 'runs' : 'network');
    this.next();
  }

  private link(): string {
    const query = (this.claim.runs[this.outcomes.length] ?? this.claim.runs[0])?.query ?? '';
    return this.seed === FIRST_SEED ? query : `${query}&seed=${this.seed}`;
  }

  private next(): void {
    if (this.outcomes.length === this.claim.runs.length) return this.measure();
    this.own = null;
    this.tellRun();
    this.page.open(this.link(), true);
  }

  private measure(): void {
    const { pairs, view } = this.claim;
    if (pairs === undefined) return this.showVerdict(this.claim.judge(this.outcomes, null));
    this.drawing = true;
    this.say(t`The network is frozen, and pairs of masks are drawn from its scores.`);
    void this.page.show(view);
    this.page.ask({ kind: 'draw', pairs });
  }

  private tellRun(): void {
    const { runs } = this.claim;
    const { snapshot, run } = this.page;
    const label = runs[this.outcomes.length]?.label;
    const trained = runs.length > 1 ? t`Run ${this.outcomes.length + 1} of ${runs.length}, ${label}` : t`Training, ${label}`;
    this.say(snapshot && run === this.own ? t`${trained}, step ${count(snapshot.step)} of ${count(snapshot.steps)}` : trained);
  }

  private receive(news: News): void {
    if (!this.running) return;
    const { page } = this;
    // The page gives the run its number as soon as the link is read.
    if (news.kind === 'values' && news.query === this.link()) this.own = page.run;
    if (this.own === null) return;
    if (page.run !== this.own) return this.end(t`Another run was opened meanwhile, so nothing was measured.`);
    switch (news.kind) {
      case 'snapshot':
        if (!this.drawing) this.tellRun();
        return;
      case 'failed':
        return this.end(t`The run failed, so nothing was measured.`);
      case 'state':
        if (this.drawing) return;
        if (news.state === 'halted') return this.end(t`The run diverged, so nothing was measured.`);
        if (news.state === 'finished') this.finish();
        return;
      case 'lab':
        if (this.drawing && !news.progress.drawing && news.report) this.showVerdict(this.claim.judge(this.outcomes, news.report));
        return;
      case 'lab_refused':
        if (this.drawing) this.end(t`No pairs could be drawn: ${news.message}`);
    }
  }

  private finish(): void {
    const { current, description, snapshot } = this.page;
    if (!current?.evaluation || !description || !snapshot) return this.end(t`The run ended without a test, so there is no result.`);
    if (Object.keys(current.replaced).length > 0) return this.end(t`Settings were changed meanwhile: the measurement does not answer the claim.`);
    this.outcomes.push({ description, snapshot, evaluation: current.evaluation });
    this.next();
  }

  /** Ends the claim without a verdict. */
  private end(words: string): void {
    this.running = false;
    this.say('');
    this.told.replaceChildren(element('p', '', words), this.again(t`Try again`, this.seed));
  }

  private showVerdict({ holds, found, right }: Verdict): void {
    this.running = false;
    this.say('');
    const { answers } = this.claim;
    const said = this.said;
    const verdict = holds === null ? t`Undecided: the numbers do not show a difference.` : holds ? t`It held here.` : t`It did not hold here.`;
    const guess = (): string => {
      if (right === null || !said) return '';
      if (!Array.isArray(answers)) return t`You set ${said.words}; it was ${right}\u00a0%.`;
      return said.index === right ? t`You said “${said.words}”, and that is right.` : t`You said “${said.words}”; it was “${answers[right]}”.`;
    };
    const headline = element('b', '', verdict);
    this.told.dataset['holds'] = String(holds);
    this.told.dataset['right'] = String(right);
    this.told.replaceChildren(
      element('p', 'verdict', headline, ` ${guess()}`),
      element('p', '', t`Measured with seed ${this.seed}: ${found}`),
      this.again(t`Once more, with another seed`, this.seed + 1),
    );
  }

  private again(words: string, seed: number): HTMLElement {
    return element(
      'div',
      'line',
      button(words, 'claim-again', () => this.begin(seed)),
    );
  }
}

/** Opens the card of a claim. An unknown name does nothing. */
export function openClaim(page: PageFacts, name: string): void {
  const claim = claimOf(name);
  if (claim && page.settings.length > 0) {
    new ClaimCard(page, claim);
    return;
  }
  if (!claim) {
    foot(t`The link names a claim that this page does not have: “${name.slice(0, 40)}”.`);
    return putAway('claim');
  }
  // A link may name a claim before the engine is loaded.
  const stop = page.listen(({ kind }) => {
    if (kind !== 'settings') return;
    stop();
    new ClaimCard(page, claim);
  });
}
