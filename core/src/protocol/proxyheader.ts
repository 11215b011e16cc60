import type { Address } from './address.js';
import { canonicalIP, formatIP, parseIP } from './ip.js';
import { type Parsed, ProtocolError } from './parser.js';

/**
 * The header by which a load balancer tells whose connection it hands on: the PROXY protocol of
 * HAProxy (doc/proxy-protocol.txt), versions 1 and 2.
 */
export interface ProxyHeader {
  /** Where the client comes from; undefined: it is the balancer's own connection, or not told. */
  readonly client: Address | undefined;
}

/** A header of version 1 has at most so many octets, its line end among them (section 2.1). */
const MAX_LINE = 107;

/** What may follow the fixed part of a header of version 2, octets: the format allows 65,535. */
const MAX_REST = 4096;

/** The most octets of a header. */
export const MAX_PROXY_HEADER = 16 + MAX_REST;

const line = Buffer.from('PROXY ', 'latin1');
const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');

const LF = 0x0a;
const CR = 0x0d;

const notTold: ProxyHeader = { client: undefined };

/**
 * Reads a header of either version.
 *
 * @returns undefined while octets are missing, at most {@link MAX_PROXY_HEADER} in all.
 * @throws {ProtocolError} if it is none, as soon as that is certain.
 */
export function parseProxyHeader(bytes: Uint8Array): Parsed<ProxyHeader> | undefined {
  if (bytes.length === 0) return undefined;
  const isText = bytes[0] === line[0];
  const start = isText ? line : signature;
  const there = Math.min(start.length, bytes.length);
  for (let i = 0; i < there; i++) {
    if (bytes[i] !== start[i]) throw new ProtocolError('no PROXY header');
  }
  if (there < start.length) return undefined;
  return isText ? parseLine(bytes) : parseBinary(bytes);
}

/**
 * Version 1 (section 2.1), one line such as
 *
 *     PROXY TCP4 192.0.2.7 203.0.113.1 50642 1080 CR LF
 */
function parseLine(bytes: Uint8Array): Parsed<ProxyHeader> | undefined {
  const limit = Math.min(bytes.length, MAX_LINE);
  let end = line.length;
  while (end < limit && bytes[end] !== CR && bytes[end] !== LF) end++;
  if (end >= MAX_LINE - 1) {
    throw new ProtocolError(`a PROXY header of more than ${MAX_LINE} octets`);
  }
  if (end === limit) return undefined;
  if (bytes[end] === LF) throw new ProtocolError('a PROXY header whose line does not end in CR LF');
  if (end + 1 === bytes.length) return undefined;
  if (bytes[end + 1] !== LF) {
    throw new ProtocolError('a PROXY header whose line does not end in CR LF');
  }
  return { value: readLine(bytes.subarray(line.length, end)), length: end + 2 };
}

/** @param octets what stands between `PROXY ` and the line end. */
function readLine(octets: Uint8Array): ProxyHeader {
  const text = Buffer.from(octets).toString('latin1');
  const [family, ...fields] = text.split(' ');
  // Whatever follows is to be ignored: it may be in a form that is not known yet.
  if (family === 'UNKNOWN') return notTold;
  if (family !== 'TCP4' && family !== 'TCP6') {
    throw new ProtocolError('a PROXY header that is neither of TCP4, TCP6 nor UNKNOWN');
  }
  const [source = '', destination = '', sourcePort = '', destinationPort = '', ...more] = fields;
  const host = readHost(source, family);
  const port = readPort(sourcePort);
  const isWhole =
    host !== undefined &&
    port !== undefined &&
    readHost(destination, family) !== undefined &&
    readPort(destinationPort) !== undefined &&
    more.length === 0;
  if (!isWhole) {
    throw new ProtocolError(`a PROXY header without two addresses and two ports of ${family}`);
  }
  return { client: { host, port } };
}

function readHost(text: string, family: 'TCP4' | 'TCP6'): string | undefined {
  const isOfFamily = text.includes(':') === (family === 'TCP6');
  if (!isOfFamily || text.includes('%') || parseIP(text) === undefined) return undefined;
  return canonicalIP(text);
}

/** A port without zeros before it: those could be taken for octal numbers. */
function readPort(text: string): number | undefined {
  const port = /^(0|[1-9]\d{0,4})$/.test(text) ? Number(text) : 65536;
  return port > 65535 ? undefined : port;
}

const Command = { local: 0, proxy: 1 } as const;
const Family = { unspecified: 0, ipv4: 1, ipv6: 2, unix: 3 } as const;
/** Stream, datagram, or none that is told. */
const MAX_TRANSPORT = 2;

/** Octets of both addresses and ports, by family. */
const addressLengths: readonly number[] = [0, 12, 36, 216];

/**
 * Version 2 (section 2.2):
 *
 *     +-----------+---------+--------+-----+------------------+-------------+
 *     | signature | VER CMD | FAMILY | LEN | source and       | type,       |
 *     |           |         |        |     | destination      | length,     |
 *     +-----------+---------+--------+-----+------------------+ value ...   |
 *     |    12     |    1    |   1    |  2  | 0, 12, 36 or 216 |             |
 *     +-----------+---------+--------+-----+------------------+-------------+
 *
 * VER and CMD, the address family and the transport have four bits each; LEN is of all behind it.
 */
function parseBinary(bytes: Uint8Array): Parsed<ProxyHeader> | undefined {
  const [versionAndCommand, familyAndTransport] = bytes.subarray(12, 14);
  if (versionAndCommand === undefined) return undefined;
  const command = versionAndCommand & 0xf;
  if (versionAndCommand >> 4 !== 2) {
    throw new ProtocolError(`a PROXY header of version ${versionAndCommand >> 4}`);
  }
  if (command > Command.proxy) throw new ProtocolError(`a PROXY header with command ${command}`);
  if (familyAndTransport === undefined) return undefined;
  const family = familyAndTransport >> 4;
  if (family > Family.unix || (familyAndTransport & 0xf) > MAX_TRANSPORT) {
    const code = familyAndTransport.toString(16).padStart(2, '0');
    throw new ProtocolError(`a PROXY header with address family 0x${code}`);
  }
  if (bytes.length < 16) return undefined;
  const length = uint16(bytes, 14);
  const needed = addressLengths[family] as number;
  if (length > MAX_REST) {
    throw new ProtocolError(`a PROXY header of more than ${MAX_PROXY_HEADER} octets`);
  }
  if (command === Command.proxy && length < needed) {
    throw new ProtocolError('a PROXY header without room for its addresses');
  }
  if (bytes.length < 16 + length) return undefined;
  const header = bytes.subarray(0, 16 + length);
  const tells = command === Command.proxy && family !== Family.unspecified;
  checkExtensions(header, 16 + needed, tells);
  return { value: tells ? readAddresses(header, family) : notTold, length: header.length };
}

function readAddresses(header: Uint8Array, family: number): ProxyHeader {
  // A client of a UNIX socket of the balancer has no address that means anything here.
  if (family === Family.unix) return notTold;
  const size = family === Family.ipv4 ? 4 : 16;
  const host = formatIP(header.subarray(16, 16 + size));
  return { client: { host, port: uint16(header, 16 + 2 * size) } };
}

/** PP2_TYPE_CRC32C. */
const CRC32C = 0x03;

/**
 * Walks what follows the addresses (section 2.2.1), of which only a checksum counts here.
 *
 * @param strict whether it has to be well-formed; otherwise what is not is ignored.
 * @throws {ProtocolError} if it has to be and is not, or a checksum is wrong.
 */
function checkExtensions(header: Uint8Array, start: number, strict: boolean): void {
  let place = start;
  let summed = false;
  while (place < header.length) {
    const from = place + 3;
    const end = from <= header.length ? from + uint16(header, place + 1) : Number.POSITIVE_INFINITY;
    const isSum = header[place] === CRC32C;
    if (end > header.length || (isSum && (summed || end - from !== 4))) {
      if (!strict) return;
      throw new ProtocolError('a PROXY header with a malformed extension');
    }
    if (isSum && crc32c(header, from, end) !== uint32(header, from)) {
      throw new ProtocolError('a PROXY header with a wrong checksum');
    }
    summed ||= isSum;
    place = end;
  }
}

function uint16(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] as number) << 8) | (bytes[offset + 1] as number);
}

function uint32(bytes: Uint8Array, offset: number): number {
  return uint16(bytes, offset) * 0x10000 + uint16(bytes, offset + 2);
}

/** The polynomial of CRC-32C (RFC 3720 appendix B.4), its bits reversed. */
const POLYNOMIAL = 0x82f63b78;

/** The CRC-32C of octets, of which those from `from` to `end` count as zero. */
function crc32c(bytes: Uint8Array, from: number, end: number): number {
  let sum = 0xffffffff;
  for (const [i, octet] of bytes.entries()) {
    sum ^= i >= from && i < end ? 0 : octet;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? POLYNOMIAL : 0);
  }
  return ~sum >>> 0;
}
