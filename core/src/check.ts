import type { Decision } from './access/accessrules.js';
import type { ClientContext, CommandName } from './access/policy.js';
import { UserError } from './errors.js';
import type { Resolver } from './net/resolve.js';
import type { Address } from './protocol/address.js';
import { canonicalIP, parseIP } from './protocol/ip.js';
import type { State } from './state.js';

/** A request as it might come. */
export interface CheckedRequest {
  /** undefined for an anonymous client. */
  readonly user: string | undefined;
  readonly command: CommandName;
  readonly destination: Address;
  /** The client's IP address. */
  readonly client: string;
}

/** How a request would be answered. */
export interface CheckResult {
  readonly group: string | undefined;
  readonly allowed: boolean;
  /** What decides, where it is not an address. */
  readonly by: string | undefined;
  /** What decides about each address of the destination. */
  readonly addresses: readonly (Decision & { readonly address: string })[];
}

/**
 * Says how a request would be answered.
 *
 * @throws {UserError} if there is no such user, or if the destination cannot be resolved.
 */
export async function checkRequest(
  { users, rules, options }: State,
  resolver: Resolver,
  { user, command, destination, client: clientHost }: CheckedRequest,
): Promise<CheckResult> {
  const client = parseIP(clientHost);
  if (client === undefined) throw new UserError(`"${clientHost}" is not an IP address`);
  if (user === undefined && users.configured && !options.anonymous) {
    const by = 'clients have to authenticate';
    return { group: undefined, allowed: false, by, addresses: [] };
  }
  const secret = user === undefined ? undefined : users.secret(user);
  if (user !== undefined && users.configured && secret === undefined) {
    throw new UserError(`there is no user "${user}"`);
  }
  const group = secret?.group;
  const context: ClientContext = { client, user, group };
  const denial =
    rules.accept(client) ??
    rules.admit(context) ??
    (command === 'associate' ? rules.permit(context, command) : undefined);
  if (denial !== undefined) return { group, allowed: false, by: denial.by, addresses: [] };

  const found = await resolver.resolve(destination.host).catch(() => {
    throw new UserError(`the name "${destination.host}" cannot be resolved`);
  });
  const addresses = found.map((text) => {
    const address = parseIP(text) ?? new Uint8Array();
    const decision = rules.decide({ ...context, command, destination, address });
    return { address: canonicalIP(text), ...decision };
  });
  const allowed = addresses.some((decision) => decision.allowed);
  return { group, allowed, by: undefined, addresses };
}
