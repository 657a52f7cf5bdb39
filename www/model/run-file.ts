// A run as a file, in the format of src/run_file/file.rs: a change of one is a change of both. Every value that is read is checked.

import type { Change, Layer, Plan, Shown, State } from '../protocol/messages';
import type { History, KeptMoment } from './history';
import { COLUMNS, type Curves, type Row } from './recorder';
import { type Dtype, type Layout, Refused, type Values, read, tensor, write } from './safetensors';

const FORMAT = 'lacuna run 1';
const MOST_ROWS = 4096;
const MOST_COLUMNS = 4096;
/** In place of a step: there was none. */
const NEVER = 0xffffffff;
const TESTS = ['images', 'loss', 'accuracy', 'sampled_loss', 'sampled_accuracy'] as const;

/** What is kept of a run. */
export interface Kept extends Curves {
  /** As it began, without its question mark; and what was changed on the way. */
  query: string;
  changes: Change[];
  dataset: Shown;
  version: string;
  command: string | null;
  adapter: string;
  software: boolean;
  step: number;
  steps: number;
  steps_per_epoch: number;
  seconds: number;
  /** [U] */
  scores: Float32Array;
  /** [U] bits as in a snapshot. */
  mask: Uint8Array;
  informative: Uint8Array | null;
  history: History<KeptMoment>;
  /** None in a recording, which is only looked at. */
  state: State | null;
}

/** The network's part of a plan that tensors are checked against. */
type Network = Pick<Plan, 'units' | 'groups' | 'layers'>;

/** Rows, columns and so on of a layer's weights, scale and shift, for groups of these sizes. */
function shapes({ taps, extra, from, to }: Layer, sizes: ArrayLike<number>): [name: string, shape: number[]][] {
  const [inputs, outputs] = [taps === 0 ? 0 : (sizes[from] ?? 0), sizes[to] ?? 0];
  const side = Math.sqrt(taps);
  const weights: [string, number[]][] = taps === 0 ? [] : [['weights', extra === 1 ? [taps * inputs + 1, outputs] : [side, side, inputs, outputs]]];
  return extra === 2 ? [...weights, ['scale', [outputs]], ['shift', [outputs]]] : weights;
}

const size = (shape: number[]): number => shape.reduce((product, each) => product * each, 1);
const velocityOf = (name: string): string => (name === 'weights' ? 'velocity' : `velocity_${name}`);

/** Every other value from `of` on. */
const ofPairs = (pairs: Float32Array, of: number): Float32Array => Float32Array.from({ length: pairs.length / 2 }, (_, index) => pairs[2 * index + of] ?? 0);

function columns<Of>(each: Of[], of: (one: Of) => number): Float64Array {
  return Float64Array.from(each, of);
}

function flat<Kind extends Uint8Array | Uint32Array>(into: Kind, parts: ArrayLike<number>[]): Kind {
  let at = 0;
  for (const part of parts) {
    into.set(part, at);
    at += part.length;
  }
  return into;
}

/** Units that a group's decided mask keeps: s ≥ ½, or the best where none is. */
export function decided(scores: ArrayLike<number>, { groups }: Pick<Plan, 'groups'>): Uint8Array {
  const mask = Uint8Array.from(scores, (score) => (score >= 0.5 ? 1 : 0));
  for (const { gated, first_unit, size: count } of groups) {
    if (!gated || mask.subarray(first_unit, first_unit + count).includes(1)) continue;
    let best = first_unit;
    for (let unit = first_unit; unit < first_unit + count; unit++) if ((scores[unit] ?? 0) > (scores[best] ?? 0)) best = unit;
    mask[best] = 1;
  }
  return mask;
}

/** The bytes of a run, whole or without what it takes to go on. */
export function toBytes(kept: Kept, network: Network): Uint8Array<ArrayBuffer> {
  const {
    scores,
    mask,
    rows,
    tests,
    history: { moments },
    state,
  } = kept;
  const [units, groups] = [scores.length, network.groups.length];
  const gated = network.groups.filter((group) => group.gated).length;
  const tensors: Layout['tensors'] = new Map([
    ['scores', tensor(scores)],
    ['decided_mask', tensor(decided(scores, network))],
    ['mask', tensor(mask.map((bits) => bits & 1))],
    ['probe', tensor(mask.map((bits) => bits >> 1))],
    ['curves.step', tensor(Uint32Array.from(rows, ({ step }) => step))],
    ['curves.steps', tensor(Uint32Array.from(rows, ({ steps }) => steps))],
    ['tests.step', tensor(Uint32Array.from(tests, ({ step }) => step))],
    [
      'tests.kept',
      tensor(
        flat(
          new Uint32Array(tests.length * gated),
          tests.map((test) => test.kept),
        ),
        tests.length,
        tests.length > 0 ? gated : 0,
      ),
    ],
    ['history.step', tensor(Uint32Array.from(moments, ({ step }) => step))],
    [
      'history.scores',
      tensor(
        flat(
          new Uint8Array(moments.length * units),
          moments.map((moment) => moment.scores),
        ),
        moments.length,
        units,
      ),
    ],
    [
      'history.mask',
      tensor(
        flat(
          new Uint8Array(moments.length * units),
          moments.map((moment) => moment.mask),
        ),
        moments.length,
        units,
      ),
    ],
    [
      'history.kept',
      tensor(
        flat(
          new Uint32Array(moments.length * groups),
          moments.map((moment) => moment.kept),
        ),
        moments.length,
        groups,
      ),
    ],
    [
      'history.probe_kept',
      tensor(
        flat(
          new Uint32Array(moments.length * groups),
          moments.map((moment) => moment.probe_kept),
        ),
        moments.length,
        groups,
      ),
    ],
    ['history.budget', tensor(Float32Array.from(moments, ({ budget }) => budget))],
    ['history.sum_scores', tensor(Float32Array.from(moments, ({ sum_scores }) => sum_scores))],
  ]);
  if (kept.informative) tensors.set('informative', tensor(kept.informative));
  COLUMNS.forEach((name, index) => tensors.set(`curves.${name}`, tensor(columns(rows, ({ values }) => values[index] ?? NaN))));
  const told = { images: 'images', loss: 'loss', accuracy: 'decided', sampled_accuracy: 'sampled' } as const;
  for (const name of TESTS) {
    // The page has no use for the loss under sampled masks and is not told it.
    tensors.set(`tests.${name}`, tensor(columns(tests, (test) => (name === 'sampled_loss' ? NaN : test[told[name]]))));
  }
  const metadata: Layout['metadata'] = {
    format: FORMAT,
    version: kept.version,
    link: `?${kept.query}`,
    changes: JSON.stringify(kept.changes),
    adapter: kept.adapter,
    software: String(kept.software),
    dataset: JSON.stringify(kept.dataset),
    step: String(kept.step),
    steps: String(kept.steps),
    steps_per_epoch: String(kept.steps_per_epoch),
    seconds: String(kept.seconds),
    curves_width: String(kept.width),
    history_capacity: String(kept.history.capacity),
    history_stride: String(kept.history.stride),
  };
  if (kept.command !== null) metadata['command'] = kept.command;
  if (state) metadata['state'] = stateTo(tensors, state, network);
  return write({ metadata, tensors });
}

/** Adds what it takes to go on; answers with what stands in the metadata. */
function stateTo(tensors: Layout['tensors'], { counts, integers, floats, sizes }: State, { units, layers }: Network): string {
  const numbers = integers.slice(0, integers.length - units);
  tensors.set('numbers', tensor(numbers));
  let at = numbers.length;
  const next = (count: number): Float32Array => floats.subarray(at, (at += count));
  const moments = next(2 * numbers.length);
  for (const [of, name] of ['scores_first_moment', 'scores_second_moment'].entries()) {
    const whole = new Float32Array(units);
    ofPairs(moments, of).forEach((value, index) => (whole[numbers[index] ?? 0] = value));
    tensors.set(name, tensor(whole));
  }
  for (const named of [(name: string) => name, velocityOf]) {
    layers.forEach((layer, index) => {
      for (const [name, shape] of shapes(layer, sizes)) tensors.set(`${named(name)}.${index}`, tensor(next(size(shape)), ...shape));
    });
  }
  layers.forEach(({ extra, to }, index) => {
    if (extra !== 2) return;
    const running = next(2 * (sizes[to] ?? 0));
    tensors.set(`running_mean.${index}`, tensor(ofPairs(running, 0)));
    tensors.set(`running_variance.${index}`, tensor(ofPairs(running, 1)));
  });
  tensors.set('unpinned', tensor(next(units)));
  const [, evaluations, selected, chosen_at, ...cost] = counts;
  return JSON.stringify({ evaluations, chosen_at: chosen_at === NEVER ? null : chosen_at, selected: selected === 1, cost: cost.slice(0, 4) });
}

/** A file whose layout holds, and what of it can be known before its network is. */
export interface Opened {
  layout: Layout;
  query: string;
  changes: Change[];
  dataset: Shown;
}

const number = ({ metadata }: Layout, name: string, least: number): number => {
  const value = Number(metadata[name] ?? NaN);
  if (!Number.isFinite(value) || value < least) throw new Refused(`does not say its ${name.replaceAll('_', ' ')}`);
  return value;
};

function json({ metadata }: Layout, name: string): unknown {
  try {
    return JSON.parse(metadata[name] ?? '');
  } catch {
    throw new Refused(`does not say its ${name}`);
  }
}

/** The first look at a file. */
export function open(bytes: Uint8Array): Opened {
  const layout = read(bytes);
  const { format = '', link } = layout.metadata;
  if (format.startsWith('lacuna run ') && format !== FORMAT) throw new Refused(`is of another version, “${format.slice(0, 20)}”; this page reads “${FORMAT}”`);
  if (format !== FORMAT || link === undefined) throw new Refused('holds tensors, but not of a run');
  const dataset = json(layout, 'dataset') as Shown;
  const sizes = [dataset.train, dataset.test, dataset.channels, dataset.height, dataset.width, dataset.classes];
  if (typeof dataset.name !== 'string' || !sizes.every((each) => Number.isSafeInteger(each) && each > 0 && each < 2 ** 31))
    throw new Refused('does not say what its data were');
  // Only of the visitor's own data there is a sum.
  if ((dataset.sum ?? null) !== null && !/^[0-9a-f]{1,64}$/i.test(String(dataset.sum))) throw new Refused('does not say what its data were');
  const changes = json(layout, 'changes');
  const isChange = (each: unknown): each is Change =>
    Array.isArray(each) && each.length === 3 && Number.isSafeInteger(each[0]) && typeof each[1] === 'string' && typeof each[2] === 'string';
  if (!Array.isArray(changes) || !changes.every(isChange)) throw new Refused('does not say what was changed on the way');
  return { layout, query: link.replace(/^\?/, ''), changes, dataset };
}

class Source {
  private readonly layout: Layout;

  constructor(layout: Layout) {
    this.layout = layout;
  }

  has(name: string): boolean {
    return this.layout.tensors.has(name);
  }

  shape(name: string): number[] {
    return this.layout.tensors.get(name)?.shape ?? [];
  }

  take<Kind extends Values>(name: string, dtype: Dtype, shape: number[]): Kind {
    const found = this.layout.tensors.get(name);
    if (!found) throw new Refused(`lacks the tensor ${name}`);
    if (found.dtype !== dtype || found.shape.join() !== shape.join()) {
      throw new Refused(`has ${name} as ${found.dtype} of [${found.shape.join(', ')}], not ${dtype} of [${shape.join(', ')}]`);
    }
    return found.values as Kind;
  }

  floats(name: string, shape: number[]): Float32Array {
    const values = this.take<Float32Array>(name, 'F32', shape);
    if (!values.every(Number.isFinite)) throw new Refused(`holds in ${name} what is no finite number`);
    return values;
  }

  /** The length of a tensor of one dimension. */
  length(name: string, most: number): number {
    const [count, ...others] = this.shape(name);
    if (count === undefined || others.length > 0 || count > most) throw new Refused(`has no ${name} of one dimension, at most ${most} long`);
    return count;
  }
}

const rises = (steps: Uint32Array, last: number): boolean => steps.every((step, index) => step <= last && (index === 0 || step >= (steps[index - 1] ?? 0)));

/** The run of a file, checked against the network that it names. */
export function fromOpened({ layout, query, changes, dataset }: Opened, network: Network): Kept {
  const source = new Source(layout);
  const { units, groups } = network;
  const { metadata } = layout;
  const [step, steps] = [number(layout, 'step', 0), number(layout, 'steps', 0)];
  if (step > steps) throw new Refused(`has more steps done, ${step}, than there are, ${steps}`);
  const scores = source.floats('scores', [units]);
  if (!scores.every((score) => score >= 0 && score <= 1)) throw new Refused('holds scores that are no keep-probabilities');
  const probe = source.take<Uint8Array>('probe', 'U8', [units]);
  const mask = source.take<Uint8Array>('mask', 'U8', [units]).map((bit, unit) => (bit & 1) | (((probe[unit] ?? 0) & 1) << 1));
  const features = dataset.channels * dataset.height * dataset.width;
  return {
    query,
    changes,
    dataset,
    version: metadata['version'] ?? '',
    command: metadata['command'] ?? null,
    adapter: metadata['adapter'] ?? '',
    software: metadata['software'] === 'true',
    step,
    steps,
    steps_per_epoch: number(layout, 'steps_per_epoch', 1),
    seconds: number(layout, 'seconds', 0),
    scores,
    mask,
    informative: source.has('informative') ? source.take<Uint8Array>('informative', 'U8', [features]) : null,
    rows: rowsFrom(source, step),
    width: number(layout, 'curves_width', 1),
    tests: testsFrom(source, step, groups.filter((group) => group.gated).length),
    history: historyFrom(source, layout, step, units, groups.length),
    state: metadata['state'] === undefined ? null : stateFrom(source, layout, network, step, scores, mask),
  };
}

function rowsFrom(source: Source, last: number): Row[] {
  const count = source.length('curves.step', MOST_ROWS);
  const step = source.take<Uint32Array>('curves.step', 'U32', [count]);
  const steps = source.take<Uint32Array>('curves.steps', 'U32', [count]);
  if (!rises(step, last)) throw new Refused('holds curves whose steps do not follow one another');
  const values = COLUMNS.map((name) => source.take<Float64Array>(`curves.${name}`, 'F64', [count]));
  return Array.from(step, (at, index) => ({ step: at, steps: Math.max(1, steps[index] ?? 1), values: values.map((column) => column[index] ?? NaN) }));
}

function testsFrom(source: Source, last: number, gated: number): Curves['tests'] {
  const count = source.length('tests.step', MOST_ROWS);
  const step = source.take<Uint32Array>('tests.step', 'U32', [count]);
  if (!rises(step, last)) throw new Refused('holds tests whose steps do not follow one another');
  const [images, loss, accuracy, , sampled] = TESTS.map((name) => source.take<Float64Array>(`tests.${name}`, 'F64', [count]));
  const kept = source.take<Uint32Array>('tests.kept', 'U32', [count, count > 0 ? gated : 0]);
  return Array.from(step, (at, index) => ({
    step: at,
    images: images?.[index] ?? 0,
    loss: loss?.[index] ?? NaN,
    decided: accuracy?.[index] ?? NaN,
    sampled: sampled?.[index] ?? NaN,
    kept: [...kept.subarray(index * gated, (index + 1) * gated)],
  }));
}

function historyFrom(source: Source, layout: Layout, last: number, units: number, groups: number): History<KeptMoment> {
  const [capacity, stride] = [number(layout, 'history_capacity', 2), number(layout, 'history_stride', 1e-6)];
  if (!Number.isSafeInteger(capacity) || capacity > MOST_COLUMNS) throw new Refused(`has a history of ${capacity} columns`);
  const count = source.length('history.step', capacity);
  const step = source.take<Uint32Array>('history.step', 'U32', [count]);
  if (!rises(step, last)) throw new Refused('holds a history whose moments do not follow one another');
  const scores = source.take<Uint8Array>('history.scores', 'U8', [count, units]);
  const mask = source.take<Uint8Array>('history.mask', 'U8', [count, units]);
  const kept = source.take<Uint32Array>('history.kept', 'U32', [count, groups]);
  const probe_kept = source.take<Uint32Array>('history.probe_kept', 'U32', [count, groups]);
  const [budget, sums] = [source.floats('history.budget', [count]), source.floats('history.sum_scores', [count])];
  const one = (at: number, index: number): KeptMoment => ({
    step: at,
    scores: scores.subarray(index * units, (index + 1) * units),
    mask: mask.subarray(index * units, (index + 1) * units).map((bits) => bits & 3),
    kept: kept.slice(index * groups, (index + 1) * groups),
    probe_kept: probe_kept.slice(index * groups, (index + 1) * groups),
    budget: budget[index] ?? 0,
    sum_scores: sums[index] ?? 0,
  });
  return { capacity, stride, moments: Array.from(step, one) };
}

function stateFrom(source: Source, layout: Layout, { units, groups, layers }: Network, step: number, scores: Float32Array, mask: Uint8Array): State {
  const words = json(layout, 'state') as { evaluations: number; chosen_at: number | null; selected: boolean; cost: number[] };
  const counts = [step, words.evaluations, words.selected ? 1 : 0, words.chosen_at ?? NEVER, ...(Array.isArray(words.cost) ? words.cost : [])];
  if (counts.length !== 8 || !counts.every((count) => Number.isFinite(count) && count >= 0)) throw new Refused('does not say its state');
  const numbers = source.take<Uint32Array>('numbers', 'U32', [source.length('numbers', units)]);
  if (!numbers.every((each, index) => each < units && (index === 0 || each > (numbers[index - 1] ?? 0))))
    throw new Refused('does not say which units are on the device');
  const [first, second] = [source.floats('scores_first_moment', [units]), source.floats('scores_second_moment', [units])];
  const parts: Float32Array[] = [
    Float32Array.from(numbers, (unit) => scores[unit] ?? 0),
    Float32Array.from({ length: 2 * numbers.length }, (_, index) => {
      const unit = numbers[index >> 1] ?? 0;
      return (index % 2 === 0 ? first : second)[unit] ?? 0;
    }),
  ];
  // The engine knows the sizes of groups of which some units are gone; here they are what the file says, and it refuses others.
  const sizes = new Uint32Array(groups.length);
  layers.forEach(({ taps, from, to }, index) => {
    const shape = source.shape(taps === 0 ? `scale.${index}` : `weights.${index}`);
    sizes[to] = shape.at(-1) ?? 0;
    if (taps > 0) sizes[from] = shape.length === 4 ? (shape[2] ?? 0) : Math.max(0, (shape[0] ?? 1) - 1);
  });
  for (const named of [(name: string) => name, velocityOf]) {
    layers.forEach((layer, index) => {
      for (const [name, shape] of shapes(layer, sizes)) parts.push(source.floats(`${named(name)}.${index}`, shape));
    });
  }
  layers.forEach(({ extra, to }, index) => {
    if (extra !== 2) return;
    const [mean, variance] = ['running_mean', 'running_variance'].map((name) => source.floats(`${name}.${index}`, [sizes[to] ?? 0]));
    parts.push(Float32Array.from({ length: 2 * (sizes[to] ?? 0) }, (_, at) => (at % 2 === 0 ? mean : variance)?.[at >> 1] ?? 0));
  });
  parts.push(source.floats('unpinned', [units]));
  const floats = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    floats.set(part, at);
    at += part.length;
  }
  const bits = mask.map((each) => each * 5);
  const training_ms = 1000 * number(layout, 'seconds', 0);
  return { counts: Float64Array.from([...counts, training_ms]), integers: flat(new Uint32Array(numbers.length + units), [numbers, bits]), floats, sizes };
}
