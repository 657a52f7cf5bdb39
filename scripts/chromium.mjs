// The Chromium that the browser tests drive: the system's own, never one downloaded by a test library.

import { existsSync } from 'node:fs';
import process from 'node:process';
import { find } from './command.mjs';

const places = {
  darwin: ['/Applications/Chromium.app/Contents/MacOS/Chromium', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'],
  win32: ['C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe'],
};

/** The path of Chromium, or null. The variable LACUNA_CHROMIUM overrides it. */
export function findChromium() {
  if (process.env.LACUNA_CHROMIUM) return process.env.LACUNA_CHROMIUM;
  for (const name of ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']) {
    const file = find(name);
    if (file) return file;
  }
  return (places[process.platform] ?? []).find((file) => existsSync(file)) ?? null;
}

/** The path of headless Chromium, which makes tests faster, or of Chromium where it is not installed. */
export const findHeadlessChromium = () => (process.env.LACUNA_CHROMIUM ? findChromium() : (find('chromium-headless-shell') ?? findChromium()));
