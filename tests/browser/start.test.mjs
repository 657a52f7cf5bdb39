// `npm start` on a machine where all is built: it serves the page within seconds and ends cleanly.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import process from 'node:process';
import { after, before, test } from 'node:test';
import { root } from '../../scripts/command.mjs';
import { PATIENCE_MS, Visitor, launch } from './harness.mjs';

let browser;
before(async () => void (browser = await launch()));
after(() => browser?.close());

test('npm start names an address where the page trains, and Ctrl-C ends it', { timeout: 8 * PATIENCE_MS }, async () => {
  const start = spawn(process.execPath, [path.join('scripts', 'start.mjs')], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    let said = '';
    const address = await new Promise((resolve, reject) => {
      start.stdout.setEncoding('utf8').on('data', (text) => {
        said += text;
        const found = said.match(/Lacuna is at (http:\S+)/);
        if (found) resolve(found[1]);
      });
      start.on('exit', (code) => reject(new Error(`npm start ended with ${code}:\n${said}`)));
    });
    const visitor = await Visitor.open(browser, { page: address, origin: new URL(address).origin }, 'dataset=planted&model=mlp-32&batch_size=16&steps=40');
    await visitor.see('train').click();
    await visitor.steps(5);
    // The policy reaches workers too, and lets through the style sheets of panels, which come as elements here.
    const [engine] = visitor.page.workers();
    for (const url of [address, engine.url()])
      assert.match((await fetch(url)).headers.get('Content-Security-Policy') ?? '', /^default-src 'none';.* style-src 'nonce-[^']+' 'self';/, url);
    await visitor.see('view-check').click();
    await visitor.see('check-go').waitFor();
    assert.equal(await visitor.page.locator('.verdict').evaluate((line) => getComputedStyle(line).fontSize), '19px');
    await visitor.leave();
  } finally {
    const ended = once(start, 'exit');
    start.kill('SIGINT');
    const [code, signal] = start.exitCode === null ? await ended : [start.exitCode, null];
    assert.equal(signal ?? code, 0, 'npm start ends by Ctrl-C as by its own will');
  }
});
