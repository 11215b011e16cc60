import { type Address, isUnspecified } from '../protocol/address.js';
import { parseIP } from '../protocol/ip.js';
import {
  type AccessPolicy,
  type AccessRequest,
  type ClientContext,
  type CommandName,
  type Denial,
  firstDenial,
} from './policy.js';

/** A request to be judged, whose addresses come one by one. */
export interface JudgedRequest extends ClientContext {
  readonly command: CommandName;
  /** As the client named it. */
  readonly destination: Address;
}

/** Asks all policies, stage by stage: what serves clients and what explains it ask alike. */
export class AccessCheck {
  readonly #policies: Iterable<AccessPolicy>;

  /** @param policies asked anew each time. */
  constructor(policies: Iterable<AccessPolicy>) {
    this.#policies = policies;
  }

  /** Whether a client may connect. @param client its IP address, 4 or 16 octets. */
  ofClient(client: Uint8Array): Denial | undefined {
    return firstDenial(this.#policies, (policy) => policy.accept?.(client));
  }

  /** Whether a client that has authenticated may make a request, before addresses are known. */
  ofRequest(client: ClientContext, command: CommandName, to: Address): Denial | undefined {
    const denial = firstDenial(this.#policies, (policy) => policy.admit?.(client));
    if (denial !== undefined || !this.comesLater(command, to)) return denial;
    return firstDenial(this.#policies, (policy) => policy.permit?.(client, command));
  }

  /** Whether the reply comes before anybody's address is known: each is judged when it is. */
  comesLater(command: CommandName, to: Address): boolean {
    return command === 'associate' || (command === 'bind' && isUnspecified(to));
  }

  /** Whether a request may go to an IP address. */
  ofAddress(request: JudgedRequest, text: string): Denial | undefined {
    const address = parseIP(text);
    if (address === undefined) return { by: `"${text}" is not an IP address` };
    const { client, user, group, command, destination } = request;
    const asked: AccessRequest = { client, user, group, command, destination, address };
    return firstDenial(this.#policies, (policy) => policy.judge?.(asked));
  }

  /** Whether a request is refused by the name that it names, which does not resolve. */
  ofName(request: JudgedRequest): Denial | undefined {
    return firstDenial(this.#policies, (policy) => policy.judgeName?.(request));
  }

  /** Why a request may go to an IP address that it may go to. */
  explain(request: JudgedRequest, text: string): string {
    const asked: AccessRequest = { ...request, address: parseIP(text) ?? new Uint8Array() };
    const reasons: string[] = [];
    for (const policy of this.#policies) {
      const reason = policy.explain?.(asked);
      if (reason !== undefined) reasons.push(reason);
    }
    return reasons.join('; ') || 'nothing refuses it';
  }
}
