import { type Address, encodeAddress, parseAddress } from './address.js';
import { ProtocolError } from './parser.js';

/** A UDP datagram between a client and the relay. */
export interface Datagram {
  /** FRAG: 0 stands alone; 1 to 127 is a position; with the high bit, the last of its sequence. */
  readonly fragment: number;
  /** DST.ADDR and DST.PORT, or the sender's where the relay sends. */
  readonly address: Address;
  readonly data: Uint8Array;
}

/**
 * Reads a datagram with its UDP request header (RFC 1928 section 7):
 *
 *     +-----+------+------+----------+----------+----------+
 *     | RSV | FRAG | ATYP | DST.ADDR | DST.PORT |   DATA   |
 *     +-----+------+------+----------+----------+----------+
 *     |  2  |  1   |  1   | Variable |    2     | Variable |
 *     +-----+------+------+----------+----------+----------+
 *
 * @returns it, its data a view of `bytes`.
 * @throws {ProtocolError} if it is none.
 */
export function parseDatagram(bytes: Uint8Array): Datagram {
  const fragment = bytes[2];
  const address = parseAddress(bytes, 3);
  if (fragment === undefined || address === undefined) {
    throw new ProtocolError('the header of a UDP datagram is cut off');
  }
  if (bytes[0] !== 0 || bytes[1] !== 0) throw new ProtocolError('RSV of a UDP datagram is not 0');
  return { fragment, address: address.value, data: bytes.subarray(address.length) };
}

/** Writes the header of a datagram that stands alone; its data follows. */
export function encodeDatagramHeader(address: Address): Uint8Array {
  const encoded = encodeAddress(address);
  const bytes = new Uint8Array(3 + encoded.length);
  bytes.set(encoded, 3);
  return bytes;
}
