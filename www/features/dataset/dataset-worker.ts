// Reads the visitor's files in a worker of its own. Which files, in which order and as what, the module decides, as it does in the terminal. The data set
// goes into the engine's memory and nowhere else.

import { unpacked } from '../../engine/dataset-fetch';
import { messageOf } from '../../model/words';
import type { OwnFile, OwnReport, OwnRequest, OwnSet } from '../../protocol/messages';
import { said } from '../../words/said';

type Reader = typeof import('../../pkg/own_files.js');

const MOST_BYTES = 1 << 30;

/** A file's bytes, unpacked. */
async function bytesOf({ path, file }: OwnFile): Promise<Uint8Array> {
  try {
    return new Uint8Array(await new Response(await unpacked(file.stream())).arrayBuffer());
  } catch {
    throw new Error(said`${path}: it cannot be read, or it is packed with gzip and damaged. Replace it by a complete copy.`);
  }
}

/** Files that are refused, with the columns of the table that they are. */
class Refused extends Error {
  readonly columns: string[];

  constructor(message: string, columns: string[]) {
    super(message);
    this.columns = columns;
  }
}

/** The data set of these files. `told` is called with the number of files that were read. */
async function read({ FileImporter }: Reader, { files, table }: OwnRequest, told: (done: number, of: number) => void): Promise<OwnSet> {
  const importer = new FileImporter(files.map(({ path }) => path));
  const wanted = [...importer.wanted()].flatMap((place) => {
    const file = files[place];
    return file ? [{ place, file }] : [];
  });
  if (wanted.reduce((sum, { file }) => sum + file.file.size, 0) > MOST_BYTES)
    throw new Error(said`these files are larger than 1 GB together. Take fewer, or use the terminal: lacuna train --dataset PATH.`);
  for (const [index, { place, file }] of wanted.entries()) {
    importer.take(place, await bytesOf(file));
    told(index + 1, wanted.length);
  }
  try {
    return importer.finish(table.label, table.missing);
  } catch (error) {
    throw new Refused(messageOf(error), importer.columns());
  }
}

const say = (report: OwnReport, transfer: Transferable[] = []): void => self.postMessage(report, { transfer });

self.onmessage = async ({ data }: MessageEvent<OwnRequest>): Promise<void> => {
  try {
    const [reader, wasm] = await Promise.all([import('../../pkg/own_files.js'), import('../../pkg/own_files_bg.wasm?url')]);
    await reader.default({ module_or_path: wasm.default });
    const set = await read(reader, data, (done, of) => say({ kind: 'progress', done, of }));
    say({ kind: 'set', set }, [set.inputs.buffer, set.labels.buffer, set.test_inputs.buffer, set.test_labels.buffer]);
  } catch (error) {
    say({ kind: 'refused', message: messageOf(error), columns: error instanceof Refused ? error.columns : [] });
  }
};
