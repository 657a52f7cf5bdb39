// What the page would show, for visitors whose browser cannot train: the masks with which a run of the first
// experiment (MNIST, inputs gated, keep ratio 0.2, seed 1) ended. It reached 97.6 % of the test images.

import type { Group } from '../protocol';
import type { Masks } from './network';

const group = (name: string, size: number, first_unit: number, side = 0, gated = true): Group => ({
  name,
  size,
  gated,
  first_unit,
  width: side,
  height: side,
  channels: side > 0 ? 1 : 0,
  union_of: null,
  map_width: 1,
  map_height: 1,
});

export const ILLUSTRATED_GROUPS: Group[] = [
  group('inputs', 784, 0, 28),
  group('hidden 1', 512, 784),
  group('hidden 2', 256, 1296),
  group('classes', 10, 0, 0, false),
];
const UNITS = 1552;

/** Two bits a unit, four units a byte: kept by m, kept by m′. */
const RECORDED =
  'AAAAMPAAMDwwAAAAAAAPAAIADMAAAAAAAAAwDDAA4wAAAMDAADAAAzAAAAAw8DAxAAAwAjAAzAAAAPAwz8AAAAgAPAAAAADAwzAjAAMAAAzvPAczADAA' +
  'PDMwDwDDDIM/AAAAADzDwAMMEwAwDD8DAAAADAPDAAAAwAwHzDAAAAwzwMAAzAADwAwAzMAHADzAMAAwAAwwAAD/AAADMPAAAwwAAAA8MEMAAwAAPAAD' +
  'AMAAAAzAAwAADgAAAAAAAAAADAAAAwMDAAAAwwPzAMAADADMDAwAwAAEwDMDwDMPDwDMAIA0MAADAMAAwMAMADADAMADA8wMDAPMAwDwANADAwMADAAN' +
  'AwzAAAwwwAMABAwA8DAADIPAAAADDwAAAzAAAAMDAwA8A8AAAAAAwMAwEAwMAMADMgAADDwwAEMDDMAD8MAADDgwAPAAAAADA8ADMAw8wAAEwAwADAwA' +
  'ADBAwMDAADAwAA/A8AAAwwAAAAwAAwwAAzwwDA8wMDDADAAMzDAAcA==';

export function illustration(): Masks {
  const bytes = atob(RECORDED);
  const mask = Uint8Array.from({ length: UNITS }, (_, unit) => (bytes.charCodeAt(unit >> 2) >> (2 * (unit & 3))) & 3);
  // The scores were not recorded; a unit on which both masks agree was decided, or nearly so.
  const scores = mask.map((bits) => [0, 140, 120, 255][bits] ?? 0);
  const kept = ILLUSTRATED_GROUPS.map(({ gated, first_unit, size }) =>
    gated ? mask.subarray(first_unit, first_unit + size).reduce((sum, bits) => sum + (bits & 1), 0) : size,
  );
  return { scores, mask, kept: Uint32Array.from(kept) };
}
