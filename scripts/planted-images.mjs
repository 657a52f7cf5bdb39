// Planted images: colour pictures of ten classes that no data set has to be fetched for. The pixels of a class have a pattern of their own under noise.

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { crc32, deflateSync } from 'node:zlib';

/** Pixels of a side, as in CIFAR-10. */
export const SIDE = 32;
export const CLASSES = 10;
/** Pixels of a side of the squares that have one colour in a pattern. */
const SQUARE = 4;
/** Pixels are from 0 to 255: the middle, and how far pattern and noise reach from it. */
const [MIDDLE, PATTERN, NOISE] = [127, 40, 80];

/** Numbers from -1 to 1 that depend on the seed alone (the generator mulberry32). */
function drawn(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

/** The pixels of one picture, `[SIDE, SIDE, 3]` bytes. */
export function planted(label, index) {
  const pattern = drawn(label);
  const squares = Array.from({ length: (SIDE / SQUARE) ** 2 * 3 }, pattern);
  const noise = drawn(CLASSES + index * CLASSES + label);
  const pixels = Buffer.alloc(SIDE * SIDE * 3);
  for (let place = 0; place < pixels.length; place += 1) {
    const [colour, pixel] = [place % 3, Math.floor(place / 3)];
    const [x, y] = [pixel % SIDE, Math.floor(pixel / SIDE)].map((at) => Math.floor(at / SQUARE));
    pixels[place] = Math.round(MIDDLE + PATTERN * squares[3 * (y * (SIDE / SQUARE) + x) + colour] + NOISE * noise());
  }
  return pixels;
}

function chunk(name, data) {
  const [length, body, sum] = [Buffer.alloc(4), Buffer.concat([Buffer.from(name, 'latin1'), data]), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** A PNG file of a picture's pixels. */
export function png(pixels) {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(SIDE, 0);
  head.writeUInt32BE(SIDE, 4);
  // Eight bits a colour, three colours.
  head.set([8, 2, 0, 0, 0], 8);
  // Each line of pixels begins with its filter, here none.
  const lines = Array.from({ length: SIDE }, (_, y) => Buffer.concat([Buffer.from([0]), pixels.subarray(3 * SIDE * y, 3 * SIDE * (y + 1))]));
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', head), chunk('IDAT', deflateSync(Buffer.concat(lines))), chunk('IEND', Buffer.alloc(0))]);
}

/** Writes so many training and test rows of each class, in the folders that `lacuna train --dataset FOLDER` reads. */
export function writePlanted(folder, { train, test }) {
  for (const [part, first, count] of [
    ['train', 0, train],
    ['test', train, test],
  ]) {
    for (let label = 0; label < CLASSES; label += 1) {
      const place = path.join(folder, part, String(label));
      mkdirSync(place, { recursive: true });
      for (let index = first; index < first + count; index += 1) writeFileSync(path.join(place, `${index}.png`), png(planted(label, index)));
    }
  }
}
