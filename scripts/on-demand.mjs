// In development, modules that only a panel needs are built when the page first asks for them, or earlier in the background.

import path from 'node:path';
import { explained } from './stages.mjs';
import { ensureModule, modules, outFolder } from './wasm.mjs';

const later = modules.filter(({ first }) => !first);
const built = new Set();
/** Builds in progress, by module. */
const pending = new Map();

/** The module that a file of www/pkg belongs to, if it is built later. */
export const moduleOf = (address) => {
  const [, name] = /\/www\/pkg\/(\w+?)(?:_bg)?\.(?:js|wasm)(?:$|\?)/.exec(address) ?? [];
  return later.find((module) => module.name === name);
};

async function build(module, options) {
  const start = performance.now();
  try {
    if (await ensureModule(module, options)) console.log(`${module.name} is built, after ${((performance.now() - start) / 1000).toFixed(1)} s.`);
    built.add(module);
  } catch (error) {
    console.log(`${explained(error)}\n${module.name} is not built; the rest of the page works.`);
    throw error;
  }
}

/** One build for all requests meanwhile. After a failure the next request builds again, because the sources may have been corrected. */
async function ensure(module, options) {
  if (built.has(module)) return;
  if (!pending.has(module))
    pending.set(
      module,
      build(module, options).finally(() => pending.delete(module)),
    );
  await pending.get(module);
}

/** A plugin of vite for the development server. */
export function builtOnDemand() {
  return {
    name: 'built-on-demand',
    apply: 'serve',
    enforce: 'pre',
    // Vite reports an error for a missing module, so the request waits until it is built.
    resolveId(source, importer) {
      const [file, query] = source.split('?');
      const whole = importer && source.startsWith('.') ? path.resolve(path.dirname(importer), file) : path.join(outFolder, path.basename(file));
      if (path.dirname(whole) !== outFolder || !moduleOf(`/www/pkg/${path.basename(whole)}`)) return null;
      return query === undefined ? whole : `${whole}?${query}`;
    },
    // The page must not reload when a file that it asked for is written.
    config: () => ({ server: { watch: { ignored: [...later.map(({ name }) => `**/www/pkg/${name}{.,_bg.}*`), '**/target/**', '**/data/**', '**/dist/**'] } } }),
    configureServer: (server) =>
      void server.middlewares.use(async (request, response, next) => {
        const module = moduleOf(request.url ?? '');
        if (!module) return next();
        try {
          await ensure(module);
          next();
        } catch (error) {
          // The answer is code that throws this message, which the panel shows. A failed request would have no message.
          const words = `${module.name} could not be built, and the terminal of npm start says why: ${error.message}`;
          response.writeHead(200, { 'Content-Type': 'text/javascript', 'Cache-Control': 'no-store' });
          response.end(`throw new Error(${JSON.stringify(words)});`);
        }
      }),
  };
}

/** Builds what the page has not asked for yet, one after another. */
export async function buildLater() {
  // A failure is printed here, and the build is tried again when the page asks.
  for (const module of later) await ensure(module, { background: true }).catch(() => {});
}
