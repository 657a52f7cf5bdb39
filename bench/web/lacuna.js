// Training steps of Lacuna: the engine that the page runs, on the main thread like the peers. Each case is a run of its own.

const KEPT = [0.05, 0.1, 0.2];
const DENSE = 'dense';

// The budget is constant, so that every step keeps what the run ends with.
const linkOf = (network, which) =>
  new URLSearchParams({
    dataset: 'mnist',
    model: network,
    batch_size: '128',
    gate_inputs: 'false',
    learning_rate: '0.01',
    momentum: '0.9',
    weight_decay: '0.0005',
    steps: '10000000',
    ...(which === DENSE ? { method: 'dense' } : { method: 'vrpge', schedule: 'constant', keep_ratio: which }),
  }).toString();

/** Feeds the data, whose order the engine says. */
async function feed(session) {
  for (const { name } of session.files()) {
    const packed = await fetch(`/data/${name}`);
    if (!packed.ok) throw new Error(`${name} is not there; \`cargo run --release -- data fetch mnist\` fetches it`);
    const reader = packed.body.pipeThrough(new DecompressionStream('gzip')).getReader();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) session.feed(name, piece.value);
    session.feed_end(name);
  }
}

export async function prepare(network, adapter) {
  const address = '/engine/lacuna.js';
  const engine = await import(address);
  await engine.default();
  const sessions = {};
  for (const which of [DENSE, ...KEPT.map(String)]) {
    // Told the adapter's name, the engine takes tiles that suit it, as in the page.
    sessions[which] = await engine.Session.open(linkOf(network, which), () => {}, adapter);
    await feed(sessions[which]);
  }
  return {
    cases: Object.keys(sessions).sort((a, b) => (b === DENSE) - (a === DENSE) || a - b),
    async steps(which, count) {
      let loss = Number.NaN;
      // The engine decides how many of them share a submit; after each it reads back losses, scores and masks.
      for (let left = count; left > 0; ) {
        const { records, halted } = await sessions[which].advance(left);
        if (halted) throw new Error(JSON.stringify(halted));
        if (records.length === 0) throw new Error('the run has ended');
        left -= records.length;
        loss = records.at(-1).loss;
      }
      return loss;
    },
  };
}
