import { BlockList, isIP } from 'node:net';
import { UserError } from 'picosocks5';
import { text } from '../words/words.js';

/** What is known of the network that the computer is in, as far as the system tells. */
export interface NetworkFacts {
  /** The hardware address of the default gateway: `00:11:22:33:44:55`, in small letters. */
  readonly gateway?: string;
  /** The name of the wireless network. */
  readonly wifi?: string;
  /** Suffixes that names are looked up with, in small letters. */
  readonly domains: readonly string[];
  /** Addresses of this computer towards the gateway, with the lengths of their prefixes. */
  readonly addresses: readonly string[];
}

export const NO_NETWORK: NetworkFacts = { domains: [], addresses: [] };

/** What a profile can go by: which of the facts, and what that has to be. */
export interface Network {
  readonly kind: 'gateway' | 'wifi' | 'domain' | 'subnet';
  readonly value: string;
}

/** How long a rule may be. */
const MAX_LENGTH = 255;
const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;

/** A hardware address as it is compared: systems write `0:1b:…`, `00-1B-…`; undefined if it is none. */
export function hardwareAddress(written: string): string | undefined {
  const octets = written.trim().toLowerCase().split(/[:-]/);
  const address = octets.map((octet) => octet.padStart(2, '0')).join(':');
  return MAC.test(address) && address !== '00:00:00:00:00:00' ? address : undefined;
}

/** Reads `gateway:MAC`, `wifi:NAME`, `domain:SUFFIX` or `subnet:CIDR`; undefined if it is none. */
export function parseNetwork(rule: string): Network | undefined {
  const [, kind, written = ''] = /^(gateway|wifi|domain|subnet):\s*(.*\S)\s*$/.exec(rule) ?? [];
  switch (kind) {
    case 'gateway': {
      const value = hardwareAddress(written);
      return value === undefined ? undefined : { kind, value };
    }
    case 'wifi':
      return { kind, value: written };
    case 'domain': {
      const value = written.toLowerCase().replace(/^\.|\.$/g, '');
      return /^[^\s.]+(\.[^\s.]+)*$/.test(value) ? { kind, value } : undefined;
    }
    case 'subnet':
      return subnetOf(written) === undefined ? undefined : { kind, value: written };
    default:
      return undefined;
  }
}

/** Whether something of a settings file can be such a rule. */
export function isNetwork(rule: unknown): rule is string {
  return typeof rule === 'string' && rule.length <= MAX_LENGTH && parseNetwork(rule) !== undefined;
}

/** @throws {UserError} if a text is no rule for networks. */
export function checkNetwork(rule: string): void {
  if (!isNetwork(rule)) throw new UserError(text('profiles.badNetwork', { rule }));
}

function subnetOf(cidr: string): BlockList | undefined {
  const [, address = '', length] = /^([^/]+)\/(\d{1,3})$/.exec(cidr) ?? [];
  const version = isIP(address);
  const bits = Number(length);
  if (version === 0 || bits > (version === 4 ? 32 : 128)) return undefined;
  const list = new BlockList();
  list.addSubnet(address, bits, version === 4 ? 'ipv4' : 'ipv6');
  return list;
}

/** Whether a rule is about the network that the computer is in. */
export function isIn(facts: NetworkFacts, rule: string): boolean {
  const network = parseNetwork(rule);
  if (network === undefined) return false;
  const { kind, value } = network;
  switch (kind) {
    case 'gateway':
      return facts.gateway === value;
    case 'wifi':
      return facts.wifi === value;
    case 'domain':
      return facts.domains.some((domain) => domain === value || domain.endsWith(`.${value}`));
    case 'subnet': {
      const subnet = subnetOf(value);
      return facts.addresses.some((cidr) => {
        const address = cidr.replace(/\/.*/, '');
        return subnet?.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4') === true;
      });
    }
  }
}

/**
 * Rules for the network that the computer is in, the surest one first: a gateway is one device, a
 * wireless network one name, a suffix or a subnet may be anybody's.
 */
export function rulesFor({ gateway, wifi, domains, addresses }: NetworkFacts): string[] {
  return [
    ...(gateway === undefined ? [] : [`gateway:${gateway}`]),
    ...(wifi === undefined ? [] : [`wifi:${wifi}`]),
    ...domains.map((domain) => `domain:${domain}`),
    ...addresses.map((cidr) => `subnet:${cidr}`),
  ].filter(isNetwork);
}
