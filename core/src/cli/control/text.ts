import { logValue } from '../../log/logline.js';

const UNITS = ['', 'K', 'M', 'G', 'T', 'P'];

/** A number of bytes as people read it: `17`, `1.2K`, `340M`; K is 1024. */
export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (Math.round(value) >= 1000 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit > 0 && value < 9.95 ? 1 : 0;
  return `${value.toFixed(digits)}${UNITS[unit]}`;
}

/** A time as people read it: `5s`, `3m 20s`, `2h 5m`, `4d 3h`. @param seconds 0 or more. */
export function span(seconds: number): string {
  const s = Math.floor(seconds);
  if (s < 60) return `${s}s`;
  if (s < 3600) return `${Math.floor(s / 60)}m ${s % 60}s`;
  if (s < 86_400) return `${Math.floor(s / 3600)}h ${Math.floor((s % 3600) / 60)}m`;
  return `${Math.floor(s / 86_400)}d ${Math.floor((s % 86_400) / 3600)}h`;
}

/** A text of others, in which nothing can move the cursor or be taken for a column. */
export function visible(text: string): string {
  return logValue(text);
}

/** `1 connection`, `2 connections`. */
export function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

/**
 * A table: columns as wide as their widest cell, two spaces between.
 *
 * @param right the numbers of columns that stand at their right edge.
 */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, i) =>
        right.includes(i) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}

/** What there is to say, each behind its name, the colons one below the other. */
export function list(entries: readonly (readonly [name: string, text: string])[]): string {
  const width = Math.max(...entries.map(([name]) => name.length));
  return entries
    .map(
      ([name, text]) =>
        `${name === '' ? ' '.repeat(width + 1) : `${name.padStart(width)}:`} ${text}\n`,
    )
    .join('');
}

/** The time of day of this machine: `2026-11-25 19:03:11`. */
export function localTime(iso: string): string {
  const date = new Date(iso);
  const two = (number: number) => String(number).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
