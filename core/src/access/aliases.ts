/**
 * Under which other addresses the same host can be reached: whom the system's kernel or a gateway on
 * the way takes an address for. Whoever refuses an address has to refuse these as well.
 */

const LOOPBACK4 = Uint8Array.of(127, 0, 0, 1);
const LOOPBACK6 = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
const none: readonly Uint8Array[] = [];
/** Linux and the BSDs connect to this host for 0.0.0.0 and ::. */
const ofUnspecified = [LOOPBACK4, LOOPBACK6];

function startsWith(octets: Uint8Array, ...prefix: number[]): boolean {
  return prefix.every((octet, i) => octets[i] === octet);
}

function isZero(octets: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (octets[i] !== 0) return false;
  return true;
}

/** The octets at some places. */
function pick(octets: Uint8Array, ...places: number[]): Uint8Array {
  return Uint8Array.from(places, (place) => octets[place] as number);
}

/**
 * The IPv4 addresses inside an IPv6 address: NAT64 (RFC 6052; 64:ff9b:1::/48 of RFC 8215 with any
 * of its prefixes from 48 bits on), 6to4 (RFC 3056), Teredo (RFC 4380: its server and its client),
 * IPv4-compatible (RFC 4291) and IPv4-translated (RFC 2765) addresses, ISATAP (RFC 5214).
 */
function embedded(octets: Uint8Array): Uint8Array[] {
  const last = () => pick(octets, 12, 13, 14, 15);
  const found: Uint8Array[] = [];
  if (startsWith(octets, 0, 0x64, 0xff, 0x9b)) {
    if (isZero(octets, 4, 12)) found.push(last());
    if (startsWith(octets.subarray(4), 0, 1)) {
      found.push(pick(octets, 6, 7, 9, 10), pick(octets, 7, 9, 10, 11));
      found.push(pick(octets, 9, 10, 11, 12), last());
    }
  } else if (startsWith(octets, 0x20, 0x02)) found.push(pick(octets, 2, 3, 4, 5));
  else if (startsWith(octets, 0x20, 0x01, 0, 0)) {
    found.push(
      pick(octets, 4, 5, 6, 7),
      last().map((octet) => octet ^ 0xff),
    );
  } else if (isZero(octets, 0, 8)) {
    if (isZero(octets, 8, 12)) found.push(last());
    if (startsWith(octets.subarray(8), 0xff, 0xff, 0, 0)) found.push(last());
  }
  const isatap = (octets[8] === 0 || octets[8] === 2) && octets[9] === 0;
  if (isatap && octets[10] === 0x5e && octets[11] === 0xfe) found.push(last());
  return found;
}

/**
 * Whom else an address may reach.
 *
 * @param address 4 or 16 octets, not IPv4-mapped.
 * @returns other addresses, without the one itself.
 */
export function aliasesOf(address: Uint8Array): readonly Uint8Array[] {
  if (isZero(address, 0, address.length)) return ofUnspecified;
  if (address.length === 4 || (isZero(address, 0, 15) && address[15] === 1)) return none;
  const inside = embedded(address);
  return inside.length === 0 ? none : inside.flatMap((one) => [one, ...aliasesOf(one)]);
}
