import { monotonic } from '../base/clock.js';
import { canonicalIP } from '../protocol/ip.js';
import type { FairQueue, Job } from './fairqueue.js';
import { orderAddresses } from './interfaces.js';
import { type Lookup, LookupError, type NameAnswer } from './lookup.js';
import { type Family, familyOf } from './prefer.js';

/** What is known of a name, or looked for. */
export class NameEntry implements Job {
  readonly key: string;
  readonly queue: FairQueue;
  /** @throws an error whose code is `ENOTFOUND`, or `EAI_AGAIN` if nobody knows now. */
  readonly addresses: Promise<readonly string[]>;
  /** An older answer, for those who cannot have a newer one. */
  readonly stale: readonly string[] | undefined;
  /** When it is forgotten, monotonic ms; Infinity while it is looked for. */
  expires = Number.POSITIVE_INFINITY;
  found: readonly string[] | undefined;
  /** Who has answered, as messages call it; undefined: the system. */
  by: string | undefined;
  /** How many wait for it. */
  waiting = 0;
  settled = false;
  readonly #family: Family | undefined;
  readonly #start: () => Lookup;
  #lookup: Lookup | undefined;
  #resolve: (found: readonly string[]) => void = () => {};
  #reject: (error: unknown) => void = () => {};

  /** @param family whose addresses are of use; undefined: both families' are. */
  constructor(
    key: string,
    family: Family | undefined,
    queue: FairQueue,
    start: () => Lookup,
    stale: readonly string[] | undefined,
  ) {
    this.key = key;
    this.#family = family;
    this.queue = queue;
    this.#start = start;
    this.stale = stale;
    this.addresses = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get started(): boolean {
    return this.#lookup !== undefined;
  }

  async run(): Promise<void> {
    this.#lookup = this.#start();
    try {
      this.#take(await this.#lookup.answer);
    } catch (error) {
      this.fail(error);
    }
  }

  #take({ addresses, ttl, by }: NameAnswer): void {
    const all = [...new Set(addresses.map(canonicalIP))];
    const family = this.#family;
    const usable = family === undefined ? all : all.filter((one) => familyOf(one) === family);
    this.by = by;
    this.expires = monotonic() + ttl;
    this.settled = true;
    if (usable.length === 0) {
      this.#reject(LookupError.notFound(family));
      return;
    }
    this.found = orderAddresses(usable);
    this.#resolve(this.found);
  }

  /** Fails for those who wait now. */
  fail(error: unknown): void {
    this.settled = true;
    this.expires = 0;
    this.#reject(error);
  }

  /** Gives up. @returns false if that is not possible. */
  cancel(): boolean {
    if (this.#lookup !== undefined) return this.#lookup.cancel();
    this.queue.remove(this);
    this.fail(failure('ECANCELED'));
    return true;
  }
}

/** The error of who waits no longer. */
export function failure(code: 'ETIMEDOUT' | 'ECANCELED'): Error {
  const message = code === 'ETIMEDOUT' ? 'timed out' : 'given up';
  return Object.assign(new Error(message), { code });
}
