import { encodeHead, type Framing, HttpError, parseFields, passedTrailers } from './httphead.js';

/** Reads a body, however it is cut, to the octet at which it ends. */
export interface BodyReader {
  /** Whether it has been read to its end. */
  readonly done: boolean;
  /**
   * Reads on.
   *
   * @param pass called for what is to be passed on, in its order: parts of `bytes` for the most.
   * @returns how many octets are the body's: all, unless it ends.
   * @throws {HttpError} for what is malformed: nothing of it is passed on.
   */
  read(bytes: Uint8Array, pass: (part: Uint8Array) => void): number;
}

/**
 * Makes a reader of a body.
 *
 * @param framed whether chunks are passed on as such, or only what is in them.
 */
export function bodyReader(framing: Framing, framed: boolean): BodyReader {
  switch (framing.kind) {
    case 'chunked':
      return new ChunkedBody(framed);
    case 'length':
      return new PlainBody(framing.length);
    case 'close':
      return new PlainBody(Number.POSITIVE_INFINITY);
    case 'none':
      return new PlainBody(0);
  }
}

/** A body of so many octets, or of all that come. */
class PlainBody implements BodyReader {
  #left: number;

  constructor(length: number) {
    this.#left = length;
  }

  get done(): boolean {
    return this.#left === 0;
  }

  read(bytes: Uint8Array, pass: (part: Uint8Array) => void): number {
    const count = Math.min(this.#left, bytes.length);
    this.#left -= count;
    if (count > 0) pass(bytes.subarray(0, count));
    return count;
  }
}

const CR = 0x0d;
const LF = 0x0a;
const TAB = 0x09;
const SPACE = 0x20;
const DEL = 0x7f;
const SEMICOLON = 0x3b;

/** Digits of a chunk's size at most; what they say has to be a safe integer as well. */
const MAX_DIGITS = 16;
/** Octets of all extensions of a body's chunks at most. */
const MAX_EXTENSIONS = 16 * 1024;
/** Octets of the trailers of a body at most. */
const MAX_TRAILERS = 16 * 1024;

/** What comes next in a chunked body. */
type Expected =
  | 'size'
  | 'extension'
  | 'size-lf'
  | 'data'
  | 'data-cr'
  | 'data-lf'
  | 'trailers'
  | 'nothing';

function hexDigit(octet: number): number {
  if (octet >= 0x30 && octet <= 0x39) return octet - 0x30;
  const lower = octet | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/**
 * A chunked body (RFC 9112 section 7.1). Extensions are read over and not passed on, and so are
 * trailers that mean something else there; all else has to be as the grammar says.
 */
class ChunkedBody implements BodyReader {
  readonly #framed: boolean;
  #expected: Expected = 'size';
  #digits = 0;
  /** Of the chunk: octets that are still to come. */
  #size = 0;
  #extensions = 0;
  readonly #trailers: number[] = [];

  constructor(framed: boolean) {
    this.#framed = framed;
  }

  get done(): boolean {
    return this.#expected === 'nothing';
  }

  read(bytes: Uint8Array, pass: (part: Uint8Array) => void): number {
    // What is to be passed on from there, as far as it is read without a gap.
    let from = 0;
    const passUpTo = (end: number) => {
      if (end > from) pass(bytes.subarray(from, end));
    };
    let at = 0;
    while (at < bytes.length && !this.done) {
      const octet = bytes[at] as number;
      switch (this.#expected) {
        case 'data': {
          const end = Math.min(at + this.#size, bytes.length);
          this.#size -= end - at;
          if (!this.#framed) from = at;
          at = end;
          if (!this.#framed) passUpTo(at);
          if (this.#size === 0) this.#expected = 'data-cr';
          break;
        }
        case 'extension':
          if (octet === CR) {
            from = at;
            this.#expected = 'size-lf';
          } else this.#readExtension(octet);
          at++;
          break;
        case 'trailers':
          this.#readTrailers(octet);
          at++;
          if (this.done && this.#framed) pass(this.#passedTrailers());
          from = at;
          break;
        default:
          if (this.#expected === 'size' && octet === SEMICOLON && this.#digits > 0) {
            if (this.#framed) passUpTo(at);
            this.#expected = 'extension';
          } else this.#readFraming(octet);
          at++;
          // The last chunk has no data: its trailers follow.
          if (this.#isAt('trailers')) {
            if (this.#framed) passUpTo(at);
            from = at;
          }
      }
    }
    const isPassed =
      this.#framed && this.#expected !== 'extension' && this.#expected !== 'trailers';
    if (isPassed) passUpTo(at);
    return at;
  }

  #isAt(expected: Expected): boolean {
    return this.#expected === expected;
  }

  /** Reads an octet of what stands around data. */
  #readFraming(octet: number): void {
    const digit = hexDigit(octet);
    if (this.#expected === 'size' && digit >= 0) {
      this.#digits++;
      this.#size = this.#size * 16 + digit;
      if (this.#digits > MAX_DIGITS || !Number.isSafeInteger(this.#size)) {
        throw new HttpError('the size of a chunk is too large');
      }
    } else if (this.#expected === 'size' && octet === CR && this.#digits > 0) {
      this.#expected = 'size-lf';
    } else if (this.#expected === 'size-lf' && octet === LF) {
      this.#expected = this.#size === 0 ? 'trailers' : 'data';
      this.#digits = 0;
    } else if (this.#expected === 'data-cr' && octet === CR) this.#expected = 'data-lf';
    else if (this.#expected === 'data-lf' && octet === LF) this.#expected = 'size';
    else throw new HttpError('a malformed chunk');
  }

  #readExtension(octet: number): void {
    this.#extensions++;
    if (this.#extensions > MAX_EXTENSIONS)
      throw new HttpError('extensions of chunks are too large');
    if ((octet < SPACE && octet !== TAB) || octet === DEL) throw new HttpError('a malformed chunk');
  }

  /** Reads an octet of the trailers, which an empty line ends. */
  #readTrailers(octet: number): void {
    const read = this.#trailers;
    const afterCR = read.at(-1) === CR;
    if ((octet === LF) !== afterCR) throw new HttpError('a bare line end in the trailers');
    if ((octet < SPACE && octet !== TAB && octet !== CR && octet !== LF) || octet === DEL) {
      throw new HttpError('a control octet in the trailers');
    }
    read.push(octet);
    if (read.length > MAX_TRAILERS) throw new HttpError('the trailers are too large', 431);
    const { length } = read;
    const isEmptyLine = octet === LF && (length === 2 || read[length - 3] === LF);
    if (isEmptyLine) this.#expected = 'nothing';
  }

  #passedTrailers(): Uint8Array {
    const octets = Uint8Array.from(this.#trailers);
    const { fields } = parseFields(octets, 0, octets.length);
    // Without a start line, only its line end is left of one.
    return encodeHead('', passedTrailers(fields)).subarray(2);
  }
}
