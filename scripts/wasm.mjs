// The engine as WebAssembly: compiled by cargo, given its JavaScript face by tools/bindgen, put where the page imports it.

import { statSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { cargo, cargoHome, root, run } from './command.mjs';
import { wasmTarget } from './toolchain.mjs';

/** Where cargo puts what it builds. */
export const targetFolder = path.resolve(root, process.env.CARGO_TARGET_DIR ?? 'target');

/** A program that `cargo build --release` made. */
export const program = (name) => path.join(targetFolder, 'release', process.platform === 'win32' ? `${name}.exe` : name);

const compiled = path.join(targetFolder, wasmTarget, 'wasm', 'lacuna.wasm');
const outFolder = path.join(root, 'www', 'pkg');

/** The page's engine, and what only a panel loads: the self-check, the readers of a visitor's own files. One library, seen through its features. */
const modules = [
  { name: 'lacuna', features: [] },
  { name: 'self_check', features: ['--features', 'self-check'] },
  { name: 'own_files', features: ['--features', 'own-files'] },
];

const time = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs;

// A panic names its place in the sources. Of a library's, only what follows the folder that cargo keeps them in, or the page would tell of the
// machine that it was built on, and its size would hang on where that has its home.
const sources = path.join(cargoHome, 'registry', 'src');
const flags = [process.env.CARGO_ENCODED_RUSTFLAGS, `--remap-path-prefix=${sources}=`].filter(Boolean).join('\x1f');

/** Cargo itself knows whether a source changed: with nothing to do, this takes a fraction of a second. */
const compile = (features, note) =>
  cargo(['build', '--locked', '--profile', 'wasm', '--lib', '--target', wasmTarget, ...features], { note, env: { CARGO_ENCODED_RUSTFLAGS: flags } });

/** Compiles the engine alone, so that what is wrong with it shows before the rest is begun. */
export async function compileWasm(note) {
  await compile([], note);
}

/** Writes www/pkg, but for what stands there and is younger than both its module and the tool. */
export async function bindWasm(note) {
  await cargo(['build', '--locked', '--release', '-p', 'bindgen'], { note });
  const tool = program('bindgen');
  let written = 0;
  for (const { name, features } of modules) {
    // All modules lie in one place: what cargo has just built, or found built, is there.
    await compile(features, note);
    const outputs = [`${name}.js`, `${name}_bg.wasm`, `${name}.d.ts`].map((file) => path.join(outFolder, file));
    const inputs = [compiled, tool].map(time);
    if (outputs.map(time).every((made) => made !== undefined && inputs.every((input) => made >= input))) continue;
    await run(tool, [compiled, outFolder, name], { note });
    written += 1;
  }
  return written === 0 ? 'already there' : undefined;
}
