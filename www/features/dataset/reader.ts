// Reads the visitor's files in a worker. Another choice of files ends it.

import type { OwnFile, OwnReport, OwnRequest, TableReading } from '../../protocol/messages';
import { t, translated } from '../../words/words';

export class UserFileReader {
  private worker: Worker | null = null;

  read(files: OwnFile[], table: TableReading, receive: (report: OwnReport) => void): void {
    this.stop();
    const worker = new Worker(new URL('./dataset-worker.ts', import.meta.url), { type: 'module', name: 'own data' });
    this.worker = worker;
    worker.addEventListener('message', ({ data }: MessageEvent<OwnReport>) =>
      receive('message' in data ? { ...data, message: translated(data.message) } : data),
    );
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      receive({ kind: 'refused', message: event.message || t`the reader of files could not be loaded. Reload the page`, columns: [] });
    });
    worker.postMessage({ files, table } satisfies OwnRequest);
  }

  stop(): void {
    this.worker?.terminate();
    this.worker = null;
  }
}
