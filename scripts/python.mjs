// Python with pinned packages of PyPI, in a folder of its own.

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { Explained, find, run } from './command.mjs';

const windows = process.platform === 'win32';

/** The Python of a folder that `ensurePython` made. */
export const pythonOf = (folder) => path.join(folder, windows ? 'Scripts' : 'bin', windows ? 'python.exe' : 'python');

/**
 * Makes a Python in `folder` with the packages of `lists`, which name all that are needed. Importing `modules` must succeed.
 * A copy of the lists is written last and tells that all packages are there.
 */
export async function ensurePython(folder, lists, modules, note) {
  const stamp = path.join(folder, 'requirements.txt');
  const wanted = lists.map((list) => readFileSync(list, 'utf8')).join('');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return 'already there';
  const system = ['python3', 'python'].map(find).find(Boolean);
  if (!system) throw new Explained('Python 3 is missing; install it with its module venv (Debian: apt-get install python3-venv)');
  rmSync(folder, { recursive: true, force: true });
  await run(system, ['-m', 'venv', folder], { note });
  const files = lists.flatMap((list) => ['-r', list]);
  await run(pythonOf(folder), ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-deps', '--no-cache-dir', ...files], { note });
  await run(pythonOf(folder), ['-W', 'ignore', '-c', `import ${modules}`], { note });
  writeFileSync(stamp, wanted);
  return 'installed';
}
