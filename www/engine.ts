// The wasm engine as the worker sees it. The generated module types its objects as `any`; this is what they hold.

import type { Description, Evaluation, Knob, LabReport, Plan, Snapshot, Speed, Values } from './protocol';

export type Progress = (stage: string, done: number, of: number) => void;

export interface Session {
  description(): Description;
  /** The data files to feed, in the order to fetch them; none for synthetic data. */
  files(): { name: string; bytes: number }[];
  feed(name: string, bytes: Uint8Array): void;
  feed_end(name: string): void;
  /** Training rows that may be used already. */
  rows_ready(): number;
  /** One submit of at most so many steps; none where rows are missing. */
  advance(most_steps: number): Promise<Snapshot>;
  snapshot(): Promise<Snapshot>;
  change(name: string, value: string): void;
  /** [count, channels, side, side] the first convolution's weights as they are now; null where there is none. */
  filters(): Promise<Float32Array | null>;
  evaluate(most_images: number): Promise<Evaluation>;
  measure_speed(): Promise<Speed>;
  /** Selects a mask on training data and fine-tunes under it; null where the experiment does not ask for that. */
  finish(progress: Progress): Promise<{ selected_accuracy: number } | null>;
  /** Draws so many more pairs of masks of the network as it was frozen, which the first call does; before that, tries masks while any are left. */
  estimator_draw(pairs: number): Promise<{ step: number; pairs: number; masks_left: number; ms: number }>;
  estimator_report(): LabReport | null;
  estimator_release(): void;
  /** Why the device is gone, if it is. */
  lost(): string | undefined;
  free(): void;
}

export interface Engine {
  knobs(): Knob[];
  read_link(query: string): Values;
  write_link(values: Values): string;
  /** What a link asks for, without a GPU. `refused`: what is larger than the most bytes that a buffer may have. */
  describe(query: string, most_bytes?: number): Plan & { refused: string | null };
  Session: { open(query: string, progress: Progress, adapter_name?: string): Promise<Session> };
}

export async function loadEngine(): Promise<Engine> {
  const [engine, wasm] = await Promise.all([import('./pkg/lacuna.js'), import('./pkg/lacuna_bg.wasm?url')]);
  await engine.default({ module_or_path: wasm.default });
  return engine as unknown as Engine;
}
