import { lookup } from 'node:dns/promises';
import { monotonic } from '../clock.js';
import { canonicalIP, parseIP } from '../protocol/ip.js';

/** How long an answer is used again, ms. Short: the system's resolver does not tell the TTL. */
const CACHE_TIME = 10_000;
/** How many names are remembered. */
const CACHE_SIZE = 4096;

interface Entry {
  readonly addresses: Promise<readonly string[]>;
  /** When it is forgotten, monotonic ms; Infinity while the system looks. */
  expires: number;
}

/**
 * Resolves names with the system's resolver (getaddrinfo(3)), which knows /etc/hosts and whatever
 * else is set up. It runs in libuv's thread pool, so a slow name does not hold up another.
 * The same name asked for at the same time is looked up once.
 */
export class Resolver {
  readonly #cache = new Map<string, Entry>();

  /**
   * All IP addresses of a name in the system's order of preference (RFC 6724); those of an IP
   * address are itself.
   *
   * @param timeout ms; 0: as long as the system takes.
   * @throws the system's error, such as `ENOTFOUND`, or `ETIMEDOUT`.
   */
  resolve(host: string, timeout = 0): Promise<readonly string[]> {
    if (parseIP(host) !== undefined) return Promise.resolve([canonicalIP(host)]);
    const addresses = this.#lookup(host);
    return timeout === 0 ? addresses : within(timeout, addresses);
  }

  #lookup(host: string): Promise<readonly string[]> {
    const key = host.toLowerCase();
    const now = monotonic();
    const known = this.#cache.get(key);
    if (known !== undefined && known.expires > now) return known.addresses;

    const addresses = lookup(host, { all: true, order: 'verbatim' }).then((found) => [
      ...new Set(found.map(({ address }) => canonicalIP(address))),
    ]);
    const entry: Entry = { addresses, expires: Number.POSITIVE_INFINITY };
    this.#cache.delete(key);
    this.#cache.set(key, entry);
    this.#trim(now);
    addresses.then(
      () => {
        entry.expires = monotonic() + CACHE_TIME;
      },
      () => {
        if (this.#cache.get(key) === entry) this.#cache.delete(key);
      },
    );
    return addresses;
  }

  #trim(now: number): void {
    for (const [key, { expires }] of this.#cache) {
      if (this.#cache.size <= CACHE_SIZE && expires > now) break;
      this.#cache.delete(key);
    }
  }
}

function within<T>(timeout: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' }));
    const timer = setTimeout(late, timeout);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
