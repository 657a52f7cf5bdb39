// The engine as WebAssembly: compiled by cargo, given its JavaScript face by tools/bindgen, put where the page imports it.

import { statSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { cargo, root, run } from './command.mjs';
import { wasmTarget } from './toolchain.mjs';

/** Where cargo puts what it builds. */
export const targetFolder = path.resolve(root, process.env.CARGO_TARGET_DIR ?? 'target');

/** A program that `cargo build --release` made. */
export const program = (name) => path.join(targetFolder, 'release', process.platform === 'win32' ? `${name}.exe` : name);

const compiled = path.join(targetFolder, wasmTarget, 'wasm', 'lacuna.wasm');
const outFolder = path.join(root, 'www', 'pkg');
const outputs = ['lacuna.js', 'lacuna_bg.wasm', 'lacuna.d.ts'].map((name) => path.join(outFolder, name));

const time = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs;

/** Cargo itself knows whether a source changed: with nothing to do, this takes a fraction of a second. */
export async function compileWasm(note) {
  await cargo(['build', '--locked', '--profile', 'wasm', '--lib', '--target', wasmTarget], { note });
}

/** Writes www/pkg, unless what stands there is younger than both the module and the tool. */
export async function bindWasm(note) {
  await cargo(['build', '--locked', '--release', '-p', 'bindgen'], { note });
  const tool = program('bindgen');
  const inputs = [compiled, tool].map(time);
  if (outputs.map(time).every((made) => made !== undefined && inputs.every((input) => made >= input))) return 'already there';
  await run(tool, [compiled, outFolder], { note });
  return undefined;
}
