// What is drawn on the page: pixels of its canvases, and the colours of its style sheet.

/** Runs in the page: reads the pixels of a canvas from a copy, because reading from the canvas itself would slow its drawing. */
export function readPixels() {
  window.pixels = (canvas) => {
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    return copy.getImageData(0, 0, canvas.width, canvas.height).data;
  };
}

/** The page's colours as the style sheet has them: [red, green, blue] each. */
export const palette = (visitor) =>
  visitor.page.evaluate(() => {
    const probe = document.body.appendChild(document.createElement('i'));
    const colours = ['paper', 'ink', 'off', 'kept', 'probe'].map((name) => {
      probe.style.color = `var(--${name})`;
      return [
        name,
        getComputedStyle(probe)
          .color.match(/[\d.]+/g)
          .slice(0, 3)
          .map(Number),
      ];
    });
    probe.remove();
    return Object.fromEntries(colours);
  });

/** What a canvas shows: `at(x, y)` is a pixel. */
export async function pixels(canvas) {
  const { width, height, data } = await canvas.evaluate((element) => {
    const copy = new OffscreenCanvas(element.width, element.height).getContext('2d', { willReadFrequently: true });
    copy.drawImage(element, 0, 0);
    return { width: element.width, height: element.height, data: [...copy.getImageData(0, 0, element.width, element.height).data] };
  });
  return { width, height, at: (x, y) => data.slice(4 * (y * width + x), 4 * (y * width + x) + 3) };
}

export const near = (a, b, by = 6) => a.every((level, index) => Math.abs(level - b[index]) <= by);

/** Waits until the page has drawn the last report. */
export const drawn = async (visitor) => {
  await visitor.page.waitForTimeout(150);
  await visitor.frames();
};
