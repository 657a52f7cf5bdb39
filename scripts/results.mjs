// `npm run results -- NAME...`: runs the commands of tables of docs/results and writes their files. Without a name it lists the tables.
// What was run is saved below target/results/COMMIT, so that `lacuna compare` goes on where it was interrupted.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { Explained, root, run } from './command.mjs';
import { compileProgram } from './data.mjs';
import { commandLine } from './markdown.mjs';
import { fileOf, resultTables } from './result-tables.mjs';
import { explain, runStages, stopOnInterrupt } from './stages.mjs';
import { ensureRust } from './toolchain.mjs';
import { program, targetFolder } from './wasm.mjs';

/** The current commit, with a note if the working tree has changes. */
export async function commitOf() {
  const commit = (await run('git', ['rev-parse', '--short', 'HEAD'])).trim();
  const changes = (await run('git', ['status', '--porcelain', '--untracked-files=no'])).trim();
  return changes === '' ? commit : `${commit} with changes`;
}

/** Runs one command of a table; `folder` takes its log and its runs. */
async function output(args, folder, index, note) {
  const log = path.join(folder, `${index}.jsonl`);
  const more = { train: ['--log', log], compare: ['--out', path.join(folder, 'compare')] }[args[0]] ?? [];
  note(commandLine(args));
  const text = await run(program('lacuna'), [...args, ...more], { note });
  return { text, log: args[0] === 'train' ? readFileSync(log, 'utf8') : '' };
}

async function write(name, note) {
  const commit = await commitOf();
  const folder = path.join(targetFolder, 'results', commit.replaceAll(' ', '-'), name);
  mkdirSync(folder, { recursive: true });
  const outputs = [];
  for (const [index, args] of resultTables[name].commands.entries()) outputs.push(await output(args, folder, index, note));
  const { adapter, body } = resultTables[name].read(outputs);
  const date = new Date().toISOString().slice(0, 10);
  const file = path.join('docs', 'results', `${name}.md`);
  writeFileSync(path.join(root, file), fileOf(name, { commit, adapter, date }, body));
  return `wrote ${file}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  stopOnInterrupt();
  try {
    const names = process.argv.slice(2);
    const unknown = names.filter((name) => !Object.hasOwn(resultTables, name));
    if (names.length === 0 || unknown.length > 0) {
      const said = unknown.length > 0 ? `There is no table named ${unknown.join(', ')}. ` : '';
      throw new Explained(`${said}usage: npm run results -- NAME...\nThe tables: ${Object.keys(resultTables).join(', ')}`);
    }
    await runStages([
      ['Rust toolchain', ensureRust],
      ['desktop program', compileProgram],
      ...names.map((name) => [resultTables[name].title, (note) => write(name, note)]),
    ]);
  } catch (error) {
    explain(error);
    process.exit(1);
  }
}
