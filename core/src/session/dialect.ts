import type {
  Authenticated,
  Authentication,
  AuthenticationMethod,
  Identity,
} from '../auth/method.js';
import type { CloseReason } from '../log/events.js';
import type { Address } from '../protocol/address.js';
import type { Parser } from '../protocol/parser.js';
import { NotSocksError, type Reply, type Request } from '../protocol/socks5.js';
import type { Throttles } from '../relay/pacer.js';
import type { Traffic } from '../relay/tunnel.js';
import type { Transport } from '../transport/transport.js';
import type { Refusal } from './refusal.js';

/** A client's messages, one after the other, and the answers to them. */
export interface Dialogue {
  /**
   * Waits for a message.
   *
   * @throws {ProtocolError} if what comes is none; an error if the client leaves.
   */
  read<T>(parse: Parser<T>): Promise<T>;
  /** Waits for a message as {@link read} does, and leaves it to be read again. */
  peek<T>(parse: Parser<T>): Promise<T>;
  write(bytes: Uint8Array): void;
}

/** By what a dialect finds out who a client is. */
export interface Identification {
  /** The client's IP address. */
  readonly client: string;
  readonly methods: Iterable<AuthenticationMethod>;
  readonly authentication: Authentication;
  /** Who it is, where that is known: then nobody is asked to log in, and what is said counts not. */
  readonly identity?: Identity | undefined;
  /** Whether SOCKS 4, which has no passwords, is served at all. */
  readonly socks4: boolean;
  /** Whether HTTP is. */
  readonly http: boolean;
  /** Told the method once it is chosen: `userpass`, ...; what a dialect has instead by its own id. */
  chose(method: string): void;
}

/** What moves bytes for a request has of its session. */
export interface RelayOptions {
  readonly traffic: Traffic;
  readonly throttles: Throttles;
  /** From the start of a client's message to its end, ms; 0: no limit. */
  readonly handshakeTimeout: number;
}

/** How a relay has ended. */
export interface RelayEnd {
  readonly reason: CloseReason;
  /**
   * Whether the client goes on with something else: its transport, paused, and with what was read
   * too far put back, is then served as that of a new client.
   */
  readonly goesOn: boolean;
}

/** Bytes that are moved by another way than a tunnel. */
export interface Relaying {
  /** Whether the client has got all that it asked for: then nothing is cut off if it ends here. */
  readonly resting: boolean;
  readonly end: Promise<RelayEnd>;
}

/** What a client asks for. */
export interface DialectRequest extends Request {
  /**
   * Moves bytes between client and remote host, in place of an answer of success and a tunnel; both
   * transports are its own from then on.
   */
  relay?(client: Transport, remote: Transport, options: RelayOptions): Relaying;
}

/**
 * A protocol that clients speak: how they log in and ask, and how they are answered. The first one
 * registered that recognizes a client serves it.
 */
export interface Dialect {
  readonly id: string;
  /**
   * Whether a client that begins like this speaks it.
   *
   * @returns undefined if that takes more octets.
   */
  recognizes(octets: Uint8Array): boolean | undefined;
  /**
   * Finds out who the client is.
   *
   * @returns also what its method puts all that follows into: the request is read from inside.
   * @throws {Refusal} if that fails.
   */
  identify(dialogue: Dialogue, by: Identification): Promise<Authenticated>;
  /**
   * Reads what the client asks for: CMD as in RFC 1928, and where it wants to go.
   *
   * @throws {Refusal} if it cannot be served.
   */
  readRequest(dialogue: Dialogue): Promise<DialectRequest>;
  /** Writes an answer. @param bound BND.ADDR and BND.PORT, where there are such. */
  encode(reply: Reply, bound?: Address): Uint8Array;
  /**
   * Writes what a client that is not served is told, if it is told anything. If it is left out, the
   * reply of the refusal, where it has one, is written by {@link encode}.
   *
   * @param request what {@link readRequest} has read, if it got so far.
   */
  encodeRefusal?(refusal: Refusal, request?: DialectRequest): Uint8Array | undefined;
}

/**
 * Waits until it is clear which dialect a client speaks.
 *
 * @throws {NotSocksError} if it is none of them.
 */
export function recognize(dialogue: Dialogue, dialects: Iterable<Dialect>): Promise<Dialect> {
  return dialogue.read((octets) => {
    let undecided = false;
    for (const dialect of dialects) {
      const recognized = dialect.recognizes(octets);
      if (recognized === true) return { value: dialect, length: 0 };
      undecided ||= recognized === undefined;
    }
    if (undecided) return undefined;
    throw new NotSocksError(octets[0] ?? 0);
  });
}
