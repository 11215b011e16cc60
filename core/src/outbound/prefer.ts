import { parseIP } from '../protocol/ip.js';

/** A family of IP addresses. */
export type Family = 'ipv4' | 'ipv6';

/** Which family comes first, or is the only one. */
export type Preference = 'ipv4' | 'ipv6' | 'ipv4-only' | 'ipv6-only';

/** Values of `--prefer`. */
export const PREFERENCES: readonly Preference[] = ['ipv4', 'ipv6', 'ipv4-only', 'ipv6-only'];

/** The family of an IP address. */
export function familyOf(address: string): Family {
  return address.includes(':') ? 'ipv6' : 'ipv4';
}

/** A family's name as people write it. */
export function familyName(family: Family): string {
  return family === 'ipv4' ? 'IPv4' : 'IPv6';
}

/** The family that alone is used; undefined: both are. */
export function onlyFamily(preference: Preference | undefined): Family | undefined {
  if (preference === 'ipv4-only') return 'ipv4';
  return preference === 'ipv6-only' ? 'ipv6' : undefined;
}

/** Whether a host is an IP address of a family that is not used. */
export function isExcluded(host: string, preference: Preference | undefined): boolean {
  const only = onlyFamily(preference);
  if (only === undefined) return false;
  const octets = parseIP(host);
  return octets !== undefined && octets.length !== (only === 'ipv4' ? 4 : 16);
}

/** Puts the addresses of the preferred family first, and leaves out those of one that is not used. */
export function preferred(
  addresses: readonly string[],
  preference: Preference | undefined,
): readonly string[] {
  if (preference === undefined || addresses.length === 0) return addresses;
  const only = onlyFamily(preference);
  if (only !== undefined) return addresses.filter((address) => familyOf(address) === only);
  const first = addresses.filter((address) => familyOf(address) === preference);
  return [...first, ...addresses.filter((address) => familyOf(address) !== preference)];
}
