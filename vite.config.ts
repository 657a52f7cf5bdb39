import { copyFileSync, createReadStream, existsSync, linkSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join, normalize, resolve, sep } from 'node:path';
import { defineConfig, type Plugin } from 'vite';

const root = import.meta.dirname;
const data = resolve(root, 'data');

/** Serves one file of the data folder as plain bytes: never with a Content-Encoding, and 404 instead of the page when it is missing. */
function serveData(request: IncomingMessage, response: ServerResponse): void {
  const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
  const file = normalize(join(data, path));
  if (!file.startsWith(data + sep) || !existsSync(file) || !statSync(file).isFile()) {
    response.statusCode = 404;
    response.end();
    return;
  }
  response.setHeader('Content-Type', 'application/octet-stream');
  response.setHeader('Content-Length', statSync(file).size);
  response.setHeader('Cache-Control', 'no-cache');
  createReadStream(file).pipe(response);
}

/** The data sets: the repository's `data/` in development, `dist/data/` after a build. */
function dataFolder(): Plugin {
  return {
    name: 'data-folder',
    configureServer: (server) => void server.middlewares.use('/data', serveData),
    configurePreviewServer: (server) => void server.middlewares.use('/data', serveData),
    writeBundle(options) {
      if (!existsSync(data) || !options.dir) return;
      const target = join(options.dir, 'data');
      rmSync(target, { recursive: true, force: true });
      for (const set of readdirSync(data, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
        const packed = readdirSync(join(data, set.name)).filter((name) => name.endsWith('.gz'));
        if (packed.length > 0) mkdirSync(join(target, set.name), { recursive: true });
        for (const file of packed) {
          const [from, to] = [join(data, set.name, file), join(target, set.name, file)];
          // A hard link costs no space; it cannot cross file systems, so copy where it fails.
          try {
            linkSync(from, to);
          } catch {
            copyFileSync(from, to);
          }
        }
      }
    },
  };
}

export default defineConfig({
  root,
  // Relative addresses, so that the built page works under any path of any static host.
  base: './',
  publicDir: false,
  plugins: [dataFolder()],
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  worker: { format: 'es' },
});
