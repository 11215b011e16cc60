import type { CancellationToken } from '../base/cancellation.js';
import { monotonic } from '../base/clock.js';
import { codeOf } from '../base/errors.js';
import { canonicalIP, formatIP, parseIP, parseNumericIPv4 } from '../protocol/ip.js';
import { type NameService, SystemNameService } from './dnssetup.js';
import { KnownHosts, nameKey } from './hosts.js';
import { orderAddresses } from './interfaces.js';
import { LookupError } from './lookup.js';
import { failure, NameEntry } from './nameentry.js';
import type { Family } from './prefer.js';
import { type NameSource, SystemNames } from './systemnames.js';

/** How long an answer is used when there is no newer one in time, ms (RFC 8767). */
const STALE_TIME = 3_600_000;
/** How long a newer answer is waited for, ms. */
const STALE_PATIENCE = 1000;
/** How many names are remembered. */
const CACHE_SIZE = 4096;

/** Who asks for a name, and how long it wants to wait. */
export interface ResolveOptions {
  /** ms; as long as it takes, if it is left out. */
  readonly timeout?: number;
  /** Whose look-up it is: each client has a fair part of those at once. The server itself: ''. */
  readonly client?: string;
  /** Only a name's addresses of this family; those of both, if it is left out. */
  readonly family?: Family | undefined;
  /** Gives up. */
  readonly cancellation?: CancellationToken | undefined;
}

/**
 * Resolves names: addresses in any form that the system takes, its list of hosts, then whoever is
 * asked for names, in the main the system itself. The same name asked for at the same time is
 * looked up once, and no longer than somebody waits for it. Look-ups at once are limited, and
 * shared between clients, so that no client's names hold up another's.
 */
export class Resolver {
  readonly #cache = new Map<string, NameEntry>();
  readonly #service: { get(): NameService };
  readonly #hosts: Pick<KnownHosts, 'find'>;
  readonly #names: NameSource;
  readonly #isSystem: boolean;

  /**
   * @param service where names are looked for, @param hosts what is known: the system's.
   * @param names who is asked in place of the system; the list of hosts then comes first.
   */
  constructor(
    service: { get(): NameService } = new SystemNameService(),
    hosts: Pick<KnownHosts, 'find'> = new KnownHosts(),
    names?: NameSource,
  ) {
    this.#service = service;
    this.#hosts = hosts;
    this.#names = names ?? new SystemNames(service);
    this.#isSystem = names === undefined;
  }

  /**
   * All IP addresses of a name in their order of preference (RFC 6724); those of an IP address are
   * itself.
   *
   * @throws an error whose code is the system's: `ENOTFOUND`, `EAI_AGAIN` if it is not known now,
   *   or `ETIMEDOUT`, or `ECANCELED`.
   */
  resolve(host: string, options: ResolveOptions = {}): Promise<readonly string[]> {
    if (parseIP(host) !== undefined) return Promise.resolve([canonicalIP(host)]);
    const numeric = parseNumericIPv4(host);
    if (numeric !== undefined) return Promise.resolve([formatIP(numeric)]);
    const { family, client = '', cancellation } = options;
    const listed = this.#listed(host, family);
    if (listed !== undefined) return Promise.resolve(orderAddresses(listed));
    if (cancellation?.cancelled) return Promise.reject(failure('ECANCELED'));
    const entry = this.#entryOf(host.toLowerCase(), family, client);
    return entry.found === undefined ? this.#wait(entry, options) : entry.addresses;
  }

  /**
   * Who said what a name's addresses are, as messages call it.
   *
   * @returns undefined if nobody was asked, or if it was the system.
   */
  answeredBy(host: string, family?: Family): string | undefined {
    if (this.#listed(host, family) !== undefined) return undefined;
    return this.#cache.get(keyOf(host.toLowerCase(), family))?.by;
  }

  /** Gives up all look-ups that can be. */
  close(): void {
    for (const entry of this.#cache.values()) if (!entry.settled) this.#abandon(entry);
  }

  /** The addresses that the list of hosts has, where it counts. */
  #listed(host: string, family: Family | undefined): readonly string[] | undefined {
    if (this.#isSystem && !this.#service.get().hostsFirst) return undefined;
    return this.#hosts.find(nameKey(host), family);
  }

  #entryOf(name: string, family: Family | undefined, client: string): NameEntry {
    const now = monotonic();
    const key = keyOf(name, family);
    const known = this.#cache.get(key);
    if (known !== undefined && known.expires > now) {
      // It may wait behind other names of whoever asked for it first.
      if (!known.settled && !known.started) known.queue.add(client, known);
      return known;
    }
    const queue = this.#names.queueFor(name);
    const usable = known?.found !== undefined && now - known.expires < STALE_TIME;
    const start = () => this.#names.lookup(name, family, client);
    const entry = new NameEntry(key, family, queue, start, usable ? known.found : undefined);
    this.#cache.delete(key);
    this.#cache.set(key, entry);
    this.#trim(now);
    entry.addresses.catch((error) => {
      if (this.#cache.get(key) !== entry || entry.expires > monotonic()) return;
      // What was known stays, to be asked for again.
      if (usable && codeOf(error) !== 'ENOTFOUND') this.#cache.set(key, known);
      else this.#cache.delete(key);
    });
    if (!queue.add(client, entry)) entry.fail(new LookupError('EAI_AGAIN'));
    return entry;
  }

  #wait(
    entry: NameEntry,
    { timeout = 0, cancellation }: ResolveOptions,
  ): Promise<readonly string[]> {
    const { stale } = entry;
    if (stale !== undefined && !entry.started) return Promise.resolve(stale);
    entry.waiting++;
    return new Promise((resolve, reject) => {
      let waiting = true;
      const finish = (settle: () => void) => {
        if (!waiting) return;
        waiting = false;
        clearTimeout(timer);
        clearTimeout(patience);
        cancellation?.off(cancel);
        entry.waiting--;
        settle();
        if (entry.waiting === 0 && !entry.settled && stale === undefined) this.#abandon(entry);
      };
      const giveUp = (code: 'ETIMEDOUT' | 'ECANCELED') => finish(() => reject(failure(code)));
      const cancel = () => giveUp('ECANCELED');
      const useStale = (known: readonly string[]) => finish(() => resolve(known));
      const timer = timeout > 0 ? setTimeout(() => giveUp('ETIMEDOUT'), timeout) : undefined;
      const patience = stale && setTimeout(() => useStale(stale), STALE_PATIENCE);
      cancellation?.on(cancel);
      entry.addresses.then(
        (found) => finish(() => resolve(found)),
        (error) => {
          if (stale !== undefined && codeOf(error) !== 'ENOTFOUND') useStale(stale);
          else finish(() => reject(error));
        },
      );
    });
  }

  /** Nobody waits for it: what cannot be interrupted goes on, for whoever asks again. */
  #abandon(entry: NameEntry): void {
    if (entry.cancel() && this.#cache.get(entry.key) === entry) this.#cache.delete(entry.key);
  }

  #trim(now: number): void {
    for (const [key, { expires }] of this.#cache) {
      if (this.#cache.size <= CACHE_SIZE && now - expires < STALE_TIME) break;
      this.#cache.delete(key);
    }
  }
}

/** What a name is remembered by, with one family's addresses or both. */
function keyOf(name: string, family: Family | undefined): string {
  return family === undefined ? name : `${name} ${family}`;
}
