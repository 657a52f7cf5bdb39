// Builds the engine as WebAssembly: cargo compiles it, tools/bindgen makes its JavaScript, and www/pkg gets both.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { Explained, cargo, cargoHome, root, run } from './command.mjs';
import { wasmTarget } from './toolchain.mjs';

/**
 * The modules of the page. All are built from one library, with different features.
 * `features` and `profile`: cargo's. `rustflags`: for the compiler. `first`: the page needs it at the start; `npm start` builds others when
 * the page asks for them.
 */
export const modules = [
  { name: 'lacuna', features: 'page,gpu', profile: 'wasm', rustflags: [], first: true },
  {
    name: 'lacuna_cpu',
    features: 'page,cpu,self-check',
    profile: 'wasm-cpu',
    // Less is inlined than opt-level 3 does by itself: 38 KB less, gzipped, and steps as fast.
    rustflags: ['-Ctarget-feature=+simd128', '-Cllvm-args=-inline-threshold=60'],
    first: false,
  },
  { name: 'self_check', features: 'gpu,self-check', profile: 'wasm', rustflags: [], first: false },
  { name: 'own_files', features: 'own-files', profile: 'wasm', rustflags: [], first: false },
];

/** The folder of cargo's output. */
export const targetFolder = path.resolve(root, process.env.CARGO_TARGET_DIR ?? 'target');

/** The path of a program that cargo builds. */
export const program = (name, profile = 'release') => path.join(targetFolder, profile, process.platform === 'win32' ? `${name}.exe` : name);

export const outFolder = path.join(root, 'www', 'pkg');
const outputs = (name) => [`${name}.js`, `${name}_bg.wasm`].map((file) => path.join(outFolder, file));
const stampFile = (name) => path.join(outFolder, `${name}.stamp.json`);

// A panic message has the path of its source file. The folder of cargo's libraries is cut off: otherwise the page would reveal paths of the
// machine that built it, and its size would depend on them.
const flagsOf = (module) =>
  [process.env.CARGO_ENCODED_RUSTFLAGS, `--remap-path-prefix=${path.join(cargoHome, 'registry', 'src')}=`, ...module.rustflags].filter(Boolean).join('\x1f');

/** Files that the result depends on, beside the sources of the library. */
const SETTINGS = ['Cargo.toml', 'Cargo.lock', 'rust-toolchain.toml', '.cargo/config.toml', 'tools/bindgen/Cargo.toml', 'tools/bindgen/src/main.rs'];
const VARIABLES = /^(CARGO_(PROFILE|BUILD|TARGET_WASM32)_|RUSTC|RUSTFLAGS$)/;

let compiler;

/** The compiler's version. Without rustup, rust-toolchain.toml does not decide it. */
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
 * Whether www/pkg has the module that these sources make. Cargo does not know: all modules are the same library to cargo, which therefore
 * compiles it again for each module.
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
 * Runs `work` while no other program builds a module. Cargo writes all modules to the same file, which is read after cargo has ended. Without
 * this lock `npm test` beside `npm start` could read the module of the other.
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
    // A program that was killed leaves its lock. A program that has just made the lock may not have written its id yet.
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

/** Builds tools/bindgen, once per process. It runs for a second, so optimising it would take longer than it saves. */
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
  // A source that changed during the build may or may not be in it: then there is no stamp, and the next build builds again.
  if ([...SETTINGS, ...sources].some((file) => (statSync(path.join(root, file), { throwIfNoEntry: false })?.mtimeMs ?? 0) >= begun)) return;
  writeFileSync(`${stampFile(name)}.new`, JSON.stringify(stamp));
  renameSync(`${stampFile(name)}.new`, stampFile(name));
}

let last = Promise.resolve();

/** Builds the module if www/pkg does not have it. Returns whether it was built. `background`: at low priority. Builds wait for one another. */
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

/** Builds the tool if a module that the page needs at the start is missing. */
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

/** The modules that the page needs at the start. */
export const buildFirst = (note) =>
  build(
    modules.filter(({ first }) => first),
    note,
  );

/** Removes declarations beside the modules, which an older build may have left. TypeScript would use them in the place of www/protocol/modules.d.ts. */
export function removeDeclarations() {
  for (const { name } of modules) rmSync(path.join(outFolder, `${name}.d.ts`), { force: true });
}

/** All modules, for the production page and the tests. */
export async function buildModules(note) {
  const current = await Promise.all(modules.map(isCurrent));
  // Started at once, beside the first module. An error is reported by the module that needs it.
  if (current.includes(false)) buildTool(note).catch(() => {});
  return build(modules, note);
}
