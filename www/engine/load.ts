// Loads the WebAssembly modules. Their types are generated from the Rust sources (protocol/modules.d.ts).

import type { Computes } from '../protocol/messages';

export type Engine = typeof import('../pkg/lacuna.js');
export type Session = import('../pkg/lacuna.js').Session;

/** The engine that computes on a GPU, or the one that computes on the CPU: a module each, so that a visitor loads only one. */
export async function loadEngine(on: Computes): Promise<Engine> {
  const [engine, wasm] = await (on === 'gpu'
    ? Promise.all([import('../pkg/lacuna.js'), import('../pkg/lacuna_bg.wasm?url')])
    : Promise.all([import('../pkg/lacuna_cpu.js'), import('../pkg/lacuna_cpu_bg.wasm?url')]));
  await engine.default({ module_or_path: wasm.default });
  return engine;
}
