// Units that are held on or off, as the setting `pins` writes them: 12on,40off.

export type Pin = 'on' | 'off';

export function readPins(text = ''): Map<number, Pin> {
  const pins = new Map<number, Pin>();
  for (const [, unit, pin] of text.matchAll(/(\d+)(on|off)/g)) pins.set(Number(unit), pin as Pin);
  return pins;
}

/** The pins with one unit pinned or unpinned. */
export function withPin(text: string | undefined, unit: number, pin: Pin | null): string {
  const pins = readPins(text);
  if (pin === null) pins.delete(unit);
  else pins.set(unit, pin);
  return [...pins]
    .sort(([a], [b]) => a - b)
    .map(([each, how]) => `${each}${how}`)
    .join(',');
}
