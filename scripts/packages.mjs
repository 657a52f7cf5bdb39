// The page's npm packages, exactly as package-lock.json names them.

import { statSync } from 'node:fs';
import path from 'node:path';
import { Explained, npm, root } from './command.mjs';

const time = (file) => statSync(path.join(root, file), { throwIfNoEntry: false })?.mtimeMs;

export async function ensurePackages(note) {
  const lock = time('package-lock.json');
  if (lock === undefined) throw new Explained('package-lock.json is missing: take it back from the repository (git checkout package-lock.json).');
  // npm records what it installed. If the record is newer than the lock file, the packages are current.
  const installed = time('node_modules/.package-lock.json');
  if (installed !== undefined && installed >= lock) return 'already there';
  await npm(['ci', '--no-audit', '--no-fund'], { note });
  return 'installed';
}
