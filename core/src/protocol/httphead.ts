import { type Parser, ProtocolError } from './parser.js';

/** The most octets that the head of a request, and that of a response, may have. */
export const MAX_REQUEST_HEAD = 32 * 1024;
export const MAX_RESPONSE_HEAD = 64 * 1024;

/** What came is no HTTP message, or one that two programs could read in two ways. */
export class HttpError extends ProtocolError {
  override readonly name = 'HttpError';
  /** The status that answers it, if it is a request (RFC 9110 section 15). */
  readonly status: number;

  constructor(message: string, status = 400) {
    super(message);
    this.status = status;
  }
}

/** A field of a head or of trailers. Text is ISO 8859-1: the octets as they came. */
export interface Field {
  /** As it was sent. */
  readonly name: string;
  /** In lower case, to compare. */
  readonly key: string;
  /** Without the white space around it. */
  readonly value: string;
}

/** The start line and the fields of a message. */
export interface Head {
  readonly line: string;
  readonly fields: readonly Field[];
  /** A copy of the octets of the field that is a secret, if it is there: in `fields` it is empty. */
  readonly secret: Uint8Array | undefined;
}

/** How much of what follows a head is its body. */
export type Framing =
  | { readonly kind: 'none' | 'chunked' | 'close' }
  | { readonly kind: 'length'; readonly length: number };

const SPACE = 0x20;
const CR = 0x0d;
const LF = 0x0a;
const TAB = 0x09;
const DEL = 0x7f;
const COLON = 0x3a;

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Whether a text is a token (RFC 9110 section 5.6.2). */
export function isToken(text: string): boolean {
  return token.test(text);
}

/** The octets as text of ISO 8859-1. */
function textOf(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1', start, end);
}

/**
 * Looks for the empty line that ends a head, once at each octet, however few come at a time. Lines
 * end with CR LF and with nothing else (RFC 9112 section 2.2 tells what bare ones lead to), and have
 * no control octets but tabs.
 */
class HeadScanner {
  /** Behind the first line, once it is there. */
  firstLine: number | undefined;
  #at = 0;
  /** Where the line began that is being read. */
  #line = 0;

  /**
   * @param bytes those of before, and more.
   * @returns the length of the head; undefined while bytes are missing.
   */
  scan(bytes: Uint8Array): number | undefined {
    while (this.#at < bytes.length) {
      const octet = bytes[this.#at] as number;
      if (octet === CR) {
        const next = bytes[this.#at + 1];
        if (next === undefined) return undefined;
        if (next !== LF) throw new HttpError('a bare carriage return');
        const isEmpty = this.#at === this.#line;
        this.#at += 2;
        this.#line = this.#at;
        this.firstLine ??= this.#at;
        if (isEmpty) return this.#at;
      } else {
        if (octet === LF) throw new HttpError('a bare line feed');
        if ((octet < SPACE && octet !== TAB) || octet === DEL) {
          throw new HttpError('a control octet in a line');
        }
        this.#at++;
      }
    }
    return undefined;
  }
}

/** What a parser of heads is told. */
export interface HeadOptions {
  /** Octets of the whole head at most. */
  readonly most: number;
  /** The field, in lower case, whose value is kept out of texts. */
  readonly secret?: string;
  /** Looks at the first line as soon as it is there. @throws {HttpError} */
  readonly checkLine: (line: string) => unknown;
}

/**
 * Makes a reader of one head (RFC 9112 sections 2 to 5): the same one has to be given all that comes
 * until it has read it. It is strict: what others might read in another way is refused.
 *
 * @throws {HttpError} from the reader: 431 for one that is too large.
 */
export function headParser({ most, secret, checkLine }: HeadOptions): Parser<Head> {
  const scanner = new HeadScanner();
  let checked = false;
  return (bytes) => {
    const length = scanner.scan(bytes);
    const { firstLine } = scanner;
    if (!checked && firstLine !== undefined) {
      checkLine(textOf(bytes, 0, firstLine - 2));
      checked = true;
    }
    if ((length ?? bytes.length) > most) throw new HttpError('the head is too large', 431);
    if (length === undefined || firstLine === undefined) return undefined;
    const line = textOf(bytes, 0, firstLine - 2);
    return { value: { line, ...parseFields(bytes, firstLine, length, secret) }, length };
  };
}

/**
 * Reads field lines up to the empty line that ends them (RFC 9112 section 5).
 *
 * @param start where the first of them begins, in octets of which a {@link HeadScanner} has seen that
 *   all lines end with CR LF.
 * @param end behind the empty line.
 * @param secret the field, in lower case, whose value is copied and not made a text of.
 */
export function parseFields(
  bytes: Uint8Array,
  start: number,
  end: number,
  secret?: string,
): Omit<Head, 'line'> {
  const fields: Field[] = [];
  let octets: Uint8Array | undefined;
  for (let at = start; at < end - 2; ) {
    const lineEnd = bytes.indexOf(CR, at);
    const colon = bytes.indexOf(COLON, at);
    const first = bytes[at];
    if (first === SPACE || first === TAB) throw new HttpError('a folded field');
    if (colon < 0 || colon >= lineEnd) throw new HttpError('a line that is no field');
    const name = textOf(bytes, at, colon);
    if (!isToken(name)) throw new HttpError('the name of a field is malformed');
    const key = name.toLowerCase();
    const [from, to] = trimmed(bytes, colon + 1, lineEnd);
    if (key === secret) {
      if (octets !== undefined) throw new HttpError(`${name} stands there twice`);
      octets = Uint8Array.from(bytes.subarray(from, to));
    }
    fields.push({ name, key, value: key === secret ? '' : textOf(bytes, from, to) });
    at = lineEnd + 2;
  }
  return { fields, secret: octets };
}

/** Where a value begins and ends, without the white space around it. */
function trimmed(bytes: Uint8Array, start: number, end: number): [from: number, to: number] {
  const isBlank = (at: number) => bytes[at] === SPACE || bytes[at] === TAB;
  let from = start;
  let to = end;
  while (from < to && isBlank(from)) from++;
  while (to > from && isBlank(to - 1)) to--;
  return [from, to];
}

/** The values of all fields of a name. @param key in lower case. */
export function valuesOf(fields: readonly Field[], key: string): string[] {
  return fields.filter((field) => field.key === key).map(({ value }) => value);
}

/** The members of all lists of a name, in lower case (RFC 9110 section 5.6.1). */
export function listOf(fields: readonly Field[], key: string): string[] {
  return valuesOf(fields, key)
    .flatMap((value) => value.split(','))
    .map((member) => member.trim().toLowerCase())
    .filter((member) => member !== '');
}

/**
 * How a body is framed by the fields of its head (RFC 9112 section 6), in none but the forms that
 * everybody reads alike.
 *
 * @param minor of HTTP/1.x.
 * @returns undefined if no field says it.
 * @throws {HttpError} for what says it in two ways, or in one that is not known.
 */
export function framingOf(fields: readonly Field[], minor: number): Framing | undefined {
  const codings = valuesOf(fields, 'transfer-encoding');
  const length = contentLengthOf(fields);
  if (codings.length === 0) return length === undefined ? undefined : { kind: 'length', length };
  if (length !== undefined) throw new HttpError('both Content-Length and Transfer-Encoding');
  if (minor === 0) throw new HttpError('Transfer-Encoding in HTTP/1.0');
  if (codings.length > 1 || codings[0]?.toLowerCase() !== 'chunked') {
    throw new HttpError('a Transfer-Encoding that is not chunked');
  }
  return { kind: 'chunked' };
}

/** @throws {HttpError} for what is no number of octets, or is several. */
function contentLengthOf(fields: readonly Field[]): number | undefined {
  const texts = valuesOf(fields, 'content-length').flatMap((value) =>
    value.split(',').map((text) => text.trim()),
  );
  const [first] = texts;
  if (first === undefined) return undefined;
  if (texts.some((text) => text !== first)) throw new HttpError('several Content-Lengths');
  const length = /^\d{1,16}$/.test(first) ? Number(first) : Number.NaN;
  if (!Number.isSafeInteger(length)) throw new HttpError('a malformed Content-Length');
  return length;
}

/** The fields that say how a body is framed. */
export function framingFields(framing: Framing): Pick<Field, 'name' | 'value'>[] {
  switch (framing.kind) {
    case 'length':
      return [{ name: 'Content-Length', value: String(framing.length) }];
    case 'chunked':
      return [{ name: 'Transfer-Encoding', value: 'chunked' }];
    case 'none':
    case 'close':
      return [];
  }
}

/**
 * Fields that are about one connection and not passed on (RFC 9110 section 7.6.1), or that whoever
 * passes a message on writes itself.
 */
const ownFields: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Those of the fields that are passed on: not what is about this connection, or is named so. */
export function endToEnd(fields: readonly Field[]): Field[] {
  const named = new Set([...listOf(fields, 'connection'), ...listOf(fields, 'proxy-connection')]);
  return fields.filter(({ key }) => !ownFields.has(key) && !named.has(key));
}

/** Fields that mean something else, or too much, when they come behind a body. */
const notTrailers =
  /^(authorization|cache-control|content-.*|cookie|expect|host|max-forwards|pragma|range|set-cookie|www-authenticate)$/;

/** Those of trailers that are passed on (RFC 9110 section 6.5.1). */
export function passedTrailers(fields: readonly Field[]): Field[] {
  return endToEnd(fields).filter(({ key }) => !notTrailers.test(key));
}

/** Whether a message says that its connection goes on behind it (RFC 9112 section 9.3). */
export function isPersistent(fields: readonly Field[], minor: number): boolean {
  const options = [...listOf(fields, 'connection'), ...listOf(fields, 'proxy-connection')];
  return minor === 0 ? options.includes('keep-alive') : !options.includes('close');
}

/** Writes a head. @param line the start line. */
export function encodeHead(line: string, fields: readonly Pick<Field, 'name' | 'value'>[]): Buffer {
  const lines = fields.map(({ name, value }) => `${name}: ${value}\r\n`);
  return Buffer.from(`${line}\r\n${lines.join('')}\r\n`, 'latin1');
}
