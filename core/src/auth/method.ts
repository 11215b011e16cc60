import type { Parser } from '../protocol/parser.js';
import type { PasswordChecker } from './passwords.js';
import type { Users } from './users.js';

/** Who a client is. */
export interface Identity {
  /** undefined for an anonymous client. */
  readonly user: string | undefined;
  readonly group: string | undefined;
}

/** Why a client did not authenticate. */
export interface AuthenticationFailure {
  /** The name it gave, if it gave one. */
  readonly user: string | undefined;
  /** In a few words for the log; never a secret. */
  readonly failure: string;
}

/** What a server authenticates by. */
export interface Authentication {
  /** Whether clients may come without authenticating. */
  readonly anonymous: boolean;
  readonly users: Users;
  readonly passwords: PasswordChecker;
}

/** The conversation with a client while it authenticates. */
export interface Exchange extends Authentication {
  /** The client's IP address. */
  readonly client: string;
  /** Waits for a message. */
  read<T>(parse: Parser<T>): Promise<T>;
  write(bytes: Uint8Array): void;
}

/** A way to authenticate (RFC 1928 section 3). */
export interface AuthenticationMethod {
  readonly id: string;
  /** METHOD, 0 to 254. */
  readonly code: number;
  /** Of the methods that a client offers, the strongest available one is chosen. */
  readonly strength: number;
  /** Whether a client could authenticate this way. */
  available(authentication: Authentication): boolean;
  /** The answer to a message that is none of the method's; left out where it has no answer. */
  readonly refusal?: Uint8Array;
  /**
   * Holds the method's subnegotiation, its last answer included.
   *
   * @throws {ProtocolError} if the client sends what is no message: {@link refusal} answers it.
   */
  authenticate(exchange: Exchange): Promise<Identity | AuthenticationFailure>;
}
