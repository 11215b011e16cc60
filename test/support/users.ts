import { chmodSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { temporaryFile } from './files.js';

/** A plain secret as it stands in a password file. */
export function plainSecret(password: string): string {
  return `$base64$${Buffer.from(password).toString('base64')}`;
}

/** `secret` as a $6$ hash. */
export const HASH_OF_SECRET =
  '$6$saltsaltsaltsalt$ph0yGsyjzqdeFaon7.gJZo8eAG5/rj9/JdzOu1Rl7dKzBYg3xgvl7T2VQ2Rt81bc5AXkdA54r0p8QvC1omD6R1';

/** A password file of some lines `USER:GROUP:SECRET`, its owner's alone. */
export function passwordFile(t: TestContext, ...lines: string[]): string {
  const file = temporaryFile(t, lines.map((line) => `${line}\n`).join(''), 'users');
  chmodSync(file, 0o600);
  return file;
}
