import { lookup } from 'node:dns/promises';
import { hostname } from 'node:os';
import type { Cancellation } from '../base/cancellation.js';
import { monotonic } from '../base/clock.js';
import { codeOf } from '../base/errors.js';
import { canonicalIP, formatIP, parseIP, parseNumericIPv4 } from '../protocol/ip.js';
import { DnsClient, type Lookup, LookupError } from './dnsclient.js';
import { type DnsSetup, type NameService, PLAIN_DNS, SystemNameService } from './dnssetup.js';
import { FairQueue, type Job } from './fairqueue.js';
import { KnownHosts, nameKey } from './hosts.js';
import { orderAddresses } from './interfaces.js';

/** How long an answer is used again, ms. Short: the system's resolver does not tell the TTL. */
const CACHE_TIME = 10_000;
/** How long an answer is used when there is no newer one in time, ms (RFC 8767). */
const STALE_TIME = 3_600_000;
/** How long a newer answer is waited for, ms. */
const STALE_PATIENCE = 1000;
/** How many names are remembered. */
const CACHE_SIZE = 4096;
/** How many names the DNS is asked for at once: each takes a descriptor for every server. */
const DNS_LOOKUPS = 64;

/** libuv lets getaddrinfo(3) have half of its threads; the rest is for files and passwords. */
const threads = Math.min(Math.max(Number(process.env['UV_THREADPOOL_SIZE']) || 4, 1), 1024);
const SYSTEM_LOOKUPS = Math.floor((threads + 1) / 2);

/** Who asks for a name, and how long it wants to wait. */
export interface ResolveOptions {
  /** ms; as long as it takes, if it is left out. */
  readonly timeout?: number;
  /** Whose look-up it is: each client has a fair part of those at once. The server itself: ''. */
  readonly client?: string;
  /** Gives up. */
  readonly cancellation?: Cancellation | undefined;
}

/** What is known of a name, or looked for. */
class Entry implements Job {
  readonly name: string;
  readonly queue: FairQueue;
  readonly addresses: Promise<readonly string[]>;
  /** An older answer, for those who cannot have a newer one. */
  readonly stale: readonly string[] | undefined;
  /** When it is forgotten, monotonic ms; Infinity while it is looked for. */
  expires = Number.POSITIVE_INFINITY;
  found: readonly string[] | undefined;
  /** When it was found. */
  foundAt = 0;
  /** How many wait for it. */
  waiting = 0;
  settled = false;
  readonly #start: () => Lookup;
  #lookup: Lookup | undefined;
  #resolve: (found: readonly string[]) => void = () => {};
  #reject: (error: unknown) => void = () => {};

  constructor(
    name: string,
    queue: FairQueue,
    start: () => Lookup,
    stale: readonly string[] | undefined,
  ) {
    this.name = name;
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
      const found = await this.#lookup.addresses;
      this.settled = true;
      this.#resolve(orderAddresses([...new Set(found.map(canonicalIP))]));
    } catch (error) {
      this.fail(error);
    }
  }

  fail(error: unknown): void {
    this.settled = true;
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

/**
 * Resolves names as the system does: addresses in any form that it takes, its list of hosts, then
 * the DNS. Where the system is set up to ask others as well, and on Windows and macOS, it is asked
 * itself (getaddrinfo(3), in libuv's threads). The same name asked for at the same time is looked
 * up once, and no longer than somebody waits for it. Look-ups at once are limited, and shared
 * between clients, so that no client's names hold up another's.
 */
export class Resolver {
  readonly #cache = new Map<string, Entry>();
  readonly #service: { get(): NameService };
  readonly #hosts: Pick<KnownHosts, 'find'>;
  readonly #dnsQueue = new FairQueue(DNS_LOOKUPS);
  readonly #systemQueue = new FairQueue(SYSTEM_LOOKUPS);
  #dns: { readonly setup: DnsSetup; readonly client: DnsClient } | undefined;

  /** @param service where names are looked for, @param hosts what is known: the system's. */
  constructor(
    service: { get(): NameService } = new SystemNameService(),
    hosts: Pick<KnownHosts, 'find'> = new KnownHosts(),
  ) {
    this.#service = service;
    this.#hosts = hosts;
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
    const { hostsFirst } = this.#service.get();
    const listed = hostsFirst ? this.#hosts.find(nameKey(host)) : undefined;
    if (listed !== undefined) return Promise.resolve(orderAddresses(listed));
    if (options.cancellation?.cancelled) return Promise.reject(failure('ECANCELED'));
    const entry = this.#entryOf(host.toLowerCase(), options.client ?? '');
    return entry.found === undefined ? this.#wait(entry, options) : entry.addresses;
  }

  /** Gives up all look-ups that can be. */
  close(): void {
    for (const entry of this.#cache.values()) if (!entry.settled) this.#abandon(entry);
  }

  #entryOf(name: string, client: string): Entry {
    const now = monotonic();
    const known = this.#cache.get(name);
    if (known !== undefined && known.expires > now) {
      // It may wait behind other names of whoever asked for it first.
      if (!known.settled && !known.started) known.queue.add(client, known);
      return known;
    }
    const dns = this.#dnsFor(name);
    const queue = dns === undefined ? this.#systemQueue : this.#dnsQueue;
    const usable = known?.found !== undefined && now - known.foundAt < STALE_TIME;
    const start = () => dns?.lookup(name) ?? askSystem(name);
    const entry = new Entry(name, queue, start, usable ? known.found : undefined);
    this.#cache.delete(name);
    this.#cache.set(name, entry);
    this.#trim(now);
    entry.addresses.then(
      (found) => {
        entry.found = found;
        entry.foundAt = monotonic();
        entry.expires = entry.foundAt + CACHE_TIME;
      },
      (error) => {
        if (this.#cache.get(name) !== entry) return;
        // What was known stays, to be asked for again.
        if (usable && codeOf(error) !== 'ENOTFOUND') this.#cache.set(name, known);
        else this.#cache.delete(name);
      },
    );
    if (!queue.add(client, entry)) entry.fail(new LookupError('EAI_AGAIN'));
    return entry;
  }

  /** undefined: the system has to be asked. */
  #dnsFor(name: string): DnsClient | undefined {
    const { dns: setup } = this.#service.get();
    if (setup === undefined) return undefined;
    if (this.#dns?.setup !== setup) {
      this.#dns = { setup, client: new DnsClient(setup, hostname()) };
    }
    const { client } = this.#dns;
    return client.serves(name) ? client : undefined;
  }

  #wait(entry: Entry, { timeout = 0, cancellation }: ResolveOptions): Promise<readonly string[]> {
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
      const giveUp = (code: string) => finish(() => reject(failure(code)));
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
  #abandon(entry: Entry): void {
    if (entry.cancel() && this.#cache.get(entry.name) === entry) this.#cache.delete(entry.name);
  }

  #trim(now: number): void {
    for (const [key, { expires, foundAt }] of this.#cache) {
      if (this.#cache.size <= CACHE_SIZE && (expires > now || now - foundAt < STALE_TIME)) break;
      this.#cache.delete(key);
    }
  }
}

/** Asks getaddrinfo(3), which cannot be interrupted. */
function askSystem(name: string): Lookup {
  const find = async () => {
    try {
      const found = await lookup(name, { all: true, order: 'verbatim' });
      return found.map(({ address }) => address);
    } catch (error) {
      // Node 20 refuses names in Punycode that are none of IDNA; the DNS has some all the same.
      if (codeOf(error) !== 'EINVAL' || !name.includes('xn--')) throw error;
      return new DnsClient(PLAIN_DNS, '').lookup(name).addresses;
    }
  };
  return { addresses: find(), cancel: () => false };
}

function failure(code: string): Error {
  const message = code === 'ETIMEDOUT' ? 'timed out' : 'given up';
  return Object.assign(new Error(message), { code });
}
