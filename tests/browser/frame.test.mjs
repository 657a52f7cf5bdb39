// The page in a frame of a page of another origin: a lesson, its short header, and what it tells around it.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { PATIENCE_MS, site } from './harness.mjs';

const limit = { timeout: 3 * PATIENCE_MS };
const { visit } = site();
const LESSON = 'dataset=planted&model=mlp-16&batch_size=16&steps=120#lesson=keep_ratio.history&title=Which+inputs%3F&text=Press+Train.';
let host;

/** A page of another origin that shows the code it was asked for, and keeps the messages that it gets. */
before(async () => {
  const around = (code) => `<!doctype html><html lang="en"><title>A course</title><h1>A course</h1>${code}
<script>window.told = []; addEventListener('message', (event) => event.data?.source === 'lacuna' && told.push({ ...event.data, origin: event.origin }));</script></html>`;
  host = createServer((request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
    response.end(around(new URL(request.url, 'http://localhost').searchParams.get('code') ?? ''));
  });
  await new Promise((resolve) => host.listen(0, '127.0.0.1', resolve));
});
after(() => host.close());

test('a lesson is embedded in a page of another origin, and tells its steps and accuracy', limit, async () => {
  const visitor = await visit(LESSON);
  await visitor.until(() => window.reports.some(({ kind }) => kind === 'opened'));
  const { page } = visitor;
  const own = new URL(page.url());
  // The code is that of the card.
  await page.evaluate(() => {
    navigator.clipboard.writeText = async (text) => void (window.copied = text);
  });
  await visitor.see('lesson-all').click();
  await visitor.see('share').click();
  await visitor.see('make-lesson').click();
  await visitor.see('lesson-title').fill('Which inputs?');
  await visitor.see('lesson-embed').click();
  const code = await page.evaluate(() => window.copied);
  assert.match(code, /^<iframe src="[^"]+#lesson=[^"]+" title="Lacuna: Which inputs\?" [^>]+><\/iframe>$/);

  const about = `http://127.0.0.1:${host.address().port}/`;
  assert.notEqual(new URL(about).origin, own.origin);
  await page.setViewportSize({ width: 1100, height: 860 });
  await page.goto(`${about}?code=${encodeURIComponent(code)}`);
  const frame = page.frameLocator('iframe');
  const seen = (id) => frame.getByTestId(id);
  await seen('lesson').locator('h2', { hasText: 'Which inputs?' }).waitFor();
  for (const id of ['share', 'tour', 'adapter']) assert(await seen(id).isHidden(), id);
  await seen('open-whole').focus();
  assert.match(await seen('open-whole').getAttribute('href'), /steps=120#lesson=/);
  const header = await frame.locator('.top').boundingBox();
  assert(header.height < 60, `one line of ${header.height} pixels`);
  await seen('train').click();
  await page.waitForFunction(() => window.told.at(-1)?.state === 'finished' && window.told.at(-1).test_accuracy !== null, null, { timeout: PATIENCE_MS });
  const told = await page.evaluate(() => window.told);
  assert(told.every(({ version, origin, steps }) => version === 1 && origin === own.origin && [0, 120].includes(steps)));
  const steps = told.map(({ step }) => step);
  assert.deepEqual(
    steps,
    steps.toSorted((a, b) => a - b),
  );
  const last = told.at(-1);
  assert.deepEqual([last.step, last.steps, last.tested_at], [120, 120, 120]);
  assert(last.test_accuracy > 0 && last.test_accuracy <= 1);
  await visitor.screenshot('framed');
  await page.goto(own.href);
  await visitor.until(() => window.reports.some(({ kind }) => kind === 'opened'));
  assert.equal(await visitor.see('open-whole').count(), 0, 'outside a frame there is no such link');
  // The page around the frame is of another server.
  await visitor.leave([new RegExp(`somebody else: ${about}`)]);
});
