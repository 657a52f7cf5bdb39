// What outlives the moment: the run as a file, a run that is opened and replayed, a device or an engine that breaks, a reload.

import './style.css';
import { macrotask } from '../../engine/macrotask';
import { count } from '../../model/format';
import { shownOf } from '../../model/dataset-identity';
import type { Change, Description, Failure, Report, RunState, State } from '../../protocol/messages';
import { Timeline } from '../../model/history';
import { type Entry, Menu } from '../../ui/menu';
import type { Page } from '../../ui/page';
import type { SavedRun } from '../../model/saved-run';
import { openedOf, phaseOf } from '../../model/selectors';
import { toCsv } from './csv';
import { type Kept, type Opened, decided, fromOpened, open, toBytes } from '../../model/run-file';
import { picture } from './picture';
import { type Curves, Recorder } from '../../model/recorder';
import { descriptionOf, lastSnapshotOf, type ReadRun, recordAt, savedRunOf, tracesOf, unpacked } from './opened-run';
import { Refused } from '../../model/safetensors';
import { messageOf } from '../../model/words';
import { RunStorage, type StoredRun } from '../../offline/run-storage';
import { Strip } from './banner';

/** What it takes to go on, and the curves as they were then. */
interface Mark extends Curves {
  state: State;
  changes: Change[];
}

const MOST_STORED_BYTES = 64 << 20;
/** A run that breaks so often without a step between has a reason to. */
const MOST_ATTEMPTS = 3;
const FORGOTTEN_MS = 14 * 86_400_000;

function download(name: string, content: BlobPart, type: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** A known set by its name, the visitor's own data by that of the files. */
const dataOf = ({ dataset }: Description): string => dataset.own?.name ?? dataset.name;

export class Checkpoints {
  private readonly page: Page;
  private readonly strip: Strip;
  private readonly picker = document.createElement('input');
  private readonly storage = new RunStorage();
  private recorder = new Recorder();
  private query = '';
  private mark: Mark | null = null;
  /** The file that is replayed, or that the run goes on from until it is open. */
  private kept: Kept | null = null;
  private trained = false;
  private attempts = 0;
  /** A run that is being opened in the place of one that broke: what it goes on from, and what will be said of it. */
  private survivor: { past: SavedRun; said: (state: RunState) => string } | null = null;
  private ticket = 0;
  private readonly asked = new Map<number, { resolve: (said: Report & { kind: 'described' }) => void; reject: (error: Error) => void }>();
  private waiting: ((mark: Mark | null) => void)[] = [];
  private full = false;
  private storing: Promise<void> = Promise.resolve();

  /** `button` opens the menu of what can be taken away; lines of words stand before `before`. */
  constructor(page: Page, button: HTMLButtonElement, before: HTMLElement) {
    this.page = page;
    this.strip = new Strip(before);
    new Menu(button, 'take-menu', () => this.entries());
    this.picker.type = 'file';
    this.picker.accept = '.safetensors,.gz';
    this.picker.dataset['testid'] = 'open-file';
    this.picker.hidden = true;
    this.picker.ariaLabel = 'A run to open';
    this.picker.addEventListener('change', () => {
      const [file] = this.picker.files ?? [];
      this.picker.value = '';
      if (file) void this.openFile(file);
    });
    button.after(this.picker);
    addEventListener('visibilitychange', () => {
      // Who leaves may not come back to this tab, or only after a reload. A run that is paused was kept then.
      if (document.visibilityState === 'hidden' && this.trained && this.run.state !== 'paused') page.ask({ kind: 'keep' });
    });
    void this.offer();
  }

  /** The run that stands on the page. */
  private get run() {
    const { run } = this.page.state;
    const opened = openedOf(run);
    return {
      state: phaseOf(run),
      saved: run.kind === 'none' ? null : run.saved,
      description: opened?.description ?? null,
      snapshot: opened?.snapshot ?? null,
      timeline: opened?.history ?? new Timeline(0, 0),
      evaluation: opened?.evaluation ?? null,
      values: opened?.values ?? null,
      replaced: opened?.replaced ?? {},
    };
  }

  hear(report: Report): void {
    switch (report.kind) {
      case 'opened': {
        const { saved } = this.run;
        this.query = report.query;
        this.recorder = new Recorder();
        if (saved) this.recorder.back(saved.curves);
        this.mark = saved?.resumed ? { ...saved.resumed, ...saved.curves } : null;
        this.kept = null;
        this.trained = false;
        this.strip.hide('replay');
        if (this.survivor?.past.timeline !== saved?.timeline) this.forsake();
        return;
      }
      case 'snapshot':
        this.recorder.push(report.snapshot.records);
        if (report.snapshot.records.length === 0) return;
        this.trained = true;
        this.attempts = 0;
        if (!this.survivor) this.strip.hide('offer');
        return;
      case 'evaluated': {
        const { description, snapshot } = this.run;
        if (!description || !snapshot) return;
        const mask = decided(snapshot.scores, description);
        const kept = description.groups
          .filter(({ gated }) => gated)
          .map(({ first_unit, size }) => mask.subarray(first_unit, first_unit + size).reduce((sum, bit) => sum + bit, 0));
        return this.recorder.test({ ...report.evaluation, kept });
      }
      case 'kept':
        this.mark = { state: report.state, changes: report.changes, ...this.recorder.mark() };
        this.waiting.forEach((resolve) => resolve(this.mark));
        this.waiting = [];
        this.storing = this.storing.then(() => this.store());
        return;
      case 'state':
        if (report.state === 'loading' || !this.survivor) return;
        this.strip.show('survived', this.survivor.said(report.state), '', [{ id: 'strip-close', words: 'Close', act: () => this.strip.hide() }]);
        this.survivor = null;
        return;
      case 'described':
        this.asked.get(report.ticket)?.resolve(report);
        this.asked.delete(report.ticket);
        return;
      case 'refused':
        this.asked.get(report.ticket)?.reject(new Refused(`cannot be opened: ${report.message}`));
        this.asked.delete(report.ticket);
        return;
      case 'failed':
        this.waiting.forEach((resolve) => resolve(null));
        this.waiting = [];
        // Data that are missing are given, and the run goes on.
        if (report.failure !== 'own') this.forsake();
        return;
    }
  }

  /** What broke is not gone on with after all. */
  private forsake(): void {
    if (!this.survivor) return;
    this.survivor = null;
    this.strip.hide('trouble');
  }

  /** A device went away or the engine broke: goes on from what was kept last. False where nobody can. */
  survives(failure: Failure, words: string): boolean {
    const { state, description, values, replaced, timeline, evaluation, snapshot } = this.run;
    // A recording needs the engine only to be opened.
    if (state === 'replay' && failure === 'crashed') {
      this.page.renewEngine();
      return true;
    }
    if ((failure !== 'lost' && failure !== 'crashed') || !description || !values || this.attempts >= MOST_ATTEMPTS) return false;
    this.attempts += 1;
    const step = this.mark?.state.counts[0] ?? 0;
    const what = failure === 'lost' ? 'The GPU went away' : 'The engine broke';
    const at = `at step ${count(snapshot?.step ?? 0)}`;
    const train = state === 'training' || state === 'loading';
    this.strip.show('trouble', `${what} ${at} (${words.slice(0, 120)}). A new one is being opened, and the run goes on from step ${count(step)}.`, '', []);
    const curves: Curves = this.mark ?? { rows: [], width: 1, tests: [] };
    const now = this.recorder.mark();
    // What the engine will have of each setting that was changed on the way: as it was changed by then, or as it was at first.
    const changes = this.mark?.changes ?? [];
    const then = Object.fromEntries(Object.entries(replaced).map(([name, first]) => [name, changes.findLast(([, changed]) => changed === name)?.[2] ?? first]));
    const past: SavedRun = {
      query: this.query,
      query_now: this.query,
      values: { ...values, ...then },
      late: Object.keys(then).flatMap((name) => (then[name] === values[name] ? [] : [[name, values[name] ?? '']])),
      follows: false,
      timeline: Timeline.from(description.units, timeline.until(step)),
      traces: tracesOf(curves, description.steps_per_epoch),
      evaluation: now.tests.some((test) => test.step <= step) ? evaluation : null,
      curves,
      record: recordAt(curves, description.steps_per_epoch),
      resumed: this.mark && { state: this.mark.state, changes: this.mark.changes },
      shown: description.dataset.own && shownOf(description.dataset),
    };
    const said = (then: RunState): string =>
      `${what} ${at} and was opened anew. The run ${then === 'training' ? 'went on from' : 'stands at'} step ${count(step)}, as it was kept there.`;
    this.survivor = { past, said };
    this.page.renewEngine();
    this.page.dispatch({ kind: 'open', train, saved: past, in_comparison: this.page.state.comparison !== null });
    return true;
  }

  private entries(): Entry[] {
    const { description, timeline } = this.run;
    const known = description !== null && timeline.columns > 1;
    const whole: Entry = {
      id: 'take-run',
      name: 'The whole run',
      says: 'weights and all, to go on here or in the terminal · safetensors',
      act: () => void this.takeRun(true),
    };
    const files: Entry[] = [
      { id: 'take-curves', name: 'Curves', says: 'losses, accuracies, rates and budget by step · CSV', act: () => void this.takeCurves() },
      { id: 'take-masks', name: 'Masks and scores', says: 'with their history, for other tools · safetensors', act: () => void this.takeRun(false) },
      ...(this.kept && !this.kept.state ? [] : [whole]),
      { id: 'take-history', name: 'The history', says: 'as a picture · PNG', act: () => void this.takePicture() },
    ];
    return [
      ...(known ? files : []),
      {
        id: 'open-run',
        name: 'Open a run…',
        says: 'a file from here or from the terminal, to replay and go on with',
        is_apart: known,
        act: () => this.picker.click(),
      },
    ];
  }

  /** Everything that is known of the run, from `mark` where it is to go on from there. */
  private gather(mark: Mark | null): { kept: Kept; description: Description } | null {
    const { description, snapshot, timeline } = this.run;
    if (this.kept) return description && { kept: mark ? this.kept : { ...this.kept, state: null }, description };
    if (!description || !snapshot) return null;
    const [step, units] = [mark?.state.counts[0] ?? snapshot.step, description.units];
    const curves: Curves = mark ?? this.recorder.mark();
    let { scores, mask } = snapshot;
    if (mark) {
      const { integers, floats } = mark.state;
      const numbers = integers.subarray(0, integers.length - units);
      scores = new Float32Array(units);
      numbers.forEach((number, index) => (scores[number] = floats[index] ?? 0));
      const probed = Number.isFinite(curves.rows.at(-1)?.values[1] ?? NaN);
      mask = Uint8Array.from(integers.subarray(numbers.length), (bits) => (probed ? (bits >> 2) & 3 : ((bits >> 2) & 1) * 3));
    }
    const kept: Kept = {
      ...curves,
      query: this.query,
      changes: mark?.changes ?? this.mark?.changes ?? [],
      dataset: shownOf(description.dataset),
      version: __VERSION__,
      command: null,
      adapter: `${description.adapter} (${description.backend}${description.software ? ', in software' : ''})`,
      software: description.software,
      step,
      steps: description.steps,
      steps_per_epoch: description.steps_per_epoch,
      seconds: curves.rows.at(-1)?.values.at(-1) ?? 0,
      scores,
      mask,
      informative: description.informative,
      history: timeline.until(step),
      state: mark?.state ?? null,
    };
    return { kept, description };
  }

  /** A mark of this moment; the last one where the engine cannot answer any more. */
  private async fresh(): Promise<Mark | null> {
    const { state } = this.run;
    if (state === 'error' || state === 'unopened') return this.mark;
    const answer = new Promise<Mark | null>((resolve) => this.waiting.push(resolve));
    this.page.ask({ kind: 'keep' });
    return (await answer) ?? this.mark;
  }

  private name(kind: string, ending: string): string {
    const { description, snapshot } = this.run;
    return `lacuna-${description ? dataOf(description).replace(/[^\w.-]+/g, '-') : 'run'}-${description?.model ?? ''}-${kind}-step-${snapshot?.step ?? 0}.${ending}`;
  }

  private takeCurves(): void {
    const found = this.gather(null);
    if (found) download(this.name('curves', 'csv'), toCsv(found.kept, found.description.steps_per_epoch), 'text/csv');
  }

  private async takeRun(whole: boolean): Promise<void> {
    const replayed = this.kept !== null;
    const mark = whole && !replayed ? await this.fresh() : null;
    const found = this.gather(mark);
    if (!found) return;
    const kept = whole && replayed ? (this.kept ?? found.kept) : found.kept;
    download(this.name(whole ? 'run' : 'masks', 'safetensors'), toBytes(kept, found.description), 'application/octet-stream');
  }

  private async takePicture(): Promise<void> {
    const found = this.gather(null);
    if (!found) return;
    const { kept, description } = found;
    const title = `${description.model} on ${dataOf(description)}: ${count(kept.step)} steps`;
    const blob = await picture(kept.history, description.groups, this.page.palette, title, `lacuna?${kept.query} · ${kept.adapter}`);
    download(this.name('history', 'png'), blob, 'image/png');
  }

  // A run that is opened.

  async openFile(file: File): Promise<void> {
    try {
      this.replay(await this.read(new Uint8Array(await file.arrayBuffer())));
    } catch (error) {
      void this.page.show('network');
      const words = error instanceof Refused ? error.message : `cannot be read: ${messageOf(error)}`;
      this.strip.show('trouble', `${file.name} ${words}.`, '', [{ id: 'strip-close', words: 'Close', act: () => this.strip.hide() }]);
    }
  }

  /** Reads a run and shows its link to the engine, which knows the network. */
  private async read(bytes: Uint8Array<ArrayBuffer>): Promise<ReadRun> {
    const opened: Opened = open(await unpacked(bytes));
    const { train, test, channels, height, width, classes } = opened.dataset;
    this.ticket -= 1;
    const answer = new Promise<Report & { kind: 'described' }>((resolve, reject) => this.asked.set(this.ticket, { resolve, reject }));
    const shown = Uint32Array.of(train, test, channels, height, width, classes);
    this.page.ask({ kind: 'describe', ticket: this.ticket, query: opened.query, changes: opened.changes, shown });
    const { plan, values, began, query } = await answer;
    return { kept: fromOpened(opened, plan), plan: { ...plan, dataset: { ...plan.dataset, name: opened.dataset.name } }, values, began, query };
  }

  private replay(read: ReadRun): void {
    const { kept, plan } = read;
    this.kept = kept;
    this.query = kept.query;
    this.survivor = null;
    const refusal = kept.state ? 'this run is recorded; go on training first' : 'this run is recorded without its weights; close it and train one of your own';
    this.page.dispatch({ kind: 'replay', saved: savedRunOf(read), description: descriptionOf(read), last: lastSnapshotOf(read), refusal });
    const go = { id: 'go-on', words: kept.step < kept.steps ? 'Go on training' : 'Open it', act: () => this.goOn(read, kept.step < kept.steps) };
    const actions = [
      ...(kept.state ? [go] : []),
      { id: 'strip-close', words: 'Close', act: () => this.page.dispatch({ kind: 'open', train: false, saved: null, in_comparison: false }) },
    ];
    const why = kept.state ? '' : ' It holds no weights: it can be looked at, not gone on with.';
    const detail = kept.command === null ? '' : `Recorded by: ${kept.command}`;
    this.strip.show(
      'replay',
      `A recorded run: ${plan.model} on ${plan.dataset.name}, ${count(kept.step)} of ${count(kept.steps)} steps, on ${kept.adapter}.${why}`,
      detail,
      actions,
    );
  }

  private goOn(read: ReadRun, train: boolean): void {
    this.page.dispatch({ kind: 'open', train, saved: savedRunOf(read), in_comparison: false });
    this.strip.hide();
  }

  // A reload.

  private async store(): Promise<void> {
    const found = this.gather(this.mark);
    if (!found || !this.mark || this.kept || this.full || this.mark.state.floats.byteLength > MOST_STORED_BYTES) return;
    const { kept, description } = found;
    try {
      const bytes = toBytes(kept, description);
      // Storing copies these megabytes once more: not in one breath with their making, or a frame would have to wait for both.
      await macrotask();
      await this.storage.put({ model: description.model, dataset: dataOf(description), step: kept.step, steps: kept.steps, bytes });
    } catch (error) {
      this.full = true;
      const why =
        error instanceof DOMException && error.name === 'QuotaExceededError' ? 'This browser’s storage is full' : 'This browser keeps nothing for this page';
      const words = `${why}: training goes on, but a reload will not find the run. Take it away as a file to keep it.`;
      this.strip.show('trouble', words, '', [
        { id: 'strip-take', words: 'Take the run away', act: () => void this.takeRun(true) },
        { id: 'strip-close', words: 'Close', act: () => this.strip.hide() },
      ]);
    }
  }

  /** Offers what a reload or a crash of the browser interrupted. */
  private async offer(): Promise<void> {
    const stored = await this.storage.found().catch(() => null);
    if (!stored || this.trained || this.kept || Date.now() - stored.at > FORGOTTEN_MS) return;
    const { model, dataset, step, steps } = stored;
    const words = step < steps ? `was left at step ${count(step)} of ${count(steps)}` : `ended after ${count(step)} steps`;
    this.strip.show('offer', `Your run of ${model} on ${dataset} ${words} and is kept in this browser.`, '', [
      { id: 'go-on', words: step < steps ? 'Go on where you were' : 'Open it', act: () => void this.takeUp(stored) },
      { id: 'forget', words: 'Forget it', act: () => void this.storage.remove(stored.tab).then(() => this.strip.hide()) },
    ]);
  }

  private async takeUp(stored: StoredRun): Promise<void> {
    try {
      const read = await this.read(stored.bytes);
      this.goOn(read, stored.step < stored.steps);
    } catch (error) {
      this.strip.show('trouble', `The kept run ${messageOf(error)}.`, '', [
        { id: 'forget', words: 'Forget it', act: () => void this.storage.remove(stored.tab).then(() => this.strip.hide()) },
      ]);
    }
  }
}
