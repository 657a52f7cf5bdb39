// The plan of `npm run gpu-day`: which commands of the program run, in which order, and how long each may take.

/** Seconds of the whole, from the start of the script to its page. */
export const DAY = 25 * 60;
/** Seconds that are left for writing the page. */
export const WRITING = 30;
/** Seconds for compiling the program; none are needed if it is compiled already. */
export const COMPILING = 300;
/** Seconds for finding the adapter. */
export const FINDING = 20;

/** All keep ratios of `lacuna bench`; a rehearsal times one. */
export const KEEP = [0.05, 0.1, 0.2, 0.5, 0.9];
const REHEARSED = [0.1];

/** A small command that says which adapter computes. */
export const FINDER = ['bench', '--model', 'mlp-8', '--keep-ratio', '0.5', '--repeats', '1', '--kernels', 'usual', '--json'];

/** Rows of planted images, of each class. */
export const plantedRows = (isRehearsal) => (isRehearsal ? { train: 8, test: 1 } : { train: 256, test: 32 });

/** Steps of a learning curve. */
const STEPS = { day: 300, rehearsal: 4 };

/** A network that is timed. A rehearsal has its smallest batch, one keep ratio and one turn, and of a large network the smallest of its kind. */
function bench(name, seconds, isRehearsal, rehearsed = name) {
  const model = isRehearsal ? rehearsed : name;
  const size = isRehearsal ? ['--batch-size', '2', '--keep-ratio', REHEARSED.join(','), '--repeats', '1'] : ['--keep-ratio', KEEP.join(','), '--repeats', '2'];
  return {
    name: `bench ${model}`,
    kind: 'bench',
    seconds,
    commands: [
      ['bench', '--model', model, ...size, '--kernels', 'measure', '--json'],
      ['model', model, '--json'],
    ],
  };
}

/** A learning curve of resnet32. The budget of vrpge falls during the first half of these steps. */
function curve(method, images, seconds, isRehearsal) {
  const size = ['--steps', String(isRehearsal ? STEPS.rehearsal : STEPS.day), ...(isRehearsal ? ['--batch-size', '8'] : [])];
  const sparse = method === 'dense' ? [] : ['--keep-ratio', '0.1'];
  return {
    name: `train resnet32 ${method}`,
    kind: 'curve',
    method,
    seconds,
    commands: [['train', '--dataset', images, '--model', 'resnet32', '--method', method, ...sparse, ...size]],
  };
}

/**
 * The steps in their order: the most important first, and of those the shortest. `images`: the data set of the learning curves, a name or a path.
 * `rows`: that of the estimators. `flags`: those of the adapter, for every command that uses it. A step is `{ name, kind, seconds, commands }`, with the arguments of its commands; together they may take `seconds`.
 */
export function stepsOf({ images, rows, flags = [], isRehearsal }) {
  const midRun = isRehearsal
    ? ['--model', 'mlp-12', '--keep-ratio', '0.5', '--after-steps', '2', '--pairs', '100']
    : ['--gate-inputs', '--keep-ratio', '0.1', '--keep-start', '0.5', '--scores-rate', '0.2', '--epochs', '2', '--after-steps', '300', '--pairs', '300'];
  const steps = [
    { name: 'check', kind: 'check', seconds: 150, commands: [['check']] },
    bench('mlp-512-256', 60, isRehearsal),
    bench('mlp-1024-1024', 60, isRehearsal),
    bench('resnet32', 80, isRehearsal),
    bench('vgg16', 80, isRehearsal),
    curve('dense', images, 150, isRehearsal),
    curve('vrpge', images, 150, isRehearsal),
    {
      name: 'estimators in the middle of a run',
      kind: 'estimators',
      seconds: 60,
      commands: [['estimator', '--dataset', rows, ...midRun, '--json']],
    },
    {
      name: 'variance of the estimators',
      kind: 'variance',
      seconds: 40,
      commands: [['estimator', '--table', ...(isRehearsal ? ['--pairs', '100'] : []), '--json']],
    },
    bench('cnn-32-64-128', 70, isRehearsal),
    bench('resnet20', 80, isRehearsal),
    bench('wrn-28-10', 120, isRehearsal, 'wrn-10-1'),
  ];
  // `lacuna model` counts, and uses no adapter.
  const all = (args) => (args[0] === 'model' ? args : [...args, ...flags]);
  return steps.map((step) => ({ ...step, commands: step.commands.map(all) }));
}

/** Why a step is skipped, or null if it begins. `elapsed`: seconds since the start. A step begins only if all of its time is left. */
export function skipped(step, elapsed) {
  const left = Math.floor(DAY - WRITING - elapsed);
  return left >= step.seconds ? null : `skipped: it may take ${step.seconds} s, and ${Math.max(0, left)} s were left`;
}

/** Whether the adapter computes on the CPU, by its name in the program's output. */
export const isSoftware = (adapter) => adapter.endsWith('in software)');

/** The driver of an adapter, from the lines of `lacuna adapters`. */
export function driverOf(adapter, listed) {
  const line = listed.split('\n').find((each) => each.includes(`  ${adapter}  `));
  return line === undefined ? 'unknown' : line.slice(line.indexOf(adapter) + adapter.length).trim();
}
