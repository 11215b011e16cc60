import { type Address, DomainError, encodeAddress, parseAddress } from './address.js';
import { type Parsed, ProtocolError } from './parser.js';
import { Reply, VERSION } from './socks5.js';

/**
 * The client's side of SOCKS 5: what is said to a server, and its answers, which are as hostile as
 * clients' requests are.
 */

/** VER of the username/password subnegotiation (RFC 1929 section 2). */
const LOGIN_VERSION = 0x01;

/** Writes the version identifier/method selection message (RFC 1928 section 3). */
export function encodeGreeting(methods: readonly number[]): Uint8Array {
  return Uint8Array.of(VERSION, methods.length, ...methods);
}

function checkVersion(octet: number | undefined): void {
  if (octet !== undefined && octet !== VERSION) {
    throw new ProtocolError(`its answer is not SOCKS 5: the first octet is ${octet}`);
  }
}

/** Reads the method that a server has selected: VER, METHOD (RFC 1928 section 3). */
export function parseMethod(bytes: Uint8Array): Parsed<number> | undefined {
  checkVersion(bytes[0]);
  const method = bytes[1];
  return method === undefined ? undefined : { value: method, length: 2 };
}

/**
 * Writes a Username/Password request (RFC 1929 section 2).
 *
 * @throws {RangeError} if a field has more than 255 octets.
 */
export function encodeCredentials(user: Uint8Array, password: Uint8Array): Uint8Array {
  if (user.length > 255 || password.length > 255) {
    throw new RangeError('user name or password longer than 255 octets');
  }
  const bytes = new Uint8Array(3 + user.length + password.length);
  bytes[0] = LOGIN_VERSION;
  bytes[1] = user.length;
  bytes.set(user, 2);
  bytes[2 + user.length] = password.length;
  bytes.set(password, 3 + user.length);
  return bytes;
}

/**
 * Reads the answer to a Username/Password request: VER, STATUS. Servers exist that write SOCKS's own
 * version there.
 *
 * @returns whether the user is let in.
 */
export function parseStatus(bytes: Uint8Array): Parsed<boolean> | undefined {
  const [version, status] = bytes;
  if (version !== undefined && version !== LOGIN_VERSION && version !== VERSION) {
    throw new ProtocolError(`its answer to a login begins with the octet ${version}`);
  }
  return status === undefined ? undefined : { value: status === 0, length: 2 };
}

/** Writes a request (RFC 1928 section 4). @throws {RangeError} for a name of more than 255 octets. */
export function encodeRequest(command: number, destination: Address): Uint8Array {
  const address = encodeAddress(destination);
  const bytes = new Uint8Array(3 + address.length);
  bytes[0] = VERSION;
  bytes[1] = command;
  bytes.set(address, 3);
  return bytes;
}

/** What a server answers to a request. */
export interface ServerReply {
  /** REP, known or not. */
  readonly reply: number;
  /** BND.ADDR and BND.PORT of success; undefined for a name that cannot be. */
  readonly bound: Address | undefined;
}

/**
 * Reads a reply (RFC 1928 section 6). Of a failure only VER and REP are read: nothing follows that
 * matters, and servers exist that leave out the rest.
 *
 * @throws {AddressTypeError} for an unknown ATYP.
 */
export function parseReply(bytes: Uint8Array): Parsed<ServerReply> | undefined {
  checkVersion(bytes[0]);
  const reply = bytes[1];
  if (reply === undefined) return undefined;
  if (reply !== Reply.succeeded) return { value: { reply, bound: undefined }, length: 2 };
  try {
    const address = parseAddress(bytes, 3);
    return address && { value: { reply, bound: address.value }, length: address.length };
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    // VER REP RSV ATYP, the length of the name, the name, PORT.
    return { value: { reply, bound: undefined }, length: 5 + (bytes[4] as number) + 2 };
  }
}
