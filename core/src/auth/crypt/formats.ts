import { isUtf8 } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { DIGITS } from './md5crypt.js';
import { SHA_ROUNDS, shaCrypt } from './shacrypt.js';

/** The hashing methods of crypt(5) that are understood. */
export type HashFormat = 'md5' | 'sha256' | 'sha512' | 'bcrypt' | 'yescrypt';

/** A hash whose shape has been checked. */
export interface ParsedHash {
  readonly format: HashFormat;
  /** The salt as written; empty for bcrypt and yescrypt, whose settings are used whole. */
  readonly salt: string;
  /** Rounds of SHA-crypt; 0 for the other formats. */
  readonly rounds: number;
}

/**
 * crypt(3): hashes `password` (octets without NUL) as `setting` says, which may be a whole hash.
 * Throws `Error` when it cannot.
 */
export type Crypt = (password: Uint8Array, setting: string) => string;

/** The longest password, in bytes, that RFC 1929 can carry. */
export const MAX_PASSWORD_BYTES = 255;

// The shapes are those of crypt(5), with two things said more exactly: a salt is printable ASCII
// without space and !$*:;\, and the last digit has no bits beyond those of the digest.
const SALT = String.raw`["#%-)+-9<-[\]-~]`;
const MD5 = new RegExp(String.raw`^\$1\$(${SALT}{1,8})\$[./0-9A-Za-z]{21}[./01]$`);
const SHA_SETTING = String.raw`(?:rounds=([1-9][0-9]*)\$)?(?!rounds=)(${SALT}{1,16})`;
const SHA256 = new RegExp(String.raw`^\$5\$${SHA_SETTING}\$[./0-9A-Za-z]{42}[./0-9A-D]$`);
const SHA512 = new RegExp(String.raw`^\$6\$${SHA_SETTING}\$[./0-9A-Za-z]{85}[./01]$`);
const BCRYPT = /^\$2[aby]\$([0-9]{2})\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{30}[.CGKOSWaeimquy26]$/;
const YESCRYPT = /^\$y\$[./A-Za-z0-9]+\$[./A-Za-z0-9]{0,86}\$[./A-Za-z0-9]{42}[./0-9A-D]$/;

/**
 * Tells the format of a hash, and checks its whole shape against crypt(5): what passes is a hash
 * that some password has.
 *
 * @throws Error with one sentence, which never contains the hash
 */
export function parseHash(hash: string): ParsedHash {
  const prefix = /^\$[0-9a-z]+\$/.exec(hash)?.[0];
  switch (prefix) {
    case '$1$': {
      const [, salt = ''] = match(MD5, hash, prefix);
      return { format: 'md5', salt, rounds: 0 };
    }
    case '$5$': {
      const [, rounds, salt = ''] = match(SHA256, hash, prefix);
      return { format: 'sha256', salt, rounds: shaRounds(rounds) };
    }
    case '$6$': {
      const [, rounds, salt = ''] = match(SHA512, hash, prefix);
      return { format: 'sha512', salt, rounds: shaRounds(rounds) };
    }
    case '$2a$':
    case '$2b$':
    case '$2y$': {
      const cost = Number(match(BCRYPT, hash, prefix)[1]);
      if (cost < 4 || cost > 31) throw new Error('the cost of a bcrypt hash must be 04 to 31');
      return { format: 'bcrypt', salt: '', rounds: 0 };
    }
    case '$y$':
      match(YESCRYPT, hash, prefix);
      return { format: 'yescrypt', salt: '', rounds: 0 };
    default:
      throw new Error('a password hash must begin with $1$, $2a$, $2b$, $2y$, $5$, $6$ or $y$');
  }
}

function match(shape: RegExp, hash: string, prefix: string): RegExpExecArray {
  const found = shape.exec(hash);
  if (found === null) throw new Error(`the ${prefix} password hash is malformed, see crypt(5)`);
  return found;
}

function shaRounds(text: string | undefined): number {
  const { default: unstated, min, max } = SHA_ROUNDS;
  const rounds = text === undefined ? unstated : Number(text);
  if (rounds < min || rounds > max) {
    throw new Error(`the rounds of a $5$ or $6$ hash must be ${min} to ${max}`);
  }
  return rounds;
}

/**
 * Whether checking a password needs the system's crypt(3): yescrypt hashes do; a bcrypt hash may
 * `try` it for a password that is not UTF-8, which what we have ourselves cannot hash.
 *
 * @throws Error when the hash is malformed, see {@link parseHash}
 */
export function useOfLibcrypt(password: Uint8Array, hash: string): 'need' | 'try' | 'none' {
  const { format } = parseHash(hash);
  if (format === 'yescrypt') return 'need';
  return format === 'bcrypt' && !isUtf8(password) ? 'try' : 'none';
}

/**
 * A new hash of `password`, for a line of a password file: `$6$` with 16 random salt characters and
 * the default rounds. Takes some 10 ms of CPU time.
 *
 * @param password as octets, or as text that is sent in UTF-8
 * @throws RangeError when no client could send the password: one that is empty, is over
 *   {@link MAX_PASSWORD_BYTES} bytes, or has a NUL or a lone surrogate
 */
export function makeHash(password: string | Uint8Array): string {
  const bytes = typeof password === 'string' ? Buffer.from(password) : Buffer.from(password);
  if (bytes.length === 0 || bytes.length > MAX_PASSWORD_BYTES) {
    throw new RangeError(`a password must be 1 to ${MAX_PASSWORD_BYTES} bytes long`);
  }
  const isLossy = typeof password === 'string' && bytes.toString() !== password;
  if (bytes.includes(0) || isLossy) {
    throw new RangeError('a password must not have a NUL or a lone surrogate');
  }
  const salt = Array.from(randomBytes(16), (byte) => DIGITS.charAt(byte & 63)).join('');
  return `$6$${salt}$${shaCrypt('sha512', bytes, salt, SHA_ROUNDS.default)}`;
}
