import { lookup } from 'node:dns/promises';
import { hostname } from 'node:os';
import { codeOf } from '../base/errors.js';
import { DnsClient } from './dnsclient.js';
import { type DnsSetup, type NameService, PLAIN_DNS } from './dnssetup.js';
import { FairQueue } from './fairqueue.js';
import type { Lookup } from './lookup.js';
import type { Family } from './prefer.js';

/** How long an answer is used again, ms. Short: the system's resolver does not tell the TTL. */
const ANSWER_TIME = 10_000;
/** How many names the DNS is asked for at once: each takes a descriptor for every server. */
const DNS_LOOKUPS = 64;

/** libuv lets getaddrinfo(3) have half of its threads; the rest is for files and passwords. */
const threads = Math.min(Math.max(Number(process.env['UV_THREADPOOL_SIZE']) || 4, 1), 1024);
const SYSTEM_LOOKUPS = Math.floor((threads + 1) / 2);

/** Who is asked for names that are not known. */
export interface NameSource {
  /** The queue of its look-ups of a name. */
  queueFor(name: string): FairQueue;
  /**
   * @param name in lower case.
   * @param family whose addresses are of use; undefined: both families' are.
   * @param client who asks first.
   */
  lookup(name: string, family: Family | undefined, client: string): Lookup;
}

/**
 * The system's way of looking names up: the DNS, asked without a thread, or getaddrinfo(3) in
 * libuv's threads, where the system is set up to ask others as well.
 */
export class SystemNames implements NameSource {
  readonly #service: { get(): NameService };
  readonly #dnsQueue = new FairQueue(DNS_LOOKUPS);
  readonly #systemQueue = new FairQueue(SYSTEM_LOOKUPS);
  #dns: { readonly setup: DnsSetup; readonly client: DnsClient } | undefined;

  constructor(service: { get(): NameService }) {
    this.#service = service;
  }

  queueFor(name: string): FairQueue {
    return this.#dnsFor(name) === undefined ? this.#systemQueue : this.#dnsQueue;
  }

  lookup(name: string, family: Family | undefined): Lookup {
    return this.#dnsFor(name)?.lookup(name, family) ?? askSystem(name, family);
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
}

/** Asks getaddrinfo(3), which cannot be interrupted. */
function askSystem(name: string, family: Family | undefined): Lookup {
  const find = async () => {
    try {
      const only = family === undefined ? {} : { family: family === 'ipv4' ? 4 : 6 };
      const found = await lookup(name, { all: true, order: 'verbatim', ...only });
      return { addresses: found.map(({ address }) => address), ttl: ANSWER_TIME };
    } catch (error) {
      // Node 20 refuses names in Punycode that are none of IDNA; the DNS has some all the same.
      if (codeOf(error) !== 'EINVAL' || !name.includes('xn--')) throw error;
      return new DnsClient(PLAIN_DNS, '').lookup(name, family).answer;
    }
  };
  return { answer: find(), cancel: () => false };
}
