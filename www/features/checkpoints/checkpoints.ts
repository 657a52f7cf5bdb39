// What outlives the moment: the run as a file, a run that is opened and replayed, a device or an engine that breaks, a reload.

import './style.css';
import { Curves } from '../../model/curves';
import { identityOf } from '../../model/dataset-identity';
import { count } from '../../model/format';
import { Timeline } from '../../model/history';
import type { SavedRun } from '../../model/saved-run';
import { openedOf, phaseOf } from '../../model/selectors';
import { messageOf } from '../../model/words';
import { RunStorage, type StoredRun } from '../../offline/run-storage';
import type { Checkpoint, Description, Failure, Report, RunState } from '../../protocol/messages';
import { type Entry, Menu } from '../../ui/menu';
import type { Page } from '../../ui/page';
import { Strip } from './banner';
import { toCsv } from './csv';
import { descriptionOf, lastSnapshotOf, type OpenedFile, savedRunOf, unpacked } from './opened-run';
import { picture } from './picture';

/** The last checkpoint of the run, and how many steps a column of its history stood for then. */
interface Mark extends Checkpoint {
  stride: number;
}

type Answer = Report & { kind: 'run_read' | 'recording' };

/** A state of 64 MB, and a history of 48. */
const MOST_STORED_BYTES = 112 << 20;
/** A run that breaks so often without a step between has a reason to. */
const MOST_ATTEMPTS = 3;
const FORGOTTEN_MS = 14 * 86_400_000;

function download(name: string, content: Uint8Array | Blob | string, type: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([content as BlobPart], { type }));
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
  private query = '';
  private mark: Mark | null = null;
  /** The file that is replayed. */
  private replayed: OpenedFile | null = null;
  private trained = false;
  private attempts = 0;
  /** A run that is being opened in the place of one that broke: what it goes on from, and what will be said of it. */
  private survivor: { past: SavedRun; said: (state: RunState) => string } | null = null;
  private ticket = 0;
  private readonly asked = new Map<number, { resolve: (said: Answer) => void; reject: (error: Error) => void }>();
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
      // Who leaves may not come back to this tab, or only after a reload. A run that is paused was saved then.
      if (document.visibilityState === 'hidden' && this.trained && this.run.state !== 'paused') page.ask({ kind: 'checkpoint' });
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
      curves: opened?.curves ?? new Curves(),
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
        this.mark = saved?.resumed ? { ...saved.resumed, stride: saved.timeline.stride } : null;
        this.replayed = null;
        this.trained = false;
        this.strip.hide('replay');
        if (this.survivor?.past.timeline !== saved?.timeline) this.forsake();
        return;
      }
      case 'snapshot':
        if (report.snapshot.records.length === 0) return;
        this.trained = true;
        this.attempts = 0;
        if (!this.survivor) this.strip.hide('offer');
        return;
      case 'checkpoint':
        this.mark = { ...report.checkpoint, stride: this.run.timeline.stride };
        this.waiting.forEach((resolve) => resolve(this.mark));
        this.waiting = [];
        this.storing = this.storing.then(() => this.store());
        return;
      case 'state':
        if (report.state === 'loading' || !this.survivor) return;
        this.strip.show('survived', this.survivor.said(report.state), '', [{ id: 'strip-close', words: 'Close', act: () => this.strip.hide() }]);
        this.survivor = null;
        return;
      case 'run_read':
      case 'recording':
        this.asked.get(report.ticket)?.resolve(report);
        this.asked.delete(report.ticket);
        return;
      case 'refused':
        this.asked.get(report.ticket)?.reject(new Error(report.message));
        this.asked.delete(report.ticket);
        return;
      case 'failed':
        this.waiting.forEach((resolve) => resolve(null));
        this.waiting = [];
        if (report.failure === 'crashed') this.drop(report.message);
        // Data that are missing are given, and the run goes on.
        if (report.failure !== 'own') this.forsake();
        return;
    }
  }

  /** The engine that was asked about run files is gone. */
  private drop(why: string): void {
    this.asked.forEach(({ reject }) => reject(new Error(why)));
    this.asked.clear();
  }

  /** What broke is not gone on with after all. */
  private forsake(): void {
    if (!this.survivor) return;
    this.survivor = null;
    this.strip.hide('trouble');
  }

  /** A device went away or the engine broke: goes on from the last checkpoint. False where nobody can. */
  survives(failure: Failure, words: string): boolean {
    const { state, description, values, replaced, timeline, curves, evaluation, snapshot } = this.run;
    // A recording needs the engine only to be opened.
    if (failure === 'crashed') this.drop(words);
    if (state === 'replay' && failure === 'crashed') {
      this.page.renewEngine();
      return true;
    }
    if ((failure !== 'lost' && failure !== 'crashed') || !description || !values || this.attempts >= MOST_ATTEMPTS) return false;
    this.attempts += 1;
    const { mark } = this;
    const step = mark?.step ?? 0;
    const what = failure === 'lost' ? 'The GPU went away' : 'The engine broke';
    const at = `at step ${count(snapshot?.step ?? 0)}`;
    const train = state === 'training' || state === 'loading';
    this.strip.show('trouble', `${what} ${at} (${words.slice(0, 120)}). A new one is being opened, and the run goes on from step ${count(step)}.`, '', []);
    // What the engine will have of each setting that was changed on the way: as it was changed by then, or as it was at first.
    const changes = mark?.changes ?? [];
    const then = Object.fromEntries(Object.entries(replaced).map(([name, first]) => [name, changes.findLast(([, changed]) => changed === name)?.[2] ?? first]));
    const past: SavedRun = {
      query: this.query,
      query_now: this.query,
      values: { ...values, ...then },
      late: Object.keys(then).flatMap((name) => (then[name] === values[name] ? [] : [[name, values[name] ?? '']])),
      follows: false,
      timeline: mark ? timeline.until(step, mark.stride) : new Timeline(description.units, description.history_columns),
      curves: curves.until(step),
      evaluation: curves.testedBy(step) && evaluation,
      resumed: mark && { bytes: mark.bytes, step, changes },
      shown: description.dataset.own && identityOf(description.dataset),
    };
    const said = (then: RunState): string =>
      `${what} ${at} and was opened anew. The run ${then === 'training' ? 'went on from' : 'stands at'} step ${count(step)}, as it was saved there.`;
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
      act: () => void this.takeRun(),
    };
    const files: Entry[] = [
      { id: 'take-curves', name: 'Curves', says: 'losses, accuracies, rates and budget by step · CSV', act: () => void this.takeCurves() },
      { id: 'take-masks', name: 'Masks and scores', says: 'with their history, for other tools · safetensors', act: () => void this.takeMasks() },
      ...(this.replayed && !this.replayed.read.can_continue ? [] : [whole]),
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

  /** A checkpoint of this moment; the last one where the engine cannot answer any more. */
  private async fresh(): Promise<Mark | null> {
    if (!this.answers) return this.mark;
    const answer = new Promise<Mark | null>((resolve) => this.waiting.push(resolve));
    this.page.ask({ kind: 'checkpoint' });
    return (await answer) ?? this.mark;
  }

  /** Whether the engine has the run. */
  private get answers(): boolean {
    return !['error', 'unopened', 'replay'].includes(this.run.state);
  }

  /** A ticket for what the engine is asked about a run file, and what it will answer. Nobody else's tickets are below 0. */
  private ticketed(): [ticket: number, answer: Promise<Answer>] {
    this.ticket -= 1;
    const { ticket } = this;
    return [ticket, new Promise((resolve, reject) => this.asked.set(ticket, { resolve, reject }))];
  }

  private name(kind: string, ending: string): string {
    const { description, snapshot } = this.run;
    return `lacuna-${description ? dataOf(description).replace(/[^\w.-]+/g, '-') : 'run'}-${description?.model ?? ''}-${kind}-step-${snapshot?.step ?? 0}.${ending}`;
  }

  private takeCurves(): void {
    const { description, curves } = this.run;
    if (description) download(this.name('curves', 'csv'), toCsv(curves, description.steps_per_epoch), 'text/csv');
  }

  private async takeRun(): Promise<void> {
    const bytes = this.replayed?.bytes ?? (await this.fresh())?.bytes;
    if (bytes) download(this.name('run', 'safetensors'), bytes, 'application/octet-stream');
  }

  private async takeMasks(): Promise<void> {
    const file = this.replayed ?? (this.answers ? null : this.mark);
    const [ticket, answer] = this.ticketed();
    this.page.ask({ kind: 'recording', ticket, bytes: file && file.bytes });
    try {
      const said = await answer;
      if (said.kind === 'recording') download(this.name('masks', 'safetensors'), said.bytes, 'application/octet-stream');
    } catch (error) {
      this.trouble(`Masks and scores cannot be written: ${messageOf(error)}.`);
    }
  }

  private async takePicture(): Promise<void> {
    const { description, snapshot, timeline } = this.run;
    if (!description) return;
    const { adapter, backend, software } = description;
    const on = backend ? `${adapter} (${backend}${software ? ', in software' : ''})` : adapter;
    const title = `${description.model} on ${dataOf(description)}: ${count(snapshot?.step ?? 0)} steps`;
    const blob = await picture(timeline, description.groups, this.page.palette, title, `lacuna?${this.query} · ${on}`);
    download(this.name('history', 'png'), blob, 'image/png');
  }

  // A run that is opened.

  async openFile(file: File): Promise<void> {
    try {
      this.replay(await this.read(new Uint8Array(await file.arrayBuffer())));
    } catch (error) {
      void this.page.show('network');
      this.trouble(`${file.name} cannot be read as a run: ${messageOf(error)}.`);
    }
  }

  private trouble(words: string): void {
    this.strip.show('trouble', words, '', [{ id: 'strip-close', words: 'Close', act: () => this.strip.hide() }]);
  }

  private async read(packed: Uint8Array): Promise<OpenedFile> {
    const bytes = await unpacked(packed);
    const [ticket, answer] = this.ticketed();
    this.page.ask({ kind: 'read_run', ticket, bytes });
    const said = await answer;
    if (said.kind !== 'run_read') throw new Error('the engine answered something else');
    return { bytes, read: said.read };
  }

  private replay(file: OpenedFile): void {
    const { read } = file;
    const saved = savedRunOf(file);
    this.replayed = file;
    this.query = read.query;
    this.survivor = null;
    const refusal = read.can_continue
      ? 'this run is recorded; go on training first'
      : 'this run is recorded without its weights; close it and train one of your own';
    this.page.dispatch({ kind: 'replay', saved, description: descriptionOf(read), last: lastSnapshotOf({ read, saved }), refusal });
    const go = { id: 'go-on', words: read.step < read.steps ? 'Go on training' : 'Open it', act: () => this.goOn(file) };
    const actions = [
      ...(read.can_continue ? [go] : []),
      { id: 'strip-close', words: 'Close', act: () => this.page.dispatch({ kind: 'open', train: false, saved: null, in_comparison: false }) },
    ];
    const why = read.can_continue ? '' : ' It holds no weights: it can be looked at, not gone on with.';
    const detail = read.command === null ? '' : `Recorded by: ${read.command}`;
    const { model, dataset } = read.plan;
    const words = `A recorded run: ${model} on ${dataset.name}, ${count(read.step)} of ${count(read.steps)} steps, on ${read.adapter}.${why}`;
    this.strip.show('replay', words, detail, actions);
  }

  private goOn(file: OpenedFile): void {
    this.page.dispatch({ kind: 'open', train: file.read.step < file.read.steps, saved: savedRunOf(file), in_comparison: false });
    this.strip.hide();
  }

  // A reload.

  private async store(): Promise<void> {
    const { mark, replayed } = this;
    const { description } = this.run;
    if (!description || !mark || replayed || this.full || mark.bytes.length > MOST_STORED_BYTES) return;
    const { model, steps } = description;
    try {
      await this.storage.put({ model, dataset: dataOf(description), step: mark.step, steps, bytes: mark.bytes });
    } catch (error) {
      this.full = true;
      const why =
        error instanceof DOMException && error.name === 'QuotaExceededError' ? 'This browser’s storage is full' : 'This browser stores nothing for this page';
      const words = `${why}: training goes on, but a reload will not find the run. Take it away as a file to keep it.`;
      this.strip.show('trouble', words, '', [
        { id: 'strip-take', words: 'Take the run away', act: () => void this.takeRun() },
        { id: 'strip-close', words: 'Close', act: () => this.strip.hide() },
      ]);
    }
  }

  /** Offers what a reload or a crash of the browser interrupted. */
  private async offer(): Promise<void> {
    const stored = await this.storage.found().catch(() => null);
    if (!stored || this.trained || this.replayed || Date.now() - stored.at > FORGOTTEN_MS) return;
    const { model, dataset, step, steps } = stored;
    const words = step < steps ? `was left at step ${count(step)} of ${count(steps)}` : `ended after ${count(step)} steps`;
    this.strip.show('offer', `Your run of ${model} on ${dataset} ${words} and is stored in this browser.`, '', [
      { id: 'go-on', words: step < steps ? 'Go on where you were' : 'Open it', act: () => void this.takeUp(stored) },
      { id: 'forget', words: 'Forget it', act: () => void this.storage.remove(stored.tab).then(() => this.strip.hide()) },
    ]);
  }

  private async takeUp(stored: StoredRun): Promise<void> {
    try {
      this.goOn(await this.read(stored.bytes));
    } catch (error) {
      this.strip.show('trouble', `The saved run cannot be read: ${messageOf(error)}.`, '', [
        { id: 'forget', words: 'Forget it', act: () => void this.storage.remove(stored.tab).then(() => this.strip.hide()) },
      ]);
    }
  }
}
