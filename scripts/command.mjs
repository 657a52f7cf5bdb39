// Runs other programs. Their output is shown only if they fail.

import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** The folder of the repository. Every command runs in it. */
export const root = fileURLToPath(new URL('..', import.meta.url));

const windows = process.platform === 'win32';

/** An error whose message is meant for the user: shown without a stack. */
export class Explained extends Error {}

/** A program that exited with a code other than 0. `output`: all that it printed, in order. `seconds`: after which it was ended, or null. */
export class CommandFailed extends Explained {
  constructor(line, code, output, seconds = null) {
    super(`\`${line}\` failed (${seconds === null ? code : `ended after ${Math.round(seconds)} s`})`);
    this.output = output;
    this.seconds = seconds;
  }
}

const running = new Set();

/** Ends the programs that were started here, so that no compiler or browser runs on after an interruption. */
export function stopChildren(signal = 'SIGTERM') {
  for (const child of running) child.kill(signal);
}

/** Where cargo has its programs and the sources of libraries. */
export const cargoHome = process.env.CARGO_HOME ?? path.join(os.homedir(), '.cargo');

/** The folder of rustup may be missing from PATH in the terminal that installed it. */
function searchPath() {
  return [...(process.env.PATH ?? '').split(path.delimiter), path.join(cargoHome, 'bin')].filter(Boolean);
}

/** Where the program of that name is, or null. */
export function find(name) {
  const names = windows ? [`${name}.exe`, `${name}.cmd`] : [name];
  for (const folder of searchPath()) {
    for (const file of names.map((each) => path.join(folder, each))) {
      try {
        accessSync(file, constants.X_OK);
        if (statSync(file).isFile()) return file;
      } catch {
        // Not in this folder.
      }
    }
  }
  return null;
}

function lower(id) {
  try {
    os.setPriority(id, os.constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Where the system does not allow a lower priority, the program runs at the usual one.
  }
}

/**
 * Runs a program without a standard input and answers with everything it printed.
 * It runs in `cwd`. `note` is called with its latest line, `env` is added to the environment. `background`: at low priority.
 * `seconds`: how long it may take; then it is ended, and that is a failure.
 */
export function run(command, args = [], { note = () => {}, env = {}, cwd = root, background = false, seconds = null } = {}) {
  const line = [path.basename(command), ...args].join(' ');
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, PATH: searchPath().join(path.delimiter), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    // Set at once, because programs that it starts inherit this. Without an id it could not be started: the event reports that.
    if (background && child.pid) lower(child.pid);
    let isLate = false;
    const end = () => {
      isLate = true;
      // A program that waits for a driver hears no other signal.
      child.kill('SIGKILL');
    };
    const timer = seconds === null ? undefined : setTimeout(end, 1000 * seconds);
    let output = '';
    const hear = (text) => {
      output += text;
      const lines = text.split(/[\r\n]+/).filter((each) => each.trim());
      if (lines.length > 0) note(lines.at(-1).trim());
    };
    child.stdout.setEncoding('utf8').on('data', hear);
    child.stderr.setEncoding('utf8').on('data', hear);
    child.on('error', (error) => {
      clearTimeout(timer);
      running.delete(child);
      reject(new CommandFailed(line, error.code ?? error.message, output));
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      running.delete(child);
      if (code === 0) resolve(output);
      else reject(new CommandFailed(line, signal ?? code, output, isLate ? seconds : null));
    });
  });
}

/** npm is a script: run by this very Node, it needs neither a shell nor a PATH. */
export function npm(args, options) {
  const script = process.env.npm_execpath;
  return script?.endsWith('.js') ? run(process.execPath, [script, ...args], options) : run('npm', args, options);
}

export const cargo = (args, options) => run('cargo', args, options);
