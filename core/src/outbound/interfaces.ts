import { networkInterfaces } from 'node:os';
import { monotonic } from '../base/clock.js';
import { canonicalIP } from '../protocol/ip.js';

/** How long what the system said holds, ms. */
const FRESH = 2000;

/** The addresses of all network interfaces, in canonical form and without zones. */
export interface LocalAddresses {
  readonly all: ReadonlySet<string>;
  /** Those of each interface that others can send to: none of the link's own (fe80::/10). */
  readonly byInterface: ReadonlyMap<string, readonly string[]>;
  /** Whether there is an address of IPv6 at all, be it of loopback. */
  readonly ipv6: boolean;
  /** Whether there is an address that others can answer to, by family. */
  readonly routed: { readonly ipv4: boolean; readonly ipv6: boolean };
}

let known: { readonly addresses: LocalAddresses; readonly expires: number } | undefined;

/** The addresses of this machine as they are now, or were two seconds ago. */
export function localAddresses(): LocalAddresses {
  const now = monotonic();
  if (known === undefined || now >= known.expires) {
    known = { addresses: readAddresses(), expires: now + FRESH };
  }
  return known.addresses;
}

/** The addresses of an interface, as they are now or were two seconds ago; none if it has gone. */
export function addressesOfInterface(name: string): readonly string[] {
  return localAddresses().byInterface.get(name) ?? [];
}

/** Whether there is an interface of this name. */
export function hasInterface(name: string): boolean {
  return localAddresses().byInterface.has(name);
}

function readAddresses(): LocalAddresses {
  const interfaces = Object.entries(networkInterfaces());
  const found = interfaces.flatMap(([, list = []]) => list);
  const outer = found.filter(({ internal, address }) => !internal && !address.startsWith('fe80:'));
  return {
    all: new Set(found.map(({ address }) => canonicalIP(address).replace(/%.*/, ''))),
    byInterface: new Map(
      interfaces.map(([name, list = []]) => {
        const usable = list.filter(({ address }) => !address.startsWith('fe80:'));
        return [name, usable.map(({ address }) => canonicalIP(address))];
      }),
    ),
    ipv6: found.some(({ family }) => family === 'IPv6'),
    routed: {
      ipv4: outer.some(({ family }) => family === 'IPv4'),
      ipv6: outer.some(({ family }) => family === 'IPv6'),
    },
  };
}

/**
 * Orders addresses as getaddrinfo(3) does in the main (RFC 6724 section 6): those that this machine
 * has an address to reach them from before others, IPv6 before IPv4, else as they were.
 */
export function orderAddresses(addresses: readonly string[]): string[] {
  const { all, routed } = localAddresses();
  const rank = (address: string) => {
    const ipv6 = address.includes(':');
    let usable = ipv6 ? routed.ipv6 : routed.ipv4;
    if (address === '::1') usable = all.has('::1');
    if (address.startsWith('127.')) usable = true;
    return (usable ? 0 : 2) + (ipv6 ? 0 : 1);
  };
  return addresses
    .map((address) => ({ address, rank: rank(address) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ address }) => address);
}
