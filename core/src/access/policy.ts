import type { Awaitable } from '../base/awaitable.js';
import type { Address } from '../protocol/address.js';
import type { CommandName } from '../protocol/socks5.js';

/** An IP address as an extension is given it: 4 or 16 octets, and as text. */
export interface IpAddress extends Uint8Array {
  /** As text, such as `192.0.2.1` or `2001:db8::1`; never IPv4-mapped. */
  readonly host: string;
}

/** A client that has authenticated, as access policies see it. */
export interface ClientContext<IP extends Uint8Array = Uint8Array> {
  /** The client's IP address, 4 or 16 octets. */
  readonly client: IP;
  /** The name of the listener that it came by. */
  readonly listener: string;
  /** undefined for an anonymous client. */
  readonly user: string | undefined;
  readonly group: string | undefined;
}

/** Where a client wants to go: one question for each address that could be dialled. */
export interface AccessRequest<IP extends Uint8Array = Uint8Array> extends ClientContext<IP> {
  readonly command: CommandName;
  /** The destination as the client named it. */
  readonly destination: Address;
  /**
   * The IP address that would be dialled or listened to, 4 or 16 octets. undefined: only the name
   * is known, since it has no address, or since another proxy is to resolve it.
   */
  readonly address: IP | undefined;
}

/** Why something is not allowed. */
export interface Denial {
  /** In a few words for the log, such as the rule that says so. */
  readonly by: string;
  /** Set if nothing refuses it, and nothing allows it either. */
  readonly byDefault?: boolean;
}

/** A policy's answer: undefined does not mind. */
export type Verdict = Awaitable<Denial | undefined>;

/**
 * Decides who may do what; its questions have the names of the stages of a connection. Every policy
 * is asked, and one denial is enough. What can be answered at once costs no promise; an answer
 * that comes too late is a denial, and so is an error.
 */
export interface AccessPolicy<IP extends Uint8Array = Uint8Array> {
  readonly id: string;
  /** How long it has for an answer, ms; 5 s if left out. */
  readonly answerTime?: number;
  /**
   * Asked when a client connects.
   *
   * @param client its IP address, 4 or 16 octets.
   * @param listener the name of the listener that it comes by.
   */
  onConnect?(client: IP, listener: string): Verdict;
  /** Asked about a client that has authenticated, when it makes its request. */
  onAuthenticated?(client: ClientContext<IP>): Verdict;
  /** Asked about a request before it is known which addresses it leads to. */
  onRequest?(client: ClientContext<IP>, command: CommandName): Verdict;
  /**
   * Asked about every address of a request, every peer of BIND and destination of a datagram; about
   * the name alone where that is all that is known.
   */
  onAddress?(request: AccessRequest<IP>): Verdict;
  /** Says in a few words why it allows a request, for `picosocks5 check`. */
  explain?(request: AccessRequest<IP>): Awaitable<string | undefined>;
}
