/**
 * IP addresses as text and as octets in network order: 4 for IPv4, 16 for IPv6.
 * An IPv4-mapped IPv6 address (`::ffff:192.0.2.1`, RFC 4291 section 2.5.5.2) is the IPv4 address
 * it stands for, so that no notation escapes a rule.
 */

const ZERO = '0'.charCodeAt(0);

/** @returns the octets of a dotted-decimal IPv4 address, or undefined if `text` is none. */
function parseIPv4(text: string): Uint8Array | undefined {
  const octets = new Uint8Array(4);
  let position = 0;
  for (let i = 0; i < 4; i++) {
    const first = position;
    let octet = 0;
    for (let digit = text.charCodeAt(position) - ZERO; digit >= 0 && digit <= 9; ) {
      octet = octet * 10 + digit;
      position++;
      digit = text.charCodeAt(position) - ZERO;
    }
    const digits = position - first;
    if (digits === 0 || digits > 3 || octet > 255) return undefined;
    if (digits > 1 && text.charCodeAt(first) === ZERO) return undefined;
    if (i < 3 ? text[position++] !== '.' : position !== text.length) return undefined;
    octets[i] = octet;
  }
  return octets;
}

/** The 16-bit groups of one side of `::`, or undefined if it is malformed. */
function parseGroups(text: string): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    if (i === parts.length - 1 && part.includes('.')) {
      const v4 = parseIPv4(part);
      if (v4 === undefined) return undefined;
      const [a, b, c, d] = v4 as unknown as [number, number, number, number];
      groups.push((a << 8) | b, (c << 8) | d);
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(part)) return undefined;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups;
}

function parseIPv6(text: string): Uint8Array | undefined {
  const sides = text.split('::');
  if (sides.length > 2) return undefined;
  const head = parseGroups(sides[0] as string);
  const tail = sides.length === 2 ? parseGroups(sides[1] as string) : [];
  if (head === undefined || tail === undefined) return undefined;
  if (sides.length === 2 && (sides[0] as string).includes('.')) return undefined;
  const missing = 8 - head.length - tail.length;
  if (sides.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const octets = new Uint8Array(16);
  [...head, ...new Array<number>(missing).fill(0), ...tail].forEach((group, i) => {
    octets[2 * i] = group >> 8;
    octets[2 * i + 1] = group & 0xff;
  });
  return octets;
}

/**
 * The octets of an IP address. A zone (`fe80::1%eth0`, RFC 4007) is left out.
 *
 * @returns 4 or 16 octets, or undefined if `text` is not an IP address.
 */
export function parseIP(text: string): Uint8Array | undefined {
  if (!text.includes(':')) return parseIPv4(text);
  const octets = parseIPv6(text.replace(/%[\w.:-]+$/, ''));
  return octets === undefined ? undefined : unmap(octets);
}

function isMapped(octets: Uint8Array): boolean {
  if (octets.length !== 16 || octets[10] !== 0xff || octets[11] !== 0xff) return false;
  for (let i = 0; i < 10; i++) if (octets[i] !== 0) return false;
  return true;
}

function unmap(octets: Uint8Array): Uint8Array {
  return isMapped(octets) ? octets.subarray(12) : octets;
}

/**
 * Writes an IP address as text: dotted decimal, or RFC 5952's form of an IPv6 address.
 *
 * @param octets 4 or 16 octets in network order.
 */
export function formatIP(octets: Uint8Array): string {
  const bytes = unmap(octets);
  if (bytes.length === 4) return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}`;
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) {
    groups.push(((bytes[i] as number) << 8) | (bytes[i + 1] as number));
  }
  let start = -1;
  let longest = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > longest) {
      start = i;
      longest = end - i;
    }
  }
  const hex = (part: number[]) => part.map((group) => group.toString(16)).join(':');
  if (start < 0) return hex(groups);
  return `${hex(groups.slice(0, start))}::${hex(groups.slice(start + longest))}`;
}

/** One number of inet_aton(3): decimal, octal behind 0, hexadecimal behind 0x. */
function parseNumber(text: string): number | undefined {
  if (/^0x[0-9a-f]{1,8}$/i.test(text)) return Number.parseInt(text.slice(2), 16);
  if (/^0[0-7]{0,11}$/.test(text)) return Number.parseInt(text, 8);
  return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined;
}

/**
 * The octets of an IPv4 address in any form that inet_aton(3), and so getaddrinfo(3), takes: one to
 * four numbers with dots between, the last of which fills what is left (`127.1`, `0x7f000001`, `0`,
 * `0177.0.0.01`); a dot may follow, as behind a domain name.
 *
 * @returns undefined if `text` is none: then it is a name.
 */
export function parseNumericIPv4(text: string): Uint8Array | undefined {
  const numbers = text.replace(/\.$/, '').split('.').map(parseNumber);
  const last = numbers.pop();
  const left = 4 - numbers.length;
  if (last === undefined || left < 1 || last >= 256 ** left) return undefined;
  const octets = new Uint8Array(4);
  for (const [i, number] of numbers.entries()) {
    if (number === undefined || number > 255) return undefined;
    octets[i] = number;
  }
  for (let i = 3, rest = last; i >= numbers.length; i--, rest = Math.floor(rest / 256)) {
    octets[i] = rest % 256;
  }
  return octets;
}

/** The form of an IP address that this program compares, logs and dials; other text as it is. */
export function canonicalIP(text: string): string {
  if (!text.includes(':')) return text;
  const octets = parseIP(text);
  if (octets === undefined) return text;
  const zone = text.indexOf('%');
  return octets.length === 16 && zone >= 0 ? formatIP(octets) + text.slice(zone) : formatIP(octets);
}

/** How much of an IPv6 address stands for one host, which usually has it to itself: octets. */
const NETWORK_OCTETS = 8;

/**
 * What counts as one client where clients are counted: of an IPv6 address its /64, an IPv4 address
 * itself.
 *
 * @param text an IP address; other text stands for itself.
 */
export function networkOf(text: string): string {
  if (!text.includes(':')) return text;
  const octets = parseIP(text);
  if (octets === undefined) return text;
  if (octets.length === 4) return formatIP(octets);
  return `${formatIP(octets.slice().fill(0, NETWORK_OCTETS))}/${NETWORK_OCTETS * 8}`;
}
