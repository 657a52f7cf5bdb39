// `npm start`: installs what is missing, then serves the page. Options: --port N, --open, --host ADDRESS.

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
    // A port that was named must be free. Otherwise the next free one is used.
    const port = values.port === undefined ? {} : { port: Number(values.port), strictPort: true };
    return { ...port, ...(values.open ? { open: true } : {}), ...(values.host === undefined ? {} : { host: values.host }) };
  } catch (error) {
    throw new Explained(`${error.message}\nusage: npm start -- [--port N] [--open] [--host ADDRESS]`);
  }
}

async function serve(server) {
  // The page is served for development, whatever NODE_ENV says.
  process.env.NODE_ENV = 'development';
  // Imported only now, because vite may have just been installed.
  const { createServer } = await import('vite');
  const vite = await createServer({ root, server, plugins: [builtOnDemand()], logLevel: 'warn', clearScreen: false });
  await vite.listen();
  return [...vite.resolvedUrls.local, ...vite.resolvedUrls.network];
}

async function start() {
  const server = options();
  let addresses = [];
  // Ctrl-C is the normal end of a server, but an interruption before.
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
