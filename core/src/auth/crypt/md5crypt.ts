import { hash } from 'node:crypto';

/** The digits of crypt(5) base 64, in order of value. */
export const DIGITS = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

const ROUNDS = 1000;
const ORDER = [0, 6, 12, 1, 7, 13, 2, 8, 14, 3, 9, 15, 4, 10, 5, 11];

/**
 * The last component of an MD5-crypt (`$1$`) hash of crypt(5): 22 characters.
 *
 * @param password any octets but NUL
 * @param salt 1 to 8 ASCII characters
 */
export function md5Crypt(password: Uint8Array, salt: string): string {
  const saltBytes = Buffer.from(salt);
  const inner = digest('md5', [password, saltBytes, password]);
  const parts = [password, Buffer.from('$1$'), saltBytes, repeat(inner, password.length)];
  for (let bits = password.length; bits > 0; bits >>= 1) {
    parts.push(bits & 1 ? Buffer.alloc(1) : password.subarray(0, 1));
  }
  return encode64(mix('md5', digest('md5', parts), password, saltBytes, ROUNDS), ORDER);
}

/** The digest of the concatenation of `parts`. */
export function digest(algorithm: string, parts: readonly Uint8Array[]): Buffer {
  return hash(algorithm, Buffer.concat(parts), 'buffer');
}

/** `bytes` over and over, cut at `length` bytes. */
export function repeat(bytes: Uint8Array, length: number): Buffer {
  return Buffer.alloc(length, bytes);
}

/** The slow loop of MD5-crypt, which SHA-crypt took over as it was. */
export function mix(
  algorithm: string,
  start: Uint8Array,
  password: Uint8Array,
  salt: Uint8Array,
  rounds: number,
): Uint8Array {
  let state = start;
  for (let round = 0; round < rounds; round += 1) {
    const odd = round % 2 === 1;
    const parts = [odd ? password : state];
    if (round % 3 !== 0) parts.push(salt);
    if (round % 7 !== 0) parts.push(password);
    parts.push(odd ? state : password);
    state = digest(algorithm, parts);
  }
  return state;
}

/**
 * Base 64 of crypt(5): `bytes` are taken in the given order, three at a time as one big-endian
 * number, whose digits are written the least significant first.
 */
export function encode64(bytes: Uint8Array, order: readonly number[]): string {
  const ordered = Buffer.from(order.map((index) => bytes[index] ?? 0));
  let text = '';
  for (let offset = 0; offset < ordered.length; offset += 3) {
    const size = Math.min(3, ordered.length - offset);
    let value = ordered.readUIntBE(offset, size);
    for (let digits = size + 1; digits > 0; digits -= 1) {
      text += DIGITS.charAt(value & 63);
      value >>= 6;
    }
  }
  return text;
}
