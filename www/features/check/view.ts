// The self-check: compares every kernel with its reference on the visitor's adapter, scene by scene. Its report can be copied.

import { count, duration } from '../../model/format';
import type { CheckKernel, CheckReport, CheckResult, CheckScene } from '../../protocol/messages';
import { Announcer } from '../../ui/announcer';
import './style.css';
import { element, say } from '../../ui/element';
import { t, translated } from '../../words/words';

type Tab = 'scenes' | 'kernels';
const TABS: [Tab, string][] = [
  ['scenes', t`Scene by scene`],
  ['kernels', t`Kernel by kernel`],
];
const HEADS = [t`worst error`, t`tolerance`, t`dispatches`, t`verdict`];

const power = (value: number, digits: number): string => (value === 0 ? '0' : value.toExponential(digits).replace('-', '−'));
const error = ({ worst }: Pick<CheckKernel, 'worst'>): string => (Number.isFinite(worst) ? power(worst, 1) : t`not the same`);
const bound = ({ tolerance }: Pick<CheckKernel, 'tolerance'>): string => (tolerance === 0 ? t`exact` : power(tolerance, 0));
const verdict = (passed: boolean): string => (passed ? t`agrees` : t`differs`);
const all = (kernels: CheckKernel[]): number => kernels.reduce((sum, { dispatches }) => sum + dispatches, 0);

/** The kernel with the largest error relative to its tolerance. */
function nearest(kernels: CheckKernel[]): CheckKernel | undefined {
  const used = ({ worst, tolerance }: CheckKernel): number => (worst === 0 ? 0 : worst / tolerance);
  return kernels.reduce<CheckKernel | undefined>((most, kernel) => (!most || used(kernel) > used(most) ? kernel : most), undefined);
}

/** What the page does before and after a check: run and check do not compute at the same time. */
export interface CheckHooks {
  begin: () => void;
  end: () => void;
}

export class CheckView {
  private worker: Worker | null = null;
  private scenes: CheckScene[] = [];
  private result: CheckResult | null = null;
  private failure: string | null = null;
  private stage = '';
  private done = 0;
  private of = 0;
  private began = 0;
  private seconds = 0;
  private when = '';
  private tab: Tab = 'scenes';
  private readonly open = new Set<string>();
  private readonly hooks: CheckHooks;
  private readonly go = element('button', 'small-button', t`Check this device`);
  private readonly copy = element('button', 'small-button', t`Copy report`);
  private readonly bar = element('progress');
  private readonly said = element('p', 'verdict');
  private readonly announcer = new Announcer();
  private readonly facts = element('p', 'check-facts');
  private readonly found = element('div');
  private readonly body = element('tbody');
  private readonly first = element('th', '', 'kernel');
  private readonly tabs = new Map<Tab, HTMLButtonElement>();

  constructor(root: HTMLElement, hooks: CheckHooks) {
    this.hooks = hooks;
    const intro = element(
      'p',
      'differs-line',
      t`Does your device compute correctly? Every kernel runs in small networks of odd sizes, on buffers filled with invalid values. Every buffer is then compared with the same computation in 64-bit arithmetic. Masks and lists must agree bit for bit.`,
    );
    this.go.type = this.copy.type = 'button';
    this.go.dataset['testid'] = 'check-go';
    this.copy.dataset['testid'] = 'check-copy';
    this.said.dataset['testid'] = 'check-said';
    this.facts.dataset['testid'] = 'check-facts';
    this.body.dataset['testid'] = 'check-rows';
    this.go.addEventListener('click', () => (this.worker ? this.stop() : this.start()));
    this.copy.addEventListener('click', () => void this.copyReport());
    this.bar.ariaLabel = t`Scenes compared`;
    const tabs = TABS.map(([tab, words]) => {
      const button = element('button', 'pick', words);
      button.type = 'button';
      button.dataset['testid'] = `check-${tab}`;
      button.addEventListener('click', () => {
        this.tab = tab;
        this.fill();
      });
      this.tabs.set(tab, button);
      return button;
    });
    const head = element('tr', '', this.first, ...HEADS.map((words) => element('th', '', words)));
    const table = element('table', 'figures-table check-table', element('thead', '', head), this.body);
    this.found.append(element('div', 'check-tabs', ...tabs), element('div', 'scrolls', table));
    root.append(intro, element('div', 'bar-line', this.go, this.bar, this.copy), this.said, this.announcer.root, this.facts, this.found);
    this.fill();
  }

  private start(): void {
    this.scenes = [];
    this.open.clear();
    this.result = this.failure = null;
    this.stage = 'loading';
    this.done = this.of = 0;
    this.began = performance.now();
    this.when = new Date().toISOString();
    this.hooks.begin();
    this.worker = new Worker(new URL('./check-worker.ts', import.meta.url), { type: 'module', name: 'self-check' });
    this.worker.addEventListener('message', ({ data }: MessageEvent<CheckReport>) => this.receive(data));
    this.worker.addEventListener('error', (event) => {
      event.preventDefault();
      this.receive({ kind: 'failed', message: event.message || t`the self-check’s file could not be loaded` });
    });
    this.fill();
  }

  private stop(): void {
    if (!this.worker) return;
    this.worker.terminate();
    this.worker = null;
    this.seconds = (performance.now() - this.began) / 1000;
    this.hooks.end();
    this.fill();
  }

  private receive(report: CheckReport): void {
    switch (report.kind) {
      case 'progress':
        Object.assign(this, { stage: report.stage, done: report.done, of: report.of });
        return this.say();
      case 'scene':
        Object.assign(this, { stage: 'comparing kernels', done: report.done, of: report.of });
        this.scenes.push(report.scene);
        return this.fill();
      case 'done':
        this.result = report.result;
        return this.stop();
      case 'failed':
        this.failure = translated(report.message);
        return this.stop();
    }
  }

  /** The outcome in one sentence. */
  private outcome(): string {
    const { result, scenes, failure } = this;
    if (failure !== null) return t`The check failed: ${failure.replace(/\.$/, '')}.`;
    const wrong = result?.kernels.filter(({ passed }) => !passed) ?? [];
    const bad = scenes.filter(({ passed }) => !passed);
    if (result && wrong.length === 0) {
      return t`All ${result.kernels.length} kernels agree with their references, in ${scenes.length} scenes and ${count(all(result.kernels))} dispatches.`;
    }
    if (result) return t`${wrong.length} of ${result.kernels.length} kernels differ from their references: ${wrong.map(({ name }) => name).join(', ')}.`;
    if (this.worker && this.stage === 'comparing kernels') {
      return bad.length > 0
        ? t`Comparing: ${this.done} of ${this.of} scenes, ${bad.length} of them with a difference.`
        : t`Comparing: ${this.done} of ${this.of} scenes, all agree so far.`;
    }
    if (this.worker) return this.stage === 'loading' ? t`Loading the references.` : t`Compiling kernels: ${this.done} of ${this.of}.`;
    return scenes.length > 0
      ? bad.length > 0
        ? t`Stopped after ${scenes.length} scenes, ${bad.length} of them with a difference.`
        : t`Stopped after ${scenes.length} scenes, which all agree.`
      : '';
  }

  private say(): void {
    const words = this.outcome();
    say(this.said, words);
    this.said.hidden = words === '';
    // A screen reader hears of the start, of the comparison, of the first kernel that differs, and of the end.
    this.announcer.say(this.worker ? `${this.began} ${this.stage === 'comparing kernels'} ${this.scenes.some(({ passed }) => !passed)}` : words, words);
    this.said.classList.toggle('fails', this.failure !== null || this.scenes.some(({ passed }) => !passed));
    this.said.dataset['verdict'] = this.result ? (this.result.kernels.every(({ passed }) => passed) ? 'agrees' : 'differs') : '';
    this.go.textContent = this.worker ? t`Stop` : this.began > 0 ? t`Check again` : t`Check this device`;
    this.bar.style.visibility = this.worker ? 'visible' : 'hidden';
    // Compiling is the first tenth of the bar.
    this.bar.max = 100;
    const share = this.of > 0 ? this.done / this.of : 0;
    this.bar.value = this.stage === 'comparing kernels' ? 10 + 90 * share : 10 * share;
    this.copy.hidden = this.worker !== null || (this.result === null && this.failure === null);
    this.facts.textContent = this.result
      ? t`${this.adapter(this.result)}, ${duration(this.seconds)} min. ${navigator.userAgent}`
      : t`It takes seconds on a GPU and minutes on an adapter in software. A run that trains waits meanwhile.`;
  }

  private adapter({ adapter, backend, driver, software }: CheckResult): string {
    return [adapter, driver === adapter ? '' : driver, backend, software ? t`in software` : ''].filter((part) => part !== '').join(', ');
  }

  private fill(): void {
    this.say();
    this.found.hidden = this.scenes.length === 0;
    for (const [tab, button] of this.tabs) button.ariaPressed = String(tab === this.tab);
    this.first.textContent = this.tab === 'scenes' ? t`scene and its network` : 'kernel';
    const kernels = this.result?.kernels ?? [];
    this.tabs.get('kernels')?.toggleAttribute('disabled', kernels.length === 0);
    if (kernels.length === 0) this.tab = 'scenes';
    const rows = this.tab === 'scenes' ? this.scenes.flatMap((scene) => this.rowsOf(scene)) : kernels.map((kernel) => figures(kernel, kernel.name));
    this.body.replaceChildren(...rows);
  }

  private rowsOf(scene: CheckScene): HTMLElement[] {
    const most = nearest(scene.kernels);
    if (!most) return [];
    const name = element('button', 'pick', scene.scene);
    name.type = 'button';
    name.ariaExpanded = String(this.open.has(scene.scene));
    name.title = t`Show its kernels`;
    name.addEventListener('click', () => {
      if (!this.open.delete(scene.scene)) this.open.add(scene.scene);
      this.fill();
      [...this.body.querySelectorAll('button')].find(({ textContent }) => textContent === scene.scene)?.focus();
    });
    const row = figures({ ...most, passed: scene.passed, dispatches: all(scene.kernels) }, name, element('small', '', scene.network));
    row.title = most.place && t`Nearest to its tolerance: ${most.name}, ${most.place}`;
    row.dataset['scene'] = scene.scene;
    if (!this.open.has(scene.scene)) return [row];
    const inner = scene.kernels.map((kernel) => {
      const made = figures(kernel, kernel.name);
      made.className = 'inner';
      return made;
    });
    return [row, ...inner];
  }

  private async copyReport(): Promise<void> {
    const said = (words: string): void => {
      this.copy.textContent = words;
      setTimeout(() => (this.copy.textContent = t`Copy report`), 1600);
    };
    try {
      await navigator.clipboard.writeText(this.report());
      said(t`Copied`);
    } catch {
      // Without a clipboard (no https) the visitor can select and copy the text.
      const text = element('textarea');
      text.value = this.report();
      text.rows = 14;
      text.readOnly = true;
      text.ariaLabel = t`Report`;
      this.found.before(text);
      text.select();
      said(t`Marked below`);
    }
  }

  /** Everything as plain text. */
  private report(): string {
    const { result } = this;
    const line = (name: string, kernel: Omit<CheckKernel, 'name'>, where: string): string =>
      [
        name.padEnd(34),
        error(kernel).padStart(12),
        bound(kernel).padStart(9),
        String(kernel.dispatches).padStart(10),
        ` ${kernel.passed ? 'agrees' : 'differs'}`,
        where && ` ${where}`,
      ]
        .join(' ')
        .trimEnd();
    const heads = ['worst error'.padStart(12), 'tolerance'.padStart(9), 'dispatches'.padStart(10)].join(' ');
    const rows = (result?.kernels ?? []).map((kernel) => line(kernel.name, kernel, kernel.place));
    const scenes = this.scenes.map((scene) => {
      const most = nearest(scene.kernels);
      return most ? line(scene.scene, { ...most, passed: scene.passed, dispatches: all(scene.kernels) }, scene.network) : scene.scene;
    });
    return [
      `Lacuna self-check: every kernel against its reference in f64 on the CPU`,
      `when     ${this.when}, ${this.seconds.toFixed(1)} s`,
      `adapter  ${result ? this.adapter(result) : 'unknown'}`,
      `browser  ${navigator.userAgent}`,
      `outcome  ${this.outcome()}`,
      '',
      `${'kernel'.padEnd(34)} ${heads}`,
      ...rows,
      '',
      `${'scene'.padEnd(34)} ${heads}`,
      ...scenes,
      '',
    ].join('\n');
  }
}

/** One line of a table. */
function figures(kernel: Omit<CheckKernel, 'name'>, ...name: (string | Node)[]): HTMLElement {
  const last = element('td', kernel.passed ? '' : 'fails', verdict(kernel.passed));
  const made = element(
    'tr',
    '',
    element('td', '', ...name),
    ...[error(kernel), bound(kernel), count(kernel.dispatches)].map((words) => element('td', '', words)),
    last,
  );
  made.title = kernel.place && t`Largest error: ${kernel.place}`;
  made.dataset['passed'] = String(kernel.passed);
  return made;
}
