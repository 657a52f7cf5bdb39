// Draws the history as a PNG to download: steps from left to right, units from top to bottom, each group as a band with its name.

import { count } from '../../model/format';
import type { Group } from '../../protocol/messages';
import type { Timeline } from '../../model/history';
import { css, mixed, type Palette } from '../../ui/palette';
import { t } from '../../words/words';

const [WIDTH, HEIGHT] = [1920, 1200];
const [LEFT, RIGHT, TOP, BOTTOM] = [170, 60, 128, 150];
const GAP = 8;
const TICKS = 6;
const KEY = 220;

/** Round step numbers for an axis, at most this many. */
export function ticks(last: number): number[] {
  const rough = Math.max(1, last / TICKS);
  const power = 10 ** Math.floor(Math.log10(rough));
  const every = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough) ?? 10 * power;
  return Array.from({ length: Math.floor(last / every) + 1 }, (_, index) => index * every);
}

export async function picture(history: Timeline, groups: Group[], palette: Palette, title: string, caption: string): Promise<Blob> {
  const { columns, stride } = history;
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [WIDTH, HEIGHT];
  const context = canvas.getContext('2d');
  if (!context) throw new Error('this browser gives no 2D canvas');
  const sans = getComputedStyle(document.body).fontFamily;
  const words = (text: string, x: number, y: number, size: number, colour = palette.soft, align: CanvasTextAlign = 'left'): void => {
    context.font = `${size}px ${sans}`;
    context.fillStyle = css(colour);
    context.textAlign = align;
    context.fillText(text, x, y, WIDTH - LEFT - RIGHT);
  };
  context.fillStyle = css(palette.paper);
  context.fillRect(0, 0, WIDTH, HEIGHT);
  words(title, LEFT, 62, 34, palette.ink);
  words(t`Every unit’s keep-probability over time`, LEFT, 100, 22);

  const bands = groups.filter((group) => group.gated);
  const units = bands.reduce((sum, group) => sum + group.size, 0);
  const room = HEIGHT - TOP - BOTTOM - GAP * (bands.length - 1);
  const across = WIDTH - LEFT - RIGHT;
  let [top, labelled] = [TOP, -Infinity];
  for (const { name, first_unit, size } of bands) {
    const height = Math.max(2, Math.round((room * size) / units));
    const image = new ImageData(columns, height);
    for (let column = 0; column < columns; column++) {
      const scores = history.at(column)?.scores;
      for (let row = 0; row < height; row++) {
        const from = first_unit + Math.floor((row * size) / height);
        const to = Math.max(from + 1, first_unit + Math.floor(((row + 1) * size) / height));
        let sum = 0;
        for (let unit = from; unit < to; unit++) sum += scores?.[unit] ?? 0;
        image.data.set([...mixed(palette.off, palette.kept, sum / (to - from) / 255), 255], 4 * (row * columns + column));
      }
    }
    const band = await createImageBitmap(image);
    context.imageSmoothingEnabled = false;
    context.drawImage(band, LEFT, top, across, height);
    // Of thin bands, only those are named whose names do not overlap.
    if (top + height / 2 - labelled >= 24) {
      labelled = top + height / 2;
      words(name, LEFT - 16, labelled + 7, 20, palette.soft, 'right');
    }
    top += height + GAP;
  }
  const last = columns * stride;
  for (const step of ticks(last)) {
    const x = LEFT + (across * step) / last;
    context.fillStyle = css(palette.soft);
    context.fillRect(x, top - GAP + 6, 2, 10);
    words(count(step), x, top - GAP + 42, 20, palette.soft, 'center');
  }
  words('step', LEFT - 16, top - GAP + 42, 20, palette.soft, 'right');
  words(caption, LEFT, HEIGHT - 40, 20);
  const shades = context.createLinearGradient(WIDTH - RIGHT - KEY, 0, WIDTH - RIGHT, 0);
  shades.addColorStop(0, css(palette.off));
  shades.addColorStop(1, css(palette.kept));
  context.fillStyle = shades;
  context.fillRect(WIDTH - RIGHT - KEY, 84, KEY, 16);
  words('0', WIDTH - RIGHT - KEY - 12, 100, 20, palette.soft, 'right');
  words('1', WIDTH - RIGHT + 10, 100, 20);
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('the picture could not be made'))), 'image/png'));
}
