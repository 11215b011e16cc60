import { type Parsed, ProtocolError } from './parser.js';

/** VER of the subnegotiation (RFC 1929 section 2); not SOCKS's own version. */
const VERSION = 0x01;

/**
 * What a client sends to authenticate by user name and password: the octets as they came, not a
 * copy, so that who wipes the password wipes it where it was received.
 */
export interface Credentials {
  readonly user: Uint8Array;
  readonly password: Uint8Array;
}

/**
 * Reads a Username/Password request (RFC 1929 section 2):
 *
 *     +-----+------+----------+------+----------+
 *     | VER | ULEN |  UNAME   | PLEN |  PASSWD  |
 *     +-----+------+----------+------+----------+
 *     |  1  |  1   | 1 to 255 |  1   | 1 to 255 |
 *     +-----+------+----------+------+----------+
 *
 * Empty fields are read as they are: clients send them where the RFC wants an octet.
 */
export function parseCredentials(bytes: Uint8Array): Parsed<Credentials> | undefined {
  const version = bytes[0];
  if (version !== undefined && version !== VERSION) {
    throw new ProtocolError(`unknown username/password version ${version}`);
  }
  const userLength = bytes[1];
  if (userLength === undefined) return undefined;
  const passwordLength = bytes[2 + userLength];
  if (passwordLength === undefined) return undefined;
  const passwordStart = 3 + userLength;
  const length = passwordStart + passwordLength;
  if (bytes.length < length) return undefined;
  return {
    value: {
      user: bytes.subarray(2, 2 + userLength),
      password: bytes.subarray(passwordStart, length),
    },
    length,
  };
}

/** Writes the server's answer: VER, STATUS (0 is success). */
export function encodeStatus(success: boolean): Uint8Array {
  return Uint8Array.of(VERSION, success ? 0x00 : 0x01);
}
