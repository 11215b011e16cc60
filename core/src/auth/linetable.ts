import { randomInt } from 'node:crypto';
import type { Secret } from './source.js';

type Kind = Secret['kind'];

/** Of so many lines at least, if there are, a table keeps a sample; of less than twice as many. */
const SAMPLE = 256;

const COLON = 0x3a;
const FNV_BASIS = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** A seed of hashes that nobody can know. */
export function newSeed(): number {
  return randomInt(2 ** 32);
}

/** What a hash begins with: FNV-1a of a text's code units. */
export function startHash(seed: number): number {
  return seed ^ FNV_BASIS;
}

/** Takes one more code unit into a hash. */
export function stepHash(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, FNV_PRIME);
}

/** The hash of what was taken. The low bits are the slot: let the high ones have a say. */
export function endHash(hash: number): number {
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** The hash of a whole text. */
export function hashOf(text: string, seed: number): number {
  let hash = startHash(seed);
  for (let i = 0; i < text.length; i++) hash = stepHash(hash, text.charCodeAt(i));
  return endHash(hash);
}

/** Reads the user of the line that begins at an offset, where it is not as plain as its octets. */
export type UserAt = (start: number) => string;

/**
 * Where users' lines begin in a file of which only the octets are kept: one block of 8 to 16 bytes a
 * line in place of millions of objects, so that neither filling it nor collecting garbage keeps
 * clients waiting.
 */
export class LineTable {
  readonly #octets: Buffer;
  readonly #userAt: UserAt;
  readonly #seed: number;
  /** Open addressing by the hash of the user: 1 + where the line begins; 0: empty. */
  readonly #slots: Float64Array | Uint32Array;
  readonly #sample = new Sample();

  /**
   * @param octets of the file.
   * @param lines how many there are at most.
   */
  constructor(octets: Buffer, lines: number, seed: number, userAt: UserAt) {
    this.#octets = octets;
    this.#userAt = userAt;
    this.#seed = seed;
    const size = 2 ** Math.ceil(Math.log2(2 * lines + 2));
    this.#slots = octets.length < 2 ** 32 - 1 ? new Uint32Array(size) : new Float64Array(size);
  }

  /** Where some of the lines begin that count, spread evenly over them. */
  get sample(): readonly number[] {
    return this.#sample.toArray();
  }

  /** Where a user's lines begin, in the order of the file: one of each kind at most. */
  find(user: string): number[] {
    const found: number[] = [];
    const mask = this.#slots.length - 1;
    let slot = hashOf(user, this.#seed) & mask;
    for (let taken = this.#slots[slot]; taken; taken = this.#slots[slot]) {
      if (this.#isOf(taken - 1, user)) found.push(taken - 1);
      slot = (slot + 1) & mask;
    }
    return found;
  }

  /**
   * Takes a line, unless the user has one of its kind already.
   *
   * @param start where it begins.
   * @param hash of its user.
   * @param kindAt the kind of another line of the user, by where that begins.
   * @returns where the earlier line begins that counts in its place, if it never counts: the user's
   *   first of that kind, or a plain one, which serves every method.
   */
  add(
    user: string,
    hash: number,
    start: number,
    kind: Kind,
    kindAt: (start: number) => Kind,
  ): number | undefined {
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    let inPlace: number | undefined;
    let known = false;
    for (let taken = this.#slots[slot]; taken; taken = this.#slots[slot]) {
      if (this.#isOf(taken - 1, user)) {
        const other = kindAt(taken - 1);
        known ||= other === kind;
        if (other === kind || other === 'plain') inPlace ??= taken - 1;
      }
      slot = (slot + 1) & mask;
    }
    if (!known) {
      this.#slots[slot] = start + 1;
      this.#sample.add(start);
    }
    return inPlace;
  }

  /** Whether a line is a user's: it need be decoded only where it is not ASCII. */
  #isOf(start: number, user: string): boolean {
    const octets = this.#octets;
    for (let i = 0; i < user.length; i++) {
      const octet = octets[start + i];
      const unit = user.charCodeAt(i);
      if (unit > 0x7f || (octet !== undefined && octet > 0x7f)) return this.#userAt(start) === user;
      if (octet !== unit) return false;
    }
    return octets[start + user.length] === COLON;
  }
}

/** Keeps one in so many of what it is given, evenly, up to a number; always the same ones. */
class Sample {
  #kept: number[] = [];
  #step = 1;
  #count = 0;

  add(number: number): void {
    if (this.#count++ % this.#step > 0) return;
    this.#kept.push(number);
    if (this.#kept.length < 2 * SAMPLE) return;
    this.#kept = this.#kept.filter((_, i) => i % 2 === 0);
    this.#step *= 2;
  }

  toArray(): readonly number[] {
    return this.#kept;
  }
}
