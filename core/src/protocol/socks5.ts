import { type Address, encodeAddress, parseAddress } from './address.js';
import { type Parsed, ProtocolError } from './parser.js';

/** VER of SOCKS 5 messages (RFC 1928 section 3). */
export const VERSION = 0x05;

/** METHOD: how a client authenticates (RFC 1928 section 3, IANA "SOCKS Methods"). */
export const Method = {
  none: 0x00,
  gssapi: 0x01,
  userpass: 0x02,
  chap: 0x03,
  noAcceptable: 0xff,
} as const;

/** CMD of a request (RFC 1928 section 4). */
export const Command = { connect: 0x01, bind: 0x02, associate: 0x03 } as const;

/** The commands by their names. */
export type CommandName = keyof typeof Command;

/** REP of a reply (RFC 1928 section 6). */
export const Reply = {
  succeeded: 0x00,
  generalFailure: 0x01,
  notAllowed: 0x02,
  networkUnreachable: 0x03,
  hostUnreachable: 0x04,
  connectionRefused: 0x05,
  ttlExpired: 0x06,
  commandNotSupported: 0x07,
  addressTypeNotSupported: 0x08,
} as const;
export type Reply = (typeof Reply)[keyof typeof Reply];

/** What a client says first: the methods it can use. */
export interface Greeting {
  readonly methods: Uint8Array;
}

export interface Request {
  /** CMD as it was sent, known or not. */
  readonly command: number;
  readonly destination: Address;
}

/** The first octet of TLS (RFC 8446 section 5.1). */
export const TLS_HANDSHAKE = 0x16;

/** What came is no message of SOCKS 5. */
export class NotSocksError extends ProtocolError {
  /** The first octet of what came. */
  readonly octet: number;

  constructor(octet: number) {
    const spoken = octet === TLS_HANDSHAKE ? 'the client speaks TLS; this listener does not; ' : '';
    super(`not SOCKS 5: ${spoken}the first octet is ${octet}`);
    this.octet = octet;
  }
}

function checkVersion(octet: number | undefined): void {
  if (octet !== undefined && octet !== VERSION) {
    throw new NotSocksError(octet);
  }
}

/**
 * Reads the version identifier/method selection message (RFC 1928 section 3):
 *
 *     +-----+----------+----------+
 *     | VER | NMETHODS | METHODS  |
 *     +-----+----------+----------+
 *     |  1  |    1     | 1 to 255 |
 *     +-----+----------+----------+
 */
export function parseGreeting(bytes: Uint8Array): Parsed<Greeting> | undefined {
  checkVersion(bytes[0]);
  const count = bytes[1];
  if (count === undefined) return undefined;
  const length = 2 + count;
  if (bytes.length < length) return undefined;
  return { value: { methods: bytes.subarray(2, length) }, length };
}

/** Writes the method selection message: VER, METHOD. */
export function encodeMethod(method: number): Uint8Array {
  return Uint8Array.of(VERSION, method);
}

/**
 * Reads a request (RFC 1928 section 4):
 *
 *     +-----+-----+-------+------+----------+----------+
 *     | VER | CMD |  RSV  | ATYP | DST.ADDR | DST.PORT |
 *     +-----+-----+-------+------+----------+----------+
 *     |  1  |  1  | X'00' |  1   | Variable |    2     |
 *     +-----+-----+-------+------+----------+----------+
 *
 * RSV is not looked at: clients exist that leave something in it.
 *
 * @throws {AddressTypeError} for an unknown ATYP.
 */
export function parseRequest(bytes: Uint8Array): Parsed<Request> | undefined {
  checkVersion(bytes[0]);
  const command = bytes[1];
  if (command === undefined) return undefined;
  const address = parseAddress(bytes, 3);
  if (address === undefined) return undefined;
  return { value: { command, destination: address.value }, length: address.length };
}

const unspecified: Address = { host: '0.0.0.0', port: 0 };

/**
 * Writes a reply (RFC 1928 section 6): VER, REP, RSV, ATYP, BND.ADDR, BND.PORT.
 *
 * @param bound BND.ADDR and BND.PORT; 0.0.0.0:0, as in every failure, if it is left out.
 */
export function encodeReply(reply: Reply, bound: Address = unspecified): Uint8Array {
  const address = encodeAddress(bound);
  const bytes = new Uint8Array(3 + address.length);
  bytes[0] = VERSION;
  bytes[1] = reply;
  bytes.set(address, 3);
  return bytes;
}
