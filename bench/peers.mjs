// `npm run peers`: times training steps of Lacuna and of other libraries, in turns, in one run on one machine. bench/README.md says what is compared.
// A whole run writes docs/results/peers.md.

import { spawn } from 'node:child_process';
import { createReadStream, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findHeadlessChromium } from '../scripts/chromium.mjs';
import { CommandFailed, Explained, cargo, npm, root, run } from '../scripts/command.mjs';
import { compileProgram } from '../scripts/data.mjs';
import { jsonLines, significant, table } from '../scripts/markdown.mjs';
import { ensurePackages } from '../scripts/packages.mjs';
import { ensurePython, pythonOf } from '../scripts/python.mjs';
import { commitOf } from '../scripts/results.mjs';
import { explain, runStages, stopOnInterrupt } from '../scripts/stages.mjs';
import { ensureRust } from '../scripts/toolchain.mjs';
import { buildFirst, buildToolIfNeeded, outFolder, program, targetFolder } from '../scripts/wasm.mjs';

const USAGE = 'usage: npm run peers -- [--networks a,b] [--peers a,b] [--turns N]';
const FILE = path.join('docs', 'results', 'peers.md');
/** Every turn of the last run. */
const TIMES = path.join(targetFolder, 'peers', 'times.json');
const TURNS = 5;
const NETWORKS = ['mlp-512-512', 'mlp-1024-1024', 'mlp-2048-2048', 'vgg16'];
const KEPT = ['0.05', '0.1', '0.2'];

/** How long the steps of a burst take together, about; and their number at most. */
const BURST_MS = 1000;
const MOST_STEPS = 500;
/** A peer that has not begun or answered after so many seconds is left out. */
const BEGIN_S = 1200;
const ANSWER_S = 600;
/** From this load on, other programs disturb the figures. */
const LOAD = 1.2;

const bench = path.join(root, 'bench');
const windows = process.platform === 'win32';
const venv = path.join(bench, '.venv');
const python = pythonOf(venv);
const webFolder = path.join(bench, 'web');
const builtFolder = path.join(targetFolder, 'peers', 'web');

/** Programs and servers to end when this one ends. */
const open = new Set();

const closeAll = async () => {
  for (const close of [...open]) await close();
};

/** The middle of values in order; of an even number of them, the mean of the two in the middle. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Half the interquartile range, as `lacuna bench` has it. */
export function halfIqr(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share) => sorted[Math.round((sorted.length - 1) * share)];
  return (at(0.75) - at(0.25)) / 2;
}

/** Steps of the next burst, when one step took so long. */
export const stepsFor = (ms) => Math.min(MOST_STEPS, Math.max(1, Math.round(BURST_MS / ms)));

function within(seconds, promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Explained(`${what} took longer than ${seconds} s`)), 1000 * seconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** What a peer does that is a program with a line protocol: a line of JSON when it is ready, then one for each number of steps that it is sent. */
async function startProgram(command, args, cwd) {
  const child = spawn(command, args, { cwd, stdio: ['pipe', 'pipe', 'pipe'] });
  const end = () => {
    open.delete(end);
    child.kill('SIGKILL');
  };
  open.add(end);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (said = (said + text).slice(-10_000)));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const failed = new Promise((_, reject) => {
    child.on('error', ({ message }) => reject(new Explained(message)));
    // Its last words come after its exit.
    child.on('close', (code, signal) => reject(new Explained(`the program ended with ${signal ?? code}: ${lastLine(said)}`)));
  });
  // Nobody may be waiting when it ends.
  failed.catch(() => {});
  child.stdin.on('error', () => {});
  const answer = async () => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) return failed;
      // A library may print lines of its own.
      if (value.startsWith('{')) return JSON.parse(value);
    }
  };
  try {
    const { adapter, version } = await within(BEGIN_S, Promise.race([answer(), failed]), 'its first steps');
    const time = async (_, count) => {
      child.stdin.write(`${count}\n`);
      const { ms } = await within(ANSWER_S, Promise.race([answer(), failed]), `a burst of ${count} steps`);
      return ms;
    };
    return { adapter, version, cases: ['dense'], time, end };
  } catch (error) {
    end();
    throw error;
  }
}

const lastLine = (text) =>
  text
    .trim()
    .split(/[\r\n]+/)
    .at(-1) || 'it said nothing';

/** Lacuna's program times its own turn: dense steps and those of each keep ratio. It is started for each, since it has no line protocol. */
async function lacunaTurn(network) {
  const args = ['bench', '--model', network, '--keep-ratio', KEPT.join(','), '--batch-size', '128', '--repeats', '1', '--json'];
  const lines = jsonLines(await run(program('lacuna'), args, { seconds: ANSWER_S }));
  const times = Object.fromEntries(lines.map(({ keep_ratio, step_ms }) => [keep_ratio === 1 ? 'dense' : String(keep_ratio), step_ms]));
  return { adapter: lines[0].adapter, times };
}

const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.wasm': 'application/wasm' };

/** Serves the page of the peers, the engine of Lacuna and its data, to this machine only. */
async function serve() {
  const places = { '/engine/': outFolder, '/data/': path.join(root, 'data'), '/': builtFolder };
  const server = createServer((request, response) => {
    const address = decodeURIComponent(new URL(request.url, 'http://localhost').pathname);
    const mount = Object.keys(places).find((prefix) => address.startsWith(prefix));
    const file = path.join(places[mount], path.normalize(`/${address.slice(mount.length) || 'index.html'}`));
    if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return response.writeHead(404).end();
    response.writeHead(200, { 'Content-Type': types[path.extname(file)] ?? 'application/octet-stream', 'Content-Length': statSync(file).size });
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { origin: `http://localhost:${server.address().port}/`, close: () => server.closeAllConnections() || server.close() };
}

/** The one Chromium in which all peers of the web compute, and the server of their page. */
let browsing = null;

async function browse() {
  if (browsing) return browsing;
  const { chromium } = await import('playwright-core');
  const server = await serve();
  const args = ['--no-sandbox', '--disable-background-networking', '--no-first-run', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];
  const browser = await chromium.launch({ executablePath: findHeadlessChromium(), args });
  const close = async () => {
    open.delete(close);
    await browser.close();
    server.close();
  };
  open.add(close);
  browsing = { browser, origin: server.origin };
  return browsing;
}

/** A tab of its own for a peer and a network, so that its memory is freed when it is closed. */
async function startTab(peer, network) {
  const { browser, origin } = await browse();
  const page = await browser.newPage();
  try {
    let said = '';
    page.on('console', (message) => message.type() === 'error' && (said = message.text()));
    await page.goto(origin);
    await page.waitForFunction(() => window.prepare !== undefined);
    const prepared = page.evaluate(([name, which]) => window.prepare(name, which), [peer, network]);
    const { adapter, cases } = await within(BEGIN_S, prepared, 'its first steps').catch((error) => {
      throw new Explained(`${error.message.split('\n')[0].replace(/^page\.evaluate: (Error: )?/, '')}${said && ` (${said.split('\n')[0]})`}`);
    });
    const time = (which, count) =>
      within(
        ANSWER_S,
        page.evaluate(([one, steps]) => window.time(one, steps), [which, count]),
        `a burst of ${count} steps`,
      );
    return { adapter, cases, time, end: () => page.close() };
  } catch (error) {
    await page.close();
    throw error;
  }
}

async function prepareLacuna(note) {
  await ensureRust(note);
  await compileProgram(note);
}

async function prepareBurn(note) {
  await ensureRust(note);
  await cargo(['build', '--locked', '--release'], { note, cwd: path.join(bench, 'burn') });
}

/** PyTorch in a folder of its own. */
const prepareTorch = (note) => ensurePython(venv, [path.join(bench, 'torch', 'requirements.txt')], 'torch', note);

async function prepareWeb(note) {
  if (!findHeadlessChromium()) throw new Explained('Chromium is missing; install it (Debian: apt-get install chromium) or name it in LACUNA_CHROMIUM');
  await ensurePackages(note);
  const time = (file) => statSync(path.join(webFolder, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (time('node_modules/.package-lock.json') < time('package-lock.json')) await npm(['ci', '--no-audit', '--no-fund'], { note, cwd: webFolder });
  const { build, stop } = createRequire(path.join(webFolder, 'package.json'))('esbuild');
  rmSync(builtFolder, { recursive: true, force: true });
  await build({
    entryPoints: [path.join(webFolder, 'main.js')],
    outdir: builtFolder,
    bundle: true,
    splitting: true,
    format: 'esm',
    minify: true,
    logLevel: 'silent',
  });
  await stop();
  writeFileSync(path.join(builtFolder, 'index.html'), readFileSync(path.join(webFolder, 'index.html')));
}

async function prepareLacunaWeb(note) {
  await prepareWeb(note);
  await ensureRust(note);
  await buildToolIfNeeded(note);
  await buildFirst(note);
  await compileProgram(note);
  await run(program('lacuna'), ['data', 'fetch', 'mnist'], { note });
}

const webVersion = (name) => JSON.parse(readFileSync(path.join(webFolder, 'node_modules', name, 'package.json'), 'utf8')).version;
const burnVersion = () => /name = "burn"\nversion = "(.+)"/.exec(readFileSync(path.join(bench, 'burn', 'Cargo.lock'), 'utf8'))[1];

/**
 * The peers in the order of their turns. `prepare` builds or installs what is missing; `start` begins with a network; `networks`: which ones are
 * written for it; `version`: where its program does not say it.
 */
const PEERS = {
  lacuna: {
    title: 'Lacuna',
    networks: NETWORKS,
    prepare: prepareLacuna,
    start: async (network) => ({ turn: () => lacunaTurn(network), end: () => {} }),
  },
  burn: {
    title: 'burn',
    networks: NETWORKS.slice(0, 3),
    version: burnVersion,
    prepare: prepareBurn,
    start: (network) =>
      startProgram(path.join(bench, 'burn', 'target', 'release', windows ? 'burn-peer.exe' : 'burn-peer'), [network], path.join(bench, 'burn')),
  },
  torch: {
    title: 'PyTorch',
    networks: NETWORKS,
    prepare: prepareTorch,
    start: (network) => startProgram(python, ['-W', 'ignore', path.join(bench, 'torch', 'train.py'), network], bench),
  },
  'lacuna-web': {
    title: 'Lacuna in Chromium',
    networks: NETWORKS.slice(0, 3),
    version: () => browsing && `Chromium ${browsing.browser.version()}`,
    prepare: prepareLacunaWeb,
    start: (network) => startTab('lacuna-web', network),
  },
  'jax-js': {
    title: 'jax-js in Chromium',
    networks: NETWORKS.slice(0, 3),
    version: () => webVersion('@jax-js/jax'),
    prepare: prepareWeb,
    start: (network) => startTab('jax-js', network),
  },
  tfjs: {
    title: 'tfjs in Chromium',
    networks: NETWORKS.slice(0, 3),
    version: () => webVersion('@tensorflow/tfjs-core'),
    prepare: prepareWeb,
    start: (network) => startTab('tfjs', network),
  },
};

/** Ratios of two times of the same turn: title, what is divided, by what. */
const RATIOS = [
  ['dense over burn', 'lacuna dense', 'burn dense'],
  ['dense over PyTorch', 'lacuna dense', 'torch dense'],
  ['keep 0.1 over PyTorch', 'lacuna 0.1', 'torch dense'],
  ['dense over jax-js', 'lacuna-web dense', 'jax-js dense'],
  ['dense over tfjs', 'lacuna-web dense', 'tfjs dense'],
];

/** What the user asks for. `isWhole`: whether it is as much as a result has. */
export function asked(args) {
  let values;
  try {
    ({ values } = parseArgs({ args, options: { networks: { type: 'string' }, peers: { type: 'string' }, turns: { type: 'string' } } }));
  } catch (error) {
    throw new Explained(`${error.message}\n${USAGE}`);
  }
  const chosen = (flag, all) => {
    const names = values[flag] === undefined ? all : values[flag].split(',');
    const unknown = names.filter((name) => !all.includes(name));
    if (unknown.length > 0) throw new Explained(`--${flag}: there is no ${unknown.join(', ')}; there are ${all.join(', ')}\n${USAGE}`);
    return all.filter((name) => names.includes(name));
  };
  const turns = values.turns === undefined ? TURNS : Number(values.turns);
  if (!(Number.isInteger(turns) && turns > 0)) throw new Explained(`--turns takes a number from 1, not "${values.turns}"\n${USAGE}`);
  const [networks, peers] = [chosen('networks', NETWORKS), chosen('peers', Object.keys(PEERS))];
  return { networks, peers, turns, isWhole: networks.length === NETWORKS.length && peers.length === Object.keys(PEERS).length && turns >= TURNS };
}

/** Why a peer failed, in words without a full stop. */
function reasonOf(error) {
  const words = error instanceof CommandFailed ? `${error.message}: ${lastLine(error.output)}` : error.message.split('\n')[0];
  return words.replace(/[.\s]+$/, '');
}

/** Times all peers on a network in turns. Returns the times by peer and case, one a turn, null where there is none. */
async function measure(network, peers, turns, { facts, missing, note }) {
  const started = {};
  const times = {};
  const leaveOut = async (name, words) => {
    missing.push(`${PEERS[name].title} is left out for ${network}: ${words}.`);
    await Promise.resolve(started[name]?.end()).catch(() => {});
    delete started[name];
  };
  for (const name of peers.filter((each) => PEERS[each].networks.includes(network))) {
    note(`${PEERS[name].title} begins`);
    try {
      started[name] = await PEERS[name].start(network);
      facts[name] = { ...facts[name], ...(started[name].adapter ? { adapter: started[name].adapter, version: started[name].version } : {}) };
    } catch (error) {
      await leaveOut(name, reasonOf(error));
    }
  }
  const steps = {};
  const turnOf = async (name, turn) => {
    const peer = started[name];
    if (peer.turn) {
      const done = await peer.turn();
      facts[name] = { adapter: done.adapter };
      return done.times;
    }
    const found = {};
    for (const which of peer.cases) {
      // The first burst finds how many steps fill the next ones.
      if (turn === 0) steps[`${name} ${which}`] = stepsFor(await peer.time(which, 1));
      found[which] = await peer.time(which, steps[`${name} ${which}`]);
      steps[`${name} ${which}`] = stepsFor(found[which]);
    }
    return found;
  };
  for (let turn = 0; turn < turns; turn += 1) {
    for (const name of Object.keys(started)) {
      note(`${PEERS[name].title}, turn ${turn + 1} of ${turns}`);
      try {
        for (const [which, ms] of Object.entries(await turnOf(name, turn))) (times[`${name} ${which}`] ??= Array(turns).fill(null))[turn] = ms;
      } catch (error) {
        await leaveOut(name, reasonOf(error));
      }
    }
  }
  for (const name of Object.keys(started)) await started[name].end();
  return times;
}

const there = (values) => (values ?? []).filter((value) => value !== null);

const around = (values, digits) => {
  const spread = halfIqr(values);
  return `${significant(median(values), digits)}${values.length > 1 ? ` ± ${significant(spread, 2)}` : ''}`;
};

/** The ratios of a network, turn by turn. */
export const ratiosOf = (times, over, under) => there((times[over] ?? []).map((ms, turn) => (ms && times[under]?.[turn] ? ms / times[under][turn] : null)));

/** What one row of the table of times has: a peer and one of its cases. */
const CASES = Object.keys(PEERS).flatMap((name) =>
  ['dense', ...(name.startsWith('lacuna') ? KEPT : [])].map((which) => [
    `${name} ${which}`,
    `${PEERS[name].title}, ${which === 'dense' ? 'dense' : `keep ${which}`}`,
  ]),
);

/** The tables: milliseconds by case and network, and the ratios. */
export function tablesOf(networks, results) {
  const cell = (values, digits) => (values.length > 0 ? around(values, digits) : '–');
  const rows = CASES.filter(([key]) => networks.some((network) => results[network][key])).map(([key, title]) => [
    title,
    ...networks.map((network) => cell(there(results[network][key]), 4)),
  ]);
  const ratios = RATIOS.map(([title, over, under]) => [title, ...networks.map((network) => cell(ratiosOf(results[network], over, under), 3))]).filter(
    ([, ...cells]) => cells.some((each) => each !== '–'),
  );
  const head = networks.map((network) => `\`${network}\``);
  return [table(['ms a step', ...head], rows), ...(ratios.length > 0 ? [table(['Lacuna', ...head], ratios)] : [])].join('\n\n');
}

const ABOUT = `Milliseconds of a whole training step: forward, backward, and SGD with momentum 0.9 and weight decay 5e-4. Batch 128. An mlp has 784 inputs and 10 classes;
\`vgg16\` has images of 3×32×32. All peers ran in turns on one machine, one at a time. Medians over the turns, ± half the interquartile range. The second
table has Lacuna's time over the peer's, turn by turn: below 1 Lacuna takes less time. Lacuna and burn compute on the adapter, PyTorch on the CPU itself, and
what is in Chromium on Chromium's adapter. [bench/README.md](../../bench/README.md) says what is fair and what is not.`;

export function pageOf({ commit, date, turns, facts, networks, results, missing }) {
  const lines = [
    ['commit', `\`${commit}\``],
    ...Object.keys(PEERS)
      .filter((each) => facts[each]?.adapter)
      .map((each) => [PEERS[each].title, [facts[each].version, facts[each].adapter].filter(Boolean).join(', ')]),
    ['turns', String(turns)],
    ['date', date],
    ['made again by', '`npm run peers`'],
  ];
  const left = networks.includes('vgg16') ? ['`vgg16` is written for Lacuna and PyTorch only. In software a step of it takes the others too long.'] : [];
  const words = [...left, ...missing].join('\n');
  return `# Speed beside other libraries\n\n${ABOUT}\n\n${table(['', ''], lines)}\n\n${tablesOf(networks, results)}\n${words && `\n${words}\n`}`;
}

async function compare(args) {
  const { networks, peers, turns, isWhole } = asked(args);
  // Files may change while it runs.
  const commit = await commitOf();
  const missing = [];
  const ready = [];
  await runStages(
    peers.map((name) => [
      `${PEERS[name].title}: preparing`,
      async (note) => {
        try {
          await PEERS[name].prepare(note);
          ready.push(name);
          return 'ready';
        } catch (error) {
          missing.push(`${PEERS[name].title} is left out: ${reasonOf(error)}.`);
          return `left out: ${reasonOf(error)}`;
        }
      },
    ]),
  );
  const [load] = os.loadavg();
  if (load > LOAD) console.log(`Other programs compute on this machine, or did a minute ago (load ${load.toFixed(1)}): the figures may be disturbed.`);
  const facts = Object.fromEntries(ready.map((name) => [name, {}]));
  const results = {};
  await runStages(
    networks.map((network) => [
      network,
      async (note) => {
        results[network] = await measure(network, ready, turns, { facts, missing, note });
        // The times of every turn, also of a run that is interrupted later.
        mkdirSync(path.dirname(TIMES), { recursive: true });
        writeFileSync(TIMES, `${JSON.stringify(results, null, 1)}\n`);
        return Object.entries(results[network])
          .map(([which, times]) => `${which} ${significant(median(there(times)), 3)} ms`)
          .join(', ');
      },
    ]),
  );
  for (const name of ready) facts[name].version ??= PEERS[name].version?.();
  if (!networks.some((network) => Object.keys(results[network]).length > 0)) throw new Explained(`No peer ran.\n${missing.join('\n')}`);
  const page = pageOf({ commit, date: new Date().toISOString().slice(0, 10), turns, facts, networks, results, missing });
  console.log(`\n${page}`);
  if (!isWhole) return console.log(`${FILE} is written by a whole run only: all networks, all peers, and ${TURNS} turns.`);
  mkdirSync(path.dirname(path.join(root, FILE)), { recursive: true });
  writeFileSync(path.join(root, FILE), page);
  console.log(`wrote ${FILE}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  stopOnInterrupt(() => {
    for (const close of [...open]) void close();
    return 130;
  });
  let code = 0;
  try {
    await compare(process.argv.slice(2));
  } catch (error) {
    explain(error);
    code = 1;
  }
  await closeAll();
  process.exit(code);
}
