// Saved runs: downloads, opened run files and their replay, recovery from a lost device or a broken engine, and the offer after a reload.

import './style.css';
import { Curves } from '../../model/curves';
import { identityOf } from '../../model/dataset-identity';
import { count } from '../../model/format';
import { Timeline } from '../../model/history';
import type { SavedRun } from '../../model/saved-run';
import { openedOf, phaseOf } from '../../model/selectors';
import { messageOf } from '../../model/words';
import { type StoredSummary, RunStorage } from '../../offline/run-storage';
import type { Checkpoint, Description, Failure, Report, RunState } from '../../protocol/messages';
import { type Entry, Menu } from '../../ui/menu';
import type { Page } from '../../ui/page';
import type { Animated } from './animation-worker';
import { Strip } from './banner';
import { toCsv } from './csv';
import { descriptionOf, lastSnapshotOf, type OpenedFile, savedRunOf, unpacked } from './opened-run';
import { picture } from './picture';
import { languageOfPage, t, translated } from '../../words/words';

/** The last checkpoint of the run. `stride`: steps per column of the history at that time. */
interface LastCheckpoint extends Checkpoint {
  stride: number;
}

type Answer = Report & { kind: 'run_read' | 'recording' };

/** 64 MB of weights and optimiser state, and 48 MB of history. */
const MOST_STORED_BYTES = 112 << 20;
/** A run that fails this often without a step in between is not reopened. */
const MOST_ATTEMPTS = 3;
/** A run of fewer steps is not stored when another one replaces it: it is soon trained again. */
const LEAST_STEPS = 50;
const FORGOTTEN_MS = 14 * 86_400_000;

function download(name: string, content: Uint8Array | Blob | string, type: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([content as BlobPart], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** The name of the data set; of the visitor's own data, the name of their files. */
const dataOf = ({ dataset }: Description): string => dataset.own?.name ?? dataset.name;

export class Checkpoints {
  private readonly page: Page;
  private readonly strip: Strip;
  private readonly picker = document.createElement('input');
  private readonly storage = new RunStorage();
  private query = '';
  private last: LastCheckpoint | null = null;
  /** The file that is being replayed. */
  private replayed: OpenedFile | null = null;
  private trained = false;
  /** The run that the checkpoints are of. */
  private described: Description | null = null;
  /** The stored runs that others replaced, the latest first. */
  private left: StoredSummary[] = [];
  private attempts = 0;
  /** A run that is being reopened after a failure: where it continues from, and the message for its state. */
  private recovery: { past: SavedRun; said: (state: RunState) => string } | null = null;
  private ticket = 0;
  private readonly asked = new Map<number, { resolve: (said: Answer) => void; reject: (error: Error) => void }>();
  private waiting: ((last: LastCheckpoint | null) => void)[] = [];
  private full = false;
  private storing: Promise<void> = Promise.resolve();

  /** `button` opens the menu of downloads. Messages are shown before the element `before`. */
  constructor(page: Page, button: HTMLButtonElement, before: HTMLElement) {
    this.page = page;
    this.strip = new Strip(before);
    new Menu(button, 'take-menu', () => this.entries());
    this.picker.type = 'file';
    this.picker.accept = '.safetensors,.gz';
    this.picker.dataset['testid'] = 'open-file';
    this.picker.hidden = true;
    this.picker.ariaLabel = t`A run to open`;
    this.picker.addEventListener('change', () => {
      const [file] = this.picker.files ?? [];
      this.picker.value = '';
      if (file) void this.openFile(file);
    });
    button.after(this.picker);
    addEventListener('visibilitychange', () => {
      // A visitor who leaves may return only after a reload. A paused run was saved when it was paused.
      if (document.visibilityState === 'hidden' && this.trained && this.run.state !== 'paused') page.ask({ kind: 'checkpoint' });
    });
    void this.offer();
  }

  /** The current run. */
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

  receive(report: Report): void {
    switch (report.kind) {
      case 'opened': {
        const { saved } = this.run;
        this.query = report.query;
        this.described = report.description;
        this.last = saved?.resumed ? { ...saved.resumed, stride: saved.timeline.stride } : null;
        this.replayed = null;
        this.trained = false;
        this.strip.hide('replay');
        if (this.recovery?.past.timeline !== saved?.timeline) this.endRecovery();
        return;
      }
      case 'snapshot':
        if (report.snapshot.records.length === 0) return;
        this.trained = true;
        this.attempts = 0;
        if (!this.recovery) this.strip.hide('offer');
        return;
      case 'checkpoint':
        this.last = { ...report.checkpoint, stride: this.run.timeline.stride };
        this.waiting.forEach((resolve) => resolve(this.last));
        this.waiting = [];
        this.storing = this.storing.then(() => this.store());
        return;
      case 'left':
        void this.shelve(report.checkpoint ?? this.last);
        return;
      case 'state':
        if (report.state === 'loading' || !this.recovery) return;
        this.strip.show('survived', this.recovery.said(report.state), '', [{ id: 'strip-close', words: t`Close`, act: () => this.strip.hide() }]);
        this.recovery = null;
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
        // After missing data the run continues once the visitor has given them.
        if (report.failure !== 'own') this.endRecovery();
        return;
    }
  }

  /** Rejects the questions about run files: the engine that was asked is gone. */
  private rejectAll(why: string): void {
    this.asked.forEach(({ reject }) => reject(new Error(why)));
    this.asked.clear();
  }

  /** The failed run is not reopened after all. */
  private endRecovery(): void {
    if (!this.recovery) return;
    this.recovery = null;
    this.strip.hide('trouble');
  }

  /** The device was lost or the engine broke: reopens the run from its last checkpoint. Returns false if it cannot be reopened. */
  recover(failure: Failure, words: string): boolean {
    const { state, description, values, replaced, timeline, curves, evaluation, snapshot } = this.run;
    if (failure === 'crashed') this.rejectAll(words);
    // A replay needs the engine only to open the file.
    if (state === 'replay' && failure === 'crashed') {
      this.page.renewEngine();
      return true;
    }
    if ((failure !== 'lost' && failure !== 'crashed') || !description || !values || this.attempts >= MOST_ATTEMPTS) return false;
    this.attempts += 1;
    const { last } = this;
    const step = last?.step ?? 0;
    const what = failure === 'lost' ? t`The GPU was lost` : t`The engine failed`;
    const at = t`at step ${count(snapshot?.step ?? 0)}`;
    const train = state === 'training' || state === 'loading';
    this.strip.show('trouble', t`${what} ${at} (${words.slice(0, 120)}). A new one is being opened, and the run continues from step ${count(step)}.`, '', []);
    // The value of each changed setting in the reopened run: the last change before the checkpoint, or the value at the start.
    const changes = last?.changes ?? [];
    const then = Object.fromEntries(Object.entries(replaced).map(([name, first]) => [name, changes.findLast(([, changed]) => changed === name)?.[2] ?? first]));
    const past: SavedRun = {
      query: this.query,
      query_now: this.query,
      values: { ...values, ...then },
      late: Object.keys(then).flatMap((name) => (then[name] === values[name] ? [] : [[name, values[name] ?? '']])),
      follows: false,
      timeline: last ? timeline.until(step, last.stride) : new Timeline(description.units, description.history_columns),
      curves: curves.until(step),
      evaluation: curves.testedBy(step) && evaluation,
      resumed: last && { bytes: last.bytes, step, changes },
      trained_on: description.dataset.own && identityOf(description.dataset),
    };
    const said = (then: RunState): string =>
      t`${what} ${at} and was opened anew. The run ${then === 'training' ? t`continued from` : t`is at`} step ${count(step)}, where it was last saved.`;
    this.recovery = { past, said };
    this.page.renewEngine();
    this.page.dispatch({ kind: 'open', train, saved: past, in_comparison: this.page.state.comparison !== null });
    return true;
  }

  private entries(): Entry[] {
    const { description, timeline } = this.run;
    const known = description !== null && timeline.columns > 1;
    const whole: Entry = {
      id: 'take-run',
      name: t`The whole run`,
      says: t`with its weights, to continue here or in the terminal · safetensors`,
      act: () => void this.takeRun(),
    };
    const files: Entry[] = [
      { id: 'take-curves', name: t`Curves`, says: t`losses, accuracies, rates and budget by step · CSV`, act: () => void this.takeCurves() },
      { id: 'take-masks', name: t`Masks and scores`, says: t`with their history, for other tools · safetensors`, act: () => void this.takeMasks() },
      ...(this.replayed && !this.replayed.read.can_continue ? [] : [whole]),
      { id: 'take-history', name: t`The history`, says: t`as a picture · PNG`, act: () => void this.takePicture() },
      { id: 'take-animation', name: t`The masks, moving`, says: t`a short film of the units, to post · GIF`, act: () => void this.takeAnimation() },
    ];
    const forget: Entry = {
      id: 'forget-left',
      name: this.left.length === 1 ? t`Forget this run` : t`Forget these runs`,
      says: t`deletes what is listed above from this browser`,
      act: () => void this.forgetLeft(),
    };
    return [
      ...(known ? files : []),
      {
        id: 'open-run',
        name: t`Open a run…`,
        says: t`a file from here or from the terminal, to replay or continue`,
        is_apart: known,
        act: () => this.picker.click(),
      },
      ...this.leftEntries(),
      ...(this.left.length > 0 ? [forget] : []),
    ];
  }

  /** A new checkpoint; the last one if the engine cannot answer any more. */
  private async checkpoint(): Promise<LastCheckpoint | null> {
    if (!this.answers) return this.last;
    const answer = new Promise<LastCheckpoint | null>((resolve) => this.waiting.push(resolve));
    this.page.ask({ kind: 'checkpoint' });
    return (await answer) ?? this.last;
  }

  /** Whether the engine can answer about this run. */
  private get answers(): boolean {
    return !['error', 'unopened', 'replay'].includes(this.run.state);
  }

  /** A ticket for a question about a run file, and its answer. Only these tickets are below 0. */
  private ticketed(): [ticket: number, answer: Promise<Answer>] {
    this.ticket -= 1;
    const { ticket } = this;
    return [ticket, new Promise((resolve, reject) => this.asked.set(ticket, { resolve, reject }))];
  }

  /** The name of a download. `step`: the last step in the file. */
  private name(kind: string, ending: string, step?: number): string {
    const { description, snapshot, curves } = this.run;
    // Fine-tuning adds steps to the curves, but none to the snapshot.
    const last = step ?? Math.max(snapshot?.step ?? 0, curves.rows.length > 0 ? curves.last.step + 1 : 0);
    return `lacuna-${description ? dataOf(description).replace(/[^\w.-]+/g, '-') : 'run'}-${description?.model ?? ''}-${kind}-step-${last}.${ending}`;
  }

  private takeCurves(): void {
    const { description, curves } = this.run;
    if (description) download(this.name('curves', 'csv'), toCsv(curves, description.steps_per_epoch), 'text/csv');
  }

  private async takeRun(): Promise<void> {
    const file = this.replayed ? { bytes: this.replayed.bytes, step: this.replayed.read.step } : await this.checkpoint();
    if (file) download(this.name('run', 'safetensors', file.step), file.bytes, 'application/octet-stream');
  }

  /** A recording of the run: masks, scores and curves without weights. */
  private async recording(): Promise<Uint8Array> {
    const file = this.replayed ?? (this.answers ? null : this.last);
    const [ticket, answer] = this.ticketed();
    this.page.ask({ kind: 'recording', ticket, bytes: file && file.bytes });
    const said = await answer;
    if (said.kind !== 'recording') throw new Error(t`the engine sent an unexpected answer`);
    return said.bytes;
  }

  private async takeMasks(): Promise<void> {
    try {
      download(this.name('masks', 'safetensors'), await this.recording(), 'application/octet-stream');
    } catch (error) {
      this.trouble(t`Masks and scores cannot be written: ${messageOf(error)}.`);
    }
  }

  private async takeAnimation(): Promise<void> {
    const worker = new Worker(new URL('./animation-worker.ts', import.meta.url), { type: 'module', name: 'animation' });
    try {
      const recording = await this.recording();
      const drawn = await new Promise<Animated>((resolve, reject) => {
        worker.addEventListener('message', ({ data }: MessageEvent<Animated>) => resolve(data));
        worker.addEventListener('error', (event) => {
          event.preventDefault();
          reject(new Error(event.message || 'the code that draws it could not be loaded. Reload the page'));
        });
        worker.postMessage(recording);
      });
      if ('message' in drawn) throw new Error(translated(drawn.message));
      download(this.name('masks', 'gif'), drawn.bytes, 'image/gif');
    } catch (error) {
      this.trouble(t`The picture cannot be drawn: ${messageOf(error)}.`);
    } finally {
      worker.terminate();
    }
  }

  private async takePicture(): Promise<void> {
    const { description, snapshot, timeline } = this.run;
    if (!description) return;
    const { adapter, backend, software } = description;
    const on = backend ? `${adapter} (${backend}${software ? t`, in software` : ''})` : adapter;
    const title = t`${description.model} on ${dataOf(description)}: ${count(snapshot?.step ?? 0)} steps`;
    const blob = await picture(timeline, description.groups, this.page.palette, title, `lacuna?${this.query} · ${on}`);
    download(this.name('history', 'png'), blob, 'image/png');
  }

  // Opened run files.

  async openFile(file: File): Promise<void> {
    try {
      this.replay(await this.read(new Uint8Array(await file.arrayBuffer())));
    } catch (error) {
      void this.page.show('network');
      this.trouble(t`${file.name} cannot be read as a run: ${messageOf(error)}.`);
    }
  }

  private trouble(words: string): void {
    this.strip.show('trouble', words, '', [{ id: 'strip-close', words: t`Close`, act: () => this.strip.hide() }]);
  }

  private async read(packed: Uint8Array): Promise<OpenedFile> {
    const bytes = await unpacked(packed);
    const [ticket, answer] = this.ticketed();
    this.page.ask({ kind: 'read_run', ticket, bytes });
    const said = await answer;
    if (said.kind !== 'run_read') throw new Error(t`the engine sent an unexpected answer`);
    return { bytes, read: said.read };
  }

  private replay(file: OpenedFile): void {
    const { read } = file;
    const saved = savedRunOf(file);
    this.replayed = file;
    this.query = read.query;
    this.recovery = null;
    const refusal = read.can_continue
      ? t`this is a recorded run; continue its training first`
      : t`this run was recorded without its weights; close it and train a run of your own`;
    this.page.dispatch({ kind: 'replay', saved, description: descriptionOf(read), last: lastSnapshotOf({ read, saved }), refusal });
    const go = { id: 'go-on', words: read.step < read.steps ? t`Continue training` : t`Open it`, act: () => this.continue(file) };
    const actions = [
      ...(read.can_continue ? [go] : []),
      { id: 'strip-close', words: t`Close`, act: () => this.page.dispatch({ kind: 'open', train: false, saved: null, in_comparison: false }) },
    ];
    const why = read.can_continue ? '' : ` ${t`It has no weights: you can look at it, but not continue it.`}`;
    const detail = read.command === null ? '' : t`Recorded by: ${read.command}`;
    const { model, dataset } = read.plan;
    const words = t`A recorded run: ${model} on ${dataset.name}, ${count(read.step)} of ${count(read.steps)} steps, on ${read.adapter}.` + why;
    this.strip.show('replay', words, detail, actions);
  }

  private continue(file: OpenedFile, trains = true): void {
    this.page.dispatch({ kind: 'open', train: trains && file.read.step < file.read.steps, saved: savedRunOf(file), in_comparison: false });
    this.strip.hide();
  }

  // Storage over a reload.

  private async store(): Promise<void> {
    const { last, replayed } = this;
    const { description } = this.run;
    if (!description || !last || replayed || this.full || last.bytes.length > MOST_STORED_BYTES) return;
    const { model, steps } = description;
    try {
      await this.storage.put({ model, dataset: dataOf(description), step: last.step, steps, bytes: last.bytes });
    } catch (error) {
      this.full = true;
      const why =
        error instanceof DOMException && error.name === 'QuotaExceededError' ? t`This browser’s storage is full` : t`This browser stores nothing for this page`;
      const words = t`${why}: training continues, but the run will be lost after a reload. Download it as a file to save it.`;
      this.strip.show('trouble', words, '', [
        { id: 'strip-take', words: t`Download the run`, act: () => void this.takeRun() },
        { id: 'strip-close', words: t`Close`, act: () => this.strip.hide() },
      ]);
    }
  }

  /** Stores a run that another one replaced, and offers to go back to it. */
  private async shelve(checkpoint: Checkpoint | null): Promise<void> {
    const { described } = this;
    if (!described || !checkpoint || this.full || checkpoint.step < LEAST_STEPS || checkpoint.bytes.length > MOST_STORED_BYTES) return;
    const { model, steps } = described;
    const { step, bytes } = checkpoint;
    try {
      const left = await this.storage.leave({ model, dataset: dataOf(described), step, steps, bytes });
      this.left = left;
      const [stored] = left;
      // Other lines are more urgent.
      if (!stored || (this.strip.kind !== null && this.strip.kind !== 'left')) return;
      this.strip.show(
        'left',
        t`Your run of ${model} on ${stored.dataset} was left at step ${count(step)} of ${count(steps)}. It is stored in this browser.`,
        '',
        [
          { id: 'go-back', words: t`Go back to it`, act: () => void this.takeUp(stored, false) },
          { id: 'strip-close', words: t`Close`, act: () => this.strip.hide() },
        ],
      );
    } catch {
      // A browser that stores nothing has said so when the run was to be stored for a reload.
    }
  }

  /** Entries of the menu for the stored runs that others replaced. */
  private leftEntries(): Entry[] {
    return this.left.map((stored, place) => {
      const { model, dataset, step, steps, at } = stored;
      const when = new Date(at).toLocaleString(languageOfPage(), { dateStyle: 'medium', timeStyle: 'short' });
      return {
        id: `left-${place}`,
        name: t`${model} on ${dataset}, step ${count(step)}`,
        says: t`of ${count(steps)} steps, left on ${when} · stored in this browser`,
        is_apart: place === 0,
        act: () => void this.takeUp(stored, false),
      };
    });
  }

  private async forgetLeft(): Promise<void> {
    for (const { tab } of this.left) await this.storage.remove(tab).catch(() => undefined);
    this.left = [];
    this.strip.hide('left');
  }

  /** Offers to continue a run that a reload or a crash of the browser interrupted. */
  private async offer(): Promise<void> {
    const found = await this.storage.found().catch(() => null);
    if (!found) return;
    const { present: stored, left } = found;
    this.left = left;
    if (!stored || this.trained || this.replayed || Date.now() - stored.at > FORGOTTEN_MS) return;
    const { model, dataset, step, steps } = stored;
    const words =
      step < steps
        ? t`Your run of ${model} on ${dataset} was left at step ${count(step)} of ${count(steps)} and is stored in this browser.`
        : t`Your run of ${model} on ${dataset} ended after ${count(step)} steps and is stored in this browser.`;
    this.strip.show('offer', words, '', [
      { id: 'go-on', words: step < steps ? t`Continue where you were` : t`Open it`, act: () => void this.takeUp(stored) },
      { id: 'forget', words: t`Forget it`, act: () => void this.storage.remove(stored.tab).then(() => this.strip.hide()) },
    ]);
  }

  /** Opens a stored run. Without `trains` it waits for Train. */
  private async takeUp(stored: StoredSummary, trains = true): Promise<void> {
    try {
      this.continue(await this.read(await this.storage.bytesOf(stored.tab)), trains);
    } catch (error) {
      this.strip.show('trouble', t`The saved run cannot be read: ${messageOf(error)}.`, '', [
        { id: 'forget', words: t`Forget it`, act: () => void this.storage.remove(stored.tab).then(() => this.strip.hide()) },
      ]);
    }
  }
}
