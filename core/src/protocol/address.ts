import { domainToASCII } from 'node:url';
import { canonicalIP, formatIP, parseIP, parseNumericIPv4 } from './ip.js';
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

/** A message is whole, but names a host that cannot be: answered with a reply. */
export class DomainError extends ProtocolError {
  override readonly name = 'DomainError';
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Visible ASCII; a backslash would be an escape to resolvers: `\097` is another way to write `a`. */
const asciiName = /^[\x21-\x5b\x5d-\x7e]+$/;
/** ASCII that makes a URL of a host: domainToASCII would take a part of the text for the name. */
const delimiters = /[^\u0080-\u{10ffff}\w.!$&'()*+,;=~-]/u;

/**
 * The host that a client names: an IP address in any form that resolvers take for one, in its
 * canonical form (IPv6 also in brackets, as in URLs), or a domain name in ASCII: visible ASCII as
 * it is, or UTF-8 that has an ASCII form (RFC 5891).
 *
 * @throws {DomainError} if it has octets that no name has (control octets, spaces, NUL, a
 *   backslash), or none at all.
 */
export function decodeHost(octets: Uint8Array): string {
  if (octets.length === 0) throw new DomainError('empty domain name');
  let text = '';
  for (const octet of octets) {
    if (octet > 0x7f) return canonicalHost(decodeInternationalDomain(octets));
    text += String.fromCharCode(octet);
  }
  if (!asciiName.test(text)) throw new DomainError('malformed domain name');
  return canonicalHost(text);
}

function decodeInternationalDomain(octets: Uint8Array): string {
  let name: string | undefined;
  try {
    name = domainOf(utf8.decode(octets));
  } catch {
    // Not UTF-8.
  }
  if (name === undefined) throw new DomainError('malformed domain name');
  return name;
}

/** The ASCII form of a domain name that people write (RFC 5891); undefined if it has none. */
export function domainOf(text: string): string | undefined {
  if (delimiters.test(text)) return undefined;
  return domainToASCII(text) || undefined;
}

/** The form of a host that is compared, logged and dialled. */
function canonicalHost(text: string): string {
  const bracketed = /^\[(.*:.*)\]$/.exec(text)?.[1];
  if (bracketed !== undefined && parseIP(bracketed) !== undefined) return canonicalIP(bracketed);
  const numeric = parseNumericIPv4(text);
  return numeric === undefined ? canonicalIP(text) : formatIP(numeric);
}

/** Whether a host is a name, and an IP address in no form that anybody takes for one. */
export function isName(host: string): boolean {
  return parseIP(host) === undefined && parseIP(canonicalHost(host)) === undefined;
}

/** Whether an address stands for any: 0.0.0.0 or ::. */
export function isUnspecified({ host }: Address): boolean {
  return host === '0.0.0.0' || host === '::';
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
 * @throws {AddressTypeError} for an unknown ATYP, {@link DomainError} for a malformed name, once
 *   all is there.
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
  const host = type === AddressType.domain ? decodeHost(octets) : formatIP(octets);
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

/** What stands in place of a host where there is no port: a UNIX socket's path, a descriptor. */
const withoutPort = /^(unix:|fd@)/;

/**
 * Writes an address as people read it: `host:port`, an IPv6 address in brackets; what has no port, as
 * it is.
 */
export function formatAddress({ host, port }: Address): string {
  if (port === 0 && withoutPort.test(host)) return host;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The same behind what clients have to speak there, if that is said: `tls://ADDRESS:PORT`. */
export function formatEndpoint({
  scheme,
  ...address
}: Address & { readonly scheme?: string | undefined }): string {
  return `${scheme === undefined ? '' : `${scheme}://`}${formatAddress(address)}`;
}
