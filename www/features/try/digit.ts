// Prepares a drawing like the digits of MNIST: cut out, scaled into 20 × 20 with the same proportions and with grey levels from the scaling,
// and placed in 28 × 28 with its centre of mass in the middle (yann.lecun.com/exdb/mnist).

/** Sides of an image of MNIST, and of the box that a digit is scaled into. */
export const SIDE = 28;
const BOX = 20;
/** The least level that counts as ink. */
const FAINTEST = 8;

interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** The smallest box around the ink; null if there is none. */
function boxOf(ink: Uint8ClampedArray, width: number, height: number): Box | null {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if ((ink[y * width + x] ?? 0) < FAINTEST) continue;
      [left, right] = [Math.min(left, x), Math.max(right, x)];
      [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
    }
  }
  return right < 0 ? null : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/** Splits [from, to) at whole numbers: each pixel, and how much of it is covered. */
function* covered(from: number, to: number): Generator<[at: number, share: number]> {
  for (let at = Math.floor(from); at < to; at++) yield [at, Math.min(at + 1, to) - Math.max(at, from)];
}

/** The box's ink scaled to so many pixels, each the mean of what it covers. */
function scaled(ink: Uint8ClampedArray, stride: number, box: Box, across: number, down: number): Float32Array {
  const [stepX, stepY] = [box.width / across, box.height / down];
  const made = new Float32Array(across * down);
  for (let row = 0; row < down; row++) {
    for (let column = 0; column < across; column++) {
      let sum = 0;
      for (const [y, high] of covered(row * stepY, (row + 1) * stepY)) {
        for (const [x, wide] of covered(column * stepX, (column + 1) * stepX)) {
          if (x < box.width && y < box.height) sum += high * wide * (ink[(box.top + y) * stride + box.left + x] ?? 0);
        }
      }
      made[row * across + column] = sum / (stepX * stepY);
    }
  }
  return made;
}

/** `ink` [height, width], 0 to 255, as an image of [28, 28] bytes; null where nothing is drawn. */
export function prepared(ink: Uint8ClampedArray, width: number, height: number): Uint8Array | null {
  const box = boxOf(ink, width, height);
  if (!box) return null;
  const scale = BOX / Math.max(box.width, box.height);
  const [across, down] = [Math.max(1, Math.round(box.width * scale)), Math.max(1, Math.round(box.height * scale))];
  const small = scaled(ink, width, box, across, down);
  let [mass, sumX, sumY] = [0, 0, 0];
  small.forEach((value, index) => {
    mass += value;
    sumX += value * ((index % across) + 0.5);
    sumY += value * (Math.floor(index / across) + 0.5);
  });
  const place = (centre: number, size: number): number => Math.min(SIDE - size, Math.max(0, Math.round(SIDE / 2 - centre)));
  const [left, top] = [place(sumX / mass, across), place(sumY / mass, down)];
  const image = new Uint8Array(SIDE * SIDE);
  small.forEach((value, index) => {
    image[(top + Math.floor(index / across)) * SIDE + left + (index % across)] = Math.round(value);
  });
  return image;
}
