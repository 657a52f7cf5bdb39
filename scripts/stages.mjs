// Runs stages of work, in parallel where possible. Each prints one numbered line: what it does, and how long it took.

import process from 'node:process';
import { CommandFailed, Explained, stopChildren } from './command.mjs';

const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** How many stages run in parallel at most. On two cores more of them would only slow each other down. */
const TOGETHER = 2;

/**
 * Runs stages and stops at the first that fails. A stage is `{ name, title, work, needs, after, keeps }`: `needs` and `after` are names of stages
 * that must have ended before, `after` only if they are run at all. `keeps` names resources: two stages with the same resource do not run at the
 * same time. Of the stages that can begin, the first one of the list begins. A list of `[title, work]` runs one after another.
 * `work(note)` may return a short text about its result; `note` is called with what it does. Throws what the stage threw, with `stage` set to its title.
 */
export async function runStages(list) {
  const stages = list.map((stage, index) =>
    Array.isArray(stage) ? { name: index, title: stage[0], work: stage[1], needs: index > 0 ? [index - 1] : [] } : stage,
  );
  const names = new Set(stages.map(({ name }) => name));
  const [ended, running] = [new Set(), new Map()];
  const lines = new Lines();
  const canBegin = ({ name, needs = [], after = [], keeps = [] }) =>
    !ended.has(name) &&
    !running.has(name) &&
    [...needs, ...after].every((other) => ended.has(other) || !names.has(other)) &&
    [...running.values()].every((other) => !(other.stage.keeps ?? []).some((kept) => keeps.includes(kept)));
  let begun = 0;
  let failure = null;
  const begin = (stage) => {
    const line = lines.open(`[${(begun += 1)}/${stages.length}] ${stage.title}`);
    const work = (async () => {
      try {
        const words = await stage.work(line.note);
        line.close(`${line.seconds()}${words ? `, ${words}` : ''}`);
        ended.add(stage.name);
      } catch (error) {
        line.close(failure ? `stopped after ${line.seconds()}` : `failed after ${line.seconds()}`);
        if (!failure) {
          failure = error;
          error.stage = stage.title;
          stopChildren();
        }
      }
      running.delete(stage.name);
    })();
    running.set(stage.name, { stage, work });
  };
  try {
    while (!failure && ended.size < stages.length) {
      for (let next = stages.find(canBegin); next && running.size < TOGETHER; next = stages.find(canBegin)) begin(next);
      if (running.size === 0)
        throw new Error(
          `these stages wait for one another: ${stages
            .filter(({ name }) => !ended.has(name))
            .map(({ title }) => title)
            .join(', ')}`,
        );
      await Promise.race([...running.values()].map(({ work }) => work));
    }
    await Promise.all([...running.values()].map(({ work }) => work));
  } finally {
    lines.end();
  }
  if (failure) throw failure;
}

/**
 * In a terminal the last line is updated: which stages run, for how long, and the latest output. In a log a stage has a line at its beginning,
 * one at its end, and one every minute.
 */
class Lines {
  constructor() {
    this.all = [];
    this.is_live = process.stdout.isTTY === true;
    // The log must show which stage hangs.
    this.timer = this.is_live ? setInterval(() => this.draw(), 200) : null;
  }

  open(head) {
    const start = performance.now();
    const line = { head, latest: '', seconds: () => seconds(start) };
    this.all.push(line);
    if (!this.is_live) console.log(head);
    const minutes = this.is_live ? null : setInterval(() => console.log(`      ${line.seconds()}, ${head}: ${line.latest}`), 60_000);
    return {
      seconds: line.seconds,
      // Colours and cursor movements of the program would break the line.
      note: (text) => (line.latest = text.replaceAll(/\x1b\[[0-9;?]*[A-Za-z]/g, '')),
      close: (words) => {
        clearInterval(minutes);
        this.all = this.all.filter((each) => each !== line);
        if (!this.is_live) return console.log(`      ${head}: ${words}`);
        process.stdout.write(`\r\x1b[K${head}: ${words}\n`);
        this.draw();
      },
    };
  }

  draw() {
    const text = this.all.map(({ head, latest, seconds: taken }) => `${head} · ${taken()}${latest ? ` · ${latest}` : ''}`).join('   ');
    process.stdout.write(`\r\x1b[K${text.slice(0, Math.max(20, process.stdout.columns - 1))}`);
  }

  end() {
    clearInterval(this.timer);
    if (this.is_live) process.stdout.write('\r\x1b[K');
  }
}

/** Prints a failure: the output of the program, then the stage and the reason. */
export function explained(error) {
  const output = error instanceof CommandFailed && error.output ? `\n${error.output.trimEnd()}\n` : '';
  const words = error instanceof Explained ? error.message : error.stack;
  return `${output}\n${error.stage ? `Stopped at "${error.stage}": ` : ''}${words}`;
}

export const explain = (error) => console.log(explained(error));

/** Ctrl-C ends the running programs and then this one, without a stack and without an unfinished line. `code` returns the exit code. */
export function stopOnInterrupt(code = () => 130) {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      stopChildren(signal);
      process.stdout.write(process.stdout.isTTY ? '\r\x1b[KStopped.\n' : 'Stopped.\n');
      process.exit(code());
    });
  }
}
