// Draws the icons that the manifest names from www/public/icon.svg, by the Chromium of the tests: node scripts/icons.mjs

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { findChromium } from './chromium.mjs';
import { root } from './command.mjs';

const folder = path.join(root, 'www', 'public');
const drawing = readFileSync(path.join(folder, 'icon.svg'), 'utf8');
// A launcher may crop icons to its own shape: the background reaches the edges, and the drawing is within the middle four fifths.
const whole = drawing.replace(' rx="7"', '').replace('<g ', '<g transform="translate(3.2 3.2) scale(0.8)" ');

const browser = await chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox'] });
try {
  for (const [name, side, svg] of [
    ['icon-192', 192, drawing],
    ['icon-512', 512, drawing],
    ['icon-whole', 512, whole],
  ]) {
    const page = await browser.newPage({ viewport: { width: side, height: side } });
    await page.setContent(`<style>body { margin: 0 } svg { display: block; width: 100vw }</style>${svg}`);
    await page.screenshot({ path: path.join(folder, `${name}.png`), omitBackground: true });
  }
} finally {
  await browser.close();
}
