// Markdown of the tables of docs/results, and what several of its scripts read from the program's output.

const row = (cells) => `| ${cells.join(' | ')} |`;

/** A table with a head and rows of cells. */
export const table = (head, rows) => [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');

/** A number with so many significant digits, and commas between thousands. */
export const significant = (value, digits) => Number(value.toPrecision(digits)).toLocaleString('en', { maximumSignificantDigits: digits });

/** A printout of the program, without spaces at the ends of lines. */
export const printed = (text) => `\`\`\`text\n${text.replaceAll(/ +$/gm, '').trim()}\n\`\`\``;

/** A command as a user types it. */
export const commandLine = (args) => `lacuna ${args.join(' ')}`;

/** The objects of an output that has one JSON object a line, beside other lines. */
export const jsonLines = (text) =>
  text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));

/** The lines of a run's log by what they are. */
export function logOf(text) {
  const lines = jsonLines(text);
  return {
    run: lines.find(({ event }) => event === 'run'),
    steps: lines.filter(({ event }) => event === undefined),
    result: lines.findLast(({ event }) => event === 'result'),
  };
}
