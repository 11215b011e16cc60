import { perLocale } from './language.js';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** A number as the locale in force writes it, with that many digits behind the point. */
export function formatNumber(value: number, digits?: number): string {
  const options: Intl.NumberFormatOptions =
    digits === undefined ? {} : { minimumFractionDigits: digits, maximumFractionDigits: digits };
  const make = (locale: string) => new Intl.NumberFormat(locale, options);
  return perLocale(`number ${digits}`, make).format(value);
}

/** A number of bytes as people read it: `1.5 MB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  const make = (locale: string) =>
    new Intl.NumberFormat(locale, {
      ...{ minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false },
    });
  return `${perLocale(`size ${digits}`, make).format(value)} ${UNITS[unit]}`;
}

/** Bytes a second: `1.5 MB/s`. */
export function formatRate(rate: number): string {
  return `${formatBytes(rate)}/s`;
}

/** ms as people read them: `12 ms`, `1.2 s`, `1:05`, `2:03:09`. */
export function formatDuration(duration: number): string {
  if (duration < 1000) return `${formatNumber(duration, 0)} ms`;
  if (duration < 60_000) return `${formatNumber(duration / 1000, 1)} s`;
  const seconds = Math.floor(duration / 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  const rest = two(seconds % 60);
  if (minutes < 60) return `${minutes}:${rest}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${rest}`;
}

/** The same in whole seconds, of at least 1 s: for what is counted while one looks. */
export function formatSeconds(duration: number): string {
  const whole = Math.max(1, Math.round(duration / 1000)) * 1000;
  return whole < 60_000 ? `${formatNumber(whole / 1000, 0)} s` : formatDuration(whole);
}

/** The time of day with seconds, from 0 to 24 h, as logs have it: it fits into a column. */
export function formatTime(time: number): string {
  const make = (locale: string) =>
    new Intl.DateTimeFormat(locale, {
      ...{ hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' },
    });
  return perLocale('time', make).format(time);
}

/** The day of a moment, of local time: `Jan 31, 2027`, `31.01.2027`. */
export function formatDate(time: number): string {
  const make = (locale: string) => new Intl.DateTimeFormat(locale, { dateStyle: 'medium' });
  return perLocale('date', make).format(time);
}

/** The day of a moment, of local time, as fields for dates and files have it: `2027-01-31`. */
export function isoDate(time: number): string {
  const date = new Date(time);
  const two = (number: number) => String(number).padStart(2, '0');
  const year = String(date.getFullYear()).padStart(4, '0');
  return `${year}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** Day and time of a moment. */
export function formatDateTime(time: number): string {
  const make = (locale: string) =>
    new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });
  return perLocale('date and time', make).format(time);
}

/** `a, b and c`, or `a, b or c`. */
export function formatList(
  items: readonly string[],
  type: 'conjunction' | 'disjunction' = 'conjunction',
): string {
  const make = (locale: string) => new Intl.ListFormat(locale, { type });
  return perLocale(type, make).format(items);
}
