import { Resolver as Channel } from 'node:dns/promises';
import { codeOf } from '../base/errors.js';
import { type DnsSetup, dnsNames } from './dnssetup.js';
import { askFamilies } from './families.js';
import { type Lookup, LookupError, type NameAnswer } from './lookup.js';
import type { Family } from './prefer.js';

/** How many channels are kept for the next look-ups. */
const MAX_IDLE = 64;

/** How long an answer is used, ms: c-ares is not asked for the TTL. */
const ANSWER_TIME = 10_000;

const notThere: ReadonlySet<string | undefined> = new Set([
  ...['ENODATA', 'ENOTFOUND', 'ENONAME', 'EBADNAME', 'EBADQUERY', 'ERR_INVALID_ARG_VALUE'],
]);

/**
 * Asks the DNS by c-ares: without a thread, so that servers that do not answer hold nothing up, and
 * so that a look-up can be given up. Each has a channel of its own, since only a whole channel can
 * be cancelled; channels are used again.
 */
export class DnsClient {
  readonly #setup: DnsSetup;
  readonly #host: string;
  readonly #idle: Channel[] = [];

  /** @param host this machine's name. Channels read resolv.conf when they are made. */
  constructor(setup: DnsSetup, host: string) {
    this.#setup = setup;
    this.#host = host;
  }

  /** Whether only the DNS can know a name. @param name in lower case. */
  serves(name: string): boolean {
    return this.#namesOf(name).length > 0;
  }

  /**
   * @param name in lower case, one that it serves.
   * @param family whose addresses are of use; both families' if left out.
   */
  lookup(name: string, family?: Family): Lookup {
    const names = this.#namesOf(name);
    const channel = this.#idle.pop() ?? this.#open();
    let cancelled = false;
    const find = async () => {
      try {
        for (const candidate of names) {
          const written = escapeName(candidate);
          const answer = await askFamilies(
            family,
            (one) => ask(channel, written, one),
            () => channel.cancel(),
          );
          if (answer.addresses.length > 0) return answer;
          if (cancelled) break;
        }
        throw cancelled ? new LookupError('EAI_AGAIN') : LookupError.notFound(family);
      } finally {
        if (this.#idle.length < MAX_IDLE) this.#idle.push(channel);
      }
    };
    const cancel = () => {
      cancelled = true;
      channel.cancel();
      return true;
    };
    return { answer: find(), cancel };
  }

  #open(): Channel {
    const { timeout, tries, servers } = this.#setup;
    const channel = new Channel({ timeout, tries });
    if (servers !== undefined) channel.setServers(servers);
    return channel;
  }

  #namesOf(name: string): string[] {
    return dnsNames(name, this.#setup, this.#host);
  }
}

/**
 * A name that stays as it is: Node 20 asks for the root in place of what is none of IDNA, as
 * `xn--a`, but leaves c-ares' escapes alone (RFC 1035 section 5.1).
 */
function escapeName(name: string): string {
  const octet = (text: string) => `\\${String(text.charCodeAt(0)).padStart(3, '0')}`;
  return name.replace(/[^a-z0-9._-]/g, octet).replace(/(?<=^|\.)x(?=n--)/g, octet);
}

/** The addresses of a family that a name has. @throws {LookupError} if that is not known now. */
async function ask(channel: Channel, name: string, family: Family): Promise<NameAnswer> {
  try {
    const addresses = await (family === 'ipv6' ? channel.resolve6(name) : channel.resolve4(name));
    return { addresses, ttl: ANSWER_TIME };
  } catch (error) {
    if (notThere.has(codeOf(error))) return { addresses: [], ttl: 0 };
    throw new LookupError('EAI_AGAIN');
  }
}
