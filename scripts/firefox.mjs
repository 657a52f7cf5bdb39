// The Firefox that the browser tests drive beside Chromium: another implementation of WebGPU.

import { existsSync } from 'node:fs';
import process from 'node:process';
import { find } from './command.mjs';

const places = {
  darwin: ['/Applications/Firefox.app/Contents/MacOS/firefox'],
  win32: ['C:\\Program Files\\Mozilla Firefox\\firefox.exe'],
};

/** Its path, or null. LACUNA_FIREFOX names another one. */
export function findFirefox() {
  if (process.env.LACUNA_FIREFOX) return process.env.LACUNA_FIREFOX;
  for (const name of ['firefox-esr', 'firefox']) {
    const file = find(name);
    if (file) return file;
  }
  return (places[process.platform] ?? []).find((file) => existsSync(file)) ?? null;
}
