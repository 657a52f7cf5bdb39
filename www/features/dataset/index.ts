// The panel of the visitor's own data. Files may be dropped anywhere on the page.

import { at } from '../../ui/element';
import type { Feature } from '../../ui/page';
import type { UserFileReader } from './reader';
import type { DatasetView } from './view';
import { t } from '../../words/words';

const carriesFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;
const isRun = ({ name }: File): boolean => /\.safetensors(\.gz)?$/i.test(name);

/** The view, once the panel was shown. */
const shown = new WeakMap<object, DatasetView>();

export const dataset: Feature = {
  mount(page) {
    // The reader is loaded when the first files are given.
    let reader: Promise<UserFileReader | null> | null = null;
    page.offer('read-files', async ({ given, files, table }) => {
      reader ??= page.load(import('./reader')).then((module) => module && new module.UserFileReader());
      const loaded = await reader;
      if (loaded) return loaded.read(files, table, (report) => page.dispatch({ kind: 'files_report', given, report }));
      reader = null;
      page.dispatch({
        kind: 'files_report',
        given,
        report: { kind: 'refused', message: t`the reader of files could not be loaded: give the files again`, columns: [] },
      });
    });
    page.offer('stop-reading', async () => (await reader)?.stop());
    const over = (is: boolean): void => shown.get(page)?.over(is);
    // The panel is shown at once, so that it can mark that files are dragged over it.
    const accept = (event: DragEvent): void => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      if (page.state.view !== 'own') void page.show('own');
      over(true);
    };
    /** The browser empties the list of dropped files once this function awaits anything, so it is read first. */
    const take = async ({ items, files }: DataTransfer): Promise<void> => {
      const entries = [...items].flatMap((item) => item.webkitGetAsEntry?.() ?? []);
      const loose = [...files];
      await page.show('own');
      await shown.get(page)?.drop(entries, loose);
    };
    addEventListener('dragenter', accept);
    addEventListener('dragover', accept);
    addEventListener('dragleave', (event) => {
      if (event.relatedTarget === null) over(false);
    });
    addEventListener('drop', (event) => {
      if (!carriesFiles(event) || !event.dataTransfer) return;
      event.preventDefault();
      const run = [...event.dataTransfer.files].find(isRun);
      if (!run) return void take(event.dataTransfer);
      over(false);
      page.call('open-run', run);
    });
  },
  panel: {
    name: 'own',
    async open(page) {
      const { DatasetView } = await import('./view');
      const view = new DatasetView(at('own'), {
        give: (files, table) => page.dispatch({ kind: 'give_files', files, table }),
        unreadable: (message) => page.dispatch({ kind: 'files_unreadable', message }),
        leave: () => void page.show('network'),
      });
      shown.set(page, view);
      page.follow(
        ({ user_data }) => [user_data],
        () => view.draw(page.state.user_data),
      );
    },
  },
};
