import { type Address, decodeHost } from './address.js';
import { formatIP, parseIP } from './ip.js';
import { type Parsed, ProtocolError } from './parser.js';
import { Reply, type Request } from './socks5.js';

/** VN of a SOCKS 4 request. */
export const VERSION4 = 0x04;

/** USERID and DOMAIN have no length of their own; no client needs more octets. */
const MAX_TEXT = 255;

/** CD of a reply. */
const GRANTED = 90;
const REJECTED = 91;

/** The octets up to the NUL that ends them, and the offset behind it. */
function parseText(bytes: Uint8Array, start: number): Parsed<Uint8Array> | undefined {
  const end = bytes.indexOf(0, start);
  if ((end < 0 ? bytes.length : end) - start > MAX_TEXT) {
    throw new ProtocolError(`SOCKS 4: a text is longer than ${MAX_TEXT} octets`);
  }
  return end < 0 ? undefined : { value: bytes.subarray(start, end), length: end + 1 };
}

/**
 * Reads a SOCKS 4 request, or one of SOCKS 4a, which names a domain behind an address 0.0.0.x:
 *
 *     +----+----+------+------+----------+-----+------------+
 *     | VN | CD | PORT | ADDR |  USERID  | NUL | DOMAIN NUL |
 *     +----+----+------+------+----------+-----+------------+
 *     | 1  | 1  |  2   |  4   | Variable |  1  | (SOCKS 4a) |
 *     +----+----+------+------+----------+-----+------------+
 *
 * CD is CMD of SOCKS 5. USERID is left out: nothing proves it.
 *
 * @throws {DomainError} for a domain that cannot be, once all is there.
 */
export function parseRequest4(bytes: Uint8Array): Parsed<Request> | undefined {
  const [version, command] = bytes;
  if (version !== undefined && version !== VERSION4) throw new ProtocolError('not SOCKS 4');
  if (bytes.length < 9 || command === undefined) return undefined;
  const port = ((bytes[2] as number) << 8) | (bytes[3] as number);
  const address = bytes.subarray(4, 8);
  const userId = parseText(bytes, 8);
  if (userId === undefined) return undefined;
  const named = address[0] === 0 && address[1] === 0 && address[2] === 0 && address[3] !== 0;
  if (!named) {
    const destination = { host: formatIP(address), port };
    return { value: { command, destination }, length: userId.length };
  }
  const domain = parseText(bytes, userId.length);
  if (domain === undefined) return undefined;
  const destination = { host: decodeHost(domain.value), port };
  return { value: { command, destination }, length: domain.length };
}

/** Writes a reply: VN (0), CD, PORT, ADDR; an IPv6 address cannot be told and is left zero. */
export function encodeReply4(reply: Reply, bound?: Address): Uint8Array {
  const bytes = new Uint8Array(8);
  bytes[1] = reply === Reply.succeeded ? GRANTED : REJECTED;
  if (bound !== undefined) {
    bytes[2] = bound.port >> 8;
    bytes[3] = bound.port & 0xff;
    const octets = parseIP(bound.host);
    if (octets?.length === 4) bytes.set(octets, 4);
  }
  return bytes;
}
