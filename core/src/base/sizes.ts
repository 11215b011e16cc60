import { UserError } from './errors.js';

const units: Readonly<Record<string, number>> = {
  '': 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
};

/**
 * Reads a number of bytes: `500`, `64K`, `1.5M`, `20G`, `1T`, in units of 1024 as in curl and
 * OpenSSH.
 *
 * @throws {UserError} if it is malformed or zero.
 */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([kmgt]?)b?$/i.exec(text);
  const bytes = Math.round(Number(match?.[1]) * (units[match?.[2]?.toLowerCase() ?? ''] ?? 1));
  if (match === null || bytes < 1) {
    throw new UserError(`expected a number of bytes such as 64K, 1.5M or 20G, not "${text}"`);
  }
  return bytes;
}

/**
 * Reads a whole number.
 *
 * @throws {UserError} if it is malformed or zero.
 */
export function parseCount(text: string): number {
  const count = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (count < 1) throw new UserError(`expected a whole number of 1 or more, not "${text}"`);
  return count;
}
