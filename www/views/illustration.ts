// What the page would show: a drawing of masks on the default network, for visitors whose browser cannot train it.

import type { Group } from '../protocol';
import type { Masks } from './network';

const group = (name: string, size: number, first_unit: number, side = 0, gated = true): Group => ({
  name,
  size,
  gated,
  first_unit,
  width: side,
  height: side,
});

export const ILLUSTRATED_GROUPS: Group[] = [
  group('inputs', 784, 0, 28),
  group('hidden 1', 512, 784),
  group('hidden 2', 256, 1296),
  group('classes', 10, 0, 0, false),
];
const KEPT_OF_GROUP = [157, 118, 36];

/** The same picture every time: masks that have gathered in the middle of the inputs, and a few units still in play. */
export function illustration(): Masks {
  let seed = 7;
  const random = (): number => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const scores = new Uint8Array(1552);
  const mask = new Uint8Array(1552);
  for (const [index, { size, first_unit, width }] of ILLUSTRATED_GROUPS.slice(0, 3).entries()) {
    const worth = Array.from({ length: size }, (_, unit) => {
      const distance = width > 0 ? Math.hypot((unit % width) - 13.5, Math.floor(unit / width) - 13.5) / 8.4 : 0.9;
      return { unit: first_unit + unit, worth: Math.exp(-distance * distance) * 1.1 + random() * 0.62 };
    }).sort((a, b) => b.worth - a.worth);
    for (const [rank, { unit }] of worth.entries()) {
      const kept = rank < (KEPT_OF_GROUP[index] ?? 0);
      const undecided = random() < 0.045;
      scores[unit] = undecided ? 40 + 170 * random() : kept ? 255 : 0;
      mask[unit] = undecided ? (kept ? 1 : 2) : kept ? 3 : 0;
    }
  }
  return { scores, mask, kept: Uint32Array.from([...KEPT_OF_GROUP, 10]) };
}
