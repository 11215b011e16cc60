import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { UserError } from '../base/errors.js';
import { canonicalIP, parseIP } from '../protocol/ip.js';
import { addressesOfInterface, hasInterface } from './interfaces.js';
import { canSendFrom } from './probe.js';
import type { Resolver } from './resolve.js';

/** The IP address to use for each family, where one is set. */
export interface FamilyAddresses {
  readonly ipv4: string | undefined;
  readonly ipv6: string | undefined;
}

/** The address of an address's family, if there is one. */
export function ofFamily(addresses: FamilyAddresses, address: string): string | undefined {
  return address.includes(':') ? addresses.ipv6 : addresses.ipv4;
}

/** @param warn told of addresses that this machine does not have; they are left out. */
async function addressesOf(
  text: string,
  resolver: Resolver,
  warn: ((message: string) => void) | undefined,
): Promise<readonly string[]> {
  if (text.startsWith('@')) {
    const name = text.slice(1);
    if (!hasInterface(name)) throw new UserError(`"@${name}": there is no interface "${name}"`);
    return addressesOfInterface(name);
  }
  const literal = text.replace(/^\[(.*)\]$/, '$1');
  const found = await resolver.resolve(literal).catch(() => {
    const facts = { code: 'unresolved', subject: text } as const;
    throw new UserError(`"${text}": the name cannot be resolved`, facts);
  });
  if (warn === undefined || found.length === 1) return found;
  const usable = await Promise.all(found.map(canSendFrom));
  const here = found.filter((_, i) => usable[i]);
  if (here.length === 0 || here.length === found.length) return found;
  const missing = found.filter((_, i) => !usable[i]);
  warn(
    `"${text}": this machine does not have ${missing.join(' and ')}, ${here.join(' and ')} only`,
  );
  return here;
}

function isUnspecifiedIP(address: string): boolean {
  return parseIP(address)?.every((octet) => octet === 0) ?? false;
}

/**
 * Finds the addresses that `ADDRESS`, `HOST` or `@INTERFACE` name; the last of each family counts.
 * Of one name or interface it is the first.
 *
 * @param option where they were given, for messages.
 * @param warn if they have to be this machine's own: told of those of a name that are not, as long
 *   as one is. A family that is not there does no harm.
 * @throws {UserError} if a name or an interface is not known.
 */
export async function resolveFamilies(
  option: string,
  texts: readonly string[],
  resolver: Resolver,
  warn?: (message: string) => void,
): Promise<FamilyAddresses> {
  let ipv4: string | undefined;
  let ipv6: string | undefined;
  for (const text of texts) {
    const tell = warn && ((message: string) => warn(`${option}: ${message}`));
    const found = await addressesOf(text, resolver, tell).catch((error: unknown) => {
      throw UserError.at(option, error, { option });
    });
    if (found.length === 0 || found.some(isUnspecifiedIP)) {
      const problem = `"${text}": expected an address that others can reach`;
      throw UserError.at(option, new UserError(problem), { code: 'invalid-option', option });
    }
    ipv4 = found.find((address) => !address.includes(':')) ?? ipv4;
    ipv6 = found.find((address) => address.includes(':')) ?? ipv6;
  }
  return { ipv4, ipv6 };
}

/**
 * The local address that the system's routes would use towards a peer. Nothing is sent.
 *
 * @throws the system's error, such as `ENETUNREACH`.
 */
export async function addressTowards(peer: string): Promise<string> {
  const socket = createSocket(peer.includes(':') ? 'udp6' : 'udp4');
  try {
    const connected = once(socket, 'connect');
    socket.connect(9, peer);
    await connected;
    return canonicalIP(socket.address().address);
  } finally {
    socket.close();
  }
}
