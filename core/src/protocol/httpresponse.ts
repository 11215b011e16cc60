import {
  encodeHead,
  endToEnd,
  type Field,
  type Framing,
  framingFields,
  framingOf,
  HttpError,
  headParser,
  isPersistent,
  MAX_RESPONSE_HEAD,
  valuesOf,
} from './httphead.js';
import type { Parser } from './parser.js';

/** Statuses that a proxy has something to do with (RFC 9110 section 15). */
export const Status = {
  continue: 100,
  switchingProtocols: 101,
  ok: 200,
  noContent: 204,
  notModified: 304,
  badRequest: 400,
  forbidden: 403,
  methodNotAllowed: 405,
  proxyAuthenticationRequired: 407,
  headTooLarge: 431,
  internalError: 500,
  badGateway: 502,
  unavailable: 503,
  gatewayTimeout: 504,
  versionNotSupported: 505,
} as const;

const phrases: Readonly<Record<number, string | undefined>> = {
  200: 'OK',
  400: 'Bad Request',
  403: 'Forbidden',
  405: 'Method Not Allowed',
  407: 'Proxy Authentication Required',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
};

/** The head of a response of an origin. */
export interface ResponseHead {
  readonly status: number;
  /** As it was sent. */
  readonly phrase: string;
  readonly fields: readonly Field[];
  /** Of the octets that follow. */
  readonly framing: Framing;
  /** How fields say that the body is framed, be it left out or not (HEAD, 304). */
  readonly described: Framing | undefined;
  /** Whether the origin would take another request on the connection. */
  readonly persistent: boolean;
}

const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: (.*))?$/;

/** Whether a response is not the last one to its request (RFC 9110 section 15.2). */
export function isInterim({ status }: ResponseHead): boolean {
  return status < 200;
}

/**
 * Makes a reader of the head of one response (RFC 9112 section 4): the same one has to be given all
 * that comes until it has read it.
 *
 * @param method of the request.
 * @throws {HttpError} from the reader, for what is malformed or could be read in two ways.
 */
export function responseHeadParser(method: string): Parser<ResponseHead> {
  const parse = headParser({ most: MAX_RESPONSE_HEAD, checkLine: checkStatusLine });
  return (bytes) => {
    const head = parse(bytes);
    if (head === undefined) return undefined;
    const { line, fields } = head.value;
    return { value: responseOf(method, checkStatusLine(line), fields), length: head.length };
  };
}

function checkStatusLine(line: string): RegExpExecArray {
  const match = statusLine.exec(line);
  if (match === null) throw new HttpError('the status line is malformed');
  return match;
}

function responseOf(
  method: string,
  [, digit, code, phrase = '']: RegExpExecArray,
  fields: readonly Field[],
): ResponseHead {
  const status = Number(code);
  const minor = Number(digit);
  const described = framingOf(fields, minor);
  const { noContent, notModified } = Status;
  const isBodiless =
    method === 'HEAD' || status < 200 || status === noContent || status === notModified;
  const framing: Framing = isBodiless ? { kind: 'none' } : (described ?? { kind: 'close' });
  const persistent = framing.kind !== 'close' && isPersistent(fields, minor);
  return { status, phrase, fields, framing, described, persistent };
}

/** How a response is passed on. */
export interface PassOptions {
  /** HTTP/1.x of the client: one of 1.0 knows no chunks. */
  readonly minor: 0 | 1;
  /** Whether its connection ends behind the response. */
  readonly close: boolean;
}

/**
 * Writes the head of a response as the client gets it (RFC 9110 section 7.6): without what is about
 * the origin's connection.
 */
export function encodeResponse(
  { status, phrase, fields, described }: ResponseHead,
  { minor, close }: PassOptions,
): Buffer {
  const passed: Pick<Field, 'name' | 'value'>[] = endToEnd(fields);
  const isFramed = status >= 200 && status !== Status.noContent && described !== undefined;
  if (isFramed && (minor === 1 || described.kind !== 'chunked')) {
    passed.push(...framingFields(described));
  }
  if (status === Status.switchingProtocols) {
    for (const value of valuesOf(fields, 'upgrade')) passed.push({ name: 'Upgrade', value });
    passed.push({ name: 'Connection', value: 'upgrade' });
  } else if (close) passed.push({ name: 'Connection', value: 'close' });
  return encodeHead(`HTTP/1.1 ${status} ${phrase}`, passed);
}

/** An answer of the proxy itself. */
export interface Answer {
  readonly status: number;
  /** One sentence that says why, without its dot. */
  readonly words: string;
  /** Whether the connection goes on. */
  readonly persistent?: boolean;
  /** Whether the request is one of HEAD, which is answered without the body. */
  readonly headOnly?: boolean;
  readonly fields?: readonly Pick<Field, 'name' | 'value'>[];
}

/** Writes an answer of the proxy itself, with a short body that says why. */
export function encodeAnswer({
  status,
  words,
  persistent = false,
  headOnly = false,
  fields = [],
}: Answer): Buffer {
  const body = Buffer.from(`${words}.\n`);
  const all = [
    ...fields,
    { name: 'Content-Type', value: 'text/plain; charset=utf-8' },
    { name: 'Content-Length', value: String(body.length) },
    { name: 'Cache-Control', value: 'no-store' },
    { name: 'Connection', value: persistent ? 'keep-alive' : 'close' },
  ];
  const head = encodeHead(`HTTP/1.1 ${status} ${phrases[status] ?? 'Refused'}`, all);
  return headOnly ? head : Buffer.concat([head, body]);
}

/** The answer to CONNECT once there is a connection (RFC 9110 section 9.3.6): bytes follow. */
export function encodeConnected(): Buffer {
  return encodeHead('HTTP/1.1 200 Connection established', []);
}
