// `npm run test:export`: trains short runs, exports their networks, and compares them in onnxruntime and PyTorch, which it installs from PyPI.
// It is not part of `npm test`: PyTorch takes 4 GB of disk.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { Explained, root, run } from './command.mjs';
import { compileProgram } from './data.mjs';
import { jsonLines } from './markdown.mjs';
import { writePlanted } from './planted-images.mjs';
import { ensurePython, pythonOf } from './python.mjs';
import { explain, runStages, stopOnInterrupt } from './stages.mjs';
import { ensureRust } from './toolchain.mjs';
import { program, targetFolder } from './wasm.mjs';

const USAGE = 'usage: npm run test:export -- [NAME...]';
const TOLERANCE = 1e-5;

const folder = path.join(targetFolder, 'export');
const venv = path.join(folder, 'venv');
const images = path.join(folder, 'images');
const runs = path.join(folder, 'runs');
const here = path.join(root, 'scripts', 'export');
const lists = [path.join(here, 'requirements.txt'), path.join(root, 'bench', 'torch', 'requirements.txt')];

const PLANTED = ['--dataset', 'planted', '--batch-size', '32', '--gate-inputs', '--keep-ratio', '0.125'];
const PICTURES = ['--dataset', images, '--batch-size', '8'];

/** The runs, by name: the flags of `lacuna train`. Every family of networks, with gated inputs and without. */
export const RUNS = {
  mlp: [...PLANTED, '--model', 'mlp-64-32', '--steps', '400'],
  'mlp-hidden': ['--dataset', 'planted', '--batch-size', '32', '--model', 'mlp-32', '--keep-ratio', '0.3', '--steps', '300'],
  cnn: [...PICTURES, '--model', 'cnn-16-32', '--keep-ratio', '0.3', '--gate-inputs', '--steps', '40'],
  vgg16: [...PICTURES, '--model', 'vgg16', '--keep-ratio', '0.2', '--keep-start', '0.2', '--steps', '20'],
  resnet8: [...PICTURES, '--model', 'resnet8', '--keep-ratio', '0.3', '--gate-inputs', '--steps', '20'],
  resnet20: [...PICTURES, '--model', 'resnet20', '--keep-ratio', '0.2', '--keep-start', '0.3', '--steps', '20'],
  'wrn-10-1': [...PICTURES, '--model', 'wrn-10-1', '--keep-ratio', '0.3', '--steps', '30'],
  mobilenet: [...PICTURES, '--model', 'mobilenet-8', '--keep-ratio', '0.3', '--keep-start', '0.5', '--steps', '30'],
};

/** What `lacuna export` printed: the largest differences, and the bytes of the dense file and of the compact one. */
export function readExport(text) {
  const number = '([0-9.e+-]+|inf|NaN)';
  const engine = text.match(new RegExp(`equal those of the masked network within ${number} of the largest`));
  const runtime = text.match(new RegExp(`outputs of onnxruntime \\S+ equal them within ${number}, those of the dense network within ${number}`));
  const ratio = text.match(/^\s*bytes\s.*?([0-9.]+) ×\s*$/m);
  if (!engine || !runtime || !ratio) throw new Explained(`lacuna export printed no differences or no bytes:\n${text}`);
  return { differences: [engine[1], runtime[1], runtime[2]].map(Number), ratio: Number(ratio[1]) };
}

/** The code of docs/export.md that reads a safetensors file. */
export function loaderOf(document) {
  const block = [...document.matchAll(/^```python\n([\s\S]*?)^```/gm)].map(([, code]) => code).find((code) => code.includes('class Network'));
  if (!block) throw new Explained('docs/export.md has no Python code with a class Network');
  return block;
}

/** Trains a run, exports it in every way, and compares the files. */
async function check(name, note) {
  const place = (file) => path.join(runs, `${name}.${file}`);
  await run(program('lacuna'), ['train', '--adapter', 'cpu', '--seed', '3', '--test-images', '16', ...RUNS[name], '--save', place('safetensors')], { note });
  const dense = place('dense.onnx');
  const data = RUNS[name].includes(images) ? ['--dataset', images] : [];
  const common = ['export', place('safetensors'), ...data, '--python', pythonOf(venv), '--replace'];
  const ways = [
    ['compact.onnx', ['--dense', dense]],
    ['folded.onnx', ['--fold']],
    ['eights.onnx', ['--fold', '--multiple', '8']],
    ['compact.safetensors', []],
    ['folded.safetensors', ['--fold']],
  ];
  let printed;
  for (const [ending, flags] of ways) {
    const { differences, ratio } = readExport(await run(program('lacuna'), [...common, '--to', place(ending), ...flags], { note }));
    for (const difference of differences) assert.ok(difference <= TOLERANCE, `${name}, ${ending}: onnxruntime differs by ${difference}`);
    if (ending === 'compact.onnx') printed = ratio;
  }
  const bytes = (file) => statSync(file).size;
  const ratio = bytes(dense) / bytes(place('compact.onnx'));
  assert.ok(Math.abs(ratio / printed - 1) < 0.06, `${name}: the files are as 1 to ${ratio}, but ${printed} was printed`);
  assert.ok(ratio > 1.5, `${name}: the dense file is ${ratio} times as large`);
  const files = ways.map(([ending]) => place(ending));
  const [found] = jsonLines(await run(pythonOf(venv), ['-W', 'ignore', path.join(here, 'check.py'), dense, ...files], { note }));
  assert.equal(Object.keys(found).length, files.length);
  for (const [file, difference] of Object.entries(found)) assert.ok(difference <= TOLERANCE, `${file} differs by ${difference}`);
  return `${files.length} files within ${Math.max(...Object.values(found)).toExponential(1)}, ${ratio.toFixed(1)} times smaller`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  stopOnInterrupt();
  try {
    const names = process.argv.slice(2);
    const unknown = names.filter((name) => !Object.hasOwn(RUNS, name));
    if (unknown.length > 0) throw new Explained(`There is no run named ${unknown.join(', ')}; there are ${Object.keys(RUNS).join(', ')}.\n${USAGE}`);
    await runStages([
      ['Rust toolchain', ensureRust],
      ['desktop program', compileProgram],
      ['packages of PyPI', (note) => ensurePython(venv, lists, 'onnx, onnxruntime, safetensors, torch', note)],
      [
        'planted images',
        () => {
          rmSync(runs, { recursive: true, force: true });
          mkdirSync(runs, { recursive: true });
          writePlanted(images, { train: 12, test: 3 });
          writeFileSync(path.join(runs, 'loader.py'), loaderOf(readFileSync(path.join(root, 'docs', 'export.md'), 'utf8')));
        },
      ],
      ...(names.length > 0 ? names : Object.keys(RUNS)).map((name) => [name, (note) => check(name, note)]),
    ]);
  } catch (error) {
    explain(error);
    process.exit(1);
  }
}
