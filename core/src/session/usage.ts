import type { Identity } from '../auth/method.js';
import { type Awaitable, andThen } from '../base/awaitable.js';
import type { Disposable } from '../base/disposable.js';
import type { Allowances, Share } from '../limits/allowance.js';
import type { ConnectionCounter } from '../limits/limits.js';
import { Reply } from '../protocol/socks5.js';
import type { Throttles } from '../relay/pacer.js';
import type { Traffic } from '../relay/tunnel.js';
import { Refusal, tooMany } from './refusal.js';

/** What limits sessions. */
export interface Limits {
  readonly counter: ConnectionCounter;
  readonly allowances: Allowances;
}

const unthrottled: Throttles = { up: undefined, down: undefined };

/** How much one session takes of what its user and its group may use; given back with it. */
export class Usage implements Disposable {
  readonly #limits: Limits;
  readonly #traffic: Traffic;
  #share: Share | undefined;
  /** Bytes that the share has accounted for. */
  #accounted = 0;

  constructor(limits: Limits, traffic: Traffic) {
    this.#limits = limits;
    this.#traffic = traffic;
  }

  get throttles(): Throttles {
    return this.#share?.throttles ?? unthrottled;
  }

  /**
   * Counts the session as one of its user and of its group, by its client's address.
   *
   * @throws {Refusal} if it is one too many.
   */
  count(identity: Identity, address: string): Awaitable<void> {
    return andThen(this.#limits.allowances.share(identity, address), (share) => {
      if (!('by' in share)) this.#share = share;
      else throw new Refusal(share.reason, share.by, { reply: Reply.notAllowed });
    });
  }

  /** Counts an association of a client address. @throws {Refusal} if it is one too many. */
  async countAssociation(address: string): Promise<Disposable> {
    const counted = await this.#limits.counter.addAssociation(address);
    if (typeof counted === 'string') throw tooMany('associations of this address');
    return counted;
  }

  /** Accounts for what was moved since the last time. @returns whether no more may move. */
  account(): boolean {
    const bytes = this.#traffic.up + this.#traffic.down;
    const fresh = bytes - this.#accounted;
    this.#accounted = bytes;
    return this.#share?.use(fresh) !== undefined;
  }

  dispose(): void {
    this.account();
    this.#share?.dispose();
  }
}
