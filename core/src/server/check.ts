import type { AccessCheck } from '../access/accesscheck.js';
import type { ClientContext } from '../access/policy.js';
import type { Identity } from '../auth/identity.js';
import type { Users } from '../auth/users.js';
import { messageOf, UserError } from '../base/errors.js';
import type { LoadedListener } from '../config/loaded.js';
import type { CheckedOptions } from '../config/settings.js';
import { LookupError } from '../outbound/lookup.js';
import { type Outbound, routeOf } from '../outbound/outbound.js';
import { familyName, familyOf, isExcluded, onlyFamily, preferred } from '../outbound/prefer.js';
import { type Address, decodeHost, isName, isUnspecified } from '../protocol/address.js';
import { formatIP, parseIP } from '../protocol/ip.js';
import type { CommandName } from '../protocol/socks5.js';

/** A request as it might come. */
export interface CheckedRequest {
  /** undefined for an anonymous client. */
  readonly user: string | undefined;
  readonly command: CommandName;
  readonly destination: Address;
  /** The client's IP address. */
  readonly client: string;
}

/** Whether a request may go to an address, and what decides that, in a few words. */
export interface AddressDecision {
  readonly address: string;
  readonly allowed: boolean;
  readonly by: string;
}

/** How a request would be answered. */
export interface CheckResult {
  readonly group: string | undefined;
  readonly allowed: boolean;
  /** What decides, where it is not an address. */
  readonly by: string | undefined;
  /** What decides about each address of the destination. */
  readonly addresses: readonly AddressDecision[];
  /** Which resolver knew the addresses, where it was asked and is not the system's. */
  readonly resolver?: string;
}

/**
 * Says how a request to a listener would be answered.
 *
 * @param access asks whom a session would ask.
 * @param outbounds of which the last that serves a request makes its connection.
 * @throws {UserError} if there is no such user, a source of users fails, or the destination cannot be
 *   resolved.
 */
export async function checkRequest(
  { name: listener, users, options, resolver }: LoadedListener,
  access: AccessCheck,
  outbounds: Iterable<Outbound>,
  { user: name, command, destination: named, client: clientHost }: CheckedRequest,
): Promise<CheckResult> {
  const destination = { host: hostOf(named.host), port: named.port };
  const client = parseIP(clientHost);
  if (client === undefined) throw new UserError(`"${clientHost}" is not an IP address`);
  if (name === undefined && users.configured && !options.anonymous) {
    const by = 'clients have to authenticate';
    return { group: undefined, allowed: false, by, addresses: [] };
  }
  const { user, group } = await identify(name, users, options);
  const context: ClientContext = { client, listener, user, group };
  const refused = (by: string) => ({ group, allowed: false, by, addresses: [] });
  const denial =
    (await access.ofClient(client, listener)) ?? (await access.ofRequest(context, command));
  if (denial !== undefined) return refused(denial.by);
  if (access.comesLater(command, destination) && isUnspecified(destination)) {
    const by = `each ${command === 'bind' ? 'peer' : 'destination'} is judged when it is known`;
    return { group, allowed: true, by, addresses: [] };
  }

  const request = { ...context, command, destination };
  if (command === 'connect' && isName(destination.host)) {
    const route = { ...request, client: { host: formatIP(client), port: 0 } };
    let outbound: Outbound;
    try {
      outbound = routeOf(outbounds, route);
    } catch (error) {
      return refused(messageOf(error));
    }
    if (outbound.resolves) {
      const byName = (await access.ofName(request))?.by;
      const by = byName ?? (await access.explain(request, undefined));
      return { group, allowed: byName === undefined, by, addresses: [] };
    }
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
    const by = (await access.ofAddress(request, address))?.by;
    const allowed = by === undefined;
    return { address, allowed, by: by ?? (await access.explain(request, address)) };
  };
  const addresses = await Promise.all(found.map(decide));
  const allowed = addresses.some((decision) => decision.allowed);
  const by = resolver.answeredBy(host, family);
  const told = by === undefined ? {} : { resolver: by };
  return { group, allowed, by: undefined, addresses, ...told };
}

/**
 * Who a user would be. Where there are no users, a name is taken as it is.
 *
 * @throws {UserError} if there is no such user, or if a source fails.
 */
async function identify(
  name: string | undefined,
  users: Users,
  { groups }: CheckedOptions,
): Promise<Identity> {
  const identity = name === undefined ? undefined : await users.identify(name);
  if (identity !== undefined) return identity;
  if (name !== undefined && users.configured) {
    if (users.tellUsers) throw new UserError(`there is no user "${name}"`);
    if (Object.keys(groups).length > 0) {
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
