import { isIP } from 'node:net';

/** A range of IP addresses: 4 or 16 octets, and how many of their bits count. */
export interface Range {
  readonly octets: readonly number[];
  readonly bits: number;
}

/**
 * Reads `ADDRESS` or `ADDRESS/BITS`; an IPv4-mapped address is an IPv4 one (RFC 4291, 2.5.5.2).
 *
 * @returns undefined if it is no IP network.
 */
export function parseNetwork(text: string): Range | undefined {
  const [address = '', prefix, ...rest] = text.split('/');
  const octets = octetsOf(address);
  if (octets === undefined || rest.length > 0) return undefined;
  const width = octets.length * 8;
  if (prefix === undefined) return { octets, bits: width };
  if (!/^\d{1,3}$/.test(prefix)) return undefined;
  const isMapped = address.includes(':') && octets.length === 4;
  const bits = Number(prefix) - (isMapped ? 96 : 0);
  return bits < 0 || bits > width ? undefined : { octets, bits };
}

function octetsOf(address: string): number[] | undefined {
  switch (isIP(address)) {
    case 4:
      return address.split('.').map(Number);
    case 6:
      return address.includes('%') ? undefined : mapped(octetsOf6(address));
    default:
      return undefined;
  }
}

/** The URL parser writes the shortest form, in which only `::` stands for something. */
function octetsOf6(address: string): number[] {
  const [head = '', tail] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::');
  const words = (text: string) =>
    text === '' ? [] : text.split(':').map((word) => parseInt(word, 16));
  const before = words(head);
  const after = words(tail ?? '');
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0);
  return [...before, ...zeros, ...after].flatMap((word) => [word >> 8, word & 0xff]);
}

function mapped(octets: number[]): number[] {
  const isMapped = octets.slice(0, 12).join() === '0,0,0,0,0,0,0,0,0,0,255,255';
  return isMapped ? octets.slice(12) : octets;
}
