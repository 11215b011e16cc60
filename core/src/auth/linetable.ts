import { randomInt } from 'node:crypto';
import { Turn } from '../base/turn.js';
import type { Secret } from './source.js';

type Kind = Secret['kind'];

/** Of so many lines at least, if there are, a table keeps a sample; of less than twice as many. */
const SAMPLE = 256;

const PLAIN = 0;
const CRYPT = 1;
const numberOf: Readonly<Record<Kind, number>> = { plain: PLAIN, crypt: CRYPT };

/** Numbers that grow in number: one block of memory, not objects. */
class Column {
  #numbers = new Uint32Array(64);
  #length = 0;

  push(number: number): void {
    if (this.#length === this.#numbers.length) {
      const larger = new Uint32Array(this.#length * 2);
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    this.#numbers[this.#length++] = number;
  }

  toArray(): Uint32Array {
    return this.#numbers.slice(0, this.#length);
  }
}

/** Says whose the line is that begins at an offset. */
export type UserAt = (start: number) => string;

/**
 * Where users' lines begin in a file of which only the octets are kept. A million lines take a few
 * blocks of memory in place of millions of objects, so that neither filling it nor collecting
 * garbage keeps clients waiting.
 */
export class LineTable {
  readonly #seed: number;
  readonly #starts: Uint32Array;
  /** Open addressing by the hash of the user: 1 + the index of a start; 0: empty. */
  readonly #slots: Uint32Array;
  /** Where some of the lines begin that count, spread evenly over them. */
  readonly sample: readonly number[];
  readonly #userAt: UserAt;

  constructor(
    seed: number,
    starts: Uint32Array,
    slots: Uint32Array,
    sample: readonly number[],
    userAt: UserAt,
  ) {
    this.#seed = seed;
    this.#starts = starts;
    this.#slots = slots;
    this.sample = sample;
    this.#userAt = userAt;
  }

  /** Where a user's lines begin, in the order of the file: one of each kind at most. */
  find(user: string): number[] {
    const found: number[] = [];
    const mask = this.#slots.length - 1;
    let slot = hashOf(user, this.#seed) & mask;
    for (let taken = this.#slots[slot]; taken; taken = this.#slots[slot]) {
      const start = this.#starts[taken - 1] as number;
      if (this.#userAt(start) === user) found.push(start);
      slot = (slot + 1) & mask;
    }
    return found;
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

/** Fills a {@link LineTable}: line by line, and then the index in pieces. */
export class LineTableBuilder {
  readonly #seed = randomInt(2 ** 32);
  readonly #starts = new Column();
  readonly #numbers = new Column();
  readonly #hashes = new Column();
  readonly #kinds = new Column();

  /**
   * @param start where the line begins.
   * @param number the line's, from 1 on.
   */
  add(user: string, kind: Kind, start: number, number: number): void {
    this.#starts.push(start);
    this.#numbers.push(number);
    this.#hashes.push(hashOf(user, this.#seed));
    this.#kinds.push(numberOf[kind]);
  }

  /**
   * @param onIdle told of each line whose secret never counts, and of the line before it that
   *   counts in its place: the user's first of that kind, or a plain one, which serves every method.
   */
  async finish(
    userAt: UserAt,
    onIdle: (line: number, earlier: number, user: string) => void,
  ): Promise<LineTable> {
    const starts = this.#starts.toArray();
    const numbers = this.#numbers.toArray();
    const hashes = this.#hashes.toArray();
    const kinds = this.#kinds.toArray();
    const slots = new Uint32Array(2 ** Math.ceil(Math.log2(2 * starts.length + 2)));
    const sample = new Sample();
    const turn = new Turn();
    for (let index = 0; index < starts.length; index++) {
      const start = starts[index] as number;
      const kind = kinds[index] as number;
      const hash = hashes[index] as number;
      const user = userAt(start);
      let slot = hash & (slots.length - 1);
      let inPlace: number | undefined;
      let known = false;
      for (let taken = slots[slot]; taken; taken = slots[slot]) {
        const other = taken - 1;
        if (hashes[other] === hash && userAt(starts[other] as number) === user) {
          known ||= kinds[other] === kind;
          if (kinds[other] === kind || kinds[other] === PLAIN) inPlace ??= other;
        }
        slot = (slot + 1) & (slots.length - 1);
      }
      if (inPlace !== undefined) onIdle(numbers[index] as number, numbers[inPlace] as number, user);
      if (!known) {
        slots[slot] = index + 1;
        sample.add(start);
      }
      if (turn.step()) await turn.next();
    }
    return new LineTable(this.#seed, starts, slots, sample.toArray(), userAt);
  }
}

/** FNV-1a of a text's code units, from a start that nobody can know. */
function hashOf(text: string, seed: number): number {
  let hash = seed ^ 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  // The low bits are the slot: let the high ones have a say.
  return (hash ^ (hash >>> 15)) >>> 0;
}
