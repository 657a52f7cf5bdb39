// The visitor's own data: dropped or chosen, read in this browser and kept in it.

import { count } from '../../ui/format';
import type { OwnData, OwnFile, OwnReport, OwnRequest, OwnSet, Plan, Shown } from '../../protocol/messages';
import { isSame } from '../../model/dataset-identity';
import { sentence } from '../../ui/words';
import { element } from '../../ui/element';
import './style.css';

const LABELS: [value: string, words: string][] = [
  ['auto', 'found by itself'],
  ['first', 'the first column'],
  ['last', 'the last column'],
];
const MOST_CLASSES = 24;

type Entry = FileSystemEntry;

/** Every file below an entry. A folder gives its entries a hundred at a time. */
async function filesOf(entry: Entry): Promise<OwnFile[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return [{ path: entry.fullPath.replace(/^\//, ''), file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: OwnFile[] = [];
  for (;;) {
    const some = await new Promise<Entry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return found;
    for (const each of some) found.push(...(await filesOf(each)));
  }
}

/** Hears of a set, of one that was there and cannot be read any more, and of who wants to see the network. */
interface OwnPage {
  give: (set: OwnSet, given: number) => void;
  lose: (message: string) => void;
  leave: () => void;
}

/** What was given once can be read once more, as it was read then. */
interface Given extends OwnRequest {
  /** As a plan has it, once it was read. */
  dataset: Plan['dataset'] | null;
  accepted: boolean;
}

export class OwnView {
  private readonly page: OwnPage;
  private worker: Worker | null = null;
  private readonly zone = element('div', 'drop');
  private readonly said = element('p', 'own-said');
  private readonly bar = element('progress');
  private readonly label = element('select');
  private readonly classes = element('ul', 'own-classes');
  private readonly more = element('p', 'note');
  private readonly go: HTMLButtonElement;
  /** Files that were given last, be it in vain: another column of the class reads them again. */
  private files: OwnFile[] = [];
  /** All that was given in this tab, by number; what the controls stand for; and what the engine has. */
  private readonly given: Given[] = [];
  private wanted: Given | null = null;
  private held: Given | null = null;
  /** Is read once more, which nobody asked for; null: it was accepted, refused, or is no longer waited for. */
  private anew: Given | null = null;

  constructor(root: HTMLElement, page: OwnPage) {
    this.page = page;
    const input = (id: string): HTMLInputElement => {
      const made = element('input');
      made.type = 'file';
      made.multiple = true;
      made.tabIndex = -1;
      made.dataset['testid'] = id;
      made.addEventListener('change', () => {
        this.take([...(made.files ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, file })));
        made.value = '';
      });
      return made;
    };
    const [files, folder] = [input('own-files'), input('own-folder')];
    files.ariaLabel = 'Files';
    folder.ariaLabel = 'A folder';
    folder.webkitdirectory = true;
    const button = (words: string, id: string, press: () => void, more = ''): HTMLButtonElement => {
      const made = element('button', `small-button ${more}`.trim(), words);
      made.type = 'button';
      made.dataset['testid'] = id;
      made.addEventListener('click', press);
      return made;
    };
    this.zone.dataset['testid'] = 'own-drop';
    this.zone.append(
      element('b', '', 'Drop files or a folder here'),
      element('p', '', 'They never leave this browser: nothing of them is sent anywhere, and closing the page forgets them.'),
      element(
        'div',
        '',
        button('Choose files', 'own-choose-files', () => files.click(), 'go'),
        button('Choose a folder', 'own-choose-folder', () => folder.click()),
        files,
        folder,
      ),
    );
    this.label.dataset['testid'] = 'own-label';
    for (const [value, words] of LABELS) {
      const option = element('option', '', words);
      option.value = value;
      this.label.append(option);
    }
    this.label.addEventListener('change', () => {
      if (this.files.length > 0) this.take(this.files);
    });
    this.bar.hidden = true;
    this.bar.ariaLabel = 'Files read';
    this.said.setAttribute('role', 'status');
    this.said.dataset['testid'] = 'own-said';
    this.more.dataset['testid'] = 'own-note';
    this.classes.ariaLabel = 'Classes';
    this.go = button('Show the network', 'own-train', page.leave);
    this.go.hidden = true;
    const kinds: [title: string, ...rest: (string | Node)[]][] = [
      ['A table', 'a CSV file: a row of numbers with its class in the first or the last column. A header may be there. 784 numbers are an image of 28 × 28.'],
      ['idx files', 'images and labels, as MNIST’s, plain or ', element('code', '', '.gz'), '. Two pairs are training and test rows.'],
      [
        'Pictures',
        'a folder for each class, of PNG or JPEG files. Below a folder named ',
        element('code', '', 'test'),
        ' they are for the test. Different sizes are brought to 32 × 32.',
      ],
    ];
    root.append(
      this.zone,
      element('div', 'own-line', element('label', '', 'In a table, the class is ', this.label), this.bar),
      this.said,
      this.classes,
      this.more,
      this.go,
      element('div', 'own-kinds', ...kinds.map(([title, ...words]) => element('p', '', element('b', '', title), ...words))),
    );
    this.go.style.alignSelf = 'flex-start';
    this.say();
  }

  /** Something is dragged over the page, or no more. */
  over(is: boolean): void {
    this.zone.classList.toggle('over', is);
  }

  /** Files were dropped somewhere on the page; `loose` ones where the browser gives no entries. */
  async drop(entries: Entry[], loose: File[]): Promise<void> {
    this.over(false);
    try {
      this.take(entries.length > 0 ? (await Promise.all(entries.map(filesOf))).flat() : loose.map((file) => ({ path: file.name, file })));
    } catch (error) {
      this.refuse(`these files cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /**
   * What was given is a set, and the engine has it; `waits`: a run goes on with other data. Whether it is the visitor's last word, and so the
   * controls' data now; false where it was only read once more.
   */
  taken(number: number, waits: boolean): boolean {
    const given = this.given[number];
    if (!given) return false;
    given.accepted = true;
    this.held = given;
    if (this.anew === given) {
      this.anew = null;
      return false;
    }
    this.wanted = given;
    this.bar.hidden = true;
    this.say();
    if (waits) this.more.textContent = `${this.more.textContent} The run goes on with its own data: Restart begins with these.`.trim();
    return true;
  }

  private get own(): OwnData | null {
    return this.wanted?.dataset?.own ?? null;
  }

  refuse(message: string): void {
    this.bar.hidden = true;
    this.said.classList.add('refusal');
    this.said.textContent = sentence(message);
    this.more.textContent = this.own ? `What was given before stays: ${this.own.name}.` : 'Nothing else was changed.';
  }

  private take(files: OwnFile[]): void {
    if (files.length === 0) return;
    this.files = files;
    this.said.classList.remove('refusal');
    this.said.textContent = `Reading ${files.length === 1 ? (files[0]?.path ?? '') : `${count(files.length)} files`}.`;
    this.bar.hidden = false;
    this.bar.removeAttribute('value');
    this.anew = null;
    this.read({ files, label: this.label.value, dataset: null, accepted: false });
  }

  /** An engine that is new has nothing of it. */
  lost(): void {
    this.held = null;
    if (!this.anew) return;
    this.anew = null;
    this.worker?.terminate();
    this.worker = null;
  }

  /** Reads once more what that run learned from, or what was given last. False where that was never given here, or is what the engine has. */
  again(shown: Shown | null): boolean {
    const given = shown ? this.given.findLast(({ accepted, dataset }) => accepted && dataset && isSame(shown, dataset)) : this.wanted;
    if (!given || given === this.held) return false;
    if (given === this.anew) return true;
    this.anew = given;
    this.read(given);
    return true;
  }

  /** The run that goes on has its data: what the controls stand for takes their place, for the next one. */
  settle(): void {
    if (this.wanted && this.held !== this.wanted && !this.worker) this.again(null);
  }

  /** Reads the files in a worker of their own; a later choice ends it. */
  private read(given: Given): void {
    if (!this.given.includes(given)) this.given.push(given);
    this.worker?.terminate();
    this.worker = new Worker(new URL('./dataset-worker.ts', import.meta.url), { type: 'module', name: 'own data' });
    this.worker.addEventListener('message', ({ data }: MessageEvent<OwnReport>) => this.hear(data, given));
    this.worker.addEventListener('error', (event) => {
      event.preventDefault();
      this.hear({ kind: 'refused', message: event.message || 'the file that reads yours could not be loaded. Reload the page' }, given);
    });
    this.worker.postMessage({ files: given.files, label: given.label } satisfies OwnRequest);
  }

  private hear(report: OwnReport, given: Given): void {
    if (report.kind === 'progress') {
      this.bar.max = report.of;
      this.bar.value = report.done;
      return;
    }
    this.worker?.terminate();
    this.worker = null;
    if (report.kind === 'set') {
      const {
        about,
        shape: [channels, height, width],
      } = report.set;
      const { train, test } = about;
      given.dataset = { name: 'own', train, test, classes: about.classes.length, channels, height, width, own: about };
      this.page.give(report.set, this.given.indexOf(given));
    } else if (this.anew === given) {
      // What cannot be read any more is as good as never given.
      given.accepted = false;
      if (this.wanted === given) this.wanted = null;
      this.anew = null;
      this.page.lose(report.message);
    } else this.refuse(report.message);
  }

  private say(): void {
    const { own } = this;
    this.said.classList.remove('refusal');
    this.go.hidden = own === null;
    this.classes.hidden = own === null;
    if (!own) {
      this.said.textContent = '';
      this.more.textContent = '';
      return;
    }
    this.said.replaceChildren(element('em', '', own.name), `: ${own.words}.`);
    const split = own.has_test ? 'Its test rows are its own.' : 'Which rows are for the test is drawn by the seed of the run, one in seven of each class.';
    this.more.textContent = `${own.note} ${split}`.trim();
    const rest = own.classes.length - MOST_CLASSES;
    this.classes.replaceChildren(
      ...own.classes.slice(0, MOST_CLASSES).map((name) => element('li', '', name)),
      ...(rest > 0 ? [element('li', '', `and ${rest} more`)] : []),
    );
  }
}
