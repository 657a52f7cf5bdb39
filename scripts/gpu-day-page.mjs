// The page of `npm run gpu-day`, from what its commands printed.

import { isSoftware } from './gpu-day-plan.mjs';
import { commandLine, jsonLines, logOf, significant, table } from './markdown.mjs';

/** A sparse step should take at most so many times the time that its multiply-adds predict, where multiply-adds take most of the step. */
export const AIM = 1.2;
/** Multiply-adds take most of a step whose forward and backward phases take at least this share of its time. */
export const MOST = 0.8;
/** Rows of a learning curve. */
const BINS = 10;
/** The α of the table of the estimators. */
const ALPHA = 0.5;

const ended = ({ results }, kind) => results.filter((result) => result.step.kind === kind && result.state === 'ended');

/** The lines of a timed network, dense first, and its multiply-adds of a dense step for each image. */
function timed({ outputs }) {
  const [{ text }, model] = outputs;
  return { lines: jsonLines(text), work: jsonLines(model.text)[0].multiply_adds_dense_step };
}

/** The share of the forward and backward phases in the phases of a step; null if the adapter has no clock. */
export function productShare({ phases }) {
  const times = Object.values(phases);
  if (times.length === 0) return null;
  return (phases.forward + phases.backward) / times.reduce((sum, ms) => sum + ms, 0);
}

function throughput(day) {
  const rows = ended(day, 'bench').map((result) => {
    const {
      lines: [dense],
      work,
    } = timed(result);
    const all = work * dense.batch_size;
    return [
      `\`${dense.model}\``,
      String(dense.batch_size),
      `${significant(dense.step_ms, 4)} ± ${significant(dense.step_ms_spread, 2)}`,
      significant(all / 1e9, 4),
      significant(all / dense.step_ms / 1e6, 4),
    ];
  });
  const head = ['network', 'batch', 'ms a dense step', 'multiply-adds of it, 10⁹', 'multiply-adds a second, 10⁹'];
  return rows.length === 0 ? null : table(head, rows);
}

function ratios(day) {
  const found = ended(day, 'bench').map(timed);
  if (found.length === 0) return null;
  const keeps = [...new Set(found.flatMap(({ lines }) => lines.slice(1).map(({ keep_ratio }) => keep_ratio)))].sort((one, other) => one - other);
  const all = found.flatMap(({ lines }) => lines.slice(1));
  const cell = (line) => {
    if (line === undefined) return '';
    const share = productShare(line);
    return `${line.over_predicted.toFixed(2)}${share === null ? '' : ` (${Math.round(100 * share)} %)`}`;
  };
  const rows = found.map(({ lines }) => [
    `\`${lines[0].model}\``,
    ...keeps.map((keep) => cell(lines.find((line, index) => index > 0 && line.keep_ratio === keep))),
  ]);
  const bound = all.filter((line) => productShare(line) >= MOST);
  const reached = bound.filter(({ over_predicted }) => over_predicted <= AIM).length;
  const verdict = all.some((line) => productShare(line) === null)
    ? 'This adapter has no clock for phases, so that the page does not say where multiply-adds take most of a step.'
    : `Multiply-adds take most of ${bound.length} of these ${all.length} steps (at least ${100 * MOST} % of their time). Of those, ${reached} reach the aim of at most ${AIM}.`;
  return `${table(['network', ...keeps.map((keep) => `keep ${keep}`)], rows)}\n\n${verdict}`;
}

function choices(day) {
  const rows = ended(day, 'bench').flatMap((result) =>
    timed(result).lines.flatMap((line, index) => {
      const kernels = [...new Set(line.timed.map(({ kernel }) => kernel))];
      return kernels.map((kernel) => {
        const of = line.timed.filter((each) => each.kernel === kernel);
        const chosen = of.find((each) => each.chosen);
        const others = of.filter((each) => each !== chosen).map(({ variant, ms }) => `${variant} ${significant(ms, 3)}`);
        return [
          `\`${line.model}\``,
          index === 0 ? 'dense' : String(line.keep_ratio),
          `\`${kernel}\``,
          chosen?.variant ?? '',
          chosen ? significant(chosen.ms, 3) : '',
          others.join(', '),
        ];
      });
    }),
  );
  return rows.length === 0 ? null : table(['network', 'keep', 'kernel', 'chosen', 'ms a step', 'others, ms a step'], rows);
}

/** A number of any size with three significant digits; nothing where there is none. */
const number = (value) => {
  if (value === null || value === undefined) return '';
  return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(2) : significant(value, 3);
};

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Means of loss and accuracy over at most `BINS` parts of a run's steps. */
export function binned(steps) {
  const width = Math.ceil(steps.length / BINS);
  return Array.from({ length: Math.ceil(steps.length / width) }, (_, bin) => {
    const part = steps.slice(bin * width, (bin + 1) * width);
    return { last: part.at(-1).step + 1, loss: mean(part.map(({ loss }) => loss)), accuracy: mean(part.map(({ accuracy }) => accuracy)) };
  });
}

function curves(day) {
  const runs = ended(day, 'curve').map((result) => ({ method: result.step.method, ...logOf(result.outputs[0].log) }));
  if (runs.length === 0) return null;
  const bins = runs.map(({ steps }) => binned(steps));
  const rows = bins[0].map(({ last }, index) => [
    String(last),
    ...bins.flatMap((each) => (each[index] ? [each[index].loss.toFixed(3), (100 * each[index].accuracy).toFixed(1)] : ['', ''])),
  ]);
  const head = ['up to step', ...runs.flatMap(({ method }) => [`loss, \`${method}\``, `accuracy %, \`${method}\``])];
  const ends = runs.map(({ method, result }) => {
    const { forward, backward, structure } = result.multiply_adds;
    return [
      `\`${method}\``,
      (100 * result.test_accuracy).toFixed(2),
      significant(result.training_seconds, 3),
      significant((forward + backward + structure) / 1e9, 4),
    ];
  });
  const end = table(['method', 'test accuracy at the end, %', 'seconds of training', 'multiply-adds, 10⁹'], ends);
  return `${table(head, rows)}\n\n${end}`;
}

function estimators(day) {
  const [found] = ended(day, 'estimators');
  if (!found) return null;
  const [report] = jsonLines(found.outputs[0].text);
  const rows = report.rows
    .filter(({ alpha }) => alpha === ALPHA)
    .map((row) => [
      row.estimator,
      number(row.bias),
      number(row.bias_chance),
      row.verdict,
      ...[row.variance, row.variance_ratio, row.bound, row.signal_to_noise, row.cosine, row.mean_cosine].map(number),
    ]);
  const head = ['estimator', 'bias', 'by chance', 'verdict', 'variance', 'over two-sided', 'bound', 'signal to noise', 'cosine', 'cosine of the mean'];
  return `${table(head, rows)}\n\nAfter ${report.step} steps, ${report.pairs} pairs of masks, ${report.undecided_units} of ${report.units} units undecided, α = ${ALPHA}.`;
}

function variance(day) {
  const [found] = ended(day, 'variance');
  if (!found) return null;
  const [{ rows, pairs }] = jsonLines(found.outputs[0].text);
  const head = ['s', ...rows[0].cells.map(({ estimator, alpha }) => `${estimator}, α = ${alpha}`)];
  const cells = rows.map(({ score, cells: each }) => [
    String(Number(score.toPrecision(6))),
    ...each.map((cell) => `${number(cell.variance)} (${number(cell.exact)})`),
  ]);
  return `${table(head, cells)}\n\nMeasured over ${pairs} pairs, in brackets the exact value.`;
}

function check(day) {
  const found = day.results.find(({ step }) => step.kind === 'check');
  const said = (found?.outputs[0]?.text ?? '')
    .trim()
    .split('\n')
    .findLast((line) => / kernels (passed|differ)/.test(line));
  return said ? `\`lacuna check\`: ${said.trim()}.` : null;
}

const SECTIONS = [
  ['Every kernel and its reference', '', check],
  ['Dense steps', '', throughput],
  [
    'Sparse steps over the prediction',
    'The time of a sparse step over that of the dense step, divided by the same ratio of multiply-adds. In brackets: the share of the forward and backward phases in the step.',
    ratios,
  ],
  ['The variants of kernels', 'Timed for the shapes of each network and keep ratio. The chosen one runs in the steps above.', choices],
  ['Learning curves of resnet32', 'Means over the training batches of the steps since the row before.', curves],
  ['Estimators in the middle of a run', '', estimators],
  ['Variance of the estimators', 'Of one unit of a small network, as its score falls.', variance],
];

/** The title of the page: a rehearsal is no GPU day. */
export function titleOf({ adapter, isRehearsal }) {
  if (!isRehearsal) return 'A GPU day';
  return isSoftware(adapter) ? 'A GPU day: rehearsal, in software' : 'A GPU day: rehearsal';
}

/**
 * The page of a day: `{ commit, adapter, driver, date, isRehearsal, flags, seconds, data, results }`. `flags`: those of the adapter. `data`: sentences
 * on the data sets. A result is
 * `{ step, state, words, seconds, outputs }`: `state` is ended, failed or skipped, `words` says more, an output has the command's arguments `args`, what
 * it printed (`text`) and, of `lacuna train`, its log (`log`). That of a command that failed has `isBroken`: its last line may be half printed.
 */
export function pageOf(day) {
  const more = [...day.flags, ...(day.isRehearsal ? ['--rehearse DIR'] : [])];
  const facts = table(
    ['', ''],
    [
      ['commit', `\`${day.commit}\``],
      ['adapter', day.adapter],
      ['driver', day.driver],
      ['date', day.date],
      ['took', `${Math.round(day.seconds)} s, with compiling`],
      ['made again by', `\`npm run gpu-day${more.length > 0 ? ` -- ${more.join(' ')}` : ''}\``],
    ],
  );
  const missing = day.results.filter(({ state }) => state !== 'ended');
  const complete =
    missing.length === 0
      ? 'Every command ended well.'
      : `**The results of ${missing.length} of ${day.results.length} steps are missing**: ${missing.map(({ step, words }) => `${step.name} (${words})`).join('; ')}.`;
  const rehearsal = day.isRehearsal
    ? '**This is a rehearsal: every command ran at its smallest size. Its figures say that the script works, and nothing of a GPU.**\n\n'
    : '';
  const commands = table(
    ['command', 'outcome', 'seconds'],
    day.results.map(({ step, words, seconds }) => [
      step.commands.map((args) => `\`${commandLine(args)}\``).join('<br>'),
      words.replaceAll('|', '\\|'),
      seconds.toFixed(1),
    ]),
  );
  const sections = SECTIONS.map(([title, about, body]) => {
    const text = body(day) ?? 'There is no result: the commands say why.';
    return `## ${title}\n\n${about === '' ? '' : `${about}\n\n`}${text}\n`;
  });
  return `# ${titleOf(day)}\n\n${rehearsal}${complete} ${day.data.join(' ')}\n\n${facts}\n\n${sections.join('\n')}\n## Commands\n\n${commands}\n`;
}

/** What gpu-day.json has: the facts of the page, and of each step the objects that it printed. Of a log only the values of the curves. */
export function recordOf(day) {
  const output = ({ args, text, log, isBroken }) => {
    if (isBroken) return { command: commandLine(args), text };
    if (log !== undefined) {
      const { run, steps, result } = logOf(log);
      const short = steps.map(({ step, loss, accuracy, kept, step_ms }) => ({ step, loss, accuracy, kept, step_ms }));
      return { command: commandLine(args), run, steps: short, result };
    }
    const objects = jsonLines(text);
    return { command: commandLine(args), ...(objects.length > 0 ? { printed: objects } : { text }) };
  };
  const { commit, adapter, driver, date, isRehearsal, seconds: all, data, results } = day;
  return {
    title: titleOf(day),
    rehearsal: isRehearsal,
    commit,
    adapter,
    driver,
    date,
    seconds: all,
    data,
    steps: results.map(({ step, state, words, seconds, outputs }) => ({ name: step.name, state, words, seconds, outputs: outputs.map(output) })),
  };
}
