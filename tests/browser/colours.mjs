// How far apart colours look: contrast as WCAG defines it, and distance in Oklab, as seen with each common form of colour blindness.

/**
 * Machado, Oliveira and Fernandes, A Physiologically-based Model for Simulation of Color Vision Deficiency, 2009, at full severity;
 * on linear RGB.
 */
const SIGHT = {
  'all cones': [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};
export const SIGHTS = Object.keys(SIGHT);

const linear = (value) => (value <= 0.04045 * 255 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);

/** Linear RGB of a colour in 0..255 as that eye sees it. */
const seen = (colour, sight) =>
  SIGHT[sight].map((row) =>
    Math.min(
      1,
      Math.max(
        0,
        row.reduce((sum, share, index) => sum + share * linear(colour[index]), 0),
      ),
    ),
  );

/** WCAG 2: (L + 0.05) / (L′ + 0.05), the lighter over the darker. */
export function contrast(a, b, sight = 'all cones') {
  const [more, less] = [a, b]
    .map((colour) => {
      const [red, green, blue] = seen(colour, sight);
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    })
    .sort((x, y) => y - x);
  return (more + 0.05) / (less + 0.05);
}

/** Ottosson, A perceptual color space for image processing, 2020. */
function oklab([red, green, blue]) {
  const l = Math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue);
  const m = Math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue);
  const s = Math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

/** In hundredths of the way from black to white; about 2 can just be told apart side by side. */
export function distance(a, b, sight) {
  const [x, y] = [a, b].map((colour) => oklab(seen(colour, sight)));
  return 100 * Math.hypot(...x.map((value, index) => value - y[index]));
}
