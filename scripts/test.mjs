// `npm test`: sets up what is missing, then every check, the cheap ones first, stopping at the first that fails.
// `npm test -- NAME...` runs only the stages of those names, without the set-up.

import { readdirSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { CommandFailed, Explained, cargo, npm, root, run } from './command.mjs';
import { compileProgram, fetchAllData } from './data.mjs';
import { ensurePackages } from './packages.mjs';
import { checkSize } from './size.mjs';
import { explain, runStages, stopOnInterrupt } from './stages.mjs';
import { ensureSystem } from './system.mjs';
import { ensureRust, wasmTarget } from './toolchain.mjs';
import { bindWasm, compileWasm, program } from './wasm.mjs';

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

/** A stage that runs tests. None run, or some left out, is a failure: nothing here is skipped in silence. */
async function tests(work) {
  let output;
  try {
    output = await work;
  } catch (error) {
    if (error instanceof CommandFailed) tally(error.output);
    throw error;
  }
  const { passed, skipped } = tally(output);
  if (passed === 0) throw new Explained('The runner ended well and ran no test.');
  if (skipped > 0) throw new Explained(`${skipped} tests were left out; a test that cannot run must fail and say why.\n${output}`);
  return `${passed} passed`;
}

const clippy = (...args) => async (note) => void (await cargo(['clippy', '--locked', ...args, '--', '-D', 'warnings'], { note }));

function browserTests(note) {
  const folder = path.join('tests', 'browser');
  const files = readdirSync(path.join(root, folder)).filter((file) => file.endsWith('.test.mjs')).sort();
  // One after another: on a software adapter every page wants all cores.
  const args = ['--test', '--test-concurrency=1', '--test-reporter=spec', ...files.map((file) => path.join(folder, file))];
  return tests(run(process.execPath, args, { note }));
}

const setUp = [
  ['system', 'linker, Vulkan driver and browser', ensureSystem],
  ['toolchain', 'Rust toolchain', (note) => ensureRust(note, ['clippy', 'rustfmt'])],
  ['packages', 'packages of the page', ensurePackages],
];

const checks = [
  ['format', 'cargo fmt', async () => void (await cargo(['fmt', '--all', '--check']))],
  // In the release profile, because clippy then shares build scripts and macros with the tests below.
  ['lint', 'clippy, native', clippy('--release', '--workspace', '--all-targets')],
  ['lint-wasm', 'clippy, WebAssembly', clippy('--profile', 'wasm', '--lib', '--target', wasmTarget)],
  ['lint-wasm', 'clippy, WebAssembly of the panels', clippy('--profile', 'wasm', '--lib', '--target', wasmTarget, '--features', 'self-check,own-files')],
  ['program', 'desktop program', compileProgram],
  ['data', 'data', fetchAllData],
  ['native', 'native tests', (note) => tests(cargo(['test', '--locked', '--release', '--no-fail-fast'], { note }))],
  ['check', 'every kernel against its twin (lacuna check)', async (note) => void (await run(program('lacuna'), ['check'], { note }))],
  ['wasm', 'engine as WebAssembly', async (note) => { await compileWasm(note); await bindWasm(note); }],
  ['types', 'types of the page', async (note) => void (await npm(['run', 'typecheck'], { note }))],
  ['page', 'production page', async (note) => void (await npm(['run', 'build:page'], { note }))],
  ['size', 'size of the page', async () => checkSize()],
  ['browser', 'browser tests', browserTests],
];

function chosen(names) {
  if (names.length === 0) return [...setUp, ...checks];
  const unknown = names.filter((name) => !checks.some(([each]) => each === name));
  if (unknown.length > 0) {
    throw new Explained(`There is no stage ${unknown.join(', ')}; the stages are ${checks.map(([name]) => name).join(', ')}.`);
  }
  console.log(`Only: ${names.join(', ')}`);
  return checks.filter(([name]) => names.includes(name));
}

stopOnInterrupt();
try {
  await runStages(chosen(process.argv.slice(2)).map(([, title, work]) => [title, work]));
} catch (error) {
  explain(error);
  // A stage that broke without counting, a lint or a crash, is one failure too.
  count.failed = Math.max(count.failed, 1);
  process.exitCode = 1;
}
console.log(`${count.passed} passed, ${count.failed} failed`);
