// `npm test`: sets up what is missing, then every check, the cheap ones first, stopping at the first that fails.
// `npm run check`: the tier for between two edits. `npm test -- NAME...`: tiers, stages, files of tests or single tests by their titles, with
// what they stand on.

import path from 'node:path';
import process from 'node:process';
import { CommandFailed, Explained, cargo, npm, root, run } from './command.mjs';
import { compileProgram, fetchAllData } from './data.mjs';
import { chosenBy, placeOf, testFiles } from './names.mjs';
import { ensurePackages } from './packages.mjs';
import { checkSize } from './size.mjs';
import { explain, runStages, stopOnInterrupt } from './stages.mjs';
import { ensureSystem } from './system.mjs';
import { ensureRust, wasmTarget } from './toolchain.mjs';
import { runUnitTests } from './unit.mjs';
import { buildModules, modules, removeDeclarations } from './wasm.mjs';

const count = { passed: 0, failed: 0 };

/** Sums the closing lines of the two runners: cargo's has one for every test binary, Node's has one in all. */
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
 * A stage that runs tests. None run, or some left out, is a failure: nothing here is skipped in silence. `picked`: of single tests, where Node's
 * runner counts those that were not asked for as left out.
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
// In a profile whose libraries are those of the program, and of this package no more is compiled than what changed.
const PROFILE = ['--locked', '--profile', 'bench'];
/** Runs test binaries. `--no-fail-fast`: all failures of a run are told at once. */
const cargoTest = (note, targets, filters = []) =>
  cargo(['test', ...PROFILE, '--no-fail-fast', ...targets, ...(filters.length > 0 ? ['--', ...filters] : [])], { note });

/** The files of a choice: those that are named, or all of the stage. `titles` are those of single tests; null where a whole file is wanted. */
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

/** With the tests of the library that of the sources' architecture: all of them together take seconds. */
function library(note, choice) {
  if (choice.stages.has('lib')) return tests(cargoTest(note, ['--lib', '--bins', '--test', 'architecture']));
  const some = async () => {
    let output = '';
    for (const [file, titles] of choice.files.lib) {
      // A test within a module goes by the end of its path.
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
 * Every stage, with what it needs before and what it keeps to itself meanwhile (see stages.mjs): cargo works on one of its folders at a time,
 * and tests that compute want the whole machine.
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
  // The features of each module that the page is built of (scripts/wasm.mjs); what several have in common is checked once.
  for (const { features } of modules) {
    await clippy('--profile', 'wasm', '--lib', '--target', wasmTarget, '--no-default-features', '--features', features)(note);
  }
}

const tiers = {
  check: ['format', 'lint-page', 'types', 'unit', 'lint', 'lib'],
  all: stages.map(({ name }) => name),
};

/** The stages of a choice and all that they need, in the order of the table. */
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
  // A stage that broke without counting, a lint or a crash, is one failure too.
  count.failed = Math.max(count.failed, 1);
  process.exitCode = 1;
}
console.log(`${count.passed} passed, ${count.failed} failed`);
