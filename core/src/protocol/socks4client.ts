import type { Address } from './address.js';
import { formatIP, parseIP } from './ip.js';
import { type Parsed, ProtocolError } from './parser.js';
import { VERSION4 } from './socks4.js';

/** CD of a reply that grants a request. */
export const GRANTED = 90;
/** CD of a reply that wants another USERID, or an identd that knows it. */
export const WRONG_USER: readonly number[] = [92, 93];

/** The address 0.0.0.1, which says that a domain follows (SOCKS 4a). */
const NAMED = Uint8Array.of(0, 0, 0, 1);

/**
 * Writes a SOCKS 4a request: VN, CD, PORT, ADDR, USERID, NUL, and for a name DOMAIN, NUL.
 *
 * @param command CD: CMD of SOCKS 5.
 * @param destination an IPv4 address, or a name, in which no octet is 0.
 * @param userId in which no octet is 0.
 * @throws {RangeError} for an IPv6 address, which SOCKS 4 has no place for.
 */
export function encodeRequest4(
  command: number,
  { host, port }: Address,
  userId: Uint8Array,
): Uint8Array {
  const ip = parseIP(host);
  if (ip?.length === 16) throw new RangeError('SOCKS 4a has no IPv6 addresses');
  const domain = ip === undefined ? Buffer.from(`${host}\0`) : new Uint8Array();
  const bytes = new Uint8Array(9 + userId.length + domain.length);
  bytes[0] = VERSION4;
  bytes[1] = command;
  bytes[2] = port >> 8;
  bytes[3] = port & 0xff;
  bytes.set(ip ?? NAMED, 4);
  bytes.set(userId, 8);
  bytes.set(domain, 9 + userId.length);
  return bytes;
}

/** What a server answers to a request of SOCKS 4. */
export interface ServerReply4 {
  /** CD: 90 is success. */
  readonly code: number;
  readonly bound: Address;
}

/** Reads a reply: VN (0; 4 in some servers), CD, PORT, ADDR. */
export function parseReply4(bytes: Uint8Array): Parsed<ServerReply4> | undefined {
  const [version, code] = bytes;
  if (version !== undefined && version !== 0 && version !== VERSION4) {
    throw new ProtocolError(`its answer is not SOCKS 4: the first octet is ${version}`);
  }
  if (bytes.length < 8 || code === undefined) return undefined;
  const port = ((bytes[2] as number) << 8) | (bytes[3] as number);
  return { value: { code, bound: { host: formatIP(bytes.subarray(4, 8)), port } }, length: 8 };
}
