import { Buffer } from 'node:buffer';

/** Octets of the hash that a key begins with. */
const HASH = 4;

/**
 * The key of a user: a hash of the name and the name in UTF-8, so that users who are sorted by their
 * hashes are written one behind the other, wherever they stand in a file.
 */
export function keyOf(user: string): Buffer {
  const key = Buffer.allocUnsafe(HASH + Buffer.byteLength(user));
  key.write(user, HASH);
  key.writeUInt32BE(hashOf(key, HASH, key.length), 0);
  return key;
}

/** The name of the user of a key. */
export function userOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('utf8', HASH);
}

/** FNV-1a of octets, with its high bits stirred into the low ones and back. */
export function hashOf(octets: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ (octets[i] as number), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/** A line of a user: what stands in a password file behind the user's name. */
export interface UserLine {
  readonly group: string;
  readonly secret: string;
  /** As the fourth field has it; empty if there is none. */
  readonly account: string;
}

/** Takes what is stored of a user apart: the lines, with line feeds between. */
export function linesOf(value: string): UserLine[] {
  return value.split('\n').map((line) => {
    const [group = '', secret = '', ...more] = line.split(':');
    return { group, secret, account: more.join(':') };
  });
}

/** What is stored of a user. */
export function storedOf(lines: readonly UserLine[]): string {
  return lines
    .map(({ group, secret, account }) => `${group}:${secret}${account === '' ? '' : `:${account}`}`)
    .join('\n');
}
