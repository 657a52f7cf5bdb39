// `npm start`: everything that a fresh machine lacks, then the page. Options: --port N, --open, --host ADDRESS.

import process from 'node:process';
import { parseArgs } from 'node:util';
import { Explained, root } from './command.mjs';
import { buildLater, builtOnDemand } from './on-demand.mjs';
import { ensurePackages } from './packages.mjs';
import { explain, runStages, stopOnInterrupt } from './stages.mjs';
import { ensureRust } from './toolchain.mjs';
import { buildFirst, buildToolIfNeeded } from './wasm.mjs';

function options() {
  try {
    const { values } = parseArgs({
      options: { port: { type: 'string' }, open: { type: 'boolean' }, host: { type: 'string' } },
    });
    if (values.port !== undefined && !/^\d{1,5}$/.test(values.port)) throw new Error(`--port takes a number, not "${values.port}"`);
    // Somebody who names a port wants that one; left alone, the next free one will do.
    const port = values.port === undefined ? {} : { port: Number(values.port), strictPort: true };
    return { ...port, ...(values.open ? { open: true } : {}), ...(values.host === undefined ? {} : { host: values.host }) };
  } catch (error) {
    throw new Explained(`${error.message}\nusage: npm start -- [--port N] [--open] [--host ADDRESS]`);
  }
}

async function serve(server) {
  // What is served here is in development, whatever the shell says of other programs.
  process.env.NODE_ENV = 'development';
  // Imported only now: a moment ago vite may not have been installed.
  const { createServer } = await import('vite');
  const vite = await createServer({ root, server, plugins: [builtOnDemand()], logLevel: 'warn', clearScreen: false });
  await vite.listen();
  return [...vite.resolvedUrls.local, ...vite.resolvedUrls.network];
}

async function start() {
  const server = options();
  let addresses = [];
  // Ctrl-C is how a served page is meant to end; before that it leaves the work half done.
  stopOnInterrupt(() => (addresses.length > 0 ? 0 : 130));
  await runStages([
    { name: 'rust', title: 'Rust toolchain', work: ensureRust },
    { name: 'packages', title: 'packages of the page', work: ensurePackages },
    { name: 'tool', title: 'tool that binds WebAssembly', needs: ['rust'], work: buildToolIfNeeded },
    { name: 'engine', title: 'engine as WebAssembly', needs: ['rust'], work: buildFirst },
    {
      name: 'serve',
      title: 'serving the page',
      needs: ['packages', 'tool', 'engine'],
      work: async () => {
        addresses = await serve(server);
      },
    },
  ]);
  console.log(`\nLacuna is at ${addresses.join(' and ')}\nCtrl-C ends it.`);
  buildLater();
}

start().catch((error) => {
  explain(error);
  process.exit(1);
});
