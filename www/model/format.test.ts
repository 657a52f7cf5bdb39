// How numbers are written: digits, units and signs, and a missing number.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, count, duration, fixed, magnitude, milliseconds, percent, short, significant, span } from './format';

/** A space that does not break. */
const NB = '\u00a0';

test('counts are whole and grouped', () => {
  assert.deepEqual([0, 7, 999, 1000, 1552, 1_863_690].map(count), ['0', '7', '999', '1,000', '1,552', '1,863,690']);
  assert.equal(count(12.6), '13');
});

test('a share is told in percent, with as many digits as are asked for', () => {
  assert.equal(percent(0.972), `97.2${NB}%`);
  assert.equal(percent(1), `100.0${NB}%`);
  assert.equal(percent(400 / 784, 0), `51${NB}%`);
  assert.equal(percent(0.00049, 2), `0.05${NB}%`);
});

test('significant digits are three, without an exponent between 1e-5 and a million', () => {
  const written: [number, string][] = [
    [0, '0'],
    [0.061, '0.0610'],
    [4.2149, '4.21'],
    [311.4, '311'],
    [999.4, '999'],
    [999.6, '1,000'],
    [1414.4, '1,414'],
    [999_999, '999,999'],
    [1e6, '1.0e6'],
    [2.44e-7, '2.4e−7'],
    [-0.5, '−0.500'],
    [-1414.4, '−1,414'],
    [-999.6, '−1,000'],
  ];
  for (const [value, words] of written) assert.equal(significant(value), words, String(value));
  for (const value of [NaN, Infinity, -Infinity]) assert.equal(significant(value), '–');
  assert.equal(significant(1 / 3, 1), '0.3');
  assert.equal(significant(9.6, 1), '10');
  assert.equal(significant(99.7, 2), '100');
});

test('what significant digits say is the number, to as many digits', () => {
  for (let power = -5; power < 6; power++) {
    for (const digits of [1, 2, 3]) {
      for (let step = 1; step < 40; step++) {
        const value = (step * 0.2513 + 0.001) * 10 ** power;
        if (value < 1e-5 || value >= 1e6) continue;
        const said = Number(significant(value, digits).replaceAll(',', ''));
        assert(
          Math.abs(said - value) <= 0.5001 * Math.max(1e-300, 10 ** (Math.floor(Math.log10(value)) + 1 - digits)),
          `${value} to ${digits} digits: ${said}`,
        );
      }
    }
  }
});

test('fixed decimals are grouped and have a true minus sign', () => {
  assert.equal(fixed(1414.4, 1), '1,414.4');
  assert.equal(fixed(-0.0126, 3), '−0.013');
  assert.equal(fixed(2, 3), '2.000');
  assert.equal(fixed(2.5e7, 3), '2.5e7');
  assert.equal(fixed(-2.5e7, 3), '−2.5e7');
  assert.equal(fixed(NaN, 3), '–');
});

test('milliseconds have three digits and become seconds from a thousand on', () => {
  const written: [number, string][] = [
    [0.789, '0.79'],
    [9.99, '9.99'],
    [12.44, '12.4'],
    [99.94, '99.9'],
    [311.4, '311'],
    [999, '999'],
  ];
  for (const [ms, words] of written) assert.equal(milliseconds(ms), `${words}${NB}ms`);
  assert.equal(milliseconds(1312), `1.31${NB}s`);
  assert.equal(milliseconds(61_200), `61.2${NB}s`);
  assert.equal(milliseconds(NaN), '–');
});

test('a duration is told in the unit that fits it', () => {
  const written: [number, string][] = [
    [0, '0:00'],
    [41.6, '0:42'],
    [59.4, '0:59'],
    [60, '1:00'],
    [725, '12:05'],
    [3599, '59:59'],
    [3600, `1 h 0${NB}min`],
    [12_050, `3 h 20${NB}min`],
    [35_999, `9 h 59${NB}min`],
    [36_000, `10${NB}h`],
    [50_400, `14${NB}h`],
    [172_799, `47${NB}h`],
    [172_800, `2${NB}days`],
    [1_814_400, `21${NB}days`],
  ];
  for (const [seconds, words] of written) assert.equal(duration(seconds), words, String(seconds));
  assert.equal(duration(Infinity), '–');
});

test('about how long something lasts is never told as nothing', () => {
  assert.equal(span(3), `1${NB}s`);
  assert.equal(span(25_400), `25${NB}s`);
  assert.equal(span(89_999), `90${NB}s`);
  assert.equal(span(90_000), `2${NB}min`);
  assert.equal(span(240_000), `4${NB}min`);
  assert.equal(span(7_200_000), `2${NB}h`);
  assert.equal(span(NaN), 'a while');
});

test('bytes are told in KB, MB or GB', () => {
  const written: [number, string][] = [
    [12_300, '12 KB'],
    [99_999, '100 KB'],
    [100_000, '0.1 MB'],
    [420_000, '0.4 MB'],
    [23.4e6, '23 MB'],
    [1.44e9, '1.4 GB'],
    [12.6e9, '13 GB'],
  ];
  for (const [size, words] of written) assert.equal(bytes(size), words.replace(' ', NB), String(size));
});

test('a magnitude is told in words', () => {
  const written: [number, string][] = [
    [0, '0'],
    [999, '999'],
    [1000, '1 thousand'],
    [24_000, '24 thousand'],
    [1_680_000, '1.7 million'],
    [38.64e6, '38.6 million'],
    [2.44e9, '2.4 billion'],
    [5.243e12, '5.2 trillion'],
  ];
  for (const [value, words] of written) assert.equal(magnitude(value), words, String(value));
});

test('a tick of an axis is short', () => {
  const written: [number, string][] = [
    [0, '0'],
    [300, '300'],
    [2500, '2.5k'],
    [12e6, '12M'],
    [1.2e9, '1.2G'],
    [3e12, '3T'],
    [4e15, '4P'],
    [0.125, '0.125'],
  ];
  for (const [value, words] of written) assert.equal(short(value), words, String(value));
});
