// Numbers as the page writes them.

const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** 1,552 */
export const count = (value: number): string => grouped.format(value);

/** 97.2 % */
export const percent = (share: number, digits = 1): string => `${(share * 100).toFixed(digits)} %`;

/** Three significant digits, never with an exponent that a reader must work out: 0.061, 4.21, 311, 2.4e−7. */
export function significant(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e6) return value.toExponential(1).replace('e+', 'e').replace('-', '−');
  if (size >= 10 ** digits) return count(value);
  if (size < 1e-5) return value.toExponential(1).replace('-', '−');
  return value.toPrecision(digits).replace('-', '−');
}

/** Fixed decimals, grouped, with a true minus sign: 1,414.4, −0.013; with an exponent only where a run diverges. */
export function fixed(value: number, digits: number): string {
  if (!Number.isFinite(value)) return '–';
  const text =
    Math.abs(value) >= 1e6
      ? value.toExponential(1).replace('e+', 'e')
      : value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return text.replace('-', '−');
}

/** 0.79 ms, 12.4 ms, 1.31 s */
export function milliseconds(ms: number): string {
  if (!Number.isFinite(ms)) return '–';
  if (ms >= 1000) return `${(ms / 1000).toPrecision(3)} s`;
  return `${ms >= 100 ? ms.toFixed(0) : ms >= 10 ? ms.toFixed(1) : ms.toFixed(2)} ms`;
}

/** 0:42, 12:05, 3 h 20 min */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  const whole = Math.round(seconds);
  if (whole >= 3600) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
