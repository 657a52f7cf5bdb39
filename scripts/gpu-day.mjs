// `npm run gpu-day`: runs the program's own measurements on a GPU within 25 minutes and without a network, and writes docs/results/gpu-day.md and
// docs/results/gpu-day.json. `npm run gpu-day -- --rehearse DIR` runs everything at its smallest size, on any adapter, and writes into DIR.

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CommandFailed, Explained, cargo, root, run } from './command.mjs';
import { pageOf, recordOf } from './gpu-day-page.mjs';
import { COMPILING, DAY, FINDER, FINDING, driverOf, isSoftware, plantedRows, skipped, stepsOf } from './gpu-day-plan.mjs';
import { jsonLines } from './markdown.mjs';
import { writePlanted } from './planted-images.mjs';
import { commitOf } from './results.mjs';
import { explain, runStages, stopOnInterrupt } from './stages.mjs';
import { program, targetFolder } from './wasm.mjs';

const NAME = 'gpu-day';
const RESULTS = path.join('docs', 'results');

/** What the user asks for: the adapter's flags, and the folder of a rehearsal or null. */
export function asked(args) {
  let values;
  try {
    ({ values } = parseArgs({ args, options: { adapter: { type: 'string' }, rehearse: { type: 'string' } } }));
  } catch (error) {
    throw new Explained(`${error.message}\nusage: npm run gpu-day -- [--adapter NAME] [--rehearse DIR]`);
  }
  const folder = values.rehearse === undefined ? null : path.resolve(values.rehearse);
  if (folder !== null && !path.relative(path.join(root, 'docs'), folder).startsWith('..')) {
    throw new Explained('--rehearse: the figures of a rehearsal are no results; give a folder outside docs.');
  }
  return { adapter: values.adapter === undefined ? [] : ['--adapter', values.adapter], rehearsal: folder };
}

/** Refuses to measure a GPU day on an adapter in software. */
export function checkAdapter(adapter, isRehearsal) {
  if (isSoftware(adapter) && !isRehearsal) {
    throw new Explained(
      `${adapter} computes on the CPU, and a GPU day is measured on a GPU. On a machine with several adapters, --adapter NAME chooses one. ` +
        '`npm run gpu-day -- --rehearse DIR` runs everything at its smallest size on this one and writes into DIR.',
    );
  }
}

/** The data sets: those of data/ that are there, otherwise planted ones. A rehearsal has planted ones, which are small. */
function dataSets(isRehearsal) {
  const has = (name) => !isRehearsal && existsSync(path.join(root, 'data', name));
  const sentences = [];
  let images = 'cifar10';
  if (has('cifar10')) {
    sentences.push('The learning curves are of CIFAR-10, from data/.');
  } else {
    const folder = path.join(targetFolder, NAME, 'images');
    rmSync(folder, { recursive: true, force: true });
    writePlanted(folder, plantedRows(isRehearsal));
    images = path.relative(root, folder);
    sentences.push('The learning curves are of planted images of the shape of CIFAR-10 (`scripts/planted-images.mjs`): each class has a pattern under noise.');
  }
  const rows = has('mnist') ? 'mnist' : 'planted';
  sentences.push(`The estimators are measured on ${rows === 'mnist' ? 'MNIST, from data/' : 'planted features'}. The timed networks have random data.`);
  return { images, rows, sentences };
}

/** Runs the commands of one step within its time. A failure is a result too: the other steps go on. */
async function resultOf(step, elapsed, note) {
  const why = skipped(step, elapsed());
  if (why !== null) return { step, state: 'skipped', words: why, seconds: 0, outputs: [] };
  const begin = elapsed();
  const outputs = [];
  try {
    for (const args of step.commands) {
      const log = args[0] === 'train' ? path.join(targetFolder, NAME, `${step.method}.jsonl`) : null;
      const text = await run(program('lacuna'), [...args, ...(log === null ? [] : ['--log', log])], { note, seconds: step.seconds - (elapsed() - begin) });
      outputs.push({ args, text, ...(log === null ? {} : { log: readFileSync(log, 'utf8') }) });
    }
    return { step, state: 'ended', words: 'ended well', seconds: elapsed() - begin, outputs };
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    const args = step.commands[outputs.length];
    const last = error.output
      .trim()
      .split(/[\r\n]+/)
      .at(-1);
    const words = error.seconds === null ? `failed: ${last}` : `ended after its ${step.seconds} s`;
    return { step, state: 'failed', words, seconds: elapsed() - begin, outputs: [...outputs, { args, text: error.output, isBroken: true }] };
  }
}

async function day(args) {
  const begin = performance.now();
  const elapsed = () => (performance.now() - begin) / 1000;
  const { adapter: flags, rehearsal } = asked(args);
  const isRehearsal = rehearsal !== null;
  const results = [];
  let [adapter, driver, data] = ['', '', null];
  await runStages([
    // Without a network cargo uses what it has fetched before.
    ['desktop program', async (note) => void (await cargo(['build', '--locked', '--offline', '--release'], { note, seconds: COMPILING }))],
    [
      'adapter',
      async (note) => {
        const text = await run(program('lacuna'), [...FINDER, ...flags], { note, seconds: FINDING });
        ({ adapter } = jsonLines(text)[0]);
        checkAdapter(adapter, isRehearsal);
        driver = driverOf(adapter, await run(program('lacuna'), ['adapters']));
        return adapter;
      },
    ],
    ['data sets', () => void (data = dataSets(isRehearsal))],
  ]);
  mkdirSync(path.join(targetFolder, NAME), { recursive: true });
  const steps = stepsOf({ images: data.images, rows: data.rows, flags, isRehearsal });
  await runStages(
    steps.map((step) => [
      step.name,
      async (note) => {
        const result = await resultOf(step, elapsed, note);
        results.push(result);
        return result.words;
      },
    ]),
  );
  const date = new Date().toISOString().slice(0, 10);
  const made = { commit: await commitOf(), adapter, driver, date, isRehearsal, flags, seconds: elapsed(), data: data.sentences, results };
  const folder = rehearsal ?? path.join(root, RESULTS);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, `${NAME}.md`), pageOf(made));
  writeFileSync(path.join(folder, `${NAME}.json`), `${JSON.stringify(recordOf(made), null, 1)}\n`);
  console.log(`wrote ${NAME}.md and ${NAME}.json to ${folder}`);
  const missing = results.filter(({ state }) => state !== 'ended').map(({ step, words }) => `${step.name}: ${words}`);
  if (missing.length > 0) throw new Explained(`The page lacks ${missing.length} of ${results.length} steps.\n${missing.join('\n')}`);
  if (elapsed() > DAY) throw new Explained(`It took ${Math.round(elapsed())} s, more than ${DAY} s.`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  stopOnInterrupt();
  try {
    await day(process.argv.slice(2));
  } catch (error) {
    explain(error);
    process.exit(1);
  }
}
