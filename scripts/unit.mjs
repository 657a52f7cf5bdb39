// The unit tests of the page's modules, www/**/*.test.ts: bundled by the page's own bundler and run by Node's test runner, without a browser.

import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { Explained, root, run } from './command.mjs';
import { targetFolder } from './wasm.mjs';

const sources = path.join(root, 'www');
const ending = '.test.ts';

/** The files of the unit tests, relative to www/, without extension: features/try/digit, ui/format. */
export const unitTests = () =>
  readdirSync(sources, { recursive: true })
    .filter((file) => file.endsWith(ending))
    .map((file) => file.slice(0, -ending.length).replaceAll(path.sep, '/'))
    .sort();

/** The tests of the scripts are beside the scripts. */
const scriptTests = () =>
  readdirSync(path.join(root, 'scripts'))
    .filter((file) => file.endsWith('.test.mjs'))
    .map((file) => path.join('scripts', file));

/** Bundles these tests and runs them. `only`: patterns of titles. Returns the output of the runner. */
export async function runUnitTests(note, { names = unitTests(), only = [] } = {}) {
  if (names.length === 0) throw new Explained('There is no unit test under www/.');
  const out = path.join(targetFolder, 'unit');
  rmSync(out, { recursive: true, force: true });
  const { NODE_ENV: before } = process.env;
  const { build } = await import('vite');
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    define: { __VERSION__: JSON.stringify('0.0.0') },
    build: {
      ssr: true,
      outDir: out,
      emptyOutDir: false,
      minify: false,
      sourcemap: true,
      target: 'node20',
      rolldownOptions: {
        input: Object.fromEntries(names.map((name) => [name.replaceAll('/', '-'), path.join(sources, `${name}${ending}`)])),
        output: { entryFileNames: '[name].mjs', chunkFileNames: 'shared/[name]-[hash].mjs' },
      },
    },
  });
  // The bundler sets NODE_ENV to "production" here, and a development server that a test starts would inherit that.
  if (before === undefined) delete process.env.NODE_ENV;
  else process.env.NODE_ENV = before;
  // One process for all files: a process would take longer to start than its tests to run.
  const all = path.join(out, 'all.test.mjs');
  writeFileSync(all, names.map((name) => `import './${name.replaceAll('/', '-')}.mjs';\n`).join(''));
  const args = [
    '--enable-source-maps',
    '--test',
    '--test-reporter=spec',
    ...only.map((title) => `--test-name-pattern=${title}`),
    all,
    ...(only.length > 0 ? [] : scriptTests()),
  ];
  return run(process.execPath, args, { note });
}
