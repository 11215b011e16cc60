import { type Parser, ProtocolError } from 'picosocks5';

/** STATE: which part of the stream of TLS a frame carries (draft-ietf-aft-socks-ssl-00). */
export const State = { handshake: 1, options: 2, data: 3, closing: 4 } as const;
export type State = (typeof State)[keyof typeof State];

const VERSION = 1;
/** Octets before the data: VER, STATE and LEN. */
export const HEADER = 4;
/** Octets of a frame's data at most. */
export const MAX_DATA = 0xffff;

/** What stands before a frame's data. */
export interface Header {
  readonly state: State;
  /** Octets of the data. */
  readonly length: number;
}

/**
 * Reads the header of a frame.
 *
 * @returns undefined if more has to come.
 * @throws {ProtocolError} if it is none that can be served.
 */
export function parseHeader(octets: Uint8Array): Header | undefined {
  const [version, state, high, low] = octets;
  if (version !== undefined && version !== VERSION) {
    throw new ProtocolError(`VER of a frame of SOCKS over SSL is ${version}, not 1`);
  }
  if (state === State.options) {
    throw new ProtocolError('the client negotiates options (STATE 2), of which there are none');
  }
  if (state !== undefined && !Object.values<number>(State).includes(state)) {
    throw new ProtocolError(`STATE of a frame of SOCKS over SSL is ${state}, none of 1, 3 and 4`);
  }
  if (state === undefined || high === undefined || low === undefined) return undefined;
  return { state: state as State, length: (high << 8) | low };
}

/** A frame's data, and what it belongs to. */
export interface Frame {
  readonly state: State;
  readonly data: Uint8Array;
}

/** Reads a frame. */
export const parseFrame: Parser<Frame> = (octets) => {
  const header = parseHeader(octets);
  if (header === undefined) return undefined;
  const length = HEADER + header.length;
  if (octets.length < length) return undefined;
  return { value: { state: header.state, data: octets.slice(HEADER, length) }, length };
};

/** A frame with data, of {@link MAX_DATA} octets at most. */
export function encodeFrame(state: State, data: Uint8Array): Uint8Array {
  const frame = new Uint8Array(HEADER + data.length);
  frame.set([VERSION, state, data.length >> 8, data.length & 0xff]);
  frame.set(data, HEADER);
  return frame;
}
