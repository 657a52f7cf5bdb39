// Reads the visitor's files in a worker of its own. The data set goes into the engine's memory and nowhere else.

import { unpacked } from '../../engine/dataset-fetch';
import { inTurn, isPicture, isTable, isText, lastOf } from './files';
import { messageOf } from '../../model/words';
import type { OwnFile, OwnReport, OwnRequest, OwnSet } from '../../protocol/messages';

type Reader = typeof import('../../pkg/own_files.js');

const MOST_BYTES = 1 << 30;

/** A file's bytes, unpacked. */
async function bytesOf({ path, file }: OwnFile): Promise<Uint8Array> {
  try {
    return new Uint8Array(await new Response(await unpacked(file.stream())).arrayBuffer());
  } catch {
    throw new Error(`${path}: it cannot be read, or it is packed with gzip and damaged. Replace it by a complete copy.`);
  }
}

/** [height, width, 4] as the browser decodes it. */
async function pixelsOf({ path, file }: OwnFile): Promise<ImageData> {
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' }).catch(() => {
    throw new Error(`${path}: it cannot be decoded as a picture. Save it again as PNG or JPEG, or remove it.`);
  });
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('this browser has no 2D canvas in workers, which is needed to decode pictures');
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, width, height);
}

/** The data set of these files. `told` is called with the number of files that were read. */
async function read({ FileImporter }: Reader, { files: all, label }: OwnRequest, told: (done: number, of: number) => void): Promise<OwnSet> {
  const files = inTurn(all);
  const [first] = files;
  if (!first) throw new Error('there is no file in it. Give a CSV file, idx files, or a folder with a folder of pictures for each class.');
  if (files.reduce((sum, { file }) => sum + file.size, 0) > MOST_BYTES)
    throw new Error('these files are larger than 1 GB together. Take fewer, or use the terminal: lacuna train --dataset PATH.');
  const pictures = files.filter(isPicture);
  const [table, second] = files.filter(isTable);
  const importer = new FileImporter();
  if (pictures.length > 0) {
    for (const [index, picture] of pictures.entries()) {
      const { width, height, data } = await pixelsOf(picture);
      importer.picture(picture.path, width, height, new Uint8Array(data.buffer));
      told(index + 1, pictures.length);
    }
    return importer.finish(first.path.split('/')[0] ?? '');
  }
  if (table) {
    if (second) throw new Error(`${table.path} and ${second.path} are two tables. Give one, with all rows in it.`);
    importer.table(lastOf(table.path), await bytesOf(table), label);
    return importer.finish(lastOf(table.path));
  }
  let found = 0;
  for (const [index, file] of files.entries()) {
    const bytes = await bytesOf(file);
    told(index + 1, files.length);
    if (bytes[0] !== 0 || bytes[1] !== 0 || bytes[2] !== 8) continue;
    importer.idx(file.path, bytes);
    found += 1;
  }
  const [text, other] = files.filter(isText);
  if (found === 0 && text && !other) {
    importer.table(lastOf(text.path), await bytesOf(text), label);
    return importer.finish(lastOf(text.path));
  }
  if (found === 0) throw new Error(`${first.path}: it is neither a table (.csv), nor an idx file of bytes, nor a picture in a folder.`);
  return importer.finish(first.path.includes('/') ? (first.path.split('/')[0] ?? '') : 'idx files');
}

const say = (report: OwnReport, transfer: Transferable[] = []): void => self.postMessage(report, { transfer });

self.onmessage = async ({ data }: MessageEvent<OwnRequest>): Promise<void> => {
  try {
    const [reader, wasm] = await Promise.all([import('../../pkg/own_files.js'), import('../../pkg/own_files_bg.wasm?url')]);
    await reader.default({ module_or_path: wasm.default });
    const set = await read(reader, data, (done, of) => say({ kind: 'progress', done, of }));
    say({ kind: 'set', set }, [set.inputs.buffer, set.labels.buffer, set.test_inputs.buffer, set.test_labels.buffer]);
  } catch (error) {
    say({ kind: 'refused', message: messageOf(error) });
  }
};
