// Runs laid over one another: what differs between them, their curves along steps, seconds or multiply-adds, and what each cost.

import uPlot from 'uplot';
import { differences } from '../differences';
import { FAMILIES, METHODS } from '../methods';
import { count, duration, magnitude, percent, short } from '../numbers';
import type { Knob } from '../protocol';
import { MOST_RUNS, type Run, type Runs } from '../runs';
import type { Along } from '../traces';
import { accuracyAxis, accuracyScale, fit, lossAxis, lossScale, plainAxis, QUIET, roundTicks } from './charts';
import { element } from './element';
import { css, readColours } from './palette';

const SLOTS = Array.from({ length: MOST_RUNS }, (_, slot) => slot);
const NAMES = [...SLOTS.map((slot) => `run-${slot + 1}`), 'soft', 'line'];
/** The second half of the colours is dashed too, so that no pair rests on its hue alone. */
const dashOf = (slot: number): number[] => (slot < MOST_RUNS / 2 ? [] : [6, 3]);
const AXES: [along: Along, words: string][] = [
  ['step', 'steps'],
  ['seconds', 'seconds'],
  ['multiply_adds', 'multiply-adds (log)'],
];
const HEADS: [words: string, title: string][] = [
  ['Run', 'What sets it apart'],
  ['Test accuracy', 'Under the decided mask (s ≥ ½)'],
  ['Steps', 'Done so far'],
  ['Seconds', 'Of training on this device, from the end of the first step on, which also compiles'],
  ['Multiply-adds', 'Executed, counted from the units that each step kept'],
  ['of it near dense', 'In passes of more than half the work of the dense net’s: a dense start, a dense backward, a dense look at every unit'],
  ['', ''],
];
/** The opponents that a comparison begins with. */
const COMPARED = ['dense', 'small-dense', 'static', 'vrpge'];
const STEPS = '500';

export interface Wishes {
  compare(methods: string[], steps: string): void;
  stop(): void;
  forget(is: (run: Run) => boolean): void;
}

export class RunsView {
  private along: Along = 'step';
  private drawn: { runs: Runs; current: Run | null; busy: boolean } | null = null;
  private colours = readColours(NAMES);
  private built = -1;
  /** Of both charts. */
  private domain: [number, number] = [0, 1];
  private rows: [run: Run, cells: HTMLElement[]][] = [];
  private readonly knobs: () => Knob[];
  private readonly wishes: Wishes;
  private readonly differs = element('p', 'differs-line');
  private readonly body = element('tbody');
  private readonly room = element('p', 'note');
  private readonly shown = element('div', 'overlay');
  private readonly go = element('button', 'small-button', 'Compare');
  private readonly clear = element('button', 'small-button', 'Clear');
  private readonly loss: uPlot;
  private readonly accuracy: uPlot;

  constructor(root: HTMLElement, knobs: () => Knob[], wishes: Wishes) {
    this.knobs = knobs;
    this.wishes = wishes;
    const [loss, accuracy] = [element('div', 'chart'), element('div', 'chart')];
    const sync = uPlot.sync('runs');
    const colour = (name: string) => () => css(this.colours[name] ?? [0, 0, 0]);
    const plot = (scale: uPlot.Scale, axis: typeof lossAxis, points: boolean, into: HTMLElement): uPlot =>
      new uPlot(
        {
          ...QUIET,
          cursor: { y: false, drag: { x: false, y: false }, points: { show: false }, sync: { key: sync.key } },
          // Dense work is many times that of the others: only ratios show all of them.
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
          axes: [{ ...plainAxis(colour('soft'), short), splits: () => roundTicks(...this.domain, this.isLog()), filter: (_, splits) => splits }, axis(colour('soft'), colour('line'))],
          series: [{}, ...SLOTS.map((slot) => ({ stroke: colour(`run-${slot + 1}`), width: 1.75, dash: dashOf(slot), spanGaps: true, points: { show: points, size: 5, fill: colour(`run-${slot + 1}`) } }))],
        },
        [[], ...SLOTS.map(() => [])],
        into,
      );
    this.accuracy = plot(accuracyScale, accuracyAxis, true, accuracy);
    this.loss = plot(lossScale, lossAxis, false, loss);
    fit([loss, this.loss], [accuracy, this.accuracy]);
    this.differs.dataset['testid'] = 'differs';
    this.clear.type = this.go.type = 'button';
    this.clear.dataset['testid'] = 'clear-runs';
    this.clear.addEventListener('click', () => wishes.forget((run) => run !== this.drawn?.current));
    const head = element(
      'tr',
      '',
      ...HEADS.map(([words, title]) => {
        const cell = element('th', '', words);
        cell.title = title;
        return cell;
      }),
    );
    const table = element('table', 'figures-table', element('thead', '', head), this.body);
    this.body.dataset['testid'] = 'kept-runs';
    this.shown.append(
      element('div', 'bar-line', this.axes(), this.clear),
      element('p', 'lead', element('span', '', 'Test accuracy of the decided mask')),
      accuracy,
      element('p', 'lead', element('span', '', 'Training loss under m')),
      loss,
      element('div', 'scrolls', table),
    );
    root.append(this.differs, this.shown, this.comparison(), this.room);
  }

  recolour(): void {
    this.colours = readColours(NAMES);
    this.loss.redraw(false);
    this.accuracy.redraw(false);
  }

  draw(runs: Runs, current: Run | null, queue: object | null): void {
    this.drawn = { runs, current, busy: queue !== null };
    const { list } = runs;
    this.shown.hidden = list.length === 0;
    this.clear.disabled = list.every((run) => run === current);
    this.go.textContent = queue ? 'Stop' : 'Compare';
    this.room.textContent = runs.gone
      ? `The page keeps ${MOST_RUNS} runs; the oldest, ${runs.gone.values['method']} with seed ${runs.gone.values['seed']}, made room.`
      : '';
    if (this.built !== runs.version) this.build(list, current);
    this.built = runs.version;
    this.say(list);
    this.fill();
    this.trace(list);
  }

  /** What differs, in a sentence; and each run's own name. */
  private say(list: Run[]): void {
    const { differing, equal, labels } = differences(list);
    const label = (name: string): string => this.knobs().find((knob) => knob.name === name)?.label.toLowerCase() ?? name;
    const differ = differing.map(([name, values]) => `${label(name)} ${values.join(' / ')}`).join(', ');
    const same = equal.join(', ');
    let words = 'Runs are kept while this page is open, and their curves laid over one another here. Train, change something, train again.';
    if (list.length === 1) words = `One run so far: ${list[0]?.values['method']}, ${same}.`;
    else if (list.length > 1) words = differ === '' ? `Nothing differs: ${same}.` : `What differs: ${differ}. All else equal: ${same}.`;
    if (this.differs.textContent !== words) this.differs.textContent = words;
    for (const [index, [run, cells]] of this.rows.entries()) {
      const name = labels[index]?.join(' · ') || run.values['method'] || '';
      const named = cells[0]?.querySelector('span');
      if (named && named.textContent !== name) named.textContent = name;
    }
  }

  private build(list: Run[], current: Run | null): void {
    this.rows = list.map((run) => {
      const swatch = element('i', `swatch swatch-${run.slot + 1}`);
      const cells = [element('td', '', swatch, element('span')), ...AXES.map(() => element('td')), element('td'), element('td'), element('td')];
      if (run !== current) {
        const remove = element('button', 'remove', '×');
        remove.type = 'button';
        remove.ariaLabel = 'Remove this run';
        remove.title = 'Remove this run';
        remove.addEventListener('click', () => this.wishes.forget((other) => other === run));
        cells.at(-1)?.append(remove);
      }
      return [run, cells];
    });
    this.body.replaceChildren(
      ...this.rows.map(([run, cells]) => {
        const row = element('tr', '', ...cells);
        row.dataset['method'] = run.values['method'] ?? '';
        return row;
      }),
    );
  }

  private fill(): void {
    for (const [{ traces, evaluation, cost, state }, [, accuracy, steps, seconds, work, dense]] of this.rows) {
      const { last } = traces;
      const found = evaluation ?? traces.evaluations.at(-1);
      const set = (cell: HTMLElement | undefined, words: string, value: number): void => {
        if (!cell) return;
        if (cell.textContent !== words) cell.textContent = words;
        cell.dataset['value'] = String(value);
      };
      set(accuracy, found ? percent(found.decided) : '–', found?.decided ?? NaN);
      set(steps, `${count(last.step + 1)}${state === 'halted' ? ', diverged' : ''}`, last.step + 1);
      set(seconds, last.seconds < 100 ? last.seconds.toFixed(1) : duration(last.seconds), last.seconds);
      set(work, short(last.multiply_adds), last.multiply_adds);
      const parts = `Forward ${magnitude(cost.forward)}, backward ${magnitude(cost.backward)}, to choose masks ${magnitude(cost.structure)}.`;
      if (work) work.title = parts;
      const share = cost.near_dense / Math.max(1, last.multiply_adds);
      set(dense, share === 0 ? 'none' : percent(share, share < 0.1 ? 1 : 0), share);
    }
  }

  private isLog(): boolean {
    return this.along === 'multiply_adds';
  }

  private trace(list: Run[]): void {
    const nothing = (): uPlot.AlignedData => [[], ...SLOTS.map(() => [])];
    if (list.length === 0) {
      this.loss.setData(nothing());
      this.accuracy.setData(nothing());
      return;
    }
    const curves = list.map((run) => run.traces.along(this.along, run.evaluation));
    const first = Math.min(...curves.map(({ loss: [places] }) => places[0] ?? 0));
    this.domain = [this.isLog() ? first : 0, Math.max(1e-9, ...list.map((run) => run.traces.last[this.along]))];
    // What no slot holds is a curve without points.
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
        if (this.drawn) this.trace(this.drawn.runs.list);
      });
      row.append(element('label', '', input, element('span', '', words)));
    }
    this.shown.dataset['along'] = this.along;
    return element('fieldset', 'segments', element('legend', 'unseen', 'Along'), row);
  }

  /** Several methods, one after another, by one press. */
  private comparison(): HTMLElement {
    const steps = element('input');
    steps.type = 'text';
    steps.inputMode = 'numeric';
    steps.value = STEPS;
    steps.ariaLabel = 'Steps of each run';
    steps.dataset['testid'] = 'compare-steps';
    const boxes = FAMILIES.flatMap(([family]) =>
      Object.entries(METHODS).filter(([, method]) => method.family === family).map(([name]) => {
        const input = element('input');
        input.type = 'checkbox';
        input.value = name;
        input.checked = COMPARED.includes(name);
        input.dataset['testid'] = `compare-${name}`;
        return input;
      }),
    );
    this.go.dataset['testid'] = 'compare-methods';
    this.go.addEventListener('click', () => {
      if (this.drawn?.busy) return this.wishes.stop();
      const chosen = boxes.filter((box) => box.checked).map((box) => box.value);
      // The opponents come first: what they reach is what the learned ones are measured by.
      if (chosen.length > 0) this.wishes.compare(chosen.reverse(), steps.value.trim());
    });
    const chips = boxes.map((box) => element('label', 'chip-box', box, element('span', '', box.value)));
    return element(
      'fieldset',
      'comparison',
      element('legend', '', 'Train one after another, all else as in the settings'),
      element('div', 'chips', ...chips),
      element('div', 'bar-line', element('label', '', 'for ', steps, ' steps each'), this.go),
    );
  }
}
