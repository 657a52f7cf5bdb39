// Numbers as the page writes them, in its language. A number and its unit stay on one line.

import { languageOfPage, t } from '../words/words';

const language = languageOfPage();
const grouped = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });

/** The sign before the decimals: a comma in many languages. */
const DECIMAL = new Intl.NumberFormat(language).formatToParts(0.5).find(({ type }) => type === 'decimal')?.value ?? '.';

/** A number as JavaScript writes it, with the decimal sign and the minus sign of the page. */
const signed = (text: string): string => text.replace('.', DECIMAL).replace('e+', 'e').replaceAll('-', '−');

/** 1,552 */
export const count = (value: number): string => grouped.format(value);

/** 97.2 % */
export const percent = (share: number, digits = 1): string => `${signed((share * 100).toFixed(digits))}\u00a0%`;

/** Three significant digits, with an exponent only for very small numbers: 0.061, 4.21, 311, 2.4e−7. */
export function significant(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e6) return signed(value.toExponential(1));
  // Rounded first: 999.6 is 1,000.
  if (Number(size.toPrecision(digits)) >= 10 ** digits) return count(value).replace('-', '−');
  return signed(size < 1e-5 ? value.toExponential(1) : value.toPrecision(digits));
}

/** Fixed decimals, grouped, with a true minus sign: 1,414.4, −0.013; with an exponent only where a run diverges. */
export function fixed(value: number, digits: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Math.abs(value) >= 1e6) return signed(value.toExponential(1));
  return value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace('-', '−');
}

/** 0.79 ms, 12.4 ms, 1.31 s */
export function milliseconds(ms: number): string {
  if (!Number.isFinite(ms)) return '–';
  if (ms >= 1000) return `${signed((ms / 1000).toPrecision(3))}\u00a0s`;
  return `${signed(ms.toFixed(ms >= 100 ? 0 : ms >= 10 ? 1 : 2))}\u00a0ms`;
}

/** 0:42, 12:05, 3 h 20 min, 14 h, 21 days */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  const whole = Math.round(seconds);
  if (whole >= 172_800) return t`${count(whole / 86_400)}\u00a0days`;
  if (whole >= 36_000) return `${Math.floor(whole / 3600)}\u00a0h`;
  if (whole >= 3600) return t`${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)}\u00a0min`;
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

/** 3 s, 25 s, 4 min, 2 h: about how long something lasts. */
export function span(ms: number): string {
  if (!Number.isFinite(ms)) return t`a while`;
  if (ms < 90_000) return `${Math.max(1, Math.round(ms / 1000))}\u00a0s`;
  return ms < 5_400_000 ? `${Math.round(ms / 60_000)}\u00a0min` : `${Math.round(ms / 3_600_000)}\u00a0h`;
}

/** 12 KB, 0.4 MB, 23 MB, 1.4 GB */
export function bytes(size: number): string {
  if (size < 1e5) return `${(size / 1e3).toFixed(0)}\u00a0KB`;
  if (size >= 1e9) return `${signed((size / 1e9).toFixed(size < 1e10 ? 1 : 0))}\u00a0GB`;
  return `${signed((size / 1e6).toFixed(size < 1e7 ? 1 : 0))}\u00a0MB`;
}

/** 24 thousand, 1.7 million, 2.4 billion */
export function magnitude(value: number): string {
  if (value < 1e3) return count(value);
  const in_units = (unit: number): string => signed(String(Number((value / unit).toPrecision(value / unit < 10 ? 2 : 3))));
  if (value < 1e6) return t`${in_units(1e3)} thousand`;
  if (value < 1e9) return t`${in_units(1e6)} million`;
  return value < 1e12 ? t`${in_units(1e9)} billion` : t`${in_units(1e12)} trillion`;
}

/** 300, 2.5k, 12M, 1.2G: for the ticks of an axis. */
export function short(value: number): string {
  for (const [unit, name] of [
    [1e15, 'P'],
    [1e12, 'T'],
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const) {
    if (value >= unit) return `${signed(String(Number((value / unit).toPrecision(3))))}${name}`;
  }
  return signed(String(Number(value.toPrecision(3))));
}
