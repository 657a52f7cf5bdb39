// The content-security policy blocks what it forbids: in the page on any host, and in workers if the host sends the header.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { preview } from 'vite';
import { root } from '../../scripts/command.mjs';
import { PATIENCE_MS, Visitor, headersOf, launch, serve } from './harness.mjs';

const SMALL = 'dataset=planted&model=mlp-16&gate_inputs=true&batch_size=16&steps=6';
const limit = { timeout: 2 * PATIENCE_MS };
const DIST = path.join(root, 'dist');

let browser;
let stranger;
/** Another server, which would answer any request, and the requests that it got. */
let elsewhere;
const asked = [];
before(async () => {
  browser = await launch();
  stranger = createServer((request, response) => {
    asked.push(request.url);
    response
      .writeHead(200, { 'Content-Type': 'image/svg+xml', 'Access-Control-Allow-Origin': '*' })
      .end('<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>');
  }).listen(0, '127.0.0.1');
  await once(stranger, 'listening');
  elsewhere = `http://localhost:${stranger.address().port}`;
});
after(async () => {
  await browser?.close();
  stranger?.closeAllConnections();
  stranger?.close();
});

/** Runs in the page or in a worker: whether a fetch from another host succeeded, and which violations were reported. */
async function reach(address) {
  const heard = [];
  globalThis.addEventListener('securitypolicyviolation', (event) => heard.push(event.effectiveDirective));
  const came = await fetch(address, { mode: 'no-cors' }).then(
    () => true,
    () => false,
  );
  await new Promise((resolve) => setTimeout(resolve, 100));
  return { came, heard };
}

/** Messages that the forbidden requests cause. */
const tried = [/Content Security Policy/, /csp/, /^a request to somebody else: .*\/(worker|fetched|picture)/];

test('on a host that sends no header the page’s own policy blocks requests to other hosts and injected code', limit, async () => {
  const server = await serve({ heeds: false });
  try {
    const response = await fetch(server.page);
    assert.equal(response.headers.get('Content-Security-Policy'), null, 'this host sends nothing');
    const visitor = await Visitor.open(browser, server, SMALL, { offline: true });
    await visitor.see('train').click();
    await visitor.state('finished');
    const policy = await visitor.page.locator('meta[http-equiv=Content-Security-Policy]').getAttribute('content');
    assert.match(policy, /^default-src 'none';/);
    assert.doesNotMatch(policy, /unsafe-inline|'unsafe-eval'|https?:|data:|blob:|\*/, 'nobody else is named, and nothing inline');
    const { came, heard } = await visitor.page.evaluate(reach, `${elsewhere}/fetched`);
    assert.deepEqual([came, heard], [false, ['connect-src']]);
    const found = await visitor.page.evaluate(async (address) => {
      const violations = [];
      document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => violations.push(effectiveDirective));
      const script = document.createElement('script');
      script.textContent = 'window.intruded = true';
      document.body.append(script);
      const picture = new Image();
      const loaded = new Promise((resolve) => ((picture.onload = () => resolve(true)), (picture.onerror = () => resolve(false))));
      picture.src = `${address}/picture.svg`;
      const shown = await loaded;
      const style = document.createElement('style');
      style.textContent = 'body { outline: 7px solid }';
      document.body.append(style);
      let evaluated = true;
      try {
        new Function('return 1')();
      } catch {
        evaluated = false;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
      return { violations, intruded: window.intruded === true, shown, evaluated, outlined: getComputedStyle(document.body).outlineWidth === '7px' };
    }, elsewhere);
    assert.deepEqual([...found.violations].sort(), ['img-src', 'script-src', 'script-src-elem', 'style-src-elem']);
    assert.deepEqual({ ...found, violations: [] }, { violations: [], intruded: false, shown: false, evaluated: false, outlined: false });
    assert.deepEqual(asked, [], 'the other server was never asked');
    await visitor.leave(tried);
  } finally {
    await server.close();
  }
});

test('the build names the header for hosts, and a worker that gets it cannot fetch from other hosts', limit, async () => {
  const sent = headersOf(DIST)['Content-Security-Policy'];
  for (const heeds of [true, false]) {
    const server = await serve({ heeds });
    try {
      const visitor = await Visitor.open(browser, server, SMALL, { offline: true });
      await visitor.see('train').click();
      await visitor.state('finished');
      assert.equal(
        await visitor.page.locator('meta[http-equiv=Content-Security-Policy]').getAttribute('content'),
        sent,
        'the policy of the header is the page’s',
      );
      const [engine] = visitor.page.workers();
      const { came, heard } = await engine.evaluate(reach, `${elsewhere}/worker`);
      // Without the header the same fetch comes through: it is the header that forbids it.
      assert.deepEqual([came, heard], heeds ? [false, ['connect-src']] : [true, []]);
      assert.deepEqual(asked, heeds ? [] : ['/worker']);
      await visitor.leave(tried);
    } finally {
      await server.close();
    }
  }
});

test('vite preview sends the policy with every file, also with workers', limit, async () => {
  const served = await preview({ root, logLevel: 'warn', preview: { port: 0 } });
  try {
    const [address] = served.resolvedUrls.local;
    const page = await fetch(address);
    const [main] = /assets\/start-[^"]+\.js/.exec(await page.text());
    const [worker] = /worker-[\w-]+\.js/.exec(await (await fetch(new URL(main, address))).text());
    const found = [page, await fetch(new URL(`assets/${worker}`, address))];
    for (const { status, headers } of found)
      assert.deepEqual([status, headers.get('Content-Security-Policy')], [200, headersOf(DIST)['Content-Security-Policy']]);
  } finally {
    await served.close();
  }
});
