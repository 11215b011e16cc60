import { digest, encode64, mix, repeat } from './md5crypt.js';

/** Rounds of a SHA-crypt hash that does not state them, and the range it may state, crypt(5). */
export const SHA_ROUNDS = { default: 5000, min: 1000, max: 999_999_999 } as const;

const ORDER = {
  sha256: [
    0, 10, 20, 21, 1, 11, 12, 22, 2, 3, 13, 23, 24, 4, 14, 15, 25, 5, 6, 16, 26, 27, 7, 17, 18, 28,
    8, 9, 19, 29, 31, 30,
  ],
  sha512: [
    0, 21, 42, 22, 43, 1, 44, 2, 23, 3, 24, 45, 25, 46, 4, 47, 5, 26, 6, 27, 48, 28, 49, 7, 50, 8,
    29, 9, 30, 51, 31, 52, 10, 53, 11, 32, 12, 33, 54, 34, 55, 13, 56, 14, 35, 15, 36, 57, 37, 58,
    16, 59, 17, 38, 18, 39, 60, 40, 61, 19, 62, 20, 41, 63,
  ],
};

/**
 * The last component of a SHA-crypt (`$5$`, `$6$`) hash of crypt(5): 43 characters for SHA-256, 86
 * for SHA-512. The algorithm is Ulrich Drepper's "Unix crypt using SHA-256 and SHA-512".
 *
 * @param password any octets but NUL
 * @param salt 1 to 16 ASCII characters
 * @param rounds 1000 to 999999999, {@link SHA_ROUNDS}
 */
export function shaCrypt(
  algorithm: 'sha256' | 'sha512',
  password: Uint8Array,
  salt: string,
  rounds: number,
): string {
  const { length } = password;
  const saltBytes = Buffer.from(salt);
  const inner = digest(algorithm, [password, saltBytes, password]);
  const parts = [password, saltBytes, repeat(inner, length)];
  for (let bits = length; bits > 0; bits >>= 1) parts.push(bits & 1 ? inner : password);
  const start = digest(algorithm, parts);

  const p = repeat(digest(algorithm, [repeat(password, length * length)]), length);
  const saltRepeats = 16 + start.readUInt8(0);
  const s = repeat(digest(algorithm, [repeat(saltBytes, salt.length * saltRepeats)]), salt.length);
  return encode64(mix(algorithm, start, p, s, rounds), ORDER[algorithm]);
}
