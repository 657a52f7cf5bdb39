// Runs other programs: quietly while they succeed, with everything they said when they fail.

import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** The folder of the repository; every command runs in it, wherever the person stands. */
export const root = fileURLToPath(new URL('..', import.meta.url));

const windows = process.platform === 'win32';

/** A failure already in words for the person: shown without a stack. */
export class Explained extends Error {}

/** A program that ended with another code than 0. `output` is all it printed, in order. */
export class CommandFailed extends Explained {
  constructor(line, code, output) {
    super(`\`${line}\` failed (${code})`);
    this.output = output;
  }
}

const running = new Set();

/** Ends what was started here, so that no compiler or browser outlives an interrupted command. */
export function stopChildren(signal = 'SIGTERM') {
  for (const child of running) child.kill(signal);
}

/** Where cargo has its programs and the sources of libraries. */
export const cargoHome = process.env.CARGO_HOME ?? path.join(os.homedir(), '.cargo');

/** rustup's own folder may be missing from PATH in the very terminal that installed it. */
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
    // A system that does not allow it runs the program as any other.
  }
}

/**
 * Runs a program without a standard input and answers with everything it printed.
 * It runs in `cwd`. `note` hears its latest line, `env` is added to the environment. `background`: what else the machine does goes first.
 */
export function run(command, args = [], { note = () => {}, env = {}, cwd = root, background = false } = {}) {
  const line = [path.basename(command), ...args].join(' ');
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, PATH: searchPath().join(path.delimiter), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    // At once, because what it starts in turn inherits this. Without an id it could not be started, which the event tells.
    if (background && child.pid) lower(child.pid);
    let output = '';
    const hear = (text) => {
      output += text;
      const lines = text.split(/[\r\n]+/).filter((each) => each.trim());
      if (lines.length > 0) note(lines.at(-1).trim());
    };
    child.stdout.setEncoding('utf8').on('data', hear);
    child.stderr.setEncoding('utf8').on('data', hear);
    child.on('error', (error) => {
      running.delete(child);
      reject(new CommandFailed(line, error.code ?? error.message, output));
    });
    child.on('close', (code, signal) => {
      running.delete(child);
      if (code === 0) resolve(output);
      else reject(new CommandFailed(line, signal ?? code, output));
    });
  });
}

/** npm is a script: run by this very Node, it needs neither a shell nor a PATH. */
export function npm(args, options) {
  const script = process.env.npm_execpath;
  return script?.endsWith('.js') ? run(process.execPath, [script, ...args], options) : run('npm', args, options);
}

export const cargo = (args, options) => run('cargo', args, options);
