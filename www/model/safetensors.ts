// The layout of safetensors: eight bytes of length, a header in JSON, the data. Little-endian, as every machine with WebGPU is.

export type Values = Float64Array | Float32Array | Uint32Array | Uint8Array;
export type Dtype = 'F64' | 'F32' | 'U32' | 'U8';

export interface Tensor {
  dtype: Dtype;
  shape: number[];
  values: Values;
}

export interface Layout {
  metadata: Record<string, string>;
  tensors: Map<string, Tensor>;
}

const KINDS = { F64: Float64Array, F32: Float32Array, U32: Uint32Array, U8: Uint8Array };
const MOST_HEADER = 16 << 20;

/** What is wrong with a file, as the rest of "it …". */
export class Refused extends Error {}

const dtypeOf = (values: Values): Dtype =>
  values instanceof Float64Array ? 'F64' : values instanceof Float32Array ? 'F32' : values instanceof Uint32Array ? 'U32' : 'U8';

export const tensor = (values: Values, ...shape: number[]): Tensor => ({ dtype: dtypeOf(values), shape: shape.length > 0 ? shape : [values.length], values });

export function write({ metadata, tensors }: Layout): Uint8Array<ArrayBuffer> {
  // The widest first, so that each stands where its type may.
  const ordered = [...tensors].sort(([, a], [, b]) => b.values.BYTES_PER_ELEMENT - a.values.BYTES_PER_ELEMENT);
  const header: Record<string, unknown> = { __metadata__: metadata };
  let end = 0;
  for (const [name, { dtype, shape, values }] of ordered) {
    header[name] = { dtype, shape, data_offsets: [end, end + values.byteLength] };
    end += values.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const begin = 8 + Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(begin + end).fill(0x20, 8, begin);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(begin - 8), true);
  bytes.set(text, 8);
  let at = begin;
  for (const [, { values }] of ordered) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    at += values.byteLength;
  }
  return bytes;
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** Reads a file; tensors of types that a run has not are left out. */
export function read(bytes: Uint8Array): Layout {
  const length = bytes.length >= 8 ? Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)) : NaN;
  if (!(length >= 2 && length <= Math.min(MOST_HEADER, bytes.length - 8))) throw new Refused('is no safetensors file, or not a whole one');
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + length)));
  } catch {
    throw new Refused('is no safetensors file: its header cannot be read');
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) throw new Refused('is no safetensors file: its header holds no tensors');
  const { __metadata__: told, ...entries } = header as Record<string, unknown>;
  const metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries((told ?? {}) as object)) if (typeof value === 'string') metadata[name] = value;
  const tensors = new Map<string, Tensor>();
  for (const [name, entry] of Object.entries(entries)) {
    const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
    const [from, to] = Array.isArray(offsets) ? (offsets as unknown[]) : [];
    if (!Array.isArray(shape) || !shape.every(isCount) || !isCount(from) || !isCount(to) || to < from || 8 + length + to > bytes.length) {
      throw new Refused(`is not a whole safetensors file: ${name.slice(0, 40)} is not in it`);
    }
    if (typeof dtype !== 'string' || !(dtype in KINDS)) continue;
    const Kind = KINDS[dtype as Dtype];
    const count = shape.reduce<number>((product, size) => product * size, 1);
    if (count * Kind.BYTES_PER_ELEMENT !== to - from)
      throw new Refused(`is not a whole safetensors file: ${name.slice(0, 40)} is of another size than it says`);
    // A copy of its own: a view would have to begin at a multiple of its type's size.
    tensors.set(name, { dtype: dtype as Dtype, shape: shape as number[], values: new Kind(bytes.slice(8 + length + from, 8 + length + to).buffer) });
  }
  return { metadata, tensors };
}
