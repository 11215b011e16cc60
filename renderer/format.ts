const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** A number of bytes as people read it: `1.5 MB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

export function formatRate(rate: number): string {
  return `${formatBytes(rate)}/s`;
}

/** ms as people read them: `12 ms`, `1.2 s`, `1:05`, `2:03:09`. */
export function formatDuration(duration: number): string {
  if (duration < 1000) return `${Math.round(duration)} ms`;
  if (duration < 60_000) return `${(duration / 1000).toFixed(1)} s`;
  const seconds = Math.floor(duration / 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  const rest = two(seconds % 60);
  if (minutes < 60) return `${minutes}:${rest}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${rest}`;
}

const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });

/** The time of day, with seconds. */
export function formatTime(time: number): string {
  return clock.format(time);
}

const two = (number: number) => String(number).padStart(2, '0');

/** The day of a moment, of local time: `2027-01-31`. */
export function formatDate(time: number): string {
  const date = new Date(time);
  const year = String(date.getFullYear()).padStart(4, '0');
  return `${year}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** `1 connection`, `2 connections`. */
export function count(number: number, noun: string): string {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;
}

/** Words for a reason such as `not-allowed`. */
export function words(reason: string): string {
  return reason.replaceAll('-', ' ');
}
