import type { Address } from '../protocol/address.js';

/** The commands of RFC 1928 by their names. */
export type CommandName = 'connect' | 'bind' | 'associate';

/** A client that has authenticated, as access policies see it. */
export interface ClientContext {
  /** The client's IP address, 4 or 16 octets. */
  readonly client: Uint8Array;
  /** undefined for an anonymous client. */
  readonly user: string | undefined;
  readonly group: string | undefined;
}

/** What a client asks for, after resolution: one question per address that could be dialled. */
export interface AccessRequest extends ClientContext {
  readonly command: CommandName;
  /** The destination as the client named it. */
  readonly destination: Address;
  /** The IP address that would be dialled or listened to, 4 or 16 octets. */
  readonly address: Uint8Array;
}

/** Why something is not allowed, in a few words for the log, such as the rule that says so. */
export interface Denial {
  readonly by: string;
}

/**
 * Decides who may do what. Every policy is asked, and one denial is enough. Policies answer at
 * once: what they need to look up they keep ready.
 */
export interface AccessPolicy {
  readonly id: string;
  /** Asked when a client connects, with its IP address: 4 or 16 octets. */
  accept?(client: Uint8Array): Denial | undefined;
  /** Asked when a client has authenticated. */
  admit?(client: ClientContext): Denial | undefined;
  /** Asked for a command whose peers are not known yet: each is judged when it is. */
  permit?(client: ClientContext, command: CommandName): Denial | undefined;
  /** Asked for every address of a request, every peer of BIND and destination of a datagram. */
  judge?(request: AccessRequest): Denial | undefined;
  /** Asked about a name that does not resolve: there is no address to judge. */
  judgeName?(request: Omit<AccessRequest, 'address'>): Denial | undefined;
  /** Says in a few words why it allows a request, for `picosocks5 check`. */
  explain?(request: AccessRequest): string | undefined;
}

/** Asks all policies in their order, and returns the first denial. */
export function firstDenial(
  policies: Iterable<AccessPolicy>,
  ask: (policy: AccessPolicy) => Denial | undefined,
): Denial | undefined {
  for (const policy of policies) {
    const denial = ask(policy);
    if (denial !== undefined) return denial;
  }
  return undefined;
}
