// Compares runs: their differences, their curves over steps, seconds or multiply-adds, and the work of each.

import uPlot from 'uplot';
import { differences } from '../../model/differences';
import { FAMILIES, METHODS } from '../../model/methods';
import { bytes, count, duration, fixed, magnitude, milliseconds, percent, short } from '../../model/format';
import type { Entrant, Setting, Values } from '../../protocol/messages';
import { type ListedRun, MOST_RUNS } from '../../model/runs';
import type { Along } from '../../model/curves';
import { sentence } from '../../model/words';
import { accuracyAxis, accuracyScale, describe, fit, lossAxis, lossScale, plainAxis, QUIET, roundTicks } from '../../ui/charts';
import { element, say } from '../../ui/element';
import { css, readColours } from '../../ui/palette';
import './style.css';
import { parts, t, translated } from '../../words/words';

const SLOTS = Array.from({ length: MOST_RUNS }, (_, slot) => slot);
const NAMES = [...SLOTS.map((slot) => `run-${slot + 1}`), 'soft', 'line'];
/** Curves with the second half of the colours are dashed too, so that no two runs differ by hue alone. */
const dashOf = (slot: number): number[] => (slot < MOST_RUNS / 2 ? [] : [6, 3]);
const AXES: [along: Along, words: string][] = [
  ['step', t`steps`],
  ['seconds', t`seconds`],
  ['multiply_adds', t`multiply-adds (log)`],
];
const HEADS: [words: string, title: string][] = [
  [t`Run`, t`What sets it apart`],
  [t`Test accuracy`, t`Under the decided mask (the ⌊K⌋ highest scores)`],
  [t`Steps`, t`Done so far`],
  [t`Seconds`, t`Of training on this device, from the end of the first step on, which also compiles`],
  [t`Multiply-adds`, t`Multiply-adds that were executed, from the units that each step kept`],
  [t`of it near dense`, t`In passes with more than half the work of the dense network, such as a dense start or a dense backward pass`],
  [t`Memory`, t`Device memory of the network, without the data`],
  [t`Remove`, ''],
];
/** The entrants that are ticked at first. */
const COMPARED = ['dense', 'small-dense', 'static', 'vrpge'];
const STEPS = '500';

/** The requests of the panel. */
export interface Requests {
  /** Trains entrants one after another. `best`: each with its own preset. */
  compare(entrants: Entrant[], best: boolean, common: Values): void;
  stop(): void;
  /** Removes the runs of these numbers. */
  forget(numbers: number[]): void;
}

export interface RunsInput {
  list: ListedRun[];
  /** The run that was removed last because the list was full. */
  gone: ListedRun | null;
  /** Why the runs are lost on a reload. */
  unstored: string | null;
  /** The number of the open run. */
  current: number | null;
  /** Whether a comparison is in progress. */
  compares: boolean;
  settings: Setting[];
  /** The possible entrants; empty until the engine is loaded. */
  entrants: Entrant[];
}

const NOTHING: RunsInput = { list: [], gone: null, unstored: null, current: null, compares: false, settings: [], entrants: [] };

/** A run in the table: its line, and the details below it that its name opens. */
interface Row {
  /** The number of its run. */
  number: number;
  line: HTMLTableRowElement;
  cells: HTMLElement[];
  more: HTMLTableRowElement;
}

export class RunsView {
  private along: Along = 'step';
  private input = NOTHING;
  private colours = readColours(NAMES);
  /** Numbers of the runs that the table has rows for. */
  private built = '';
  /** Of both charts. */
  private domain: [number, number] = [0, 1];
  private rows: Row[] = [];
  /** Numbers of the runs whose details are open. */
  private readonly opened = new Set<number>();
  private readonly requests: Requests;
  private readonly chips = element('div', 'chips');
  private readonly comparison = element('fieldset', 'comparison');
  private readonly differs = element('p', 'differs-line');
  private readonly body = element('tbody');
  private readonly room = element('p', 'note');
  private readonly shown = element('div', 'overlay');
  private readonly go = element('button', 'small-button', t`Compare`);
  private readonly clear = element('button', 'small-button', t`Clear`);
  private readonly loss: uPlot;
  private readonly accuracy: uPlot;

  constructor(root: HTMLElement, requests: Requests) {
    this.requests = requests;
    const [loss, accuracy] = [element('div', 'chart'), element('div', 'chart')];
    const sync = uPlot.sync('runs');
    const colour = (name: string) => () => css(this.colours[name] ?? [0, 0, 0]);
    const plot = (scale: uPlot.Scale, axis: typeof lossAxis, points: boolean, into: HTMLElement): uPlot =>
      new uPlot(
        {
          ...QUIET,
          cursor: { y: false, drag: { x: false, y: false }, points: { show: false }, sync: { key: sync.key } },
          // A dense run does many times the work of the others: only a logarithmic axis shows all of them.
          scales: {
            x: {
              time: false,
              distr: 100,
              fwd: (value) => (this.isLog() ? Math.log10(Math.max(value, this.domain[0])) : value),
              bwd: (value) => (this.isLog() ? 10 ** value : value),
              range: () => this.domain,
            },
            y: scale,
          },
          axes: [
            { ...plainAxis(colour('soft'), short), splits: () => roundTicks(...this.domain, this.isLog()), filter: (_, splits) => splits },
            axis(colour('soft'), colour('line')),
          ],
          series: [
            {},
            ...SLOTS.map((slot) => ({
              stroke: colour(`run-${slot + 1}`),
              width: 1.75,
              dash: dashOf(slot),
              spanGaps: true,
              points: { show: points, size: 5, fill: colour(`run-${slot + 1}`) },
            })),
          ],
        },
        [[], ...SLOTS.map(() => [])],
        into,
      );
    this.accuracy = plot(accuracyScale, accuracyAxis, true, accuracy);
    this.loss = plot(lossScale, lossAxis, false, loss);
    fit([loss, this.loss], [accuracy, this.accuracy]);
    describe(loss, t`Training loss of each run. The table below has the figures.`);
    describe(accuracy, t`Test accuracy of each run. The table below has the figures.`);
    this.differs.dataset['testid'] = 'differs';
    this.clear.type = this.go.type = 'button';
    this.clear.dataset['testid'] = 'clear-runs';
    this.clear.addEventListener('click', () => requests.forget(this.input.list.map(({ number }) => number).filter((number) => number !== this.input.current)));
    const head = element(
      'tr',
      '',
      ...HEADS.map(([words, title]) => {
        // The heading of the last column is for screen readers only.
        const cell = element('th', '', title === '' ? element('span', 'unseen', words) : words);
        cell.title = title;
        return cell;
      }),
    );
    const table = element('table', 'figures-table', element('thead', '', head), this.body);
    this.body.dataset['testid'] = 'kept-runs';
    this.shown.append(
      element('div', 'bar-line', this.axes(), this.clear),
      element('p', 'lead', element('span', '', t`Test accuracy of the decided mask`)),
      accuracy,
      element('p', 'lead', element('span', '', t`Training loss under m`)),
      loss,
      element('div', 'scrolls', table),
    );
    this.compose();
    root.append(this.differs, this.shown, this.comparison, this.room);
    this.choices();
  }

  recolour(): void {
    this.colours = readColours(NAMES);
    this.loss.redraw(false);
    this.accuracy.redraw(false);
  }

  draw(input: RunsInput): void {
    this.input = input;
    const { list, current, gone, unstored, compares } = input;
    if (this.chips.childElementCount === 0) this.choices();
    this.shown.hidden = list.length === 0;
    this.clear.disabled = list.every(({ number }) => number === current);
    this.go.textContent = compares ? t`Stop` : t`Compare`;
    this.allow();
    const made_room = gone
      ? `${t`The list has at most ${MOST_RUNS} runs; the oldest, ${gone.values['method']} with seed ${gone.values['seed']}, was removed.`} `
      : '';
    const forgets = unstored === null ? '' : t`These runs are lost on a reload: ${sentence(unstored)}`;
    say(this.room, made_room + forgets);
    const built = JSON.stringify([current, list.map(({ number, slot }) => [number, slot])]);
    if (this.built !== built) this.build(list, current);
    this.built = built;
    this.say(list);
    this.fill();
    this.trace(list);
  }

  /** Updates the sentence about the differences, and the names of the runs. */
  private say(list: ListedRun[]): void {
    const { differing, equal, labels } = differences(list);
    const label = (name: string): string => this.input.settings.find((setting) => setting.name === name)?.label.toLowerCase() ?? name;
    const differ = differing.map(([name, values]) => `${label(name)} ${values.join(' / ')}`).join(', ');
    const same = equal.join(', ');
    let words = t`Runs are listed here until this tab is closed, and their curves are drawn in one chart. Train, change a setting, train again.`;
    if (list.length === 1) words = t`One run so far: ${list[0]?.values['method']}, ${same}.`;
    else if (list.length > 1) words = differ === '' ? t`Nothing differs: ${same}.` : t`What differs: ${differ}. All else equal: ${same}.`;
    say(this.differs, words);
    for (const [index, { cells }] of this.rows.entries()) {
      const name = labels[index]?.join(' · ') || list[index]?.values['method'] || '';
      const named = cells[0]?.querySelector('button');
      if (named) say(named, name);
      const remove = cells.at(-1)?.querySelector('button');
      if (remove) remove.ariaLabel = t`Remove this run: ${name}`;
    }
  }

  private build(list: ListedRun[], current: number | null): void {
    // The rows are made anew. After a run was removed by keys, the next run gets the focus; a focused name has it again.
    const { activeElement } = document;
    const focused = this.rows.findIndex(({ line }) => line.contains(activeElement));
    const on = activeElement?.className ?? '';
    const stays = list.findIndex(({ number }) => number === this.rows[focused]?.number);
    this.rows = list.map((run) => {
      const open = element('button', 'more');
      open.type = 'button';
      open.title = t`What its work consists of`;
      const cells = [element('td', '', element('i', `swatch swatch-${run.slot + 1}`), open), ...HEADS.slice(1).map(() => element('td'))];
      const { number } = run;
      if (number !== current) {
        const remove = element('button', 'remove', '×');
        remove.type = 'button';
        remove.title = t`Remove this run`;
        remove.addEventListener('click', () => this.requests.forget([number]));
        cells.at(-1)?.append(remove);
      }
      const line = element('tr', '', ...cells);
      line.dataset['method'] = run.values['method'] ?? '';
      const told = element('td');
      told.colSpan = HEADS.length;
      const row: Row = { number, line, cells, more: element('tr', 'costs', told) };
      open.addEventListener('click', () => {
        if (!this.opened.delete(number)) this.opened.add(number);
        this.unfold(row);
        this.fill();
      });
      return row;
    });
    this.body.replaceChildren(...this.rows.map(({ line }) => line));
    for (const row of this.rows) this.unfold(row);
    if (focused < 0) return;
    const next = this.rows[stays >= 0 ? stays : Math.min(focused, this.rows.length - 1)];
    (next?.line.querySelector<HTMLElement>(on === 'remove' ? '.remove' : '.more') ?? next?.line.querySelector<HTMLElement>('.more') ?? this.go).focus();
  }

  /** Opens or closes the details of a run. */
  private unfold({ number, line, cells, more }: Row): void {
    const opens = this.opened.has(number);
    if (opens) line.after(more);
    else more.remove();
    const button = cells[0]?.querySelector('button');
    if (button) button.ariaExpanded = String(opens);
  }

  private fill(): void {
    for (const row of this.rows) {
      const run = this.input.list.find(({ number }) => number === row.number);
      if (!run) continue;
      const { curves, evaluation, cost, state, bytes: held } = run;
      const [, accuracy, steps, seconds, work, dense, memory] = row.cells;
      const { last } = curves;
      const found = evaluation ?? curves.tests.at(-1);
      const set = (cell: HTMLElement | undefined, words: string, value: number): void => {
        if (!cell) return;
        say(cell, words);
        cell.dataset['value'] = String(value);
      };
      set(accuracy, found ? percent(found.decided) : '–', found?.decided ?? NaN);
      set(steps, `${count(last.step + 1)}${state === 'halted' ? t`, diverged` : ''}`, last.step + 1);
      set(seconds, last.seconds < 100 ? fixed(last.seconds, 1) : duration(last.seconds), last.seconds);
      set(work, short(last.multiply_adds), last.multiply_adds);
      const share = cost.near_dense / Math.max(1, last.multiply_adds);
      set(dense, share === 0 ? 'none' : percent(share, share < 0.1 ? 1 : 0), share);
      set(memory, bytes(held), held);
      if (this.opened.has(row.number)) tellCosts(run, row.more);
    }
  }

  private isLog(): boolean {
    return this.along === 'multiply_adds';
  }

  private trace(list: ListedRun[]): void {
    const nothing = (): uPlot.AlignedData => [[], ...SLOTS.map(() => [])];
    if (list.length === 0) {
      this.loss.setData(nothing());
      this.accuracy.setData(nothing());
      return;
    }
    const curves = list.map((run) => run.curves.along(this.along));
    const first = Math.min(...curves.map(({ loss: [places] }) => places[0] ?? 0));
    this.domain = [this.isLog() ? first : 0, Math.max(1e-9, ...list.map((run) => run.curves.last[this.along]))];
    // A slot without a run has a curve without points.
    const joined = (of: 'loss' | 'accuracy'): uPlot.AlignedData => {
      const [xs, ...ys] = uPlot.join(curves.map((curve) => curve[of] as uPlot.AlignedData));
      return [xs, ...SLOTS.map((slot) => ys[list.findIndex((run) => run.slot === slot)] ?? [])] as uPlot.AlignedData;
    };
    this.loss.setData(joined('loss'));
    this.accuracy.setData(joined('accuracy'));
  }

  private axes(): HTMLElement {
    const row = element('div');
    for (const [along, words] of AXES) {
      const input = element('input');
      input.type = 'radio';
      input.name = 'along';
      input.value = along;
      input.checked = along === this.along;
      input.dataset['testid'] = `along-${along}`;
      input.addEventListener('change', () => {
        this.along = along;
        this.shown.dataset['along'] = along;
        this.trace(this.input.list);
      });
      row.append(element('label', '', input, element('span', '', words)));
    }
    this.shown.dataset['along'] = this.along;
    return element('fieldset', 'segments', element('legend', 'unseen', t`Along`), row);
  }

  /** A tick box for each possible entrant; a variant follows its method. */
  private choices(): void {
    const all = FAMILIES.flatMap(([family]) => Object.keys(METHODS).filter((name) => METHODS[name]?.family === family)).flatMap((name) =>
      this.input.entrants.filter(({ method }) => method === name),
    );
    const boxes = all.map(({ name }) => {
      const input = element('input');
      input.type = 'checkbox';
      input.value = name;
      input.checked = COMPARED.includes(name);
      input.dataset['testid'] = `compare-${name}`;
      return input;
    });
    const box = (name: string): HTMLInputElement | undefined => boxes.find(({ value }) => value === name);
    // The entrant with the allocation of VR-PGE needs a run of VR-PGE.
    for (const { name } of all.filter(({ is_allocated }) => is_allocated)) {
      const [divided, whole] = [box(name), box('vrpge')];
      divided?.addEventListener('change', () => void (divided.checked && whole && (whole.checked = true)));
      whole?.addEventListener('change', () => void (divided && !whole.checked && (divided.checked = false)));
    }
    for (const input of boxes) {
      const name = element('span', '', input.value);
      // Entrants are called as in links and on the command line.
      name.translate = false;
      this.chips.append(element('label', 'chip-box', input, name));
    }
    // Without entrants there is nothing to begin, and no text that would make space for the choices later.
    this.comparison.hidden = boxes.length === 0;
    this.allow();
  }

  /** The ticked entrants. */
  private chosen(): Entrant[] {
    const checked = [...this.chips.querySelectorAll('input')].filter((box) => box.checked).map((box) => box.value);
    return checked.flatMap((wanted) => this.input.entrants.find(({ name }) => name === wanted) ?? []);
  }

  /** The button is disabled without entrants, and stops a comparison in progress. */
  private allow(): void {
    this.go.disabled = !this.input.compares && this.chosen().length === 0;
  }

  /** The form that starts a comparison. */
  private compose(): void {
    const steps = element('input');
    steps.type = 'text';
    steps.inputMode = 'numeric';
    steps.value = STEPS;
    steps.ariaLabel = t`Steps of each run`;
    steps.dataset['testid'] = 'compare-steps';
    const best = element('input');
    best.type = 'checkbox';
    best.checked = true;
    best.dataset['testid'] = 'compare-best';
    this.chips.addEventListener('change', () => this.allow());
    this.go.dataset['testid'] = 'compare-methods';
    this.go.addEventListener('click', () => {
      if (this.input.compares) return this.requests.stop();
      this.requests.compare(this.chosen(), best.checked, { steps: steps.value.trim() });
    });
    this.comparison.append(
      element('legend', '', t`Train one after another, with all other settings equal`),
      this.chips,
      element(
        'div',
        'bar-line',
        element('label', '', ...parts`for ${steps} steps each`),
        element('label', 'best', ...parts`${best} each with its best settings`),
        this.go,
      ),
    );
  }
}

/** The details of a run: its multiply-adds, and the time of each phase in the last comparison with a dense step. */
function tellCosts({ cost, speed }: ListedRun, more: HTMLTableRowElement): void {
  const cell = more.firstElementChild;
  // Equal details are not made again, because the visitor may be selecting text in them.
  const told = JSON.stringify([cost, speed]);
  if (!cell || more.dataset['told'] === told) return;
  more.dataset['told'] = told;
  const all = cost.forward + cost.backward + cost.structure;
  const part = (name: string, value: number): [string, string, string] => [
    name,
    value === 0 ? 'none' : magnitude(value),
    value === 0 ? '' : percent(value / Math.max(1, all)),
  ];
  const work = figures(
    t`Multiply-adds`,
    ['', ''],
    [part(t`forward`, cost.forward), part(t`backward`, cost.backward), part(t`to choose masks`, cost.structure), part(t`of all, near dense`, cost.near_dense)],
  );
  if (!speed) return cell.replaceChildren(work, element('p', 'note', t`Times by phase are known after the first comparison with a dense step.`));
  const { step, phases, sparse_ms, dense_ms } = speed;
  const line = (name: string, ours: number, theirs: number): [string, string, string] => [name, milliseconds(ours), milliseconds(theirs)];
  const time = figures(
    t`A step, timed at step ${count(step)}`,
    [t`this run`, t`dense`],
    [...phases.map((phase) => line(translated(phase.name), phase.sparse_ms, phase.dense_ms)), line(t`whole step`, sparse_ms, dense_ms)],
  );
  cell.replaceChildren(work, time, ...(phases.length === 0 ? [element('p', 'note', t`This adapter does not report the times of phases.`)] : []));
}

/** A table of three columns, each row with a name. */
function figures(title: string, heads: [string, string], lines: [name: string, figure: string, beside: string][]): HTMLElement {
  const all = [[title, ...heads], ...lines].map(([name = '', ...told]) =>
    element('div', '', element('dt', '', name), ...told.map((words) => element('dd', '', words))),
  );
  return element('dl', '', ...all);
}
