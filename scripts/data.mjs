// Fetches the data sets of the tests. The program itself fetches and verifies them.

import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { cargo, root, run } from './command.mjs';
import { isDebian } from './system.mjs';
import { program } from './wasm.mjs';

export async function compileProgram(note) {
  await cargo(['build', '--locked', '--release'], { note });
}

const fetchSet = (name, note) => run(program('lacuna'), ['data', 'fetch', name], { note });

/**
 * Places the files of Fashion-MNIST from Debian's package of them, for a machine that reaches Debian's servers but not the authors' address. The
 * package is unpacked and not installed. `lacuna data fetch` then finds the files there and compares their checksums.
 */
async function placeFashionFromDebian(note) {
  const folder = mkdtempSync(path.join(tmpdir(), 'lacuna-'));
  try {
    const name = 'dataset-fashion-mnist';
    const download = () => run('apt-get', ['download', name], { note, cwd: folder });
    try {
      await download();
    } catch (error) {
      // A new Debian has no list of packages yet, and only root can get it.
      if (process.getuid() !== 0) throw error;
      await run('apt-get', ['update'], { note });
      await download();
    }
    await run('sh', ['-c', 'dpkg-deb -x *.deb unpacked'], { note, cwd: folder });
    cpSync(path.join(folder, 'unpacked/usr/share/datasets/fashion-mnist'), path.join(root, 'data/fashion-mnist'), { recursive: true });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function fetchFashion(note) {
  try {
    await fetchSet('fashion-mnist', note);
  } catch (error) {
    if (!isDebian() || existsSync(path.join(root, 'data/fashion-mnist'))) throw error;
    await placeFashionFromDebian(note);
    await fetchSet('fashion-mnist', note);
  }
}

/**
 * Fetches all data sets that can be fetched. The page opens with MNIST, so a missing MNIST is an error. Another missing set is only
 * mentioned in the output.
 */
export async function fetchAllData(note) {
  await fetchSet('mnist', note);
  const there = ['MNIST'];
  const missing = [];
  for (const [title, fetchIt] of [
    ['Fashion-MNIST', fetchFashion],
    ['CIFAR-10', (each) => fetchSet('cifar10', each)],
  ]) {
    try {
      await fetchIt(note);
      there.push(title);
    } catch (error) {
      missing.push(`; ${title} could not be had: ${error.output?.trim().split('\n').at(-1) || error.message}`);
    }
  }
  return `${there.join(', ')}${missing.join('')}`;
}
