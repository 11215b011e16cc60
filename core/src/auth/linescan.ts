import { endHash, hashOf, startHash, stepHash } from './linetable.js';
import { MAX_USER } from './passwordfile.js';

/** Octets of a line at most. */
const MAX_LINE = 64 * 1024;

const LINE_FEED = 0x0a;
const RETURN = 0x0d;
const HASH_SIGN = 0x23;
const DOLLAR = 0x24;
const COLON = 0x3a;
const PLAIN = Buffer.from('$base64$');
const EQUALS = 0x3d;

/** Which octets Base64 is written with, its padding left out. */
const DIGITS = new Uint8Array(256);
for (const digit of Buffer.from(
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
)) {
  DIGITS[digit] = 1;
}

/**
 * Takes the lines of a password file apart where they stand, one after the other: of a million
 * lines none becomes a text of its own before something asks for a part of it.
 */
export class LineScan {
  readonly #octets: Buffer;
  readonly #seed: number;
  #start = 0;
  /** Where the first colons are; the end of the line where there are not so many. */
  #first = 0;
  #second = 0;
  #third = 0;
  /** Where the line ends, a carriage return left out. */
  #last = 0;
  #isAscii = true;
  #hash = 0;
  /** Where the line feed is, or the file ends. */
  end = 0;

  /** @param seed of the hashes of users. */
  constructor(octets: Buffer, seed: number) {
    this.#octets = octets;
    this.#seed = seed;
  }

  /** Reads the line that begins at an offset. @throws {Error} if it is too long. */
  read(start: number): void {
    const octets = this.#octets;
    const bound = Math.min(octets.length, start + MAX_LINE + 1);
    let hash = startHash(this.#seed);
    let all = 0;
    let i = start;
    for (; i < bound; i++) {
      const octet = octets[i] as number;
      if (octet === COLON || octet === LINE_FEED) break;
      all |= octet;
      hash = stepHash(hash, octet);
    }
    const first = i;
    let second = 0;
    let third = 0;
    for (; i < bound; i++) {
      const octet = octets[i] as number;
      if (octet === LINE_FEED) break;
      all |= octet;
      if (octet !== COLON || i === first) continue;
      if (second === 0) second = i;
      else if (third === 0) third = i;
    }
    if (i - start > MAX_LINE) throw new Error(`the line is longer than ${MAX_LINE} bytes`);
    this.#start = start;
    this.end = i;
    this.#last = i > start && octets[i - 1] === RETURN ? i - 1 : i;
    this.#first = first;
    this.#second = second;
    this.#third = third === 0 ? this.#last : third;
    this.#isAscii = all < 0x80;
    this.#hash = hash;
  }

  /** Whether it is ASCII, says something of a user, and has all fields. */
  get isSimple(): boolean {
    const length = this.#first - this.#start;
    if (!this.#isAscii || this.#second === 0 || length === 0 || length > MAX_USER) return false;
    return this.#octets[this.#start] !== HASH_SIGN && this.#octets[this.#second + 1] === DOLLAR;
  }

  /** The hash of the octets of the user. */
  get hash(): number {
    return endHash(this.#hash);
  }

  /** The hash of a user's name. */
  hashOf(user: string): number {
    return hashOf(user, this.#seed);
  }

  get user(): string {
    return this.#octets.toString('latin1', this.#start, this.#first);
  }

  /** What stands behind the user and its colon. */
  get rest(): string {
    return this.#octets.toString('latin1', this.#first + 1, this.#last);
  }

  get hasGroup(): boolean {
    return this.#second > this.#first + 1;
  }

  get group(): string {
    return this.#octets.toString('latin1', this.#first + 1, this.#second);
  }

  get secret(): string {
    return this.#octets.toString('latin1', this.#second + 1, this.#third);
  }

  /** What stands behind the secret; undefined if nothing does. */
  get account(): string | undefined {
    const start = this.#third + 1;
    return start >= this.#last ? undefined : this.#octets.toString('latin1', start, this.#last);
  }

  /** Whether the secret is a password in Base64. */
  get isBase64(): boolean {
    const octets = this.#octets;
    let i = this.#second + 1;
    for (const octet of PLAIN) if (octets[i++] !== octet) return false;
    let end = this.#third;
    if (end < i || (end - i) % 4 !== 0) return false;
    for (let padding = 0; padding < 2 && end > i && octets[end - 1] === EQUALS; padding++) end--;
    for (; i < end; i++) if (DIGITS[octets[i] as number] !== 1) return false;
    return true;
  }
}
