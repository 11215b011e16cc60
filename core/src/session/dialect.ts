import type { Authentication, AuthenticationMethod, Identity } from '../auth/method.js';
import type { Address } from '../protocol/address.js';
import { NotSocksError, type Reply, type Request } from '../protocol/socks5.js';
import type { Conversation } from './conversation.js';

/** By what a dialect finds out who a client is. */
export interface Identification {
  /** The client's IP address. */
  readonly client: string;
  readonly methods: Iterable<AuthenticationMethod>;
  readonly authentication: Authentication;
  /** Whether SOCKS 4, which has no passwords, is served at all. */
  readonly socks4: boolean;
  /** Told the method once it is chosen: `userpass`, ...; what a dialect has instead by its own id. */
  chose(method: string): void;
}

/** A protocol that clients speak: how they log in and ask, and how they are answered. */
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
   * @throws {Refusal} if that fails.
   */
  identify(conversation: Conversation, by: Identification): Promise<Identity>;
  /** Reads what the client asks for. @throws {Refusal} if it cannot be served. */
  readRequest(conversation: Conversation): Promise<Request>;
  /** Writes an answer. @param bound BND.ADDR and BND.PORT, where there are such. */
  encode(reply: Reply, bound?: Address): Uint8Array;
}

/**
 * Waits until it is clear which dialect a client speaks.
 *
 * @throws {NotSocksError} if it is none of them.
 */
export function recognize(
  conversation: Conversation,
  dialects: Iterable<Dialect>,
): Promise<Dialect> {
  return conversation.read((octets) => {
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
