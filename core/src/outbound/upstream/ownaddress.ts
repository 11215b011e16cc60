import { type Address, formatAddress, isUnspecified } from '../../protocol/address.js';
import { parseIP } from '../../protocol/ip.js';
import { localAddresses } from '../interfaces.js';

function isLoopback(host: string): boolean {
  const octets = parseIP(host);
  return octets?.length === 4 ? octets[0] === 127 : host === '::1';
}

/** Whether an IP address is this host's, as one that connects to it from here means it. */
export function isHere(host: string): boolean {
  if (isLoopback(host) || isUnspecified({ host, port: 0 })) return true;
  return localAddresses().all.has(host.replace(/%.*/, ''));
}

/**
 * The address that this server listens at and that a connection from this host to an address would
 * reach, if there is one: 0.0.0.0 and :: as a listener's are all addresses of their family, and as
 * a destination loopback.
 *
 * @param address an IP address and a port.
 */
export function ownAddress(
  listening: readonly Address[],
  { host, port }: Address,
): Address | undefined {
  const isV6 = host.includes(':');
  const target = isUnspecified({ host, port }) ? (isV6 ? '::1' : '127.0.0.1') : host;
  return listening.find((own) => {
    if (own.port !== port || own.host.includes(':') !== isV6) return false;
    return own.host === target || (isUnspecified(own) && isHere(target));
  });
}

/** Why an upstream is none. */
export function itself(own: Address): string {
  return `${formatAddress(own)} is where this server itself listens, which would go through itself`;
}
