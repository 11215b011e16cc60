import { type Disposable, toDisposable } from '../disposable.js';

/** How many connections there may be at once; 0: no limit. */
export interface ConnectionLimits {
  readonly total: number;
  readonly perAddress: number;
  readonly perUser: number;
  /** UDP associations per client address. */
  readonly associations: number;
}

/** Which limit was reached. */
export type LimitName = keyof ConnectionLimits;

/** Counts connections: all, per client address, per user. */
export class ConnectionCounter {
  limits: ConnectionLimits;
  #total = 0;
  readonly #perAddress = new Map<string, number>();
  readonly #perUser = new Map<string, number>();
  readonly #associations = new Map<string, number>();

  constructor(limits: ConnectionLimits) {
    this.limits = limits;
  }

  /**
   * Counts a connection until the result is disposed.
   *
   * @returns the limit that was reached, if the connection is one too many.
   */
  addClient(address: string): Disposable | LimitName {
    const { total, perAddress } = this.limits;
    if (total > 0 && this.#total >= total) return 'total';
    const counted = count(this.#perAddress, address, perAddress);
    if (counted === undefined) return 'perAddress';
    this.#total++;
    return toDisposable(() => {
      this.#total--;
      counted.dispose();
    });
  }

  /** Counts a connection of a user who has authenticated, as {@link addClient} does. */
  addUser(user: string): Disposable | LimitName {
    return count(this.#perUser, user, this.limits.perUser) ?? 'perUser';
  }

  /** Counts a UDP association of a client address, as {@link addClient} does. */
  addAssociation(address: string): Disposable | LimitName {
    return count(this.#associations, address, this.limits.associations) ?? 'associations';
  }
}

function count(counts: Map<string, number>, key: string, limit: number): Disposable | undefined {
  const before = counts.get(key) ?? 0;
  if (limit > 0 && before >= limit) return undefined;
  counts.set(key, before + 1);
  return toDisposable(() => {
    const now = counts.get(key) ?? 0;
    if (now > 1) counts.set(key, now - 1);
    else counts.delete(key);
  });
}
