import { type Awaitable, andThen } from '../base/awaitable.js';
import type { Disposable } from '../base/disposable.js';
import { networkOf } from '../protocol/ip.js';
import { type Counts, LocalCounts, taken } from './counts.js';

/** How many connections there may be at once; 0: no limit. */
export interface ConnectionLimits {
  readonly total: number;
  /** Of a client address: an IPv6 address stands for its /64. */
  readonly perAddress: number;
  readonly perUser: number;
  /** UDP associations of a client address, as above. */
  readonly associations: number;
}

/** Which limit was reached. */
export type LimitName = keyof ConnectionLimits;

const ALL = 'all';

function limited(key: string, limit: number) {
  return { key, limit: limit > 0 ? limit : undefined };
}

/** Counts connections: all, per client address, per user. */
export class ConnectionCounter {
  limits: ConnectionLimits;
  readonly #counts: Counts;

  constructor(limits: ConnectionLimits, counts: Counts = new LocalCounts()) {
    this.limits = limits;
    this.#counts = counts;
  }

  /**
   * Counts a connection until the result is disposed.
   *
   * @returns the limit that was reached, if the connection is one too many.
   */
  addClient(address: string): Awaitable<Disposable | LimitName> {
    const { total, perAddress } = this.limits;
    const wanted = [limited(ALL, total), limited(`address ${networkOf(address)}`, perAddress)];
    return andThen(taken(this.#counts, wanted), (result) =>
      typeof result !== 'string' ? result : result === ALL ? 'total' : 'perAddress',
    );
  }

  /** Counts a connection of a user who has authenticated, as {@link addClient} does. */
  addUser(user: string): Awaitable<Disposable | LimitName> {
    return this.#add(`connections of ${user}`, 'perUser');
  }

  /** Counts a UDP association of a client address, as {@link addClient} does. */
  addAssociation(address: string): Awaitable<Disposable | LimitName> {
    return this.#add(`associations of ${networkOf(address)}`, 'associations');
  }

  #add(key: string, name: LimitName): Awaitable<Disposable | LimitName> {
    const result = taken(this.#counts, [limited(key, this.limits[name])]);
    return andThen(result, (given) => (typeof given === 'string' ? name : given));
  }
}
