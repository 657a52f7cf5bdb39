// The page that bench/peers.mjs opens, a tab for each peer and network. It has two functions for the driver: `prepare` and `time`.

const loaders = {
  'lacuna-web': () => import('./lacuna.js'),
  'jax-js': () => import('./jax-js.js'),
  tfjs: () => import('./tfjs.js'),
};

let peer = null;

/** Spelled as Lacuna's page does (www/engine/adapter.ts): the engine knows SwiftShader by this spelling, and takes tiles that suit it. */
const SPELLINGS = { nvidia: 'NVIDIA', amd: 'AMD', arm: 'ARM', swiftshader: 'SwiftShader', llvmpipe: 'llvmpipe' };
const spelled = (word) => SPELLINGS[word] ?? word.charAt(0).toUpperCase() + word.slice(1);

/** The adapter that the browser offers, in words. */
async function adapter() {
  const found = await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' });
  if (!found) throw new Error('this browser offers no WebGPU adapter');
  const { vendor, architecture, device, description } = found.info;
  return description || [vendor, device || architecture].filter(Boolean).map(spelled).join(' ') || 'an adapter without a name';
}

/** Loads a peer, builds its network and runs its first steps. Returns the adapter and the cases that the peer can time. */
window.prepare = async (name, network) => {
  const words = await adapter();
  peer = await (await loaders[name]()).prepare(network, words);
  for (const one of peer.cases) await peer.steps(one, 3);
  return { adapter: words, cases: peer.cases };
};

/** Milliseconds a step of `count` steps of a case. They end when the last loss is in the memory of JavaScript. */
window.time = async (which, count) => {
  const begin = performance.now();
  const loss = await peer.steps(which, count);
  const ms = (performance.now() - begin) / count;
  if (!Number.isFinite(loss)) throw new Error(`the loss is ${loss}`);
  return ms;
};
