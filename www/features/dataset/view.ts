// The panel of the visitor's own data: files are dropped or chosen, and read in this browser. They never leave it.

import { count } from '../../model/format';
import type { UserData } from '../../model/state';
import type { OwnFile, TableReading } from '../../protocol/messages';
import { messageOf, sentence } from '../../model/words';
import { element } from '../../ui/element';
import './style.css';
import { parts, t, translated } from '../../words/words';

/** What happens to missing values. */
const MISSING: [value: string, words: string][] = [
  ['refuse', t`are refused`],
  ['mean', t`become the mean of the column`],
  ['drop', t`leave out the row`],
];
const FOUND: [value: string, words: string] = ['auto', t`found by itself`];
const MOST_CLASSES = 24;

type Entry = FileSystemEntry;

/** Every file below an entry. A browser lists a folder in parts of a hundred entries. */
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

/** The requests of the panel. */
interface Requests {
  give(files: OwnFile[], table: TableReading): void;
  /** The browser gave files that it cannot read. */
  unreadable(message: string): void;
  /** Shows the network. */
  leave(): void;
}

export class DatasetView {
  private readonly requests: Requests;
  private data: UserData | null = null;
  private readonly zone = element('div', 'drop');
  private readonly said = element('p', 'own-said');
  private readonly bar = element('progress');
  private readonly label = element('select');
  private readonly missing = element('select');
  private readonly classes = element('ul', 'own-classes');
  private readonly more = element('ul', 'own-notes note');
  private readonly go: HTMLButtonElement;

  constructor(root: HTMLElement, requests: Requests) {
    this.requests = requests;
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
    files.ariaLabel = t`Files`;
    folder.ariaLabel = t`A folder`;
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
      element('b', '', t`Drop files or a folder here`),
      element('p', '', t`They never leave this browser: nothing is sent, and nothing is stored after the page is closed.`),
      element(
        'div',
        '',
        button(t`Choose files`, 'own-choose-files', () => files.click(), 'go'),
        button(t`Choose a folder`, 'own-choose-folder', () => folder.click()),
        files,
        folder,
      ),
    );
    this.label.dataset['testid'] = 'own-label';
    this.missing.dataset['testid'] = 'own-missing';
    offer(this.label, [FOUND]);
    offer(this.missing, MISSING);
    // The files that were given last, even if they were refused: another choice reads them again.
    for (const choice of [this.label, this.missing]) choice.addEventListener('change', () => this.give(this.data?.given.at(-1)?.files ?? []));
    this.bar.hidden = true;
    this.bar.ariaLabel = t`Files read`;
    this.said.setAttribute('role', 'status');
    this.said.dataset['testid'] = 'own-said';
    this.more.dataset['testid'] = 'own-note';
    this.classes.ariaLabel = t`Classes`;
    this.go = button(t`Show the network`, 'own-train', () => requests.leave());
    this.go.hidden = true;
    const kinds: [title: string, ...rest: (string | Node)[]][] = [
      [
        t`A table`,
        t`a CSV file: a row of numbers for each sample, with its class in a column named class, label, target or species, or at an end. 784 numbers are an image of 28 × 28. A folder may have train.csv and test.csv.`,
      ],
      [t`idx files`, ...parts`images and labels, as MNIST’s, plain or ${element('code', '', '.gz')}. Two pairs are training and test rows.`],
      [
        t`Pictures`,
        ...parts`a folder for each class, of PNG, JPEG, WebP, GIF, BMP or TIFF files. Below a folder named ${element('code', '', 'test')} they are for the test. Different sizes are brought to 32 × 32.`,
      ],
    ];
    root.append(
      this.zone,
      element(
        'div',
        'own-line',
        element('label', '', ...parts`In a table, the class is ${this.label}`),
        element('label', '', ...parts`Missing values ${this.missing}`),
        this.bar,
      ),
      this.said,
      this.classes,
      this.more,
      this.go,
      element('div', 'own-kinds', ...kinds.map(([title, ...words]) => element('p', '', element('b', '', title), ...words))),
    );
    this.go.style.alignSelf = 'flex-start';
  }

  /** Whether something is dragged over the page. */
  over(is: boolean): void {
    this.zone.classList.toggle('over', is);
  }

  /** Files were dropped on the page. `loose`: the files, for a browser that gives no entries. */
  async drop(entries: Entry[], loose: File[]): Promise<void> {
    this.over(false);
    try {
      this.take(entries.length > 0 ? (await Promise.all(entries.map(filesOf))).flat() : loose.map((file) => ({ path: file.name, file })));
    } catch (error) {
      this.requests.unreadable(t`these files cannot be read: ${messageOf(error)}`);
    }
  }

  /** Other files have other columns: their class is found anew. */
  private take(files: OwnFile[]): void {
    this.label.value = FOUND[0];
    this.give(files);
  }

  private give(files: OwnFile[]): void {
    this.requests.give(files, { label: this.label.value, missing: this.missing.value });
  }

  /** Shows which files were given, the progress of reading them, and the data set. */
  draw(data: UserData): void {
    this.data = data;
    const last = data.given.at(-1);
    offer(this.label, [FOUND, ...(last?.columns ?? []).map((name, at): [string, string] => [t`column ${at + 1}`, name])]);
    if (last) this.label.value = last.table.label;
    const { given, wanted, reading, again, progress, refusal, waits } = data;
    const own = wanted === null ? null : (given[wanted]?.dataset?.own ?? null);
    this.bar.hidden = progress === null;
    if (progress && progress.of > 0) Object.assign(this.bar, { max: progress.of, value: progress.done });
    else this.bar.removeAttribute('value');
    this.said.classList.toggle('refusal', refusal !== null);
    this.go.hidden = own === null;
    this.classes.hidden = own === null;
    const rest = (own?.classes.length ?? 0) - MOST_CLASSES;
    const names = own ? [...own.classes.slice(0, MOST_CLASSES), ...(rest > 0 ? [t`and ${rest} more`] : [])] : [];
    if (names.join('\n') !== [...this.classes.children].map(({ textContent }) => textContent).join('\n'))
      this.classes.replaceChildren(...names.map((name) => element('li', '', name)));
    if (refusal !== null) {
      this.said.textContent = sentence(refusal);
      this.note(own ? t`What was given before stays: ${own.name}.` : t`Nothing else was changed.`);
      return;
    }
    const split = own?.has_test ? t`Its test rows are its own.` : t`One in seven rows of each class is a test row, drawn by the seed of the run.`;
    const later = waits ? [t`The run continues with its own data: Restart begins with these.`] : [];
    if (reading !== null && !again) {
      const files = given[reading]?.files ?? [];
      this.said.textContent = t`Reading ${files.length === 1 ? (files[0]?.path ?? '') : t`${count(files.length)} files`}.`;
      return;
    }
    if (progress !== null) return;
    this.said.replaceChildren(...(own ? [element('em', '', own.name), `: ${translated(own.words)}.`] : []));
    this.note(...(own ? [...own.notes.map(translated), split, ...later] : []));
  }

  private note(...sentences: string[]): void {
    this.more.replaceChildren(...sentences.map((words) => element('li', '', words)));
  }
}

/** Offers these values, if they are not offered yet. */
function offer(select: HTMLSelectElement, choices: [value: string, words: string][]): void {
  const now = [...select.options].map(({ value, textContent }) => `${value}\n${textContent}`);
  if (now.join('\r') === choices.map(([value, words]) => `${value}\n${words}`).join('\r')) return;
  select.replaceChildren(
    ...choices.map(([value, words]) => {
      const option = element('option', '', words);
      option.value = value;
      return option;
    }),
  );
}
