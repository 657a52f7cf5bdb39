// `npm run build:page`: the page for any static host, in dist/.

import process from 'node:process';
import { root } from './command.mjs';
import { ensurePackages } from './packages.mjs';
import { checkSize } from './size.mjs';
import { explain, runStages, stopOnInterrupt } from './stages.mjs';
import { ensureRust } from './toolchain.mjs';
import { buildModules } from './wasm.mjs';

async function buildPage() {
  const { build } = await import('vite');
  await build({ root, logLevel: 'warn' });
}

stopOnInterrupt();
try {
  await runStages([
    { name: 'rust', title: 'Rust toolchain', work: ensureRust },
    { name: 'packages', title: 'packages of the page', work: ensurePackages },
    { name: 'engine', title: 'engine as WebAssembly', needs: ['rust'], work: buildModules },
    { name: 'page', title: 'production page', needs: ['packages', 'engine'], work: buildPage },
    { name: 'size', title: 'size of the page', needs: ['page'], work: async () => checkSize() },
  ]);
} catch (error) {
  explain(error);
  process.exit(1);
}
