import { createHash, timingSafeEqual } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { systemMessage, UserError } from '../base/errors.js';

/** Characters of the shortest and the longest token. */
const SHORTEST = 16;
const LONGEST = 4096;

/**
 * Reads the token of a control interface: the only line of a file that nobody but its owner can
 * read.
 *
 * @throws {UserError} if it cannot be read, others can read it, or it is no token.
 */
export function readToken(file: string): string {
  let text: string;
  try {
    const fd = openSync(file, 'r');
    try {
      const { mode } = fstatSync(fd);
      if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
        const is = (mode & 0o777).toString(8).padStart(4, '0');
        throw new UserError(
          `--control-token: others can read "${file}", whose mode is ${is}; expected 0600`,
        );
      }
      text = readFileSync(fd, 'latin1');
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`--control-token: cannot read "${file}": ${systemMessage(error)}`);
  }
  const token = text.replace(/\r?\n$/, '');
  if (!/^[\x21-\x7e]*$/.test(token) || token.length < SHORTEST || token.length > LONGEST) {
    throw new UserError(
      `--control-token: expected one line in "${file}", of ${SHORTEST} to ${LONGEST} characters ` +
        'of visible ASCII; "openssl rand -hex 32" makes one',
    );
  }
  return token;
}

/** Whether a text is a token; how long that takes says nothing of it. */
export function isToken(text: string, token: string): boolean {
  const digest = (value: string) => createHash('sha256').update(value).digest();
  return timingSafeEqual(digest(text), digest(token));
}
