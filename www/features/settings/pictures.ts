// Small pictures of the data sets. They are drawn by hand, because the data are not loaded yet when they are shown.

import { css, mixed, type Palette } from '../../ui/palette';

const SIDE = 28;

type Draw = (context: CanvasRenderingContext2D) => void;

const DRAWINGS: Record<string, Draw> = {
  mnist(context) {
    context.lineWidth = 2.9;
    context.lineCap = context.lineJoin = 'round';
    context.beginPath();
    context.moveTo(7.5, 8.6);
    context.bezierCurveTo(11, 7.2, 16, 7.4, 20.2, 7.2);
    context.bezierCurveTo(18.5, 11.5, 14.2, 17, 12.6, 22.6);
    context.stroke();
  },
  'fashion-mnist'(context) {
    context.beginPath();
    for (const [x, y] of [
      [10, 4],
      [4, 7],
      [2.5, 13],
      [6.6, 14.5],
      [8, 11.5],
      [8, 24],
      [20, 24],
      [20, 11.5],
      [21.4, 14.5],
      [25.5, 13],
      [24, 7],
      [18, 4],
      [14, 7],
    ] as const)
      context.lineTo(x, y);
    context.closePath();
    context.globalAlpha = 0.78;
    context.fill();
    context.globalAlpha = 0.3;
    context.globalCompositeOperation = 'destination-out';
    for (const x of [11, 14, 17]) context.fillRect(x, 10, 1, 14);
  },
  // A ship: one of the few classes that can be recognised at this size.
  cifar10(context) {
    context.globalAlpha = 0.78;
    context.beginPath();
    for (const [x, y] of [
      [2.5, 15],
      [25.5, 15],
      [21.5, 20.5],
      [6.5, 20.5],
    ] as const)
      context.lineTo(x, y);
    context.closePath();
    context.fill();
    context.fillRect(8, 10.5, 11, 3.5);
    context.fillRect(10, 5.5, 2.6, 5);
    context.fillRect(14.4, 5.5, 2.6, 5);
    context.globalAlpha = 0.3;
    for (const y of [22.5, 25]) context.fillRect(0, y, SIDE, 1);
  },
};

/** A seeded stream of 0..1, so that the picture is the same every time. */
function* noise(seed: number): Generator<number, number> {
  for (;;) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    yield seed / 2 ** 32;
  }
}

/** Noise with a few coloured cells. */
function planted(context: CanvasRenderingContext2D, palette: Palette): void {
  const next = noise(11);
  for (let y = 0; y < 14; y++) {
    for (let x = 0; x < 14; x++) {
      const informative = next.next().value < 0.11;
      const level = next.next().value;
      context.fillStyle = css(informative ? palette.kept : mixed(palette.off, palette.soft, 0.08 + 0.3 * level));
      context.fillRect(2 * x, 2 * y, 2, 2);
    }
  }
}

export function drawPicture(canvas: HTMLCanvasElement, name: string, palette: Palette): void {
  canvas.width = canvas.height = SIDE;
  const context = canvas.getContext('2d');
  if (!context) return;
  if (name === 'planted') return planted(context, palette);
  context.strokeStyle = context.fillStyle = css(palette.ink);
  DRAWINGS[name]?.(context);
  context.globalAlpha = 1;
  context.globalCompositeOperation = 'destination-over';
  context.fillStyle = css(palette.off);
  context.fillRect(0, 0, SIDE, SIDE);
}
