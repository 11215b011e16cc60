import { domainToASCII } from 'node:url';
import { canonicalIP, formatIP, parseIP } from './ip.js';
import { type Parsed, ProtocolError } from './parser.js';

/** ATYP, the type of an address (RFC 1928 section 5). */
export const AddressType = { ipv4: 0x01, domain: 0x03, ipv6: 0x04 } as const;

/** An IP address or domain name, and a port: DST.ADDR and DST.PORT, or BND.ADDR and BND.PORT. */
export interface Address {
  /** An IP address as text (never IPv4-mapped), or a domain name in ASCII. */
  readonly host: string;
  /** 0 to 65535. */
  readonly port: number;
}

/** The address type is none of RFC 1928: answered with reply 0x08. */
export class AddressTypeError extends ProtocolError {
  override readonly name = 'AddressTypeError';
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * A domain name as clients send it: visible ASCII, or UTF-8 that has an ASCII form (RFC 5891).
 *
 * @throws {ProtocolError} if it has octets that no name has (control octets, spaces, NUL).
 */
export function decodeDomain(octets: Uint8Array): string {
  let text = '';
  for (const octet of octets) {
    if (octet > 0x7f) return decodeInternationalDomain(octets);
    text += String.fromCharCode(octet);
  }
  if (!/^[\x21-\x7e]+$/.test(text)) throw new ProtocolError('malformed domain name');
  return text;
}

function decodeInternationalDomain(octets: Uint8Array): string {
  let name: string;
  try {
    name = domainToASCII(utf8.decode(octets));
  } catch {
    name = '';
  }
  if (name === '') throw new ProtocolError('malformed domain name');
  return name;
}

/**
 * Reads ATYP, ADDR and PORT, as they stand in a request, a reply and a UDP datagram's header:
 *
 *     +------+----------+------+
 *     | ATYP |   ADDR   | PORT |
 *     +------+----------+------+
 *     |  1   | Variable |  2   |
 *     +------+----------+------+
 *
 * @param offset where ATYP stands in `bytes`.
 * @returns the address and the offset behind it as `length`, or undefined while bytes are missing.
 * @throws {AddressTypeError} for an unknown ATYP, {@link ProtocolError} for a malformed name.
 */
export function parseAddress(bytes: Uint8Array, offset: number): Parsed<Address> | undefined {
  const type = bytes[offset];
  if (type === undefined) return undefined;
  let start = offset + 1;
  let length: number;
  switch (type) {
    case AddressType.ipv4:
      length = 4;
      break;
    case AddressType.ipv6:
      length = 16;
      break;
    case AddressType.domain: {
      const size = bytes[start];
      if (size === undefined) return undefined;
      if (size === 0) throw new ProtocolError('empty domain name');
      length = size;
      start++;
      break;
    }
    default:
      throw new AddressTypeError(`unknown address type ${type}`);
  }
  const end = start + length;
  if (bytes.length < end + 2) return undefined;
  const octets = bytes.subarray(start, end);
  const host = type === AddressType.domain ? canonicalIP(decodeDomain(octets)) : formatIP(octets);
  const port = ((bytes[end] as number) << 8) | (bytes[end + 1] as number);
  return { value: { host, port }, length: end + 2 };
}

/**
 * Writes ATYP, ADDR and PORT.
 *
 * @throws {RangeError} if a domain name has more than 255 octets.
 */
export function encodeAddress({ host, port }: Address): Uint8Array {
  const ip = parseIP(host);
  const octets = ip ?? new TextEncoder().encode(host);
  if (octets.length > 255) throw new RangeError('domain name longer than 255 octets');
  const head =
    ip === undefined
      ? [AddressType.domain, octets.length]
      : [ip.length === 4 ? AddressType.ipv4 : AddressType.ipv6];
  const bytes = new Uint8Array(head.length + octets.length + 2);
  bytes.set(head);
  bytes.set(octets, head.length);
  bytes[bytes.length - 2] = port >> 8;
  bytes[bytes.length - 1] = port & 0xff;
  return bytes;
}

/** Writes an address as people read it: `host:port`, an IPv6 address in brackets. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
