import type { UserLimits } from '../../main/ipc/contract.js';
import { text } from '../../main/words/words.js';
import { isoDate } from '../format.js';

/** What was typed cannot be used: the message is a sentence for the user. */
export class LimitError extends Error {}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  ...{ kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 },
  ...{ k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 },
  ...{ kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30, tib: 2 ** 40 },
};

/** The units in which bytes are shown without loss, the greatest first. */
const SHOWN = [
  ...(['TB', 'TiB', 'GB', 'GiB', 'MB', 'MiB', 'kB', 'KiB'] as const).map(
    (unit) => [unit, UNITS[unit.toLowerCase()] ?? 1] as const,
  ),
];

/**
 * Bytes as they are typed: `500 MB`, `1.5 GiB`; `20G` is in units of 1024, as on the command line.
 *
 * @returns undefined for nothing: no limit.
 * @throws {LimitError}
 */
export function parseBytes(typed: string, title: string): number | undefined {
  if (typed.trim() === '') return undefined;
  const [, number, unit = ''] = /^\s*(\d+(?:[.,]\d+)?)\s*([a-z]*?)(?:\/s)?\s*$/i.exec(typed) ?? [];
  const factor = UNITS[unit.toLowerCase()];
  const bytes = Math.round(Number(number?.replace(',', '.')) * (factor ?? Number.NaN));
  if (!Number.isSafeInteger(bytes) || bytes < 1) {
    throw new LimitError(text('users.bytesExpected', { title }));
  }
  return bytes;
}

/** Bytes as {@link parseBytes} reads them back, to the byte. */
export function exactBytes(bytes: number): string {
  for (const [unit, factor] of SHOWN) {
    const value = Math.round((bytes / factor) * 100) / 100;
    if (value >= 1 && Math.round(value * factor) === bytes) return `${value} ${unit}`;
  }
  return `${bytes} B`;
}

/**
 * A number of connections or devices as it is typed.
 *
 * @returns undefined for nothing: no limit.
 * @throws {LimitError}
 */
export function parseWhole(typed: string, title: string): number | undefined {
  if (typed.trim() === '') return undefined;
  const number = /^\s*\d{1,7}\s*$/.test(typed) ? Number(typed) : 0;
  if (number < 1) throw new LimitError(text('users.wholeExpected', { title }));
  return number;
}

/** The last day on which a user may log in: the moment at which it expires may be the day's end. */
export function lastDay(expires: number): string {
  return isoDate(expires - 1);
}

/**
 * When a user expires whose last day is the given one, which counts as a whole.
 *
 * @param day `2027-01-31`; empty: never.
 * @param before when it expired before: it stays so if the day is the same.
 * @throws {LimitError}
 */
export function parseLastDay(day: string, before: number | undefined): number | undefined {
  if (day === '') return undefined;
  if (before !== undefined && day === lastDay(before)) return before;
  const [year = 0, month = 0, date = 0] = day.split('-').map(Number);
  const end = new Date(year, month - 1, date + 1).getTime();
  if (!/^\d{4}-\d\d-\d\d$/.test(day) || lastDay(end) !== day) {
    throw new LimitError(text('users.dateExpected'));
  }
  return end;
}

/** The fields of limits that are typed, in their order. */
export const LIMIT_FIELDS = [
  { key: 'connections', bytes: false },
  { key: 'devices', bytes: false },
  { key: 'rateUp', example: '500 kB/s', bytes: true },
  { key: 'rateDown', example: '2 MB/s', bytes: true },
  { key: 'perDay', example: '1 GB', bytes: true },
  { key: 'perMonth', example: '20 GB', bytes: true },
] as const;

/** What may be typed into the field of a limit. */
export function limitHint(field: (typeof LIMIT_FIELDS)[number]): string {
  return field.bytes
    ? text('users.suchAs', { example: field.example })
    : text(`users.${field.key}.hint`);
}

/**
 * The limits that were filled in.
 *
 * @param field gives what a field has.
 * @throws {LimitError}
 */
export function parseLimits(field: (name: string) => string, before: UserLimits): UserLimits {
  const limits: Record<string, number> = {};
  const expires = parseLastDay(field('expires'), before.expires);
  if (expires !== undefined) limits['expires'] = expires;
  for (const { key, bytes } of LIMIT_FIELDS) {
    const limit = (bytes ? parseBytes : parseWhole)(field(key), text(`users.${key}`));
    if (limit !== undefined) limits[key] = limit;
  }
  return limits;
}

/** A limit as its field has it. */
export function limitText(
  { key, bytes }: (typeof LIMIT_FIELDS)[number],
  limits: UserLimits,
): string {
  const { [key]: limit } = limits;
  if (limit === undefined) return '';
  return bytes ? exactBytes(limit) : String(limit);
}
