// Makes the pictures of the gallery from runs of the built page: each lesson, claim and experiment is opened and trained in Chromium on the CPU
// engine, and a part of the page becomes a picture, in light and dark. `npm run pictures -- [NAME ...]`

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { launch, serve, Visitor } from '../tests/browser/harness.mjs';
import { root } from './command.mjs';

const out = path.join(root, 'www', 'pictures', 'gallery');
/** Width and height in pixels, as www/features/gallery/view.ts has them. */
const [WIDTH, HEIGHT] = [448, 280];

/**
 * The part of the page that shows best what each is about. `link`: a short run of the same network, where the experiment itself takes hours on
 * a CPU; `is_claim`: it asks for a prediction first; `press`:
 * what is chosen before the picture is made.
 */
const PICTURES = {
  pixels: { at: '#network canvas' },
  'two-losses': { at: '#loss-chart' },
  budget: { at: '#accuracy-chart' },
  'other-units': { at: '#network' },
  'answer-column': { at: '#network canvas' },
  digits: { at: '#history .frame', is_claim: true },
  reinforce: { at: '#runs .chart', is_claim: true },
  alpha: { at: '#estimators .chart', is_claim: true },
  'first-order': { at: '#estimators .chart', press: 'bias', is_claim: true },
  'second-order': { at: '#estimators .chart', press: 'signal / noise', is_claim: true },
  'small-dense': { at: '#runs .chart', is_claim: true },
  'slow-rate': { at: '#runs .chart', is_claim: true },
  'cnn-32-64-128': { at: '#network .strips', link: 'dataset=cifar10&model=cnn-32-64-128&keep_ratio=0.3&scores_rate=0.3&batch_size=8&steps=60' },
  resnet20: { at: '#network .strips', link: 'dataset=cifar10&model=resnet20&keep_ratio=0.35&scores_rate=0.3&batch_size=4&steps=60' },
};

/** Space around the part, in CSS pixels. */
const SPACE = 14;

/** The smallest box with the picture's proportions and the part in its middle. */
function clipOf({ x, y, width, height }) {
  const wide = Math.max(width + 2 * SPACE, ((height + 2 * SPACE) * WIDTH) / HEIGHT);
  const high = (wide * HEIGHT) / WIDTH;
  return { x: x + (width - wide) / 2, y: y + (height - high) / 2, width: wide, height: high };
}

/** What is drawn again when its size changes gets the picture's proportions: a curve three times as wide as high says little in a small picture. */
const DRAWN = /chart$|frame$/;
const DRAWN_SIZE = { width: 420, height: 250 };

/** Shows one part of the page alone, in the middle of an empty window. */
const alone = (part, size) =>
  part.evaluate((element, given) => {
    for (let each = element; each !== document.body; each = each.parentElement) each.style.overflow = 'visible';
    const sheet = new CSSStyleSheet();
    sheet.replaceSync('body * { visibility: hidden } [data-alone], [data-alone] * { visibility: visible }');
    document.adoptedStyleSheets.push(sheet);
    element.dataset.alone = '';
    if (given) Object.assign(element.style, { flex: 'none', maxWidth: 'none', width: `${given.width}px`, height: `${given.height}px` });
    const { x, y, width, height } = element.getBoundingClientRect();
    element.style.transform = `translate(${(innerWidth - width) / 2 - x}px, ${(innerHeight - height) / 2 - y}px)`;
  }, size);

/** A screenshot as WebP of the picture's size. Chromium encodes it, in a page of its own. */
async function webp(page, png) {
  const bytes = await page.evaluate(
    async ({ url, width, height }) => {
      const image = await createImageBitmap(await (await fetch(url)).blob(), { resizeWidth: width, resizeHeight: height, resizeQuality: 'high' });
      const canvas = new OffscreenCanvas(width, height);
      canvas.getContext('2d').drawImage(image, 0, 0);
      const blob = await canvas.convertToBlob({ type: 'image/webp', quality: 0.7 });
      return [...new Uint8Array(await blob.arrayBuffer())];
    },
    { url: `data:image/png;base64,${png.toString('base64')}`, width: WIDTH, height: HEIGHT },
  );
  return Buffer.from(bytes);
}

/** Opens one of the gallery's offers, and trains what it trains. */
async function train(visitor, name, is_claim) {
  await visitor.see('view-lessons').click();
  await visitor.see(`offer-${name}`).click();
  await visitor.page.waitForFunction(() => document.body.dataset.view === 'network');
  if (!is_claim) return trainOpened(visitor);
  const [answer, go] = [visitor.page.locator('label:has([data-testid=answer-0])'), visitor.see('claim-go')];
  await go.waitFor();
  if (await answer.count()) await answer.click();
  await go.click();
  await visitor.page.locator('[data-testid=claim-told] .verdict').waitFor();
}

async function trainOpened(visitor) {
  await visitor.state('idle');
  await visitor.see('train').click();
  await visitor.state('finished');
}

async function picture(browser, encoder, server, name, { at, link, press, is_claim = false }) {
  const visitor = await Visitor.open(browser, server, link ?? 'model=mlp-8&steps=1', { viewport: { width: 1440, height: 1000 } });
  if (link) await trainOpened(visitor);
  else {
    await visitor.state('idle');
    await train(visitor, name, is_claim);
  }
  if (press) await visitor.page.locator('#estimators label', { hasText: press }).click();
  const part = visitor.page.locator(at).first();
  await alone(part, DRAWN.test(at) ? DRAWN_SIZE : null);
  for (const colorScheme of ['light', 'dark']) {
    await visitor.page.emulateMedia({ colorScheme });
    await visitor.frames();
    const png = await visitor.page.screenshot({ clip: clipOf(await part.boundingBox()) });
    const bytes = await webp(encoder, png);
    writeFileSync(path.join(out, `${name}-${colorScheme}.webp`), bytes);
    console.log(`${name}-${colorScheme}.webp: ${bytes.length} bytes`);
  }
  await visitor.page.context().close();
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in PICTURES));
if (unknown.length > 0) {
  console.error(`There is no picture ${unknown.join(', ')}. There are: ${Object.keys(PICTURES).join(', ')}.`);
  process.exit(2);
}
mkdirSync(out, { recursive: true });
const server = await serve();
const browser = await launch();
const encoder = await browser.newPage();
for (const [name, how] of Object.entries(PICTURES)) {
  if (wanted.length === 0 || wanted.includes(name)) await picture(browser, encoder, server, name, how);
}
await browser.close();
await server.close();
