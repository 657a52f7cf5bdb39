// The wasm engine as the worker sees it. The generated module types its objects as `any`; this is what they hold.

import type {
  Classified,
  Contender,
  Description,
  Evaluation,
  Knob,
  LabReport,
  OwnData,
  Plan,
  Snapshot,
  Speed,
  State,
  UnitCost,
  Values,
  Walked,
} from '../protocol/messages';

export type Progress = (stage: string, done: number, of: number) => void;

export interface Session {
  description(): Description;
  /** What ends a test, a choice of a mask or a measurement early, for a run that is to be closed. */
  stopper(): { stop(): void };
  /** The data files to feed, in the order to fetch them; none for synthetic data. */
  files(): { name: string; bytes: number }[];
  feed(name: string, bytes: Uint8Array): void;
  feed_end(name: string): void;
  /** Training rows that may be used already. */
  rows_ready(): number;
  /** One submit of at most so many steps; none where rows are missing. */
  advance(most_steps: number): Promise<Snapshot>;
  /** The next part of a step; null where rows are missing or the run is over, a snapshot alone where it diverged. */
  phase(): Promise<Walked | { snapshot: Snapshot; stage?: undefined } | null>;
  unit_cost(unit: number, batches: number): Promise<UnitCost>;
  snapshot(): Promise<Snapshot>;
  /** Answers with the step from which it holds. */
  change(name: string, value: string): number;
  /** [count, channels, side, side] the first convolution's weights as they are now; null where there is none. */
  filters(): Promise<Float32Array | null>;
  evaluate(most_images: number): Promise<Evaluation>;
  measure_speed(): Promise<Speed>;
  /** Selects a mask on training data and fine-tunes under it; the accuracy there, null where the experiment does not ask for that. */
  finish(progress: Progress): Promise<number | null>;
  checkpoint(): Promise<State>;
  restore(counts: Float64Array, integers: Uint32Array, floats: Float32Array): void;
  /** Draws so many more pairs of masks of the network as it was frozen, which the first call does; before that, tries masks while any are left. */
  estimator_draw(pairs: number): Promise<{ step: number; pairs: number; masks_left: number; ms: number }>;
  estimator_report(): LabReport | null;
  estimator_release(): void;
  /** A test image of [I] bytes. */
  example(index: number): Promise<{ inputs: Uint8Array; label: number }>;
  /** Takes an image to be classified by the network as it stands now. */
  classify(image: Uint8Array): void;
  /** One submit more of it, contributions too with `explain`; null where nothing is left to do. */
  classify_more(explain: boolean): Promise<Classified | null>;
  classify_release(): void;
  /** Why the device is gone, if it is. */
  lost(): string | undefined;
  free(): void;
}

export interface Engine {
  knobs(): Knob[];
  /** For each method the settings that a comparison lends it. */
  contenders(): Contender[];
  read_link(query: string): Values;
  write_link(values: Values): string;
  /** What a link asks for, without a GPU. `refused`: what is larger than the most bytes that a buffer may have. */
  describe(query: string, most_bytes?: number, shown?: Uint32Array): Plan & { refused: string | null };
  /** What a buffer of the CPU engine holds at most. */
  most_bytes(): number | undefined;
  /** The visitor's own data; null where none was read. */
  own_data(): OwnData | null;
  take_own(about: OwnData, shape: Uint32Array, inputs: Uint8Array, labels: Uint8Array, test_inputs: Uint8Array, test_labels: Uint8Array): void;
  Session: { open(query: string, progress: Progress, adapter_name?: string): Promise<Session> };
}

/** The engine that computes on a GPU, or the one that computes on the CPU: a module each, so that nobody loads both. */
export async function loadEngine(on: 'gpu' | 'cpu'): Promise<Engine> {
  const [engine, wasm] = await (on === 'gpu'
    ? Promise.all([import('../pkg/lacuna.js'), import('../pkg/lacuna_bg.wasm?url')])
    : Promise.all([import('../pkg/lacuna_cpu.js'), import('../pkg/lacuna_cpu_bg.wasm?url')]));
  await engine.default({ module_or_path: wasm.default });
  return engine as unknown as Engine;
}
