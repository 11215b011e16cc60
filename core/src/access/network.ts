import { formatIP, parseIP } from '../protocol/ip.js';
import { aliasesOf } from './aliases.js';

/** A range of IP addresses, as `ADDRESS/BITS` (CIDR, RFC 4632). */
export class Network {
  readonly #octets: Uint8Array;
  readonly #bits: number;

  /**
   * @param octets 4 or 16 octets; those behind the prefix do not count.
   * @param bits length of the prefix. A prefix of 0 bits holds every address of both families.
   */
  constructor(octets: Uint8Array, bits: number) {
    this.#octets = octets;
    this.#bits = bits;
  }

  /**
   * @param text `ADDRESS` or `ADDRESS/BITS`.
   * @returns undefined if it is not an IP network.
   */
  static parse(text: string): Network | undefined {
    const [address = '', prefix, ...rest] = text.split('/');
    const octets = parseIP(address);
    if (octets === undefined || rest.length > 0) return undefined;
    const width = octets.length * 8;
    if (prefix === undefined) return new Network(octets, width);
    if (!/^\d{1,3}$/.test(prefix)) return undefined;
    const mapped = address.includes(':') && octets.length === 4;
    const bits = mapped ? Number(prefix) - 96 : Number(prefix);
    return bits < 0 || bits > width ? undefined : new Network(octets, bits);
  }

  /** @param address 4 or 16 octets, as `parseIP` gives them. */
  contains(address: Uint8Array): boolean {
    if (this.#bits === 0) return true;
    if (address.length !== this.#octets.length) return false;
    return samePrefix(address, this.#octets, this.#bits);
  }

  /** Whether it is all addresses, of both families. */
  get isAll(): boolean {
    return this.#bits === 0;
  }

  /** Whether it is one address. */
  get isOne(): boolean {
    return this.#bits === this.#octets.length * 8;
  }

  /** Whether every address of this network is in `other`. */
  within(other: Network): boolean {
    return this.#bits >= other.#bits && other.contains(this.#octets);
  }

  toString(): string {
    return `${formatIP(this.#octets)}/${this.#bits}`;
  }
}

function samePrefix(a: Uint8Array, b: Uint8Array, bits: number): boolean {
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) if (a[i] !== b[i]) return false;
  const rest = bits & 7;
  if (rest === 0) return true;
  const mask = 0xff << (8 - rest);
  return (((a[whole] as number) ^ (b[whole] as number)) & mask & 0xff) === 0;
}

const loopback = ['127.0.0.0/8', '::1/128'].map(parseOwn);

/**
 * The proxy host itself and its link: loopback, unspecified, link-local (RFC 6890), and what is sent
 * to all of a link or to a host's own listeners (multicast of RFC 4291 and RFC 5771, broadcast).
 */
const hostLocal = [
  ...loopback,
  ...['0.0.0.0/8', '169.254.0.0/16', '::/128', 'fe80::/10'].map(parseOwn),
  ...['224.0.0.0/24', '255.255.255.255/32', 'ff01::/16', 'ff02::/16'].map(parseOwn),
];

function parseOwn(text: string): Network {
  return Network.parse(text) as Network;
}

/** @param address 4 or 16 octets. */
export function isLoopback(address: Uint8Array): boolean {
  return loopback.some((network) => network.contains(address));
}

/**
 * Whether an address is the proxy host's own, or may be taken for it: loopback, unspecified,
 * link-local, or that of one of its network interfaces.
 *
 * @param interfaces the addresses of these, in canonical form.
 */
export function isHostLocal(address: Uint8Array, interfaces: ReadonlySet<string>): boolean {
  return [address, ...aliasesOf(address)].some(
    (one) => hostLocal.some((network) => network.contains(one)) || interfaces.has(formatIP(one)),
  );
}

/** Whether a network names the proxy host's own: it is one address, or holds no others. */
export function isHostLocalNetwork(network: Network): boolean {
  return network.isOne || hostLocal.some((range) => network.within(range));
}
