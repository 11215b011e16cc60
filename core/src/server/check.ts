import type { AccessCheck } from '../access/accesscheck.js';
import type { ClientContext } from '../access/policy.js';
import { whyClosed } from '../auth/account.js';
import type { Identity } from '../auth/identity.js';
import { messageOf, UserError } from '../base/errors.js';
import { identifiesByLayer, type LoadedListener } from '../config/loaded.js';
import { LookupError } from '../outbound/lookup.js';
import { carries, type OutboundRequest } from '../outbound/outbound.js';
import { familyName, familyOf, isExcluded, onlyFamily, preferred } from '../outbound/prefer.js';
import { type Address, decodeHost, isName, isUnspecified } from '../protocol/address.js';
import { formatIP, parseIP } from '../protocol/ip.js';
import type { CommandName } from '../protocol/socks5.js';
import { describeVia, type Route, type Routes } from '../session/routes.js';

/** A request as it might come. */
export interface CheckedRequest {
  /** undefined for an anonymous client. */
  readonly user: string | undefined;
  readonly command: CommandName;
  readonly destination: Address;
  /** The client's IP address. */
  readonly client: string;
}

/** Which way out a rule of `--via` says. */
export interface WayDecision {
  /** What is tried, with `|` between: `direct`, an upstream, ... */
  readonly way: string;
  /** The rule. */
  readonly by: string;
}

/** Whether a request may go to an address, and what decides that, in a few words. */
export interface AddressDecision {
  readonly address: string;
  readonly allowed: boolean;
  readonly by: string;
  /** Where the address takes another way than the name. */
  readonly via?: WayDecision;
}

/** How a request would be answered. */
export interface CheckResult {
  readonly group: string | undefined;
  readonly allowed: boolean;
  /** What decides, where it is not an address. */
  readonly by: string | undefined;
  /** What decides about each address of the destination. */
  readonly addresses: readonly AddressDecision[];
  /** Where a rule says which way it takes. */
  readonly via?: WayDecision;
  /** Which resolver knew the addresses, where it was asked and is not the system's. */
  readonly resolver?: string;
}

/**
 * Says how a request to a listener would be answered.
 *
 * @param access asks whom a session would ask.
 * @throws {UserError} if there is no such user, a source of users fails, or the destination cannot be
 *   resolved.
 */
export async function checkRequest(
  loaded: LoadedListener,
  access: AccessCheck,
  routes: Routes,
  { user: name, command, destination: named, client: clientHost }: CheckedRequest,
): Promise<CheckResult> {
  const { name: listener, users, options, resolver } = loaded;
  const destination = { host: hostOf(named.host), port: named.port };
  const client = parseIP(clientHost);
  if (client === undefined) throw new UserError(`"${clientHost}" is not an IP address`);
  if (name === undefined && users.configured && !options.anonymous) {
    const by = 'clients have to authenticate';
    return { group: undefined, allowed: false, by, addresses: [] };
  }
  const { user, group, account } = await identify(name, loaded);
  const context: ClientContext = { client, listener, user, group };
  const refused = (by: string) => ({ group, allowed: false, by, addresses: [] });
  const closed = whyClosed(account);
  if (closed !== undefined) return refused(closed);
  const denial =
    (await access.ofClient(client, listener)) ?? (await access.ofRequest(context, command));
  if (denial !== undefined) return refused(denial.by);
  const request = { ...context, command, destination };
  const asked = { ...request, client: { host: formatIP(client), port: 0 } };
  const later = access.comesLater(command, destination) && isUnspecified(destination);
  if (later && command === 'associate' && !routes.mayCarry(asked)) {
    return refused('no way out carries datagrams');
  }
  const route = later && command === 'associate' ? undefined : routeOf(routes, asked);
  if (typeof route === 'string') return refused(route);
  const via = route && decisionOf(route);
  const told = via === undefined ? {} : { via };
  if (later) {
    const by = `each ${command === 'bind' ? 'peer' : 'destination'} is judged when it is known`;
    return { group, allowed: true, by, addresses: [], ...told };
  }
  if (route?.ways[0]?.resolves === true && isName(destination.host)) {
    const byName = (await access.ofName(request))?.by;
    const by = byName ?? (await access.explain(request, undefined));
    return { group, allowed: byName === undefined, by, addresses: [], ...told };
  }
  const { prefer } = options;
  const { host } = destination;
  if (isExcluded(host, prefer)) {
    return refused(`${familyName(familyOf(host))} is not used: prefer is ${prefer}`);
  }
  const family = onlyFamily(prefer);
  let found: readonly string[];
  try {
    const timeout = options.connectTimeout * 1000;
    found = preferred(await resolver.resolve(host, { timeout, family }), prefer);
  } catch (error) {
    const byName = await access.ofName(request);
    if (byName !== undefined && byName.byDefault !== true) return refused(byName.by);
    const detail = error instanceof LookupError ? error.detail : undefined;
    const why = detail === undefined ? '' : `: ${detail}`;
    throw new UserError(`the name "${host}" cannot be resolved${why}`);
  }
  const decide = async (address: string): Promise<AddressDecision> => {
    const other = routeOf(routes, asked, address);
    const by = (await access.ofAddress(request, address))?.by;
    if (by !== undefined) return { address, allowed: false, by };
    if (typeof other === 'string') return { address, allowed: false, by: other };
    const own = other.rule === route?.rule ? undefined : decisionOf(other);
    const more = own === undefined ? {} : { via: own };
    return { address, allowed: true, by: await access.explain(request, address), ...more };
  };
  const addresses = await Promise.all(found.map(decide));
  const allowed = addresses.some((decision) => decision.allowed);
  const knower = resolver.answeredBy(host, family);
  const more = knower === undefined ? told : { ...told, resolver: knower };
  return { group, allowed, by: undefined, addresses, ...more };
}

/** The way of a request, or why there is none. */
function routeOf(routes: Routes, request: OutboundRequest, address?: string): Route | string {
  let route: Route;
  try {
    route = routes.find(request, address);
  } catch (error) {
    return messageOf(error);
  }
  const { ways, rule } = route;
  if (ways.length === 0 && rule !== undefined) return describeVia(rule);
  if (ways.some((way) => carries(way, request.command))) return route;
  return `${ways.map(({ id }) => id).join(' and ')} cannot carry ${request.command}`;
}

/** What a rule says of the way, if it is one that does. */
function decisionOf({ ways, rule }: Route): WayDecision | undefined {
  if (rule === undefined) return undefined;
  return { way: ways.map(({ id }) => id).join('|'), by: describeVia(rule) };
}

/**
 * Who a user would be. A name is taken as it is where there are no users, or where certificates say
 * who clients are.
 *
 * @throws {UserError} if there is no such user, or if a source fails.
 */
async function identify(name: string | undefined, loaded: LoadedListener): Promise<Identity> {
  const { users, options } = loaded;
  const identity = name === undefined ? undefined : await users.identify(name);
  if (identity !== undefined) return identity;
  if (name !== undefined && users.configured && !identifiesByLayer(loaded)) {
    if (users.tellUsers) throw new UserError(`there is no user "${name}"`);
    if (Object.keys(options.groups).length > 0) {
      const sources = users.names.join(', ');
      throw new UserError(`the group of "${name}" is not known: not all of ${sources} tell users`);
    }
  }
  return { user: name, group: undefined };
}

/** The host as a client's request would say it. */
function hostOf(text: string): string {
  try {
    return decodeHost(new TextEncoder().encode(text));
  } catch {
    throw new UserError(`"${text}" is no host: expected an IP address or a name`);
  }
}
