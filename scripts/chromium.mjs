// The Chromium that the browser tests drive: the system's own, never one downloaded by a test library.

import { existsSync } from 'node:fs';
import process from 'node:process';
import { find } from './command.mjs';

const places = {
  darwin: ['/Applications/Chromium.app/Contents/MacOS/Chromium', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'],
  win32: ['C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe'],
};

/** Its path, or null. LACUNA_CHROMIUM names another one. */
export function findChromium() {
  if (process.env.LACUNA_CHROMIUM) return process.env.LACUNA_CHROMIUM;
  for (const name of ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']) {
    const file = find(name);
    if (file) return file;
  }
  return (places[process.platform] ?? []).find((file) => existsSync(file)) ?? null;
}

/** Chromium without windows, where it is installed, else Chromium itself: the same engine, and less work a test. */
export const findHeadlessChromium = () => (process.env.LACUNA_CHROMIUM ? findChromium() : (find('chromium-headless-shell') ?? findChromium()));
