import { timingSafeEqual } from 'node:crypto';
import { hashSync } from 'bcryptjs';
import { type Crypt, MAX_PASSWORD_BYTES, parseHash } from './formats.js';
import { md5Crypt } from './md5crypt.js';
import { shaCrypt } from './shacrypt.js';

/** Characters of a bcrypt hash that say how it is made. */
const BCRYPT_SETTING_LENGTH = 29;

/**
 * Whether `password` has this hash, as crypt(3) would say. Takes from milliseconds to seconds of
 * CPU time, as the hash asks; the comparison takes the same time wherever the hashes differ.
 *
 * A password with a NUL, or longer than {@link MAX_PASSWORD_BYTES}, never matches; nor does one
 * that is not UTF-8 match a bcrypt hash without `libcrypt`. Bcrypt uses the first 72 bytes only.
 *
 * @param password the octets received
 * @param libcrypt the system's crypt(3), see {@link useOfLibcrypt}
 * @throws Error when the hash is malformed (see {@link parseHash}), or `libcrypt` is missing or
 *   fails
 */
export function verifyHash(password: Uint8Array, hash: string, libcrypt?: Crypt): boolean {
  const { format, salt, rounds } = parseHash(hash);
  if (password.length > MAX_PASSWORD_BYTES || password.includes(0)) return false;
  const setting = hash.slice(0, hash.lastIndexOf('$') + 1);
  switch (format) {
    case 'md5':
      return equal(setting + md5Crypt(password, salt), hash);
    case 'sha256':
    case 'sha512':
      return equal(setting + shaCrypt(format, password, salt, rounds), hash);
    case 'bcrypt': {
      const text = decodeUtf8(password);
      if (text === undefined)
        return libcrypt !== undefined && equal(libcrypt(password, hash), hash);
      return equal(hashSync(text, hash.slice(0, BCRYPT_SETTING_LENGTH)), hash);
    }
    case 'yescrypt':
      if (libcrypt === undefined) {
        throw new Error("a yescrypt ($y$) hash needs the system's crypt library");
      }
      return equal(libcrypt(password, hash), hash);
  }
}

function equal(computed: string, expected: string): boolean {
  const a = Buffer.from(computed);
  const b = Buffer.from(expected);
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The text of which `bytes` are the one UTF-8 encoding, if there is such a text. */
function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
