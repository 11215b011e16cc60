import type { Duplex } from 'node:stream';
import type { Awaitable } from '../base/awaitable.js';
import type { Parser } from '../protocol/parser.js';
import type { Transport } from '../transport/transport.js';
import type { AuthenticationFailure, Identity } from './identity.js';
import type { Secret, SourceKind } from './source.js';

export type { AuthenticationFailure, Identity } from './identity.js';

/** What a method may know of the users of all sources. */
export interface KnownUsers {
  /** Whether any source was given at all: then nobody is anonymous by default. */
  readonly configured: boolean;
  /** Whether a source has logins checked by something. */
  has(kind: SourceKind): boolean;
  /**
   * Who a user is, as the first source says that knows the user; undefined if none does.
   *
   * @throws {UserError} naming the source, if it fails.
   */
  identify(user: string): Awaitable<Identity | undefined>;
  /** The server's own secret as octets, for clients that ask the server to authenticate itself. */
  serverSecret(): Uint8Array | undefined;
}

/** How a client proves that it knows a user's secret without sending it. */
export interface Attempt {
  /** The client's IP address. */
  readonly client: string;
  readonly user: string;
  /** The kind of secret that it is proved with. */
  readonly kind: Secret['kind'];
  /** Whether the proof fits a secret: asked for unknown users as well, with a secret that is none. */
  matches(secret: Secret): Awaitable<boolean>;
}

/**
 * Checks the names and passwords of clients by all sources. It tells nobody by the time it takes
 * whether a user exists; it slows down and locks out who guesses.
 */
export interface CredentialChecker {
  /**
   * Checks a password.
   *
   * @param client the client's IP address.
   * @param password octets; not kept.
   */
  check(
    client: string,
    user: string,
    password: Uint8Array,
  ): Awaitable<Identity | AuthenticationFailure>;
  /** Lets a client prove that it knows a user's secret, in a way of the method's. */
  attempt(attempt: Attempt): Promise<Identity | AuthenticationFailure>;
  /** Whether the password that a source has for a user is empty, or cannot be told. */
  mayBeEmpty(user: string): Promise<boolean>;
}

/** What a server authenticates by. */
export interface Authentication {
  /** Whether clients may come without authenticating. */
  readonly anonymous: boolean;
  readonly users: KnownUsers;
  readonly passwords: CredentialChecker;
}

/** The conversation with a client while it authenticates. */
export interface Exchange extends Authentication {
  /** The client's IP address. */
  readonly client: string;
  /** Waits for a message. */
  read<T>(parse: Parser<T>): Promise<T>;
  write(bytes: Uint8Array): void;
}

/** The form of UDP datagrams between a client and the relay, both ways. */
export interface DatagramEncapsulation {
  /**
   * Takes a datagram out of what the client has sent.
   *
   * @returns it with its header of RFC 1928 section 7; undefined if it is none of the client's: it is
   *   dropped and counted.
   */
  unwrap(octets: Uint8Array): Uint8Array | undefined;
  /**
   * Puts a datagram, with its header, into what the client is sent.
   *
   * @returns undefined if it cannot be sent.
   */
  wrap(datagram: Uint8Array): Uint8Array | undefined;
}

/**
 * What all is put into that follows a method's subnegotiation (RFC 1928 sections 4 and 7): request,
 * replies, data of both ways, and datagrams. Traffic, limits and rates are of what is inside.
 */
export interface Encapsulation {
  /**
   * Puts it over the client's connection; asked once.
   *
   * @param transport the client's, paused: what comes next is the first octet behind the
   *   subnegotiation. It is the encapsulation's own from then on, and finishes or closes with what is
   *   inside.
   * @returns what is inside: a transport, paused, or a stream that allows half-open. Which addresses
   *   its ends have, and whether the peer is still there, the connection below is asked.
   */
  wrap(transport: Transport): Awaitable<Transport | Duplex>;
  /** The form of datagrams; left out where there is none: then the client gets no association. */
  readonly datagrams?: DatagramEncapsulation | undefined;
  /** Called once, when the connection is over, also where {@link wrap} was not called. */
  dispose?(): void;
}

/** Whom a method has let in. */
export interface Authenticated extends Identity {
  /** What all that follows is put into; left out where it goes as it is. */
  readonly encapsulation?: Encapsulation | undefined;
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
  authenticate(exchange: Exchange): Promise<Authenticated | AuthenticationFailure>;
}
