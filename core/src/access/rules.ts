import { UserError } from '../base/errors.js';
import { domainOf } from '../protocol/address.js';
import type { CommandName } from '../protocol/socks5.js';
import { Network } from './network.js';
import type { AccessRequest } from './policy.js';

/** A host that a rule names: the rule is about the addresses that it has now. */
export class RuleHost {
  /** In lower case, without a dot at its end. */
  readonly name: string;
  /** The prefix written behind it. */
  readonly #bits: string | undefined;
  #networks: readonly Network[] = [];

  constructor(name: string, bits: string | undefined) {
    this.name = name;
    this.#bits = bits;
  }

  /** None until its addresses are known. */
  get networks(): readonly Network[] {
    return this.#networks;
  }

  setAddresses(addresses: readonly string[]): void {
    const bits = this.#bits === undefined ? '' : `/${this.#bits}`;
    this.#networks = addresses.flatMap((address) => Network.parse(`${address}${bits}`) ?? []);
  }
}

/** What both kinds of rules have. */
interface Rule {
  readonly allow: boolean;
  /** The addresses it is about; undefined: any. */
  readonly addresses: { readonly networks: readonly Network[] } | undefined;
  /** Whose addresses these are, if the rule names a host. */
  readonly host: RuleHost | undefined;
  /** The rule as it was written. */
  readonly text: string;
  /** The section that it stands in; undefined: the global ones. */
  readonly section?: string;
}

/** Which clients may connect: `[!]ADDRESS[/BITS]`. */
export type NetworkRule = Rule;

/** Which requests are allowed: `[!]COMMAND[:DESTINATION[:PORTS]]`. */
export interface RequestRule extends Rule {
  /** undefined: all commands. */
  readonly command: CommandName | undefined;
  /** The domain it is about, in lower case; starts with a dot if it stands for all below it. */
  readonly domain: string | undefined;
  /** First and last destination port. */
  readonly ports: readonly [number, number];
}

/** A rule for messages: as it was written, and where. */
export function describeRule({ text, section }: Rule): string {
  return section === undefined ? `rule "${text}"` : `rule "${text}" of [${section}]`;
}

/** Words for commands; undefined: all of them. */
const commands: ReadonlyMap<string, CommandName | undefined> = new Map([
  ['connect', 'connect'],
  ['bind', 'bind'],
  ['assoc', 'associate'],
  ['associate', 'associate'],
  ['all', undefined],
]);

const allPorts = [0, 65535] as const;
const hostName = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/;

function parsePorts(text: string): readonly [number, number] | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  return first <= last && last <= 65535 ? [first, last] : undefined;
}

/** Splits `DESTINATION[:PORTS]`; an IPv6 address that ports follow stands in brackets. */
function splitDestination(text: string): { host: string; ports: string | undefined } {
  const bracketed = /^\[([^\]]*)\](\/\d+)?(?::(.*))?$/.exec(text);
  if (bracketed !== null) {
    return { host: `${bracketed[1]}${bracketed[2] ?? ''}`, ports: bracketed[3] };
  }
  const colon = text.indexOf(':');
  const onlyColon = colon >= 0 && text.indexOf(':', colon + 1) < 0;
  if (!onlyColon) return { host: text, ports: undefined };
  return { host: text.slice(0, colon), ports: text.slice(colon + 1) };
}

/** A host name in lower case and ASCII, without a dot at its end; undefined if it is none. */
function parseName(text: string): string | undefined {
  const ascii = /^[\x20-\x7e]*$/.test(text) ? text : (domainOf(text) ?? '');
  const name = ascii.toLowerCase().replace(/\.$/, '');
  return hostName.test(name) && !/^[\d.]+$/.test(name) ? name : undefined;
}

function parseHost(text: string): RuleHost | undefined {
  const [written = '', bits, ...rest] = text.split('/');
  const name = parseName(written);
  const valid = rest.length === 0 && (bits === undefined || /^\d{1,3}$/.test(bits));
  return name !== undefined && valid ? new RuleHost(name, bits) : undefined;
}

function splitAllow(text: string): { allow: boolean; body: string } {
  const allow = !text.startsWith('!');
  return { allow, body: (allow ? text : text.slice(1)).trim().toLowerCase() };
}

/**
 * Reads one rule of `--network`.
 *
 * @throws {UserError} if it is malformed.
 */
export function parseNetworkRule(text: string): NetworkRule {
  const { allow, body } = splitAllow(text);
  const rule = { allow, host: undefined, text };
  if (body === '*') return { ...rule, addresses: undefined };
  const network = Network.parse(body.replace(/^\[([^\]]*)\]/, '$1'));
  if (network !== undefined) return { ...rule, addresses: { networks: [network] } };
  const host = parseHost(body);
  if (host !== undefined) return { ...rule, addresses: host, host };
  throw new UserError(`rule "${text}": expected [!]ADDRESS[/BITS], such as 192.0.2.0/24`);
}

/**
 * Reads one rule of `--request`. A rule that names a host is about that name and about the
 * addresses it has; `*.NAME` is about all names below it. Names are in ASCII or as people write
 * them (RFC 5891); upper case and a dot at the end make no difference.
 *
 * @throws {UserError} if it is malformed.
 */
export function parseRequestRule(text: string): RequestRule {
  const { allow, body } = splitAllow(text);
  const colon = body.indexOf(':');
  const word = (colon < 0 ? body : body.slice(0, colon)).trim();
  const command = commands.get(word);
  const given = colon < 0 ? '*' : body.slice(colon + 1).trim();
  const destination = parseDestination(given);
  if (!commands.has(word) || destination === undefined) throw malformed(text);
  return { allow, command, text, ...destination };
}

/** Which destinations a rule is about. */
export type RuleDestination = Pick<RequestRule, 'addresses' | 'host' | 'domain' | 'ports'>;

/**
 * Reads `DESTINATION[:PORTS]` of a rule: `*`, `ADDRESS[/BITS]`, a name or `*.NAME`.
 *
 * @param text in lower case.
 * @returns undefined if it is malformed.
 */
export function parseDestination(text: string): RuleDestination | undefined {
  const { host: destination, ports: range } = splitDestination(text);
  const ports = range === undefined ? allPorts : parsePorts(range);
  if (ports === undefined) return undefined;
  const found = { ports, domain: undefined, host: undefined };
  if (destination === '*') return { ...found, addresses: undefined };
  const network = Network.parse(destination);
  if (network !== undefined) return { ...found, addresses: { networks: [network] } };
  const parent = destination.startsWith('*.') ? parseName(destination.slice(2)) : undefined;
  if (parent !== undefined) {
    return { ...found, addresses: { networks: [] }, domain: `.${parent}` };
  }
  const host = parseHost(destination);
  return host && { ...found, addresses: host, domain: host.name, host };
}

function malformed(text: string): UserError {
  return new UserError(
    `rule "${text}": expected [!]connect|bind|assoc|all[:DESTINATION[:PORTS]], ` +
      'such as connect:192.0.2.0/24 or !all:*.example.com:25',
  );
}

/** @param name in lower case, without a dot at its end. */
function domainMatches(domain: string, name: string): boolean {
  return domain.startsWith('.') ? name.endsWith(domain) : name === domain;
}

/** The first rule of `--network` that is about a client. */
export function matchNetwork(
  rules: readonly NetworkRule[],
  client: Uint8Array,
): NetworkRule | undefined {
  return rules.find(
    ({ addresses }) => addresses?.networks.some((network) => network.contains(client)) ?? true,
  );
}

/** What decides a request: the rule, and which of its networks held the address, if one did. */
export interface RequestMatch<R extends RequestRule = RequestRule> {
  readonly rule: R;
  readonly network: Network | undefined;
}

/** A rule laid out for matching: all of one shape, so that a thousand cost some microseconds. */
class CompiledRule<R extends RequestRule> {
  readonly rule: R;
  readonly command: CommandName | undefined;
  readonly firstPort: number;
  readonly lastPort: number;
  readonly anyAddress: boolean;
  readonly addresses: { readonly networks: readonly Network[] };
  readonly domain: string;

  constructor(rule: R) {
    this.rule = rule;
    this.command = rule.command;
    [this.firstPort, this.lastPort] = rule.ports;
    this.anyAddress = rule.addresses === undefined;
    this.addresses = rule.addresses ?? { networks: [] };
    this.domain = rule.domain ?? '';
  }
}

/** An address of no octets is in no network but those of all addresses. */
const NO_ADDRESS = new Uint8Array();

/** Rules of `--request` in their order. */
export class RequestRules<R extends RequestRule = RequestRule> {
  readonly #rules: readonly CompiledRule<R>[];

  constructor(rules: readonly R[]) {
    this.#rules = rules.map((rule) => new CompiledRule(rule));
  }

  get length(): number {
    return this.#rules.length;
  }

  /** Whether a rule allows a command to some destination. */
  mayAllow(command: CommandName): boolean {
    return this.#rules.some(({ rule }) => rule.allow && (rule.command ?? command) === command);
  }

  /**
   * The first rule that is about a request.
   *
   * Where only the name is known, rules about names and about any address are about it.
   */
  match({
    command,
    destination,
    address = NO_ADDRESS,
  }: RequestToMatch): RequestMatch<R> | undefined {
    const { port } = destination;
    const name = destination.host.toLowerCase().replace(/\.+$/, '');
    for (const compiled of this.#rules) {
      if (compiled.command !== undefined && compiled.command !== command) continue;
      if (port < compiled.firstPort || port > compiled.lastPort) continue;
      if (compiled.anyAddress) return { rule: compiled.rule, network: undefined };
      for (const network of compiled.addresses.networks) {
        if (network.contains(address)) return { rule: compiled.rule, network };
      }
      if (compiled.domain !== '' && domainMatches(compiled.domain, name)) {
        return { rule: compiled.rule, network: undefined };
      }
    }
    return undefined;
  }
}

type RequestToMatch = Pick<AccessRequest, 'command' | 'destination' | 'address'>;
