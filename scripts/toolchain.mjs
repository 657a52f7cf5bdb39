// The Rust toolchain that rust-toolchain.toml pins, with the WebAssembly target and the components asked for.

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { Explained, find, root, run } from './command.mjs';

export const wasmTarget = 'wasm32-unknown-unknown';

const channel = readFileSync(path.join(root, 'rust-toolchain.toml'), 'utf8').match(/channel\s*=\s*"([^"]+)"/)[1];

/** Installs the toolchain if it is missing, and returns what was done. `components`: parts beyond the compiler. */
export async function ensureRust(note, components = []) {
  if (process.platform === 'linux' && !find('cc')) {
    throw new Explained('There is no C linker (cc), which Rust needs. Install it (Debian, Ubuntu: apt-get install build-essential) and try again.');
  }
  if (find('rustup')) return withRustup(note, components);
  if (find('cargo')) return withoutRustup(components);
  throw new Explained('Rust is missing. Install it as https://rustup.rs says, then try again: rustup brings the version that this project pins.');
}

async function withRustup(note, components) {
  // Naming the target in rust-toolchain.toml installs it only together with a new toolchain, and rustup may be told to
  // install nothing by itself: so both are asked for by name, and only when something is missing.
  const list = async (kind) => (await run('rustup', [kind, 'list', '--installed', '--toolchain', channel])).split('\n');
  try {
    const [targets, installed] = await Promise.all([list('target'), list('component')]);
    const has = (component) => installed.some((line) => line === component || line.startsWith(`${component}-`));
    if (targets.includes(wasmTarget) && components.every(has)) return `Rust ${channel}`;
  } catch {
    // The toolchain itself is missing; rustup says so with an error.
  }
  await run(
    'rustup',
    [
      'toolchain',
      'install',
      channel,
      '--profile',
      'minimal',
      '--no-self-update',
      '--target',
      wasmTarget,
      ...components.flatMap((component) => ['--component', component]),
    ],
    { note },
  );
  return `Rust ${channel} installed`;
}

async function withoutRustup(components) {
  const version = (await run('rustc', ['--version'])).split(' ')[1];
  const [major, minor] = version.split('.').map(Number);
  const [wantMajor, wantMinor] = channel.split('.').map(Number);
  if (major < wantMajor || (major === wantMajor && minor < wantMinor)) {
    throw new Explained(`Rust ${version} is too old; this project needs ${channel}. With rustup (https://rustup.rs) the right one comes by itself.`);
  }
  const folder = (await run('rustc', ['--print', 'target-libdir', '--target', wasmTarget])).trim();
  if (!existsSync(folder)) {
    throw new Explained(`Rust ${version} has no ${wasmTarget} target. Install it from where Rust came from, or install rustup (https://rustup.rs).`);
  }
  const missing = components.filter((component) => !find(component === 'clippy' ? 'cargo-clippy' : component));
  if (missing.length > 0)
    throw new Explained(`Rust ${version} comes without ${missing.join(' and ')}, which the tests need. rustup (https://rustup.rs) has them.`);
  return `Rust ${version}, without rustup`;
}
