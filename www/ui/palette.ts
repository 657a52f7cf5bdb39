// The page's colours as numbers, for canvases. They are defined once, in base.css.

export type Colour = readonly [red: number, green: number, blue: number];

const NAMES = ['paper', 'card', 'ink', 'soft', 'line', 'kept', 'probe', 'off', 'bar'] as const;
export type Palette = Record<(typeof NAMES)[number], Colour>;

/** Reads the current colours. It needs an element, because a browser resolves `light-dark()` only where a colour is used. */
export function readColours<Name extends string>(names: readonly Name[]): Record<Name, Colour> {
  const probe = document.createElement('i');
  document.body.append(probe);
  const read = (name: string): Colour => {
    probe.style.color = `var(--${name})`;
    const [red = 0, green = 0, blue = 0] = (getComputedStyle(probe).color.match(/[\d.]+/g) ?? []).map(Number);
    return [red, green, blue];
  };
  const colours = Object.fromEntries(names.map((name) => [name, read(name)])) as Record<Name, Colour>;
  probe.remove();
  return colours;
}

export const readPalette = (): Palette => readColours(NAMES);

export const mixed = (a: Colour, b: Colour, share: number): Colour => [
  Math.round(a[0] + (b[0] - a[0]) * share),
  Math.round(a[1] + (b[1] - a[1]) * share),
  Math.round(a[2] + (b[2] - a[2]) * share),
];

export const css = ([red, green, blue]: Colour, alpha = 1): string => `rgb(${red} ${green} ${blue}${alpha === 1 ? '' : ` / ${alpha}`})`;

/** The colour of a unit that is off: closer to the colour of a kept unit with a higher score, but never near it. */
export const shade = (palette: Palette, score: number): Colour => mixed(palette.off, palette.kept, 0.55 * score ** 1.2);
