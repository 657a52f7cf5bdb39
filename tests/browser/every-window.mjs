// The windows of the screenshots, and what must hold in each of them.

import assert from 'node:assert/strict';

export const windows = [
  ['desk', { width: 1440, height: 900 }],
  ['laptop', { width: 1024, height: 768 }],
  ['phone', { width: 390, height: 844 }],
];

/** Fails if the page is wider than its window, if a control has no name, or if the number of the ratio covers its text. */
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

/** Texts and controls that are cut off: outside the window without scrolling, or outside a box that hides its overflow. */
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
      // Only tables may be scrolled to the side.
      const frame = above.find((each) => scrolls(each, 'X'));
      const end = frame ? Math.min(innerWidth, frame.getBoundingClientRect().right) : innerWidth;
      const aside = !frame?.matches('.scrolls') && (left < -1 || right > end + 1);
      // An element that is fixed to the window does not scroll with the page.
      const fixed = above.find((each) => getComputedStyle(each).position === 'fixed');
      const beyond = fixed && !above.slice(0, above.indexOf(fixed) + 1).some((each) => scrolls(each, 'Y')) && (top < -1 || bottom > innerHeight + 1);
      return hides || aside || beyond;
    })
    .map((element) => `${element.tagName.toLowerCase()}.${element.className} ${(element.innerText || element.value || element.textContent).slice(0, 60)}`);
};

/** Whether an element and its content are completely visible without scrolling. */
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
 * Takes a screenshot in every window, light and dark, and checks it. `at`: the test id that must be visible, completely unless the page scrolls as
 * a whole or `scrolled` is true. `ready` is called in each window, for menus that a change of size closes. `long`: on a phone the whole page is
 * taken.
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

/** Takes a screenshot in every window, light and dark, and checks the width of the page. `label` names the view in a report of axe. */
export async function accessibleInEveryWindow(visitor, what, label) {
  for (const [name, viewport] of windows) {
    for (const colorScheme of ['light', 'dark']) {
      await visitor.page.setViewportSize(viewport);
      await visitor.page.emulateMedia({ colorScheme });
      await visitor.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 150)));
      await visitor.screenshot(`${name}-${colorScheme}-${what}`, { fullPage: name === 'phone' });
      if (colorScheme === 'light') await visitor.accessible(`${label}, ${name}`);
      const wide = await visitor.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert(wide <= 0, `${name}: the page is ${wide} pixels wider than its window`);
    }
  }
}
