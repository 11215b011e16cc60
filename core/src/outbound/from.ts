import { randomFillSync } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { UserError } from '../base/errors.js';
import { canonicalIP, formatIP, parseIP } from '../protocol/ip.js';
import { addressesOfInterface } from './interfaces.js';
import { canSendFrom, reachesItself } from './probe.js';

/** Where connections leave from, as `--from` says it. */
export type From =
  | { readonly kind: 'address'; readonly address: string }
  | { readonly kind: 'interface'; readonly name: string }
  /** The local address that the client's connection came in on. */
  | { readonly kind: 'client' }
  /** A random address of a network, for each connection. */
  | { readonly kind: 'prefix'; readonly octets: Uint8Array; readonly bits: number };

/** Where connections of each family leave from; as the routes say where it is undefined. */
export interface FamilyFrom {
  readonly ipv4: From | undefined;
  readonly ipv6: From | undefined;
}

/**
 * Chooses the local address for a connection, or for datagrams, to an IP address.
 *
 * @returns undefined: the system's routes choose.
 * @throws an error with code `EADDRNOTAVAIL` if there is none at present.
 */
export type LocalAddressOf = (to: string) => string | undefined;

const EXPECTED = 'expected ADDRESS, @INTERFACE, client or PREFIX/BITS';
/** How many of its own addresses a message shows. */
const SHOWN = 4;

/**
 * Reads one value of `--from`.
 *
 * @throws {UserError} if it is malformed.
 */
export function parseFrom(text: string): From {
  if (text === 'client') return { kind: 'client' };
  if (text.startsWith('@') && text.length > 1) return { kind: 'interface', name: text.slice(1) };
  const [, bracketed, bare, prefix] =
    /^(?:\[([^\]]*)\]|([^/[\]]*))(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = bracketed ?? bare ?? '';
  const octets = parseIP(address);
  if (octets === undefined) throw new UserError(`${EXPECTED}, not "${text}"`);
  const width = octets.length * 8;
  const bits = prefix === undefined ? width : Number(prefix);
  if (bits < 1 || bits > width) {
    throw new UserError(`"${text}": expected a prefix of 1 to ${width} bits`);
  }
  if (octets.every((octet) => octet === 0)) {
    throw new UserError(`"${text}" is no address to leave from; ${EXPECTED}`);
  }
  if (bits === width) return { kind: 'address', address: canonicalIP(address) };
  return { kind: 'prefix', octets: networkOf(octets, bits), bits };
}

function networkOf(octets: Uint8Array, bits: number): Uint8Array {
  return octets.map((octet, i) => octet & maskOf(bits, i));
}

/** The octet of a netmask. @param i its place, from 0. */
function maskOf(bits: number, i: number): number {
  const own = Math.min(Math.max(bits - 8 * i, 0), 8);
  return (0xff << (8 - own)) & 0xff;
}

/**
 * A random address of a network: not its first, which is the network's or its routers', nor the
 * last of an IPv4 network, which is for broadcasts.
 *
 * @param bits 1 to one less than the address has.
 */
export function randomAddress(octets: Uint8Array, bits: number): string {
  const width = octets.length * 8;
  const both = width - bits === 1;
  for (;;) {
    const random = randomFillSync(new Uint8Array(octets.length));
    const address = octets.map((octet, i) => octet | ((random[i] as number) & ~maskOf(bits, i)));
    const hosts = address.map((octet, i) => octet & ~maskOf(bits, i));
    const isFirst = hosts.every((octet) => octet === 0);
    const isLast =
      octets.length === 4 && hosts.every((octet, i) => octet === (~maskOf(bits, i) & 0xff));
    if (both || (!isFirst && !isLast)) return formatIP(address);
  }
}

/**
 * The local address for a connection to an IP address.
 *
 * @param client the local address that the client's connection came in on.
 * @throws as {@link LocalAddressOf} does.
 */
export function localAddress(
  { ipv4, ipv6 }: FamilyFrom,
  to: string,
  client: string,
): string | undefined {
  const isV6 = to.includes(':');
  const from = isV6 ? ipv6 : ipv4;
  switch (from?.kind) {
    case undefined:
      return undefined;
    case 'address':
      return from.address;
    case 'prefix':
      return randomAddress(from.octets, from.bits);
    case 'client': {
      const octets = parseIP(client);
      const isOfFamily = octets?.length === (isV6 ? 16 : 4);
      return isOfFamily && octets.some((octet) => octet !== 0) ? client : undefined;
    }
    case 'interface': {
      const address = addressesOfInterface(from.name).find((one) => one.includes(':') === isV6);
      if (address !== undefined) return address;
      const message = `the interface ${from.name} has no ${isV6 ? 'IPv6' : 'IPv4'} address now`;
      throw Object.assign(new Error(message), { code: 'EADDRNOTAVAIL' });
    }
  }
}

/** What comes first, where it says something about a family. */
export function overlay(first: FamilyFrom | undefined, then: FamilyFrom): FamilyFrom {
  if (first === undefined) return then;
  return { ipv4: first.ipv4 ?? then.ipv4, ipv6: first.ipv6 ?? then.ipv6 };
}

export const NO_FROM: FamilyFrom = { ipv4: undefined, ipv6: undefined };

/** Where the connections of each user leave from: the user's own, the group's, all others'. */
export class FromTable {
  readonly #all: FamilyFrom;
  readonly #groups: ReadonlyMap<string, FamilyFrom>;
  readonly #users: ReadonlyMap<string, FamilyFrom>;

  /** @param groups also with what their bases say; `*` is for who has none. */
  constructor(
    all: FamilyFrom,
    groups: ReadonlyMap<string, FamilyFrom> = new Map(),
    users: ReadonlyMap<string, FamilyFrom> = new Map(),
  ) {
    this.#all = all;
    this.#groups = groups;
    this.#users = users;
  }

  /** Whether nothing is said about anybody: then the routes choose. */
  get isEmpty(): boolean {
    const tables = [this.#all, ...this.#groups.values(), ...this.#users.values()];
    return tables.every(({ ipv4, ipv6 }) => ipv4 === undefined && ipv6 === undefined);
  }

  /**
   * How the local addresses of a client's connections are chosen.
   *
   * @param user undefined for an anonymous client.
   * @param client the local address that the client's connection came in on.
   */
  of(user: string | undefined, group: string | undefined, client: string): LocalAddressOf {
    const ofGroup = overlay(this.#groups.get(group ?? '*'), this.#all);
    const own = user === undefined ? undefined : this.#users.get(user);
    const from = overlay(own, ofGroup);
    return (to) => localAddress(from, to, client);
  }
}

/**
 * Reads values of `--from`, and makes sure that connections can leave from there; the last one of
 * each family counts.
 *
 * @param warn told of what may be wrong and cannot be known.
 * @throws {UserError} if this machine has no such address or interface, or cannot use a prefix: it
 *   says which command makes it work.
 */
export async function resolveFrom(
  place: string,
  texts: readonly string[],
  warn: (message: string) => void,
): Promise<FamilyFrom> {
  let found = NO_FROM;
  for (const text of texts) {
    const from = parseFrom(text);
    const families = await familiesOf(from, text, (problem) => warn(`${place}: ${problem}`)).catch(
      (error: unknown) => {
        throw UserError.at(place, error, { code: 'invalid-option', option: 'from' });
      },
    );
    found = overlay(
      {
        ipv4: families.ipv4 ? from : undefined,
        ipv6: families.ipv6 ? from : undefined,
      },
      found,
    );
  }
  return found;
}

/** The families that connections can leave with from there. @throws {UserError} */
async function familiesOf(
  from: From,
  text: string,
  warn: (problem: string) => void,
): Promise<{ readonly ipv4: boolean; readonly ipv6: boolean }> {
  if (from.kind === 'client') return { ipv4: true, ipv6: true };
  if (from.kind === 'interface') {
    const addresses = addressesOfInterface(from.name);
    if (addresses.length === 0) throw noInterface(from.name);
    const ipv6 = addresses.some((address) => address.includes(':'));
    return { ipv4: addresses.some((address) => !address.includes(':')), ipv6 };
  }
  if (from.kind === 'address') {
    if (!(await canSendFrom(from.address))) throw notHere(text);
    return { ipv4: !from.address.includes(':'), ipv6: from.address.includes(':') };
  }
  const network = `${formatIP(from.octets)}/${from.bits}`;
  const example = randomAddress(from.octets, from.bits);
  const ipv6 = from.octets.length === 16;
  const route = `ip ${ipv6 ? '-6 ' : ''}route add local ${network} dev lo`;
  if (!(await canSendFrom(example))) {
    if (process.platform !== 'linux') {
      throw new UserError(`"${text}": this machine does not have the addresses of ${network}`);
    }
    const bind = ipv6 ? 'sysctl -w net.ipv6.ip_nonlocal_bind=1 && ' : '';
    throw new UserError(
      `"${text}": this machine cannot connect from all addresses of ${network}; ` +
        `it can after: ${bind}${route}`,
    );
  }
  if (!(await reachesItself(example))) {
    warn(
      `"${text}": what is sent to ${example}, an address of ${network}, does not arrive here, ` +
        `and so would no answer; it may after: ${route}`,
    );
  }
  return { ipv4: !ipv6, ipv6 };
}

function noInterface(name: string): UserError {
  const known = Object.keys(networkInterfaces());
  const problem = known.includes(name) ? 'has no address' : 'does not exist';
  return new UserError(`"@${name}": the interface ${problem}; there is ${known.join(', ')}`);
}

function notHere(text: string): UserError {
  const own = Object.values(networkInterfaces()).flatMap((list = []) => list);
  const known = own.map(({ address }) => canonicalIP(address));
  const shown = known.slice(0, SHOWN).join(', ');
  const more = known.length > SHOWN ? ` and ${known.length - SHOWN} more` : '';
  return new UserError(
    `"${text}": this machine does not have this address; it has ${shown}${more}`,
  );
}
