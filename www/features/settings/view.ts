// The settings, built from the engine's table of settings, which has names, ranges, defaults and help. This file decides the place
// and the kind of each control.

import { about, NETWORKS, TRIES } from '../../model/suggestions';
import { denseWork, FAMILIES, matchedOf, means, METHODS, methodOf } from '../../model/methods';
import { bytes, count, magnitude, fixed } from '../../model/format';
import type { Setting, OwnData, Plan, Values } from '../../protocol/messages';
import { unitsOf } from '../../model/units';
import { sentence } from '../../model/words';
import { element } from '../../ui/element';
import { drawPicture } from './pictures';
import type { Palette } from '../../ui/palette';
import { parts, t, translated } from '../../words/words';

/** The settings on top, in this order, and the groups below. A setting that is in none is put into the last group. */
const FRONT = ['dataset', 'method', 'keep_ratio', 'model', 'gate_inputs'];
const GROUPS: { title: string; settings: string[]; brief: (values: Values) => string }[] = [
  {
    title: t`Structure`,
    settings: [
      'budget_unit',
      'schedule',
      'keep_start',
      'anneal_fraction',
      'estimator',
      'alpha',
      'control_variate',
      'effect_rate',
      'exact_information',
      'fill_budget',
      'scores_optimizer',
      'scores_rate',
      'structure_every',
      'drop_fraction',
      'allocation',
      'pins',
    ],
    brief: (values) =>
      [
        ['schedule', `${values['schedule']}`],
        ['structure_every', t`every ${values['structure_every']}`],
        ['drop_fraction', t`drop ${values['drop_fraction']}`],
        ['alpha', `α ${values['alpha']}`],
        ['scores_rate', t`rate ${values['scores_rate']}`],
        ['allocation', values['allocation'] === '' ? t`alike in each layer` : `${values['allocation']}`],
      ]
        .filter(([name]) => means(name ?? '', values))
        .slice(0, 3)
        .map(([, words]) => words)
        .join(' · '),
  },
  {
    title: t`Weights`,
    settings: ['learning_rate', 'rate_schedule', 'momentum', 'weight_decay', 'clip_norm', 'batch_size', 'augment'],
    brief: (values) => t`rate ${values['learning_rate']} · batch ${values['batch_size']}`,
  },
  {
    title: t`Run`,
    settings: ['epochs', 'steps', 'seed', 'select_masks', 'finetune_epochs', 'finetune_rate', 'compact'],
    brief: (values) => t`${values['steps'] === '0' ? t`${values['epochs']} epochs` : t`${values['steps']} steps`} · seed ${values['seed']}`,
  },
];
const PICTURES = 'dataset';
const METHOD = 'method';
const PROMINENT = 'keep_ratio';
const NETWORK = 'model';
const BY_NAME = t`by its name`;
/** The visitor's own data have no picture. */
const OWN = 'own';
/** A linear range larger than this is too fine for a slider. */
const WIDEST_LINEAR = 2;
/** How many decades a logarithmic slider spans if its range begins at 0. */
const DECADES_FROM_ZERO = 5;
const SLIDER_TOP = 1000;
/** How long the page names the other settings that a choice changed. */
const TOLD_MS = 5000;

interface Control {
  setting: Setting;
  root: HTMLElement;
  /** Shows a value, unless the visitor is typing one. */
  show(value: string, values: Values): void;
  invalid?(on: boolean): void;
  /** A help text in the place of the setting's own. */
  words?(): string;
}

/** "data 184, values 36, weights 11 MB" */
function shares(parts: Record<string, number>): string {
  const most = Math.max(...Object.values(parts));
  const [size, unit] = most >= 1e9 ? [1e9, 'GB'] : most >= 1e6 ? [1e6, 'MB'] : [1e3, 'KB'];
  const said = (part: number): string => (part < size / 20 ? t`under 0.1` : fixed(part / size, part < 9.95 * size ? 1 : 0));
  return `${Object.entries(parts)
    .map(([name, part]) => `${name} ${said(part)}`)
    .join(', ')} ${unit}`;
}

type Range = Extract<Setting['kind'], { type: 'number' }>;

function toPosition({ min, max, logarithmic }: Range, value: number): number {
  if (!logarithmic) return (SLIDER_TOP * (value - min)) / (max - min);
  const from = min > 0 ? Math.log(min) : Math.log(max) - DECADES_FROM_ZERO * Math.LN10;
  return value <= 0 ? 0 : Math.max(0, (SLIDER_TOP * (Math.log(value) - from)) / (Math.log(max) - from));
}

function fromPosition({ min, max, logarithmic }: Range, position: number): number {
  const share = position / SLIDER_TOP;
  if (!logarithmic) return Math.min(max, Math.max(min, Number((min + share * (max - min)).toFixed(2))));
  if (share <= 0) return min;
  const from = min > 0 ? Math.log(min) : Math.log(max) - DECADES_FROM_ZERO * Math.LN10;
  const value = Math.exp(from + share * (Math.log(max) - from));
  // Two digits are as fine as a pointer can be placed.
  return Math.min(max, Math.max(min, Number(value.toPrecision(2))));
}

export class SettingsView {
  private controls: Control[] = [];
  private pictures: [HTMLCanvasElement, string][] = [];
  private briefs: [HTMLElement, (values: Values) => string][] = [];
  private groups: HTMLElement[] = [];
  private readonly help = element('p', 'help');
  private readonly says = element('p', 'says');
  private readonly takes = element('p', 'takes');
  private readonly owned = element('span', '', t`your own data`);
  private told_until = 0;
  private palette: Palette;
  private readonly root: HTMLElement;
  private readonly changed: (name: string, value: string) => void;
  private readonly tried: (query: string, claim: string | null) => void;

  constructor(root: HTMLElement, palette: Palette, changed: (name: string, value: string) => void, tried: (query: string, claim: string | null) => void) {
    this.root = root;
    this.palette = palette;
    this.changed = changed;
    this.tried = tried;
    this.help.id = 'settings-help';
    this.help.setAttribute('role', 'note');
    this.takes.dataset['testid'] = 'memory';
  }

  build(settings: Setting[]): void {
    const left = new Map(settings.map((setting) => [setting.name, setting]));
    const take = (names: string[]): HTMLElement[] =>
      names.flatMap((name) => {
        const setting = left.get(name);
        left.delete(name);
        return setting ? [this.control(setting)] : [];
      });
    const front = take(FRONT);
    const bodies = GROUPS.map(({ settings: names }) => take(names));
    bodies.at(-1)?.push(...take([...left.keys()]));
    const groups = GROUPS.map(({ title, brief }, index) => {
      const said = element('span');
      this.briefs.push([said, brief]);
      return element('details', 'group', element('summary', '', element('b', '', title), said), element('div', 'body', ...(bodies[index] ?? [])));
    });
    this.groups = groups;
    this.root.replaceChildren(element('div', 'scroller', ...front, ...groups, this.tries()), this.help);
    this.recolour(this.palette);
  }

  /** All lines are filled and may be shown. Shown earlier, they would move each other. */
  ready(): void {
    this.root.removeAttribute('aria-busy');
  }

  recolour(palette: Palette): void {
    this.palette = palette;
    for (const [canvas, name] of this.pictures) drawPicture(canvas, name, palette);
  }

  /** Shows the values. A value that differs from the run has a mark: it waits for the next run. */
  show(values: Values, running: Values | null): void {
    for (const { setting, root, show } of this.controls) {
      const value = values[setting.name] ?? setting.value;
      show(value, values);
      const differs = running !== null && running[setting.name] !== value;
      root.classList.toggle('differs', differs);
    }
    for (const [said, brief] of this.briefs) said.textContent = brief(values);
    for (const { setting, root } of this.controls) root.hidden = !means(setting.name, values);
    for (const group of this.groups) group.hidden = group.querySelector('.body > :not([hidden])') === null;
  }

  /** Shows how many units of this network the keep ratio allows. */
  sayBudget(units: number, values: Values): void {
    const method = methodOf(values);
    const kept = t`${count(Number(values['keep_ratio']) * units)} of ${count(units)} units`;
    if (values['method'] === 'small-dense') this.says.textContent = t`the work of a run of ${matchedOf(values)} that ends with ${kept}`;
    else this.says.textContent = `${kept} ${method.starts_whole ? t`in the end` : t`from the first step`}`;
  }

  /** Shows size and memory of the network, before it is opened. */
  sayPlan(plan: Plan): void {
    const { data, activations, weights, optimiser } = plan.bytes;
    const takes = element('b', '', bytes(data + activations + weights + optimiser));
    this.takes.replaceChildren(
      t`${count(plan.units)} ${unitsOf(plan)}, ${magnitude(plan.weights)} weights, ${magnitude(plan.multiply_adds)} multiply-adds a dense step.`,
      ' ',
      ...parts`Takes ${takes} of memory: ${shares({ [t`data`]: data, [t`values`]: activations, [t`weights`]: weights + optimiser })}.`,
    );
    this.takes.dataset['bytes'] = String(data + activations + weights + optimiser);
    this.ready();
  }

  /** Describes the visitor's own data. */
  sayOwn({ name, words }: OwnData): void {
    this.owned.replaceChildren(...parts`your data: ${element('b', '', name)}`, element('small', '', translated(words.split(': ')[0] ?? words)));
  }

  /** Names the other settings that a choice changed. */
  showBroughtAlong(changed: [name: string, value: string][]): void {
    const label = (name: string): string => this.controls.find(({ setting }) => setting.name === name)?.setting.label ?? name;
    const said = (value: string): string => ({ true: t`on`, false: t`off` })[value] ?? value;
    this.told_until = performance.now() + TOLD_MS;
    this.help.textContent = t`Set along with it: ${changed.map(([name, value]) => `${label(name).toLowerCase()} ${said(value)}`).join(', ')}.`;
  }

  /** Shows why a value was refused, or removes that. */
  refuse(message: string | null, name?: string): void {
    const refused = this.help.classList.contains('refusal');
    this.help.classList.toggle('refusal', message !== null);
    if (message !== null) this.help.textContent = sentence(message);
    else if (refused) this.help.textContent = '';
    for (const control of this.controls) control.invalid?.(message !== null && control.setting.name === name);
  }

  private control(setting: Setting): HTMLElement {
    const make = (): Control => {
      switch (setting.kind.type) {
        case 'choice':
          if (setting.name === PICTURES) return this.pictured(setting, setting.kind.choices);
          if (setting.name === METHOD) return this.methods(setting, setting.kind.choices);
          return this.select(setting, setting.kind.choices);
        case 'switch':
          return this.toggle(setting);
        case 'number':
          return this.number(setting, setting.kind);
        case 'text':
          return setting.name === NETWORK ? this.network(setting) : this.field(setting);
        case 'count':
          return this.field(setting);
      }
    };
    const control = make();
    control.root.dataset['setting'] = setting.name;
    this.explain(control.root, control.words ?? (() => `${translated(setting.help)}${setting.live ? ` ${t`Works at once.`}` : ''}`));
    this.controls.push(control);
    return control.root;
  }

  /** Shows a help text while an element has the pointer or the focus. */
  private explain(root: HTMLElement, words: () => string): void {
    const say = (text: string): void => {
      if (!this.help.classList.contains('refusal') && performance.now() > this.told_until) this.help.textContent = text;
    };
    const show = (event: Event): void => {
      event.stopPropagation();
      say(words());
    };
    root.addEventListener('pointerover', show);
    root.addEventListener('focusin', show);
    root.addEventListener('pointerleave', () => say(''));
  }

  private radio(setting: Setting, name: string): HTMLInputElement {
    const input = element('input');
    input.type = 'radio';
    input.name = `setting-${setting.name}`;
    input.value = name;
    input.dataset['testid'] = `${setting.name}-${name}`;
    input.addEventListener('change', () => this.changed(setting.name, name));
    return input;
  }

  private pictured(setting: Setting, choices: [string, string][]): Control {
    const inputs: HTMLInputElement[] = [];
    const row = element('div');
    for (const [name, label] of choices) {
      const input = this.radio(setting, name);
      inputs.push(input);
      if (name === OWN) {
        // Chosen again, it opens the panel for other files.
        input.addEventListener('click', () => this.changed(setting.name, name));
        row.append(element('label', 'own', input, this.owned));
        continue;
      }
      const canvas = element('canvas');
      canvas.setAttribute('aria-hidden', 'true');
      this.pictures.push([canvas, name]);
      row.append(element('label', '', input, canvas, element('span', '', label)));
    }
    const root = element('fieldset', 'pictures', element('legend', '', element('span', 'name', setting.label)), row);
    root.setAttribute('aria-describedby', this.help.id);
    return { setting, root, show: (value) => inputs.forEach((input) => (input.checked = input.value === value)) };
  }

  /** The method. Folded: the chosen one with its description. Unfolded: all methods by family. */
  private methods(setting: Setting, choices: [string, string][]): Control {
    const labels = new Map(choices);
    const inputs: HTMLInputElement[] = [];
    const now = element('b');
    const about = element('p', 'takes');
    about.dataset['testid'] = 'about-method';
    const fold = element('details', 'fold', element('summary', '', element('span', 'name', setting.label), now));
    const list = element('div', 'list');
    for (const [family, title] of FAMILIES) {
      const heading = element('p', '', title);
      heading.id = `family-${family}`;
      const members = element('div', 'family', heading);
      members.setAttribute('role', 'group');
      members.setAttribute('aria-labelledby', heading.id);
      list.append(members);
      for (const [name, { does }] of Object.entries(METHODS).filter(([name, method]) => method.family === family && labels.has(name))) {
        const input = this.radio(setting, name);
        inputs.push(input);
        const label = element('label', '', input, element('span', '', element('b', '', labels.get(name) ?? name), does));
        // A click closes the list; with keys the visitor may go on choosing.
        label.addEventListener('click', (event) => (fold.open = fold.open && event.detail === 0));
        members.append(label);
      }
    }
    fold.append(list);
    const root = element('fieldset', 'methods', element('legend', 'unseen', setting.label), fold, about);
    root.setAttribute('aria-describedby', this.help.id);
    return {
      setting,
      root,
      words: () => t`How the mask is chosen. All methods share the budget, the data and the seed.`,
      show: (value, values) => {
        for (const input of inputs) input.checked = input.value === value;
        now.textContent = labels.get(value) ?? value;
        const [{ does }, dense] = [methodOf(values), denseWork(values)];
        about.replaceChildren(`${does} `, element('span', dense === null ? '' : 'hides', t`Dense work: ${dense ?? t`none`}.`));
      },
    };
  }

  private name(setting: Setting, id: string): HTMLLabelElement {
    const label = element('label', 'name', setting.label);
    label.htmlFor = id;
    return label;
  }

  private select(setting: Setting, choices: [string, string][]): Control {
    const select = element('select');
    select.id = `setting-${setting.name}`;
    select.dataset['testid'] = setting.name;
    for (const [name, label] of choices) {
      const option = element('option', '', label);
      option.value = name;
      select.append(option);
    }
    select.setAttribute('aria-describedby', this.help.id);
    select.addEventListener('change', () => this.changed(setting.name, select.value));
    return { setting, root: element('div', 'row', this.name(setting, select.id), select), show: (value) => (select.value = value) };
  }

  private toggle(setting: Setting): Control {
    const input = element('input', 'switch');
    input.type = 'checkbox';
    input.setAttribute('role', 'switch');
    input.id = `setting-${setting.name}`;
    input.dataset['testid'] = setting.name;
    input.setAttribute('aria-describedby', this.help.id);
    input.addEventListener('change', () => this.changed(setting.name, String(input.checked)));
    return { setting, root: element('div', 'row', this.name(setting, input.id), input), show: (value) => (input.checked = value === 'true') };
  }

  private input(setting: Setting): HTMLInputElement {
    const input = element('input', setting.kind.type === 'text' ? 'wide' : '');
    input.type = 'text';
    input.id = `setting-${setting.name}`;
    input.dataset['testid'] = setting.name;
    input.autocomplete = 'off';
    input.spellcheck = false;
    if (setting.kind.type === 'count') input.inputMode = 'numeric';
    if (setting.kind.type === 'number') input.inputMode = 'decimal';
    input.setAttribute('aria-describedby', this.help.id);
    input.addEventListener('change', () => this.changed(setting.name, input.value.trim()));
    input.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') input.blur();
    });
    return input;
  }

  private field(setting: Setting): Control {
    const input = this.input(setting);
    return {
      setting,
      root: element('div', 'row', this.name(setting, input.id), input),
      show: (value) => {
        if (document.activeElement !== input && input.ariaInvalid !== 'true') input.value = value;
      },
      invalid: (on) => (input.ariaInvalid = on ? 'true' : null),
    };
  }

  /** A list of networks, and a field for the name of any network. */
  private network(setting: Setting): Control {
    const field = this.field(setting);
    const select = element('select');
    select.id = `setting-${setting.name}-preset`;
    select.dataset['testid'] = `${setting.name}-preset`;
    select.setAttribute('aria-describedby', this.help.id);
    const option = (name: string, title: string): HTMLOptionElement => {
      const made = element('option', '', title);
      made.value = name;
      return made;
    };
    for (const [kind, networks] of NETWORKS) {
      const group = element('optgroup', '', ...networks.map(([name, title]) => option(name, title)));
      group.label = kind;
      select.append(group);
    }
    select.append(option('', BY_NAME));
    const known = NETWORKS.flatMap(([, networks]) => networks.map(([name]) => name));
    const input = field.root.querySelector('input');
    select.addEventListener('change', () => {
      if (select.value !== '') return this.changed(setting.name, select.value);
      input?.focus();
      input?.select();
    });
    const label = element('label', 'name', setting.label);
    label.htmlFor = select.id;
    const name = field.root.querySelector('label');
    if (name) name.textContent = t`Name`;
    const root = element('div', 'choice', element('div', 'row', label, select), field.root, this.takes);
    this.explain(field.root, () => setting.help);
    return {
      ...field,
      root,
      words: () => about(input?.value ?? ''),
      show: (value, values) => {
        field.show(value, values);
        select.value = known.includes(value) ? value : '';
      },
    };
  }

  private number(setting: Setting, kind: Range): Control {
    const field = this.field(setting);
    if (!kind.logarithmic && kind.max - kind.min > WIDEST_LINEAR) return field;
    const range = element('input');
    range.type = 'range';
    range.min = '0';
    range.max = String(SLIDER_TOP);
    range.dataset['testid'] = `${setting.name}-slider`;
    range.setAttribute('aria-label', setting.label);
    range.setAttribute('aria-describedby', this.help.id);
    const fill = (): void => range.style.setProperty('--at', `${Number(range.value) / (SLIDER_TOP / 100)}%`);
    range.addEventListener('input', () => {
      fill();
      this.changed(setting.name, String(fromPosition(kind, Number(range.value))));
    });
    const prominent = setting.name === PROMINENT;
    const root = element('div', prominent ? 'slider prominent' : 'slider', field.root, range);
    if (prominent) root.append(this.says);
    return {
      ...field,
      root,
      show: (value, values) => {
        field.show(value, values);
        const number = Number(value);
        // A slider is not moved while it is dragged, although its value is rounded.
        if (fromPosition(kind, Number(range.value)) !== number) range.value = String(Math.round(toPosition(kind, number)));
        range.setAttribute('aria-valuetext', value);
        fill();
      },
    };
  }

  private tries(): HTMLElement {
    const links = TRIES.map(([title, query, claim]) => {
      const link = element('a', '', title);
      link.href = claim === null ? `?${query}` : `?${query}#claim=${claim}`;
      if (claim !== null) link.dataset['testid'] = `claim-${claim}`;
      link.addEventListener('click', (event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        this.tried(query, claim);
      });
      return element('li', '', link);
    });
    return element('nav', 'try', element('h2', '', t`Is it true? Predict first`), element('ul', '', ...links));
  }
}
