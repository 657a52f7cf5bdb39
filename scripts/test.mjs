// `npm test`: sets up what is missing, then runs every check, the cheap ones first, and stops at the first that fails.
// `npm run check`: the fast tier. `npm test -- NAME...`: tiers, stages, files of tests or single tests by their titles, with the stages that
// they need.

import path from 'node:path';
import process from 'node:process';
import { CommandFailed, Explained, cargo, npm, root, run } from './command.mjs';
import { compileProgram, fetchAllData } from './data.mjs';
import { chosenBy, placeOf, testFiles } from './names.mjs';
import { ensurePackages } from './packages.mjs';
import { checkShaders } from './shader-report.mjs';
import { checkSize } from './size.mjs';
import { explain, runStages, stopOnInterrupt } from './stages.mjs';
import { ensureSystem } from './system.mjs';
import { ensureRust, wasmTarget } from './toolchain.mjs';
import { runUnitTests } from './unit.mjs';
import { buildModules, modules, removeDeclarations } from './wasm.mjs';

const count = { passed: 0, failed: 0 };

/** Sums the last lines of the two runners: cargo prints one for every test binary, Node one in all. */
function tally(output) {
  const sum = (pattern) => [...output.matchAll(pattern)].reduce((total, match) => total + Number(match[1]), 0);
  const found = {
    passed: sum(/^test result: .*?(\d+) passed/gm) + sum(/^(?:#|ℹ) pass (\d+)/gm),
    failed: sum(/^test result: .*?(\d+) failed/gm) + sum(/^(?:#|ℹ) (?:fail|cancelled) (\d+)/gm),
    skipped: sum(/^test result: .*?(\d+) ignored/gm) + sum(/^(?:#|ℹ) (?:skipped|todo) (\d+)/gm),
  };
  count.passed += found.passed;
  count.failed += found.failed;
  return found;
}

/**
 * A stage that runs tests. It fails if no test ran or if a test was skipped. `picked`: single tests, where Node's runner counts those that
 * were not asked for as skipped.
 */
async function tests(work, picked = false) {
  let output;
  try {
    output = await work;
  } catch (error) {
    if (error instanceof CommandFailed) tally(error.output);
    throw error;
  }
  const { passed, skipped } = tally(output);
  if (passed === 0) throw new Explained('The runner ended well and ran no test.');
  if (skipped > 0 && !picked) throw new Explained(`${skipped} tests were left out; a test that cannot run must fail and say why.\n${output}`);
  return `${passed} passed`;
}

async function checkTypes(note) {
  removeDeclarations();
  await npm(['run', 'typecheck'], { note });
}

const clippy =
  (...args) =>
  async (note) =>
    void (await cargo(['clippy', '--locked', ...args, '--', '-D', 'warnings'], { note }));
// This profile shares its libraries with the program and compiles this package incrementally.
const PROFILE = ['--locked', '--profile', 'bench'];
/** Runs test binaries. `--no-fail-fast`: all failures of a run are reported. */
const cargoTest = (note, targets, filters = []) =>
  cargo(['test', ...PROFILE, '--no-fail-fast', ...targets, ...(filters.length > 0 ? ['--', ...filters] : [])], { note });

/** The files of a choice: those that are named, or all of the stage. `titles`: of single tests; null if a whole file is wanted. */
function filesOf(choice, stage) {
  const wanted = choice.files[stage];
  const whole = choice.stages.has(stage);
  const files = whole ? testFiles()[stage] : [...wanted.keys()];
  const titles = whole || [...wanted.values()].includes(null) ? null : [...new Set([...wanted.values()].flat())];
  return { files, titles };
}

const exactly = (title) => `^${title.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&')}$`;

function unit(note, choice) {
  const { files, titles } = filesOf(choice, 'unit');
  return tests(runUnitTests(note, { names: files, only: (titles ?? []).map(exactly) }), titles !== null);
}

/** The tests of the library, and that of the sources' architecture. Together they take seconds. */
function library(note, choice) {
  if (choice.stages.has('lib')) return tests(cargoTest(note, ['--lib', '--bins', '--test', 'architecture']));
  const some = async () => {
    let output = '';
    for (const [file, titles] of choice.files.lib) {
      // A test within a module is found by the end of its path.
      const filters = (titles ?? []).map((title) => (file === '' ? `::${title}` : title));
      output += await cargoTest(note, file === '' ? ['--lib', '--bins'] : ['--test', file], filters);
    }
    return output;
  };
  return tests(some());
}

/** The native tests are one program, each file a module of it. */
function native(note, choice) {
  if (choice.stages.has('native')) return tests(cargoTest(note, ['--test', 'native']));
  const named = [...choice.files.native].flatMap(([file, titles]) => (titles === null ? [`${file}::`] : titles.map((title) => `${file}::${title}`)));
  return tests(cargoTest(note, ['--test', 'native'], named));
}

const browserTests = (stage, together) => (note, choice) => {
  const { files, titles } = filesOf(choice, stage);
  const only = (titles ?? []).map((title) => `--test-name-pattern=${exactly(title)}`);
  const args = ['--test', `--test-concurrency=${together}`, '--test-reporter=spec', ...only, ...files.map((file) => placeOf(stage, file))];
  return tests(run(process.execPath, args, { note }), titles !== null);
};

const biome =
  (...args) =>
  async (note) =>
    void (await run(process.execPath, [path.join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome'), ...args], { note }));

/**
 * All stages, with the stages that they need and the resources that they use alone (see stages.mjs): cargo uses one of its folders at a time,
 * and tests that compute need the whole machine.
 */
const stages = [
  { name: 'system', title: 'linker, Vulkan driver and browser', work: ensureSystem },
  { name: 'toolchain', title: 'Rust toolchain', after: ['system'], work: (note) => ensureRust(note, ['clippy', 'rustfmt']) },
  { name: 'packages', title: 'packages of the page', after: ['system'], work: ensurePackages },
  {
    name: 'format',
    title: 'format',
    needs: ['toolchain', 'packages'],
    work: async (note) => {
      await cargo(['fmt', '--all', '--check']);
      await biome('format')(note);
    },
  },
  { name: 'lint-page', title: 'lint, page and scripts', needs: ['packages'], keeps: ['node'], work: biome('lint', '--error-on-warnings') },
  { name: 'types', title: 'types of the page', needs: ['packages'], keeps: ['node'], work: checkTypes },
  { name: 'unit', title: 'unit tests of the page', needs: ['packages'], keeps: ['node'], work: unit },
  { name: 'lint', title: 'clippy, native', needs: ['toolchain'], keeps: ['release'], work: clippy('--profile', 'bench', '--workspace', '--all-targets') },
  { name: 'lib', title: 'unit tests of the library and the program', needs: ['toolchain'], keeps: ['release'], work: library },
  { name: 'lint-wasm', title: 'clippy, WebAssembly', needs: ['toolchain'], keeps: ['wasm'], work: lintWasm },
  { name: 'program', title: 'desktop program', needs: ['toolchain'], keeps: ['release'], work: compileProgram },
  { name: 'data', title: 'data', needs: ['program'], work: fetchAllData },
  { name: 'shaders', title: 'kernels compiled for GPUs', needs: ['system', 'program'], work: checkShaders },
  { name: 'wasm', title: 'engine as WebAssembly', needs: ['toolchain'], keeps: ['wasm'], work: buildModules },
  {
    name: 'page',
    title: 'production page',
    needs: ['packages', 'wasm', 'data'],
    keeps: ['node'],
    work: async (note) => void (await npm(['exec', '--', 'vite', 'build'], { note })),
  },
  { name: 'size', title: 'size of the page', needs: ['page'], work: async () => checkSize() },
  { name: 'native', title: 'native tests', needs: ['system', 'toolchain'], after: ['data'], keeps: ['release', 'machine'], work: native },
  { name: 'browser', title: 'browser tests', needs: ['system', 'size', 'program'], after: ['native'], keeps: ['machine'], work: browserTests('browser', 2) },
  {
    name: 'webgpu',
    title: 'browser tests on a WebGPU device',
    needs: ['system', 'size', 'program'],
    after: ['native'],
    keeps: ['machine'],
    work: browserTests('webgpu', 1),
  },
];

async function lintWasm(note) {
  // The features of each module of the page (scripts/wasm.mjs). Code that several modules share is checked once.
  for (const { features } of modules) {
    await clippy('--profile', 'wasm', '--lib', '--target', wasmTarget, '--no-default-features', '--features', features)(note);
  }
}

const tiers = {
  check: ['format', 'lint-page', 'types', 'unit', 'lint', 'lib'],
  all: stages.map(({ name }) => name),
};

/** The chosen stages and all stages that they need, in the order of the table. */
function planned(names) {
  const choice = chosenBy(names.length > 0 ? names : ['all'], tiers, tiers.all);
  const wanted = new Set();
  const want = (name) => {
    if (wanted.has(name)) return;
    wanted.add(name);
    for (const need of stages.find((stage) => stage.name === name).needs ?? []) want(need);
  };
  for (const { name } of stages) if (choice.has(name)) want(name);
  if (names.length > 0) console.log(`Only: ${names.join(', ')}`);
  return stages.filter(({ name }) => wanted.has(name)).map((stage) => ({ ...stage, work: (note) => stage.work(note, choice) }));
}

stopOnInterrupt();
try {
  await runStages(planned(process.argv.slice(2)));
} catch (error) {
  explain(error);
  // A stage that failed without a count, such as a lint or a crash, is one failure.
  count.failed = Math.max(count.failed, 1);
  process.exitCode = 1;
}
console.log(`${count.passed} passed, ${count.failed} failed`);
