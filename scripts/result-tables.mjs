// The tables of docs/results: which commands of the program each one needs, and how their output becomes the table.

import { commandLine, jsonLines, logOf, printed, significant, table } from './markdown.mjs';

const count = (value) => Math.round(value).toLocaleString('en');

/** Bytes in the largest unit of 1,024 that leaves at least 1. */
export function bytes(value) {
  const unit = value >= 2 ** 30 ? ['GiB', 2 ** 30] : value >= 2 ** 20 ? ['MiB', 2 ** 20] : ['KiB', 2 ** 10];
  const amount = value / unit[1];
  return `${amount < 9.95 ? amount.toFixed(1) : Math.round(amount)} ${unit[0]}`;
}

/** The beginning of a printout with its first `tables` tables: each has two single lines and one double line. */
export function firstTables(text, tables) {
  const lines = text.split('\n');
  let edges = 0;
  const end = lines.findIndex((line) => /^─+$/.test(line) && (edges += 1) === 2 * tables);
  return end === -1 ? text : lines.slice(0, end + 1).join('\n');
}

const percent = ({ result }) => (100 * result.test_accuracy).toFixed(2);

const NETWORKS = ['mlp-1024-1024', 'cnn-32-64-128', 'vgg16', 'resnet20', 'resnet32', 'wrn-28-10', 'mobilenet'];
const KEEP = ['0.1', '0.2'];
/** Every entrant of `lacuna compare`; those that compute nothing that is off; and six for the longer runs, of which all would take hours in software. */
const ALL =
  'dense,small-dense,small-dense-final,small-dense-fisher,small-dense-static,static,static-allocated,magnitude,set,rigl,snip,ste,reinforce,vrpge-paper,vrpge,vrpge-one-sided,fisher,fisher-pruning';
const SPARSE = ALL.split(',')
  .filter((name) => name !== 'dense' && name !== 'ste')
  .join(',');
const LONGER = 'small-dense-fisher,static,magnitude,rigl,vrpge,fisher';
const MID_RUN = ['--gate-inputs', '--keep-ratio', '0.1', '--keep-start', '0.5', '--scores-rate', '0.2', '--epochs', '2', '--pairs', '300', '--json'];

/** A table of `lacuna bench`. */
const bench = (title, about, flags) => ({
  title,
  about,
  commands: [['bench', ...flags, '--json']],
  read([{ text }]) {
    const lines = jsonLines(text);
    const phases = Object.keys(lines[0].phases);
    const spread = (value) => value.toFixed(value < 10 ? 2 : 1);
    const cells = (line, index) => [
      index === 0 ? 'dense' : String(line.keep_ratio),
      `${significant(line.step_ms, 4)} ± ${spread(line.step_ms_spread)}`,
      index === 0 ? '1' : line.ratio.toFixed(3),
      index === 0 ? '1' : line.predicted_ratio.toFixed(3),
      index === 0 ? '1' : line.over_predicted.toFixed(2),
      ...phases.map((phase) => significant(line.phases[phase], 3)),
    ];
    return {
      adapter: lines[0].adapter,
      body: table(['keep', 'ms a step', 'over dense', 'multiply-adds predict', 'over that', ...phases], lines.map(cells)),
    };
  },
});

/**
 * A table of `lacuna compare` with five seeds that no choice of settings saw, by the name of its file. `dataset`: mnist or fashion-mnist.
 * `tables`: how much of the printout it has. Without `entrants`, those of a run of that length.
 */
function compare({ dataset = 'mnist', keep, inputs = true, epochs = 2, entrants = epochs === 2 ? SPARSE : LONGER, tables = 2 }) {
  const which = [dataset === 'mnist' ? '' : 'fashion', inputs ? '' : 'hidden', `keep-${keep}`, epochs === 2 ? '' : 'nine-epochs'];
  const gated = inputs ? 'inputs and hidden neurons gated' : 'hidden neurons gated';
  const data = dataset === 'mnist' ? [] : ['--dataset', dataset];
  const flags = ['--seed', '21', '--seeds', '5', '--epochs', String(epochs), `--gate-inputs=${inputs}`, '--keep-ratio', String(keep)];
  return {
    [['compare', ...which.filter(Boolean)].join('-')]: {
      title: `${dataset === 'mnist' ? 'MNIST' : 'Fashion-MNIST'}, keep ${keep}, ${gated}, ${epochs === 2 ? 'two' : 'nine'} epochs`,
      about: COMPARE,
      commands: [['compare', ...data, '--methods', entrants, ...flags]],
      read([{ text }]) {
        // The last line says where the files of this machine are.
        const from = text.slice(text.search(/^.* seeds, on /m)).replace(/^results\.csv, .*$/m, '');
        return { adapter: / seeds, on (.+)$/m.exec(from)[1], body: printed(firstTables(from, tables)) };
      },
    },
  };
}

const BENCH = `Time of a training step by keep ratio, beside that of the dense step. *Over dense*: time over the dense step's time. *Multiply-adds predict*: the same
ratio, of multiply-adds. *Over that*: how many times the predicted share a step took, turn by turn. The columns behind are milliseconds of each phase.`;
const COMPARE = `\`mlp-512-256\`, every method with its preset of \`lacuna compare\`. No choice of settings saw these seeds. The printout explains its columns;
[methods](../methods.md) says what is counted.`;

/**
 * Every table by the name of its file. `commands`: arguments of the program. `read` gets of each command what it printed (`text`) and, of
 * `lacuna train`, its log (`log`); it answers with the adapter and the table in Markdown.
 */
export const resultTables = {
  'mnist-learned-or-static': {
    title: 'MNIST: learned mask and static random mask',
    about:
      'Test accuracy in per cent under the decided mask. `mlp-512-256`, inputs and hidden neurons gated, nine epochs, default settings for both methods, three seeds.',
    commands: ['0.2', '0.1'].flatMap((keep) =>
      [[], ['--method', 'static']].flatMap((method) =>
        [1, 2, 3].map((seed) => ['train', '--gate-inputs', '--keep-ratio', keep, ...method, '--seed', String(seed)]),
      ),
    ),
    read(outputs) {
      const runs = outputs.map(({ log }) => logOf(log));
      const rows = [0, 3, 6, 9].map((first) => {
        const three = runs.slice(first, first + 3);
        const { keep_ratio, method } = three[0].run.settings;
        const mean = three.reduce((sum, { result }) => sum + result.test_accuracy, 0) / 3;
        return [String(keep_ratio), method === 'static' ? 'static random' : 'learned', ...three.map(percent), (100 * mean).toFixed(2)];
      });
      return { adapter: runs[0].run.adapter, body: table(['keep ratio', 'mask', 'seed 1', 'seed 2', 'seed 3', 'mean'], rows) };
    },
  },
  ...compare({ keep: 0.1, entrants: ALL, tables: Number.POSITIVE_INFINITY }),
  ...compare({ keep: 0.1, inputs: false, entrants: ALL }),
  ...compare({ keep: 0.05 }),
  ...compare({ keep: 0.2 }),
  ...compare({ dataset: 'fashion-mnist', keep: 0.05 }),
  ...compare({ dataset: 'fashion-mnist', keep: 0.1, entrants: `dense,${SPARSE}` }),
  ...compare({ dataset: 'fashion-mnist', keep: 0.2 }),
  ...compare({ dataset: 'fashion-mnist', keep: 0.1, inputs: false }),
  ...compare({ keep: 0.05, epochs: 9 }),
  ...compare({ keep: 0.1, epochs: 9 }),
  ...compare({ keep: 0.2, epochs: 9 }),
  ...compare({ keep: 0.1, inputs: false, epochs: 9 }),
  ...compare({ dataset: 'fashion-mnist', keep: 0.05, epochs: 9 }),
  ...compare({ dataset: 'fashion-mnist', keep: 0.1, epochs: 9 }),
  ...compare({ dataset: 'fashion-mnist', keep: 0.2, epochs: 9 }),
  ...compare({ dataset: 'fashion-mnist', keep: 0.1, inputs: false, epochs: 9 }),
  'search-cnn': {
    title: 'CIFAR-10: settings found with a small CNN',
    about: `\`cnn-16-32\`, hidden channels gated, keep 0.3, two epochs, one seed. For each method twelve tries: four learning rates by three values of one other setting.
The accuracy is that of the best try on 8,333 training rows that no try was trained on. One seed tells differences of one or two points apart from nothing.`,
    commands: [
      [
        ...['compare', '--search', '--dataset', 'cifar10', '--model', 'cnn-16-32', '--keep-ratio', '0.3', '--epochs', '2', '--gate-inputs=false'],
        ...['--methods', 'dense,small-dense,static,rigl,vrpge,fisher,fisher-pruning'],
      ],
    ],
    read([{ text }]) {
      const winners = [...text.matchAll(/^(\S+) => &\[(.+)\], \/\/ ([\d.]+) %$/gm)].map(([, name, settings, accuracy]) => [
        name,
        [...settings.matchAll(/\("(\w+)", "([^"]+)"\)/g)].map(([, setting, value]) => `\`${setting}\` ${value}`).join(', '),
        accuracy,
      ]);
      const [, adapter] = /test rows, on (.+)$/m.exec(text);
      return { adapter, body: table(['method', 'settings', 'accuracy %'], winners) };
    },
  },
  'estimators-mid-run': {
    title: 'Structure gradients in the middle of a run',
    about: `MNIST, \`mlp-512-256\`, inputs and hidden neurons gated, frozen after some of 936 steps; α = ½, 300 pairs of masks on 32 batches in turn. *F*: the Fisher
information, estimated from the gradient of the batch or found exactly from that of each image. *Variance*: of two-sided with the control variate c, over
that without it. The cosines are those to the true gradient, of one sample and of the mean of all. With so few masks the true gradient has an error of
its own, so that no cosine reaches 1.`,
    commands: ['100', '300', '600'].flatMap((step) => [[], ['--exact-information']].map((exact) => ['estimator', ...MID_RUN, '--after-steps', step, ...exact])),
    read(outputs) {
      const reports = outputs.map(({ text }) => jsonLines(text)[0]);
      const cells = (report) => {
        const of = (name) => report.rows.find(({ estimator, alpha }) => estimator === name && alpha === 0.5);
        const exact = report.link.includes('exact_information');
        const controlled = of('two-sided, c');
        return [
          String(report.step),
          exact ? 'exact' : 'estimated',
          controlled.variance_ratio.toFixed(2),
          ...[of('two-sided').cosine, controlled.cosine, of('first order').mean_cosine, of('second order').mean_cosine].map((cosine) => cosine.toFixed(3)),
          report.control_cosine.toFixed(2),
        ];
      };
      const head = ['step', 'F', 'variance', 'one sample, two-sided', 'one sample, with c', 'mean, first order', 'mean, second order', 'c'];
      return { adapter: reports[0].adapter, body: table(head, reports.map(cells)) };
    },
  },
  planted: {
    title: 'Planted features: which inputs the mask keeps',
    about: `The data set \`planted\` has 256 inputs. 32 of them carry the class, all equally strongly. The budget of keep ratio 0.125 allows 128 of the 1,024
units of the network; the scores divide it between inputs and neurons.`,
    commands: [1, 2, 3, 4, 5, 6].map((seed) => ['train', '--dataset', 'planted', '--gate-inputs', '--keep-ratio', '0.125', '--seed', String(seed)]),
    read(outputs) {
      const runs = outputs.map(({ log }) => logOf(log));
      const rows = runs.map(({ run, result }) => [run.settings.seed, `${result.informative_kept} of ${result.informative}`, result.kept[0]].map(String));
      return { adapter: runs[0].run.adapter, body: table(['seed', 'kept of the inputs that carry the class', 'kept of all inputs'], rows) };
    },
  },
  'cifar10-one-epoch': {
    title: 'CIFAR-10: one epoch of a small convolutional network',
    about: `One epoch shows that the network learns. What a mask is worth on CIFAR-10 takes hundreds of epochs (the authors of the method train 300).`,
    commands: [['train', '--dataset', 'cifar10', '--model', 'cnn-32-64-128', '--keep-ratio', '0.3', '--epochs', '1', '--batch-size', '64']],
    read(outputs) {
      const [{ run, result }] = outputs.map(({ log }) => logOf(log));
      const gated = run.groups.filter(({ gated }) => gated);
      const rows = [
        ['test accuracy under the decided mask', `${(100 * result.test_accuracy).toFixed(1)} %`],
        ...gated.map(({ name, size }, index) => [`channels kept of ${name}`, `${result.kept[index]} of ${size}`]),
        ['seconds', String(Math.round(result.seconds))],
      ];
      return { adapter: run.adapter, body: table(['what', 'value'], rows) };
    },
  },
  'bench-mlp-1024-1024': bench('Speed: mlp-1024-1024', `${BENCH} Batch 128, hidden neurons gated.`, ['--repeats', '9']),
  'bench-vgg16': bench('Speed: vgg16', `${BENCH} Images of 3×32×32, batch 128.`, ['--model', 'vgg16', '--repeats', '3']),
  'bench-resnet32': bench('Speed: resnet32', `${BENCH} Images of 3×32×32, batch 32.`, ['--model', 'resnet32', '--batch-size', '32', '--repeats', '3']),
  'estimator-variance': {
    title: 'Variance of the structure gradients',
    about: `One unit of a small frozen network is given ever lower scores, and pairs of masks are drawn on the adapter. In each row the upper line is measured over
20,000 pairs, with its standard error; the lower line is exact, from all 64 masks.`,
    commands: [['estimator', '--table']],
    read([{ text }]) {
      const from = text.slice(text.search(/^Variance of /m));
      return { adapter: /, frozen, on (.+)$/m.exec(from)[1], body: printed(from) };
    },
  },
  networks: {
    title: 'Networks: weights, work and memory',
    about: `What \`lacuna model\` computes for images like CIFAR-10's (MNIST's for the mlp), batch 128. *Step at R*: a sparse step's multiply-adds over a dense step's, with keep ratio R
spread evenly. *Sparse*: memory at the first step. *At R*: memory for scores of R. *Compacted at R*: memory with \`--compact\`, once units have been dropped. Nothing is trained and
no GPU is used.`,
    commands: NETWORKS.flatMap((name) => KEEP.map((keep) => ['model', name, '--keep-ratio', keep, '--json'])),
    read(outputs) {
      const accounts = outputs.flatMap(({ text }) => jsonLines(text));
      const rows = NETWORKS.map((name) => {
        const [sparser, denser] = accounts.filter(({ model }) => model === name);
        const [first, second] = [sparser.bytes, denser.bytes];
        const memory = [first.dense, first.sparse, first.at_keep_ratio, second.at_keep_ratio, first.compacted, second.compacted];
        return [
          `\`${name}\``,
          count(sparser.weights),
          count(sparser.multiply_adds_forward),
          sparser.predicted_ratio.toFixed(3),
          denser.predicted_ratio.toFixed(3),
          ...memory.map(({ total }) => bytes(total)),
        ];
      });
      const head = ['network', 'weights', 'multiply-adds an image, forward', 'step at 0.1', 'step at 0.2'];
      const memory = ['memory, dense', 'sparse', 'at 0.1', 'at 0.2', 'compacted at 0.1', 'compacted at 0.2'];
      return { adapter: 'none', body: table([...head, ...memory], rows) };
    },
  },
};

/** The file of a table. `made`: commit, adapter and date. */
export function fileOf(name, made, body) {
  const { title, about, commands } = resultTables[name];
  const facts = table(
    ['', ''],
    [
      ['commit', `\`${made.commit}\``],
      ['adapter', made.adapter],
      ['date', made.date],
      ['made again by', `\`npm run results -- ${name}\``],
    ],
  );
  return `# ${title}\n\n${about}\n\n${facts}\n\n\`\`\`sh\n${commands.map(commandLine).join('\n')}\n\`\`\`\n\n${body}\n`;
}
