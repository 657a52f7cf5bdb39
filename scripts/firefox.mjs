// The Firefox that the browser tests drive beside Chromium: another implementation of WebGPU.

import { existsSync } from 'node:fs';
import process from 'node:process';
import { find, run } from './command.mjs';

/** The oldest version that is known to support all commands of the library that drives it; 140 does not. */
export const OLDEST_FIREFOX = 153;

const places = {
  darwin: ['/Applications/Firefox.app/Contents/MacOS/firefox'],
  win32: ['C:\\Program Files\\Mozilla Firefox\\firefox.exe'],
};

/** The path of Firefox, or null. The variable LACUNA_FIREFOX overrides it. */
export function findFirefox() {
  if (process.env.LACUNA_FIREFOX) return process.env.LACUNA_FIREFOX;
  for (const name of ['firefox-esr', 'firefox']) {
    const file = find(name);
    if (file) return file;
  }
  return (places[process.platform] ?? []).find((file) => existsSync(file)) ?? null;
}

/** Whether there is one that the tests can drive. */
export async function hasFirefox() {
  const file = findFirefox();
  if (!file) return false;
  const [, version] = (await run(file, ['--version'])).match(/Firefox (\d+)/) ?? [];
  return Number(version) >= OLDEST_FIREFOX;
}
