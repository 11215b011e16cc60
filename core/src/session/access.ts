import type { AccessCheck } from '../access/accesscheck.js';
import type { ClientContext, Denial, Verdict } from '../access/policy.js';
import { type Awaitable, andThen } from '../base/awaitable.js';
import type { Cancellation } from '../base/cancellation.js';
import { isExcluded, onlyFamily, type Preference, preferred } from '../outbound/prefer.js';
import type { Resolver } from '../outbound/resolve.js';
import type { Address } from '../protocol/address.js';
import { networkOf, parseIP } from '../protocol/ip.js';
import type { CommandName } from '../protocol/socks5.js';
import { unlessLeft } from './conversation.js';
import type { ConnectionRecord } from './record.js';
import { notAllowed, otherFamily, unresolved } from './refusal.js';

/** Who asks, of whom, and until when. */
export interface Asker {
  readonly access: AccessCheck;
  readonly resolver: Resolver;
  /** How long resolving a name may take, ms. */
  readonly timeout: number;
  /** Which family of addresses is preferred; the system's order, if it is undefined. */
  readonly prefer: Preference | undefined;
  readonly listener: string;
  readonly record: ConnectionRecord;
  readonly cancellation: Cancellation;
}

function contextOf({ listener, record }: Asker): ClientContext {
  const { user, group } = record.identity;
  return { client: parseIP(record.client.host) as Uint8Array, listener, user, group };
}

function requestOf(asker: Asker, destination: Address) {
  const { command } = asker.record;
  return { ...contextOf(asker), command: command as CommandName, destination };
}

/** @throws {Refusal} if a client may not make a request, whatever address it leads to. */
export function demandRequest(asker: Asker, command: CommandName): Awaitable<void> {
  return demand(asker, asker.access.ofRequest(contextOf(asker), command));
}

/** @throws {Refusal} if a request may not be made by the name of its destination alone. */
export async function demandName(asker: Asker, destination: Address): Promise<void> {
  await demand(asker, asker.access.ofName(requestOf(asker, destination)));
}

function demand({ cancellation }: Asker, verdict: Verdict): Awaitable<void> {
  const answer = verdict instanceof Promise ? unlessLeft(verdict, cancellation) : verdict;
  return andThen(answer, (denial) => {
    if (denial !== undefined) throw notAllowed(denial.by);
  });
}

/** Asks about one IP address in place of a destination. */
export function judge(asker: Asker, destination: Address, address: string): Verdict {
  return asker.access.ofAddress(requestOf(asker, destination), address);
}

/**
 * Resolves a destination, and asks about each of its addresses.
 *
 * @returns those that are allowed, at least one.
 * @throws {Refusal} if there is none.
 */
export async function allowedAddresses(
  asker: Asker,
  destination: Address,
): Promise<readonly string[]> {
  const { access, resolver, timeout, prefer, cancellation, record } = asker;
  const request = requestOf(asker, destination);
  if (isExcluded(destination.host, prefer)) throw otherFamily(destination.host, prefer);
  let found: readonly string[];
  try {
    const client = networkOf(record.client.host);
    const family = onlyFamily(prefer);
    const options = { timeout, family, client, cancellation };
    found = preferred(await resolver.resolve(destination.host, options), prefer);
  } catch (error) {
    const answer = access.ofName(request);
    const denial = answer instanceof Promise ? await unlessLeft(answer, cancellation) : answer;
    // What is only not allowed might be, if it had an address.
    if (denial === undefined || denial.byDefault === true) throw unresolved(error);
    throw notAllowed(denial.by);
  }
  const answers = found.map((address) => access.ofAddress(request, address));
  const denials = answers.some((answer) => answer instanceof Promise)
    ? await unlessLeft(Promise.all(answers), cancellation)
    : (answers as (Denial | undefined)[]);
  const allowed = found.filter((_, i) => denials[i] === undefined);
  if (allowed.length > 0) return allowed;
  throw notAllowed(denials.at(-1)?.by ?? 'the name has no address');
}
