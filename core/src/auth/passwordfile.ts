import { readFile } from 'node:fs/promises';
import { messageOf, systemMessage, UserError } from '../base/errors.js';
import { type Account, formatAccount, parseAccount, plainAccount, stricter } from './account.js';
import { parseHash } from './crypt/formats.js';
import type { Secret } from './source.js';
import { decodeUserName } from './username.js';

const PLAIN = '$base64$';
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** RFC 1929 has one octet for the length of a user name. */
export const MAX_USER = 255;

/** A line of a password file. */
export interface PasswordEntry {
  /** Empty for the server's own secret. */
  readonly user: string;
  readonly secret: Secret;
  /** What the fourth field says of the user. */
  readonly account: Account;
  /** Whether it is of the old form, without a group. */
  readonly old: boolean;
  /** Counts from 1. */
  readonly line: number;
}

/**
 * Reads the secret of a line.
 *
 * @throws {Error} with one sentence that shows nothing of it.
 */
export function parseSecret(text: string, group: string | undefined): Secret {
  if (text.startsWith(PLAIN)) {
    const base64 = text.slice(PLAIN.length);
    if (!BASE64.test(base64)) throw new Error(`what follows ${PLAIN} is not Base64`);
    return { kind: 'plain', password: Buffer.from(base64, 'base64'), group };
  }
  parseHash(text);
  return { kind: 'crypt', hash: text, group };
}

/**
 * Whether a line, without its line feed, says anything.
 *
 * @param text or its octets as ISO 8859-1.
 */
export function hasContent(text: string): boolean {
  return !text.startsWith('#') && text.trim() !== '';
}

/**
 * Reads a line that says something.
 *
 * @param text without the line feed.
 * @param line its number.
 * @throws {Error} with one sentence that shows nothing of the line.
 */
export function parseLine(text: string, line: number): PasswordEntry {
  const [user = '', second, third, ...more] = text.replace(/\r$/, '').split(':');
  if (second === undefined || (more.length > 0 && !third?.startsWith('$'))) {
    throw new Error('expected USER:GROUP:SECRET');
  }
  if (Buffer.byteLength(user) > MAX_USER) throw new Error('the user name is longer than 255 bytes');
  const group = third === undefined || second === '' ? undefined : second;
  const secret = parseSecret(third ?? second, group);
  // Moments have colons.
  const account = more.length === 0 ? plainAccount : parseAccount(more.join(':'));
  return { user, secret, account, old: third === undefined, line };
}

/**
 * Reads a password file of the original daemon: lines `USER:GROUP:SECRET`, or `USER:SECRET` of an
 * older form, and behind the secret perhaps a field of ours, see {@link parseAccount}. Empty lines and lines that start with `#` are skipped.
 *
 * @param name the file's name, for messages.
 * @throws {UserError} naming the line that is wrong; never showing what stands in it.
 */
export function parsePasswordFile(text: string, name: string): PasswordEntry[] {
  const entries: PasswordEntry[] = [];
  for (const [i, raw] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    if (!hasContent(raw)) continue;
    try {
      entries.push(parseLine(raw, i + 1));
    } catch (error) {
      throw new UserError(`${name}:${i + 1}: ${messageOf(error)}`);
    }
  }
  return entries;
}

/** The secrets that a user's lines have, each with what all of them say of the user. */
export function secretsOf(entries: readonly PasswordEntry[]): readonly Secret[] {
  const account = entries.map((entry) => entry.account).reduce(stricter, plainAccount);
  if (account === plainAccount) return entries.map(({ secret }) => secret);
  return entries.map(({ secret }) => ({ ...secret, account }));
}

/** The text of a file whose lines are read as clients' user names are, so that both agree. */
function decodeLines(octets: Buffer): string {
  const lines = octets.toString('latin1').split('\n');
  return lines.map((line) => decodeUserName(Buffer.from(line, 'latin1'))).join('\n');
}

/**
 * Reads the password file of a name.
 *
 * @throws {UserError} if it cannot be read, or naming the line that is wrong.
 */
export async function readPasswordFile(file: string): Promise<PasswordEntry[]> {
  const octets = await readFile(file).catch((error: unknown) => {
    throw new UserError(`cannot read the password file "${file}": ${systemMessage(error)}`);
  });
  return parsePasswordFile(decodeLines(octets), file);
}

/**
 * The secret of a password file that holds the password readably, as CHAP needs it.
 *
 * @param password as octets, or as text that is sent in UTF-8.
 */
export function plainSecret(password: string | Uint8Array): string {
  const octets = typeof password === 'string' ? Buffer.from(password) : Buffer.from(password);
  return PLAIN + octets.toString('base64');
}

/**
 * A line of a password file, without its line feed.
 *
 * @param secret a crypt(3) hash, or what {@link plainSecret} gives.
 * @param account what is said of the user in the fourth field; left out, there is none.
 * @throws {UserError} if user or group cannot stand in such a file.
 */
export function formatPasswordLine(
  user: string,
  group: string,
  secret: string,
  account: Account = plainAccount,
): string {
  checkField('user name', user);
  checkField('group', group);
  const more = formatAccount(account);
  return `${user}:${group}:${secret}${more === '' ? '' : `:${more}`}`;
}

/** @throws {UserError} if a text cannot stand in a password file as a user's or group's name. */
export function checkField(what: string, text: string): void {
  const control = [...text].some((character) => character < ' ' || character === '\x7f');
  if (text.includes(':') || control || text.startsWith('#')) {
    throw new UserError(`the ${what} must have no colon or control character, nor begin with #`);
  }
  if (Buffer.byteLength(text) > MAX_USER)
    throw new UserError(`the ${what} is longer than 255 bytes`);
}
