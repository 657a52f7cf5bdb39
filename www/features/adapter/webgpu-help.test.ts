// Each browser without WebGPU gets the advice for it, and none for another browser.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { advice } from './webgpu-help';

const WEBKIT = 'AppleWebKit/605.1.15 (KHTML, like Gecko)';
const BLINK = 'AppleWebKit/537.36 (KHTML, like Gecko)';
const BROWSERS: [name: string, userAgent: string, says: string[]][] = [
  ['Firefox on Linux', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', ['about:config']],
  ['Firefox on Windows', 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0', ['about:config']],
  ['Firefox on Android', 'Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0', ['about:config']],
  ['a later Firefox on Android', 'Mozilla/5.0 (Android 14; Mobile; rv:146.0) Gecko/146.0 Firefox/146.0', ['about:config']],
  [
    'Firefox on an iPhone',
    `Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) ${WEBKIT} FxiOS/140.0 Mobile/15E148 Safari/604.1`,
    ['Settings, Apps, Safari'],
  ],
  [
    'Safari on an iPhone',
    `Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) ${WEBKIT} Version/18.5 Mobile/15E148 Safari/604.1`,
    ['Settings, Apps, Safari'],
  ],
  [
    'Chrome on an iPhone',
    `Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) ${WEBKIT} CriOS/137.0.7151.79 Mobile/15E148 Safari/604.1`,
    ['Settings, Apps, Safari'],
  ],
  ['Safari on a Mac', `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${WEBKIT} Version/18.5 Safari/605.1.15`, ['Settings, Feature Flags']],
  ['Chrome on Android', `Mozilla/5.0 (Linux; Android 10; K) ${BLINK} Chrome/144.0.0.0 Mobile Safari/537.36`, ['Android 12']],
  ['an app on Android', `Mozilla/5.0 (Linux; Android 11; Pixel 4 Build/RQ3A; wv) ${BLINK} Version/4.0 Chrome/144.0.0.0 Mobile Safari/537.36`, ['Android 12']],
  ['Chrome on Linux', `Mozilla/5.0 (X11; Linux x86_64) ${BLINK} Chrome/144.0.0.0 Safari/537.36`, ['chrome://gpu', '--ozone-platform']],
  ['Chrome on Windows', `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${BLINK} Chrome/144.0.0.0 Safari/537.36`, ['chrome://gpu']],
  ['Edge on Windows', `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${BLINK} Chrome/144.0.0.0 Safari/537.36 Edg/144.0.0.0`, ['chrome://gpu']],
];
/** Advice for some browsers only. */
const ADVICE = ['https', 'about:config', 'Settings, Apps, Safari', 'Settings, Feature Flags', 'Android 12', 'chrome://gpu', '--ozone-platform'];

const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
function browser(userAgent: string, isSecureContext = true): void {
  Object.defineProperty(globalThis, 'navigator', { value: { userAgent }, configurable: true });
  Object.defineProperty(globalThis, 'window', { value: { isSecureContext }, configurable: true });
}
afterEach(() => {
  Reflect.deleteProperty(globalThis, 'window');
  if (before) Object.defineProperty(globalThis, 'navigator', before);
  else Reflect.deleteProperty(globalThis, 'navigator');
});
const said = (): string[] => ADVICE.filter((words) => advice().join('\n').includes(words));

for (const [name, userAgent, says] of BROWSERS) {
  test(`${name} is told what fits it, and nothing that fits another`, () => {
    browser(userAgent);
    assert.deepEqual(said(), says);
  });
}

test('on an iPhone the way through the settings is told whole; on Linux the switch comes after the page that tells what is off', () => {
  const words = (name: string): string => {
    browser(BROWSERS.find(([known]) => known === name)?.[1] ?? '');
    return advice().join('\n');
  };
  for (const name of ['Safari on an iPhone', 'Firefox on an iPhone']) assert.match(words(name), /Settings, Apps, Safari, Advanced, Feature Flags/, name);
  assert.match(words('Chrome on Linux'), /chrome:\/\/gpu[\s\S]*--ozone-platform/);
});

test('from an insecure address the browser does not matter', () => {
  for (const [name, userAgent] of BROWSERS) {
    browser(userAgent, false);
    assert.deepEqual(said(), ['https'], name);
    assert.match(advice().join(), /only over https, or from localhost/);
  }
});
