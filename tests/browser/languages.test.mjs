// The languages of the page: each shows its words everywhere, fits every window, and is chosen by the link, in the header, or by the browser.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { root } from '../../scripts/command.mjs';
import { inEveryWindow } from './every-window.mjs';
import { PATIENCE_MS, site } from './harness.mjs';

const { visit } = site();
const limit = { timeout: 4 * PATIENCE_MS };
const RUN = 'model=mlp-16&gate_inputs=true&batch_size=16&steps=30';
const tables = Object.fromEntries(
  ['de', 'es', 'zh-Hans'].map((name) => [name, JSON.parse(readFileSync(path.join(root, 'www', 'words', `${name}.json`), 'utf8'))]),
);

/** Texts on the page that are English although the language has another word for them. */
const leftInEnglish = (visitor, table) =>
  visitor.page.evaluate((words) => {
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
    const found = [];
    const look = (text, node) => {
      const plain = text.trim();
      if (Object.hasOwn(words, plain) && words[plain] !== plain && !Object.values(words).includes(plain))
        found.push(`${plain} in ${node.outerHTML?.slice(0, 80)}`);
    };
    for (let node = walk.currentNode; node; node = walk.nextNode()) {
      if (!(node instanceof Element)) {
        if (!node.parentElement.closest('script, style, noscript, [translate="no"], code, math')) look(node.nodeValue, node.parentElement);
      } else for (const name of ['aria-label', 'title', 'alt', 'placeholder']) look(node.getAttribute(name) ?? '', node);
    }
    return found;
  }, table);

for (const [name, words] of Object.entries(tables)) {
  test(`${name}: every view speaks it and fits every window`, limit, async () => {
    const visitor = await visit(`lang=${name}&${RUN}`);
    await visitor.state('idle');
    assert.equal(await visitor.page.evaluate(() => document.documentElement.lang), name);
    assert.equal(await visitor.page.title(), words['Lacuna: sparse training, live']);
    assert.equal(await visitor.see('train').innerText(), words['Train']);
    assert.equal(await visitor.see('language').inputValue(), name);
    assert.match(visitor.query(), new RegExp(`lang=${name}`), 'the address stays in its language');
    await visitor.see('train').click();
    await visitor.state('finished');
    const done = await visitor.see('status').innerText();
    assert.ok(done.startsWith(words['Done.']), done);
    if (name !== 'zh-Hans') assert.match(await visitor.see('accuracy').innerText(), /^\d+,\d/, 'decimals as in this language');
    for (const view of ['network', 'runs', 'estimators', 'try', 'check', 'lessons']) {
      await visitor.see(`view-${view}`).click();
      await visitor.page.locator(`#${view} *`).first().waitFor();
      assert.deepEqual(await leftInEnglish(visitor, words), [], view);
      if (view === 'lessons') await visitor.accessible(`${name}, ${view}`);
    }
    await visitor.see('view-network').click();
    for (const card of ['tour', 'method-panel', 'adapter']) {
      await visitor.see(card).click();
      await visitor.page.locator('.card').waitFor();
      assert.deepEqual(await leftInEnglish(visitor, words), [], card);
    }
    await visitor.page.keyboard.press('Escape');
    await visitor.accessible(`${name}, the network`);
    await inEveryWindow(visitor, `language-${name}`, 'status', { scrolled: true });
    await visitor.leave();
  });
}

test('a language is chosen in the header and stays; a link is stronger; choosing gives the link up', limit, async () => {
  const visitor = await visit(`lang=es&${RUN}`);
  await visitor.state('idle');
  await Promise.all([visitor.page.waitForEvent('load'), visitor.see('language').selectOption('de')]);
  await visitor.state('idle');
  assert.equal(await visitor.see('train').innerText(), tables.de['Train']);
  assert.doesNotMatch(visitor.query(), /lang=/);
  const { page: address } = await visitor.page.evaluate(() => ({ page: location.href }));
  await visitor.page.goto(`${address.split('?')[0]}?lang=es&${RUN}`);
  await visitor.state('idle');
  assert.equal(await visitor.see('train').innerText(), tables.es['Train']);
  await visitor.page.goto(`${address.split('?')[0]}?${RUN}`);
  await visitor.state('idle');
  assert.equal(await visitor.see('train').innerText(), tables.de['Train']);
  await visitor.leave();
});

test('the browser’s language is taken, and English where its table cannot be loaded', limit, async () => {
  const visitor = await visit(RUN, { locale: 'zh-CN' });
  await visitor.state('idle');
  assert.equal(await visitor.see('train').innerText(), tables['zh-Hans']['Train']);
  await visitor.leave();
  const without = await visit(RUN, { locale: 'de-CH', without: /assets\/de-.*\.js/ });
  await without.state('idle');
  assert.equal(await without.see('train').innerText(), 'Train');
  assert.equal(await without.page.evaluate(() => document.documentElement.lang), 'en');
  without.complaints.length = 0;
  await without.leave();
});
