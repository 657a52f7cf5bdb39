// One numbered line a stage: what is going on, and how long it took.

import process from 'node:process';
import { CommandFailed, Explained, stopChildren } from './command.mjs';

const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/**
 * Runs the stages in order and stops at the first that fails.
 * A stage is `[title, work]`; `work(note)` may answer with a few words on what it found, `note` says what it is at.
 * Throws what the stage threw, with `stage` set to its title.
 */
export async function runStages(stages) {
  for (const [index, [title, work]] of stages.entries()) {
    const head = `[${index + 1}/${stages.length}] ${title}`;
    const start = performance.now();
    const line = openLine(head, start);
    try {
      const words = await work(line.note);
      line.close(`${seconds(start)}${words ? `, ${words}` : ''}`);
    } catch (error) {
      line.close(`failed after ${seconds(start)}`);
      error.stage = title;
      throw error;
    }
  }
}

/** In a terminal the line lives: elapsed time and the latest word of the program at work. In a log it is two lines, and one more every minute. */
function openLine(head, start) {
  let latest = '';
  if (!process.stdout.isTTY) {
    console.log(head);
    // A stage that hangs must leave a trace of where.
    const timer = setInterval(() => console.log(`      ${seconds(start)}: ${latest}`), 60_000);
    return {
      note: (text) => (latest = text),
      close: (words) => {
        clearInterval(timer);
        console.log(`      ${words}`);
      },
    };
  }
  const draw = () => {
    const text = `${head} · ${seconds(start)}${latest ? ` · ${latest}` : ''}`;
    process.stdout.write(`\r\x1b[K${text.slice(0, Math.max(20, process.stdout.columns - 1))}`);
  };
  draw();
  const timer = setInterval(draw, 200);
  return {
    // Colours and cursor movements of the program would break the line.
    note: (text) => (latest = text.replaceAll(/\x1b\[[0-9;?]*[A-Za-z]/g, '')),
    close: (words) => {
      clearInterval(timer);
      process.stdout.write(`\r\x1b[K${head}: ${words}\n`);
    },
  };
}

/** Shows a failure: the program's own words whole, then which stage and why. */
export function explain(error) {
  if (error instanceof CommandFailed && error.output) process.stdout.write(`\n${error.output.trimEnd()}\n`);
  const words = error instanceof Explained ? error.message : error.stack;
  console.log(`\n${error.stage ? `Stopped at "${error.stage}": ` : ''}${words}`);
}

/** Ctrl-C ends what runs and then this program, without a stack and without a half line. `code` answers with the exit code. */
export function stopOnInterrupt(code = () => 130) {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      stopChildren(signal);
      process.stdout.write(process.stdout.isTTY ? '\r\x1b[KStopped.\n' : 'Stopped.\n');
      process.exit(code());
    });
  }
}
