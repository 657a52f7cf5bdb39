// The images that the page and the tests train on, fetched and verified by the program itself.

import { cargo, run } from './command.mjs';
import { program } from './wasm.mjs';

export async function compileProgram(note) {
  await cargo(['build', '--locked', '--release'], { note });
}

/** MNIST is what the page opens with, so its absence stops; without Fashion-MNIST the rest works, and one line says so. */
export async function fetchData(note) {
  await run(program('lacuna'), ['data', 'fetch', 'mnist'], { note });
  try {
    await run(program('lacuna'), ['data', 'fetch', 'fashion-mnist'], { note });
  } catch (error) {
    const why = error.output?.trim().split('\n').at(-1) || error.message;
    return `MNIST is there; Fashion-MNIST could not be had: ${why}`;
  }
  return 'MNIST and Fashion-MNIST';
}
