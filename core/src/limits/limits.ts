import { type Awaitable, andThen } from '../base/awaitable.js';
import { networkOf } from '../protocol/ip.js';
import { type Counts, isFull, type Lease, LocalCounts, takeInTime, type Wanted } from './counts.js';

/** How many connections there may be at once; 0: no limit. */
export interface ConnectionLimits {
  readonly total: number;
  /** Of a client address: an IPv6 address stands for its /64. */
  readonly perAddress: number;
  /** UDP associations of a client address, as above. */
  readonly associations: number;
}

/** Which limit was reached: of all connections, of an address, of a listener. */
export type LimitName = keyof ConnectionLimits | 'listener';

const ALL = 'all';

function limited(key: string, limit: number): Wanted {
  return { key, limit: limit > 0 ? limit : undefined };
}

/** Counts connections, and associations, by where they come from; `Allowances` by whose they are. */
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
   * @param listener how many of its listener there may be, if it has a limit of its own.
   * @returns the limit that was reached, if the connection is one too many.
   * @throws what the counts come to grief by, as {@link Counts} says.
   */
  addClient(address: string, listener?: Wanted): Awaitable<Lease | LimitName> {
    const { total, perAddress } = this.limits;
    const wanted = [limited(ALL, total), limited(`address ${networkOf(address)}`, perAddress)];
    if (listener !== undefined) wanted.push(listener);
    return andThen(takeInTime(this.#counts, wanted), (result) => {
      if (!isFull(result)) return result;
      if (result.full === ALL) return 'total';
      return result.full === listener?.key ? 'listener' : 'perAddress';
    });
  }

  /** What {@link addClient} counts for a listener. @param limit 0: no limit. */
  ofListener(name: string, limit: number): Wanted {
    return limited(`listener ${name}`, limit);
  }

  /** Counts a UDP association of a client address, as {@link addClient} does. */
  addAssociation(address: string): Awaitable<Lease | LimitName> {
    const wanted = [limited(`associations of ${networkOf(address)}`, this.limits.associations)];
    return andThen(takeInTime(this.#counts, wanted), (result) =>
      isFull(result) ? 'associations' : result,
    );
  }
}
