import { Resolver as Channel } from 'node:dns/promises';
import { codeOf } from '../base/errors.js';
import { type DnsSetup, dnsNames } from './dnssetup.js';

/** How long a family's addresses wait for the other's, ms (RFC 8305 section 3, but patient). */
const FAMILY_DELAY = 300;
/** How many channels are kept for the next look-ups. */
const MAX_IDLE = 64;

/** A look-up that can be given up. */
export interface Lookup {
  /** @throws an error whose code is `ENOTFOUND`, or `EAI_AGAIN` if nobody knows now. */
  readonly addresses: Promise<readonly string[]>;
  /** Makes `addresses` fail at once if it can. @returns whether it can. */
  cancel(): boolean;
}

export class LookupError extends Error {
  override readonly name = 'LookupError';
  readonly code: string;

  constructor(code: 'ENOTFOUND' | 'EAI_AGAIN') {
    super(code === 'ENOTFOUND' ? 'the name does not resolve' : 'the name cannot be resolved now');
    this.code = code;
  }
}

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

  /** @param name in lower case, one that it serves. */
  lookup(name: string): Lookup {
    const names = this.#namesOf(name);
    const channel = this.#idle.pop() ?? this.#open();
    let cancelled = false;
    const find = async () => {
      try {
        for (const candidate of names) {
          const found = await askBoth(channel, candidate);
          if (found.length > 0) return found;
          if (cancelled) break;
        }
        throw new LookupError(cancelled ? 'EAI_AGAIN' : 'ENOTFOUND');
      } finally {
        if (this.#idle.length < MAX_IDLE) this.#idle.push(channel);
      }
    };
    const cancel = () => {
      cancelled = true;
      channel.cancel();
      return true;
    };
    return { addresses: find(), cancel };
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

/**
 * The addresses of both families that a name has.
 *
 * @returns none if there is no such name.
 * @throws {LookupError} if that is not known now.
 */
function askBoth(channel: Channel, name: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const found: [ipv6: string[], ipv4: string[]] = [[], []];
    let open = 2;
    let unknown = false;
    let delay: NodeJS.Timeout | undefined;
    const finish = () => {
      if (open < 0) return;
      clearTimeout(delay);
      const late = open > 0;
      open = -1;
      if (late) channel.cancel();
      const addresses = found.flat();
      if (addresses.length === 0 && unknown) reject(new LookupError('EAI_AGAIN'));
      else resolve(addresses);
    };
    const note = async (family: 0 | 1, query: Promise<string[]>) => {
      try {
        found[family] = await query;
        delay ??= setTimeout(finish, FAMILY_DELAY);
      } catch (error) {
        if (!notThere.has(codeOf(error))) unknown = true;
      }
      open--;
      if (open === 0) finish();
    };
    const written = escapeName(name);
    void note(0, channel.resolve6(written));
    void note(1, channel.resolve4(written));
  });
}
