import { availableParallelism } from 'node:os';
import { UserError } from '../base/errors.js';

const MAX = 256;

/**
 * Reads the value of `--workers`.
 *
 * @throws {UserError} if it is neither `auto` nor a number from 1 to 256.
 */
export function parseWorkers(text: string): number {
  if (text === 'auto') return Math.min(availableParallelism(), MAX);
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > MAX) {
    throw new UserError(`expected a whole number from 1 to ${MAX}, or auto, not "${text}"`);
  }
  return count;
}
