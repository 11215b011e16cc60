import { type Parser, ProtocolError } from 'picosocks5';

/** MTYP: what a frame carries (RFC 1961 sections 3 to 5). */
export const MessageType = {
  /** A token of the security context's establishment. */
  authentication: 1,
  /** The level of protection. */
  protection: 2,
  /** Data that is wrapped. */
  data: 3,
  /** No frame: the two octets that end everything. */
  abort: 0xff,
} as const;
export type MessageType = (typeof MessageType)[keyof typeof MessageType];

const VERSION = 1;
/** Octets before a token: VER, MTYP and LEN. */
export const HEADER = 4;
/** Octets of a token at most. */
export const MAX_TOKEN = 0xffff;

/** What a client is told that is not let in (RFC 1961 section 3.8). */
export const abort: Uint8Array = Uint8Array.of(VERSION, MessageType.abort);

/** Writes the header of a frame into its first octets. @param frame with room for it. */
export function writeHeader(frame: Uint8Array, type: MessageType): Uint8Array {
  const length = frame.length - HEADER;
  frame.set([VERSION, type, length >> 8, length & 0xff]);
  return frame;
}

/** A frame with a token in it, of {@link MAX_TOKEN} octets at most. */
export function encodeFrame(type: MessageType, token: Uint8Array): Uint8Array {
  const frame = new Uint8Array(HEADER + token.length);
  frame.set(token, HEADER);
  return writeHeader(frame, type);
}

/**
 * Where a frame ends at the beginning of octets.
 *
 * @returns undefined if more have to come.
 * @throws {ProtocolError} if they begin no frame of that type.
 */
export function endOfFrame(octets: Uint8Array, type: MessageType): number | undefined {
  const [version, found, high, low] = octets;
  if (version !== undefined && version !== VERSION) {
    throw new ProtocolError(`VER of a frame is ${version}, not 1 (RFC 1961)`);
  }
  if (found !== undefined && found !== type) {
    const problem = found === MessageType.abort ? 'the client gave up' : `MTYP is ${found}`;
    throw new ProtocolError(`${problem} where MTYP ${type} is expected (RFC 1961)`);
  }
  if (high === undefined || low === undefined) return undefined;
  const end = HEADER + ((high << 8) | low);
  return octets.length < end ? undefined : end;
}

/** Reads the token of a frame. */
export function tokenOf(type: MessageType): Parser<Uint8Array> {
  return (octets) => {
    const length = endOfFrame(octets, type);
    return length === undefined ? undefined : { value: octets.slice(HEADER, length), length };
  };
}
