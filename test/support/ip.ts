import { parseIP } from '#core/protocol/ip.js';

/** The octets of an IP address. */
export function ip(text: string): Uint8Array {
  const octets = parseIP(text);
  if (octets === undefined) throw new Error(`${text} is not an IP address`);
  return octets;
}
