// The engine as WebAssembly: compiled by cargo, given its JavaScript by tools/bindgen, put where the page imports it.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { Explained, cargo, cargoHome, root, run } from './command.mjs';
import { wasmTarget } from './toolchain.mjs';

/**
 * The modules of the page. All are made of one library, seen through its features.
 * `features`: what cargo is asked for. `profile`: cargo's. `rustflags`: for the compiler. `first`: the page cannot begin without it; any other is
 * built by `npm start` when the page asks for it.
 */
export const modules = [
  { name: 'lacuna', features: 'page,gpu', profile: 'wasm', rustflags: [], first: true },
  {
    name: 'lacuna_cpu',
    features: 'page,cpu,self-check',
    profile: 'wasm-cpu',
    // Less is inlined than opt-level 3 does by itself: 34 KB less, gzipped, and steps as fast.
    rustflags: ['-Ctarget-feature=+simd128', '-Cllvm-args=-inline-threshold=100'],
    first: false,
  },
  { name: 'self_check', features: 'gpu,self-check', profile: 'wasm', rustflags: [], first: false },
  { name: 'own_files', features: 'own-files', profile: 'wasm', rustflags: [], first: false },
];

/** Where cargo puts what it builds. */
export const targetFolder = path.resolve(root, process.env.CARGO_TARGET_DIR ?? 'target');

/** A program that cargo made, by `cargo build --release` where no other profile is named. */
export const program = (name, profile = 'release') => path.join(targetFolder, profile, process.platform === 'win32' ? `${name}.exe` : name);

export const outFolder = path.join(root, 'www', 'pkg');
const outputs = (name) => [`${name}.js`, `${name}_bg.wasm`].map((file) => path.join(outFolder, file));
const stampFile = (name) => path.join(outFolder, `${name}.stamp.json`);

// A panic names its place in the sources. Of a library's, only what follows the folder that cargo keeps them in, or the page would tell of the
// machine that it was built on, and its size would hang on where that has its home.
const flagsOf = (module) =>
  [process.env.CARGO_ENCODED_RUSTFLAGS, `--remap-path-prefix=${path.join(cargoHome, 'registry', 'src')}=`, ...module.rustflags].filter(Boolean).join('\x1f');

/** What decides the result beside the sources of the library. */
const SETTINGS = ['Cargo.toml', 'Cargo.lock', 'rust-toolchain.toml', '.cargo/config.toml', 'tools/bindgen/Cargo.toml', 'tools/bindgen/src/main.rs'];
const VARIABLES = /^(CARGO_(PROFILE|BUILD|TARGET_WASM32)_|RUSTC|RUSTFLAGS$)/;

let compiler;

/** The compiler's own words on its version. Without rustup, rust-toolchain.toml does not decide it. */
const compilerVersion = () => (compiler ??= run('rustc', ['-vV']));

async function fingerprint(module, sources) {
  const hash = createHash('sha256');
  const variables = Object.entries(process.env)
    .filter(([name]) => VARIABLES.test(name))
    .sort();
  hash.update(JSON.stringify([module.features, module.profile, flagsOf(module), await compilerVersion(), variables]));
  for (const file of [...SETTINGS, path.join(cargoHome, 'config.toml'), ...sources]) {
    const whole = path.resolve(root, file);
    hash.update(`\n${file}\n`).update(existsSync(whole) ? readFileSync(whole) : 'missing');
  }
  return hash.digest('hex');
}

/**
 * Whether www/pkg has the module as these sources make it. Cargo cannot tell: to cargo all modules are one library, so that it compiles the
 * library anew for each.
 */
async function isCurrent(module) {
  if (![...outputs(module.name), stampFile(module.name)].every((file) => existsSync(file))) return false;
  const stamp = JSON.parse(readFileSync(stampFile(module.name), 'utf8'));
  return stamp.fingerprint === (await fingerprint(module, stamp.sources));
}

/** The library's sources, shaders among them, as cargo lists them beside what it built: `OUTPUT: SOURCE SOURCE…`, with `\ ` for a space. */
function sourcesOf(compiled) {
  const [, listed] = readFileSync(compiled.replace(/\.wasm$/, '.d'), 'utf8').split(/\.wasm: /);
  return listed
    .trim()
    .split(/(?<!\\) /)
    .map((file) => path.relative(root, file.replaceAll('\\ ', ' ')))
    .sort();
}

const alive = (id) => {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};

/**
 * Runs `work` while no other program here builds a module. Cargo writes all modules to one file, which is read after cargo has let go of it:
 * `npm test` beside `npm start` would else bind the module of the other.
 */
async function alone(note, work) {
  const lock = path.join(targetFolder, 'modules.lock');
  mkdirSync(targetFolder, { recursive: true });
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = Number(existsSync(lock) ? readFileSync(lock, 'utf8') : 0);
    // A program that was killed leaves its lock behind. One that has just made it may not have written its number yet.
    if (holder > 0 && !alive(holder)) rmSync(lock, { force: true });
    else note(`waiting for process ${holder || ''}, which builds modules too (${lock})`);
    await sleep(200);
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

let tool;

/** Builds tools/bindgen, once in a program. It runs for a second: to have it optimised costs more than that saves. */
export function buildTool(note) {
  tool ??= cargo(['build', '--locked', '--profile', 'bindgen', '-p', 'bindgen'], { note }).then(
    () => program('bindgen', 'bindgen'),
    (error) => {
      tool = undefined;
      throw error;
    },
  );
  return tool;
}

async function compileAndBind(module, options) {
  const { name, profile } = module;
  const begun = Date.now();
  const args = [
    'rustc',
    '--locked',
    '--profile',
    profile,
    '--lib',
    '--crate-type',
    'cdylib',
    '--target',
    wasmTarget,
    '--no-default-features',
    '--features',
    module.features,
  ];
  await cargo(args, { ...options, env: { CARGO_ENCODED_RUSTFLAGS: flagsOf(module) } });
  const compiled = path.join(targetFolder, wasmTarget, profile, 'lacuna.wasm');
  const bindgen = await buildTool(options.note);
  rmSync(stampFile(name), { force: true });
  await run(bindgen, [compiled, outFolder, name], options);
  const sources = sourcesOf(compiled);
  const stamp = { sources, fingerprint: await fingerprint(module, sources) };
  // A source that was written meanwhile may have been read before or after: then the next build decides.
  if ([...SETTINGS, ...sources].some((file) => (statSync(path.join(root, file), { throwIfNoEntry: false })?.mtimeMs ?? 0) >= begun)) return;
  writeFileSync(`${stampFile(name)}.new`, JSON.stringify(stamp));
  renameSync(`${stampFile(name)}.new`, stampFile(name));
}

let last = Promise.resolve();

/** Makes sure that www/pkg has the module; true where it had to be built. `background`: at low priority. Builds wait for one another. */
export function ensureModule(module, { note = () => {}, background = false } = {}) {
  const done = last.then(async () => {
    if (await isCurrent(module)) return false;
    return alone(note, async () => {
      // Another program may have built it while this one waited.
      if (await isCurrent(module)) return false;
      await compileAndBind(module, { note, background });
      return true;
    });
  });
  last = done.catch(() => {});
  return done;
}

/** Builds the tool where a module that the page cannot begin without is yet to be built. */
export async function buildToolIfNeeded(note) {
  const current = await Promise.all(modules.filter(({ first }) => first).map(isCurrent));
  if (current.every(Boolean)) return 'not needed';
  await buildTool(note);
}

async function build(wanted, note) {
  let built = 0;
  for (const module of wanted) {
    try {
      if (await ensureModule(module, { note })) built += 1;
    } catch (error) {
      if (error instanceof Explained) error.message = `${module.name}: ${error.message}`;
      throw error;
    }
  }
  return built === 0 ? 'already there' : undefined;
}

/** The modules that the page cannot begin without. */
export const buildFirst = (note) =>
  build(
    modules.filter(({ first }) => first),
    note,
  );

/** Declarations beside a module would be taken for its types in the place of www/protocol/modules.d.ts. An older build may have left some. */
export function removeDeclarations() {
  for (const { name } of modules) rmSync(path.join(outFolder, `${name}.d.ts`), { force: true });
}

/** All modules, for the production page and the tests. */
export async function buildModules(note) {
  const current = await Promise.all(modules.map(isCurrent));
  // Begun at once: it compiles beside the first module. What is wrong with it is told by the module that needs it.
  if (current.includes(false)) buildTool(note).catch(() => {});
  return build(modules, note);
}
