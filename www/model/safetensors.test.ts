// The layout of safetensors, written, read back, and refused where a file is none.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chance } from '../testing/samples';
import { type Layout, Refused, read, tensor, write } from './safetensors';

const sample = (): Layout => ({
  metadata: { format: 'a', words: 'ä “ü”' },
  tensors: new Map([
    ['bytes', tensor(Uint8Array.of(1, 2, 3))],
    ['doubles', tensor(Float64Array.of(1 / 3, -0, NaN, Infinity), 2, 2)],
    ['floats', tensor(Float32Array.of(1.5, -2), 2)],
    ['counts', tensor(Uint32Array.of(7, 0xffffffff))],
    ['nothing', tensor(new Float32Array(), 0, 5)],
  ]),
});

/** A file of that header, which need not be one, and that data. */
function file(header: unknown, data: Uint8Array = new Uint8Array()): Uint8Array {
  const text = typeof header === 'string' ? new TextEncoder().encode(header) : new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}
const refused = (bytes: Uint8Array, words: RegExp): void =>
  assert.throws(
    () => read(bytes),
    (error) => error instanceof Refused && words.test(error.message),
  );

test('what is written is read back: every type, every shape, every word', () => {
  const { metadata, tensors } = read(write(sample()));
  assert.deepEqual(metadata, sample().metadata);
  assert.deepEqual(Object.fromEntries(tensors), Object.fromEntries(sample().tensors));
});

test('each tensor stands where its type may, and the data begin at a multiple of eight', () => {
  const bytes = write(sample());
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  assert.equal(length % 8, 0);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<string, { dtype: string; data_offsets: [number, number] }>;
  const widths: Record<string, number> = { F64: 8, F32: 4, U32: 4, U8: 1 };
  let end = 0;
  for (const [
    name,
    {
      dtype,
      data_offsets: [from, to],
    },
  ] of Object.entries(header).filter(([name]) => name !== '__metadata__')) {
    assert.equal(from % (widths[dtype] ?? NaN), 0, name);
    assert.equal(from, end, `${name} follows the one before`);
    end = to;
  }
  assert.equal(8 + length + end, bytes.length);
});

test('a file is read wherever it lies in a larger buffer', () => {
  const whole = write(sample());
  for (let off = 0; off < 9; off++) {
    const larger = new Uint8Array(whole.length + 20);
    larger.set(whole, off);
    assert.deepEqual(Object.fromEntries(read(larger.subarray(off, off + whole.length)).tensors), Object.fromEntries(sample().tensors));
  }
});

test('a part of a file is refused, wherever it ends', () => {
  const bytes = write(sample());
  for (let length = 0; length < bytes.length; length++) refused(bytes.subarray(0, length), /^is (no|not a whole) safetensors file/);
});

test('bytes that were changed by chance are read or refused, and nothing else', () => {
  const [whole, next] = [write(sample()), chance(4)];
  for (let turn = 0; turn < 2000; turn++) {
    const bytes = whole.slice();
    for (let change = 0; change <= turn % 4; change++) bytes[Math.floor(next() * bytes.length)] = Math.floor(next() * 256);
    try {
      read(bytes);
    } catch (error) {
      assert(error instanceof Refused, String(error));
    }
  }
});

test('what is no header, and a header of no tensors, are refused', () => {
  refused(new TextEncoder().encode('hello, hello, hello'), /is no safetensors file, or not a whole one/);
  refused(file('{"a'), /its header cannot be read/);
  // What is no UTF-8.
  const bytes = file('{"a":1}');
  bytes[10] = 0xff;
  refused(bytes, /its header cannot be read/);
  for (const header of ['[]', 'null', '17']) refused(file(header.padEnd(4)), /its header holds no tensors/);
  const endless = file({});
  new DataView(endless.buffer).setBigUint64(0, 1n << 40n, true);
  refused(endless, /or not a whole one/);
});

test('a tensor that does not lie in the file, or is of another size than it says, is refused by its name', () => {
  const data = new Uint8Array(16);
  for (const [entry, words] of [
    [{ dtype: 'U8', shape: [4], data_offsets: [13, 17] }, /a is not in it/],
    [{ dtype: 'U8', shape: [4], data_offsets: [4, 0] }, /a is not in it/],
    [{ dtype: 'U8', shape: [4], data_offsets: [-4, 0] }, /a is not in it/],
    [{ dtype: 'U8', shape: [4], data_offsets: [0.5, 4.5] }, /a is not in it/],
    [{ dtype: 'U8', shape: [-4], data_offsets: [0, 4] }, /a is not in it/],
    [{ dtype: 'U8', shape: 4, data_offsets: [0, 4] }, /a is not in it/],
    [{ dtype: 'U8', shape: [4] }, /a is not in it/],
    [null, /a is not in it/],
    [{ dtype: 'U8', shape: [5], data_offsets: [0, 4] }, /another size/],
    [{ dtype: 'F32', shape: [4], data_offsets: [0, 4] }, /another size/],
    [{ dtype: 'F32', shape: [2 ** 40, 2 ** 40], data_offsets: [0, 16] }, /another size/],
  ] as const)
    refused(file({ a: entry }, data), words);
});

test('types that a run has not, and words that are none, are left out', () => {
  const { tensors, metadata } = read(
    file(
      { __metadata__: { a: 'b', c: 7 }, x: { dtype: 'BF16', shape: [2], data_offsets: [0, 4] }, y: { dtype: 'U8', shape: [1], data_offsets: [3, 4] } },
      Uint8Array.of(0, 0, 0, 9),
    ),
  );
  assert.deepEqual([...tensors.keys()], ['y']);
  assert.deepEqual(metadata, { a: 'b' });
});
