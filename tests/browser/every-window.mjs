// The windows of the screenshots, and what must hold in each of them.

import assert from 'node:assert/strict';

export const windows = [
  ['desk', { width: 1440, height: 900 }],
  ['laptop', { width: 1024, height: 768 }],
  ['phone', { width: 390, height: 844 }],
];

/** What no picture may show: a page wider than its window, a control without a name, or the ratio's figure over its words. */
export async function assertSound(visitor) {
  const { wide, nameless, over } = await visitor.page.evaluate(() => ({
    over: (() => {
      const [figure, words] = ['ratio', 'ratio-words'].map((id) => {
        const inked = document.createRange();
        inked.selectNodeContents(document.getElementById(id));
        return inked.getBoundingClientRect();
      });
      return figure.width > 0 && words.width > 0 ? figure.right - words.left : 0;
    })(),
    wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    nameless: [...document.querySelectorAll('button, input, select, canvas[tabindex]')]
      .filter((control) => control.checkVisibility({ visibilityProperty: true }))
      .filter((control) => !(control.innerText || control.ariaLabel || control.labels?.length || control.getAttribute('aria-labelledby')))
      .map((control) => control.outerHTML.slice(0, 120)),
  }));
  assert(wide <= 0, `the page is ${wide} pixels wider than its window`);
  assert(over <= 0, `the ratio stands ${over} pixels over its words`);
  assert.deepEqual(nameless, [], 'every control has a name that a screen reader can say');
}

/** Words and controls that no one can see whole: beyond the window where nothing scrolls to them, or beyond a box that hides what sticks out. */
const cutOff = () => {
  const scrolls = (element, axis) => /auto|scroll/.test(getComputedStyle(element)[`overflow${axis}`]);
  const around = (element) => (element ? [element, ...around(element.parentElement)] : []);
  const speaks = (element) =>
    element.matches('button, input, select') || [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== '');
  return [...document.querySelectorAll('body *')]
    .filter((element) => speaks(element) && element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !element.closest('.unseen'))
    .filter((element) => {
      const { left, right, top, bottom, width } = element.getBoundingClientRect();
      if (width <= 1) return false;
      const above = around(element.parentElement);
      const { overflowX, textOverflow } = getComputedStyle(element);
      const hides = /hidden|clip/.test(overflowX) && textOverflow !== 'ellipsis' && element.scrollWidth > element.clientWidth + 1;
      // A table that is wider than its place is scrolled to the side; nothing else is.
      const frame = above.find((each) => scrolls(each, 'X'));
      const end = frame ? Math.min(innerWidth, frame.getBoundingClientRect().right) : innerWidth;
      const aside = !frame?.matches('.scrolls') && (left < -1 || right > end + 1);
      // What is fixed to the window does not move with the page.
      const fixed = above.find((each) => getComputedStyle(each).position === 'fixed');
      const beyond = fixed && !above.slice(0, above.indexOf(fixed) + 1).some((each) => scrolls(each, 'Y')) && (top < -1 || bottom > innerHeight + 1);
      return hides || aside || beyond;
    })
    .map((element) => `${element.tagName.toLowerCase()}.${element.className} ${(element.innerText || element.value || element.textContent).slice(0, 60)}`);
};

/** Whether it can be seen whole, and all that is in it, without scrolling. */
const whole = (id) => {
  const found = document.querySelector(`[data-testid="${id}"]`);
  const { top, bottom } = found.getBoundingClientRect();
  const { bottom: end } = (found.closest('main') ?? document.documentElement).getBoundingClientRect();
  const fits = [...found.querySelectorAll('*')].every(
    (each) => !/auto|hidden/.test(getComputedStyle(each).overflowY) || each.scrollHeight <= each.clientHeight + 1,
  );
  return top >= 0 && bottom <= Math.min(end, innerHeight) && fits;
};

/**
 * A picture in every window, light and dark, and what may not be seen in any. `ready` brings about what shall be seen in each window anew, for
 * what a window that changes its size closes; `at`: what shall be in sight, whole where a page does not scroll as one; `scrolled`: it may
 * be longer than its place; `long`: on a phone all is pictured.
 */
export async function inEveryWindow(visitor, what, at, { ready, long = true, scrolled = false } = {}) {
  const cut = {};
  for (const [name, viewport] of windows) {
    for (const colorScheme of ['light', 'dark']) {
      await visitor.page.setViewportSize(viewport);
      await visitor.page.emulateMedia({ colorScheme });
      await ready?.();
      // Strips and charts are resized within a frame or two.
      await visitor.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 250)));
      await visitor.screenshot(`${name}-${colorScheme}-${what}`, { fullPage: long && name === 'phone' });
      assert(await visitor.see(at).isVisible(), `${what} on a ${name}: it is there`);
      assert(name === 'phone' || scrolled || (await visitor.page.evaluate(whole, at)), `${what} on a ${name}, ${colorScheme}: it is in sight`);
      await assertSound(visitor);
      const found = await visitor.page.evaluate(cutOff);
      if (found.length > 0) cut[`${name}, ${colorScheme}`] = found;
    }
  }
  assert.deepEqual(cut, {}, `${what}: cut off`);
  await visitor.page.setViewportSize(windows[0][1]);
}
