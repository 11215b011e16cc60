import { type Address, formatAddress } from './address.js';
import { type Parsed, ProtocolError } from './parser.js';

/**
 * The client's side of HTTP's CONNECT (RFC 9110 section 9.3.6): what is said to a proxy, and the
 * head of its answer.
 */

/** A proxy's answer has no more octets before the empty line. */
const MAX_HEAD = 16 * 1024;
/** What is shown of a proxy's words. */
const MAX_REASON = 80;

const START = Buffer.from('HTTP/1.');

/** A host that stands in the target of CONNECT and is nothing else there: no delimiter of URLs. */
const plainHost = /^[\w.-]+$/;

/** Whether a proxy takes a name for what it is, and not for more of a URL. */
export function isAskable(name: string): boolean {
  return plainHost.test(name);
}

/**
 * Writes the request for a tunnel.
 *
 * @param destination an IP address, or a name that {@link isAskable}.
 * @param login `user:password`, as octets.
 */
export function encodeConnect(destination: Address, login?: Uint8Array): Uint8Array {
  const authority = formatAddress(destination);
  const lines = [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`];
  if (login !== undefined) {
    lines.push(`Proxy-Authorization: Basic ${Buffer.from(login).toString('base64')}`);
  }
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

/** What a proxy answers. */
export interface ConnectAnswer {
  /** 100 to 999; 2xx is success, and 1xx says that another answer follows. */
  readonly status: number;
  /** The proxy's words: visible ASCII, and not many. */
  readonly reason: string;
}

/**
 * Reads the head of an answer, up to and with its empty line: lines end with CRLF, or LF alone
 * (RFC 9112 section 2.2). Its fields do not count: an answer of success has no content
 * (RFC 9110 section 9.3.6), and after any other the connection is closed.
 *
 * @throws {ProtocolError} if it is no answer of HTTP/1, or has more than 16 KiB.
 */
export function parseConnectAnswer(bytes: Uint8Array): Parsed<ConnectAnswer> | undefined {
  for (let i = 0; i < START.length && i < bytes.length; i++) {
    if (bytes[i] !== START[i]) throw new ProtocolError('its answer is not HTTP/1');
  }
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, MAX_HEAD));
  const length = endOfHead(head);
  if (length === undefined) {
    if (bytes.length < MAX_HEAD) return undefined;
    throw new ProtocolError(`the head of its answer is longer than ${MAX_HEAD} octets`);
  }
  const line = head.toString('latin1', 0, head.indexOf('\n')).replace(/\r$/, '');
  const match = /^HTTP\/1\.\d ([1-9]\d\d)(?: (.*))?$/.exec(line);
  if (match === null) throw new ProtocolError('its answer has a malformed status line');
  const words = (match[2] ?? '').replace(/[^\x20-\x7e]/g, '?').trim();
  return { value: { status: Number(match[1]), reason: words.slice(0, MAX_REASON) }, length };
}

/** The offset behind the first empty line. */
function endOfHead(head: Buffer): number | undefined {
  for (let end = head.indexOf('\n'); end >= 0; end = head.indexOf('\n', end + 1)) {
    const next = head[end + 1] === 0x0d ? end + 2 : end + 1;
    if (head[next] === 0x0a) return next + 1;
  }
  return undefined;
}
