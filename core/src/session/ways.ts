import { monotonic } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import { carries, type Outbound, type OutboundRequest } from '../outbound/outbound.js';
import { UpstreamError } from '../outbound/upstream/error.js';
import { Upstream } from '../outbound/upstream/upstream.js';
import type { Address } from '../protocol/address.js';
import { Reply } from '../protocol/socks5.js';
import type { CommandContext } from './commands/command.js';
import { ClientLeft } from './conversation.js';
import { notAllowed, Refusal, unreachable } from './refusal.js';
import { describeVia, type Route } from './routes.js';

/** Tries something, for a time, ms. */
type Try<T> = (timeout: number) => Promise<T>;

/** A client's request, to a destination of its own or another. */
export function requestTo(context: CommandContext, destination: Address): OutboundRequest {
  const { command, client, listener, user, group, from } = context;
  return { destination, command, client, listener, user, group, from };
}

/**
 * The way of a request.
 *
 * @param address an IP address of its destination, where one is known beyond what the client says.
 * @throws {Refusal} if there is none, or a rule blocks it.
 */
export function routeFor(
  { settings }: CommandContext,
  request: OutboundRequest,
  address?: string,
): Route {
  const route = find(() => settings.routes.find(request, address));
  if (route.ways.length === 0 && route.rule !== undefined) {
    throw notAllowed(describeVia(route.rule));
  }
  return route;
}

function find(look: () => Route): Route {
  try {
    return look();
  } catch (error) {
    throw unreachable(error);
  }
}

/** What the addresses of a name that was resolved here lead to. */
export interface Sorted {
  /** Those that take the way of the name. */
  readonly own: readonly string[];
  /** Those that rules about networks send elsewhere. */
  readonly others: readonly { readonly address: string; readonly route: Route }[];
}

/**
 * Holds the addresses of a name that was resolved here against the rules once more.
 *
 * @param route the way of the name.
 * @throws {Refusal} if rules block all of them.
 */
export function sortAddresses(
  context: CommandContext,
  route: Route,
  request: OutboundRequest,
  addresses: readonly string[],
): Sorted {
  if (!context.settings.routes.hasNetworks) return { own: addresses, others: [] };
  const own: string[] = [];
  const others: { address: string; route: Route }[] = [];
  let blocked: unknown;
  for (const address of addresses) {
    try {
      const found = routeFor(context, request, address);
      if (found.rule === route.rule) own.push(address);
      else others.push({ address, route: found });
    } catch (error) {
      blocked = error;
    }
  }
  if (own.length === 0 && others.length === 0) throw blocked;
  return { own, others };
}

/**
 * Tries the ways of a route that carry its command, one after the other; those that have failed a
 * short while ago come last.
 *
 * @param time for all together, ms.
 * @throws {Refusal} if none serves it; {@link ClientLeft}.
 */
export async function tryWays<T>(
  context: CommandContext,
  { ways }: Route,
  time: number,
  attempt: (way: Outbound, timeout: number) => Promise<T>,
): Promise<T> {
  const able = ways.filter((way) => carries(way, context.command));
  if (able.length === 0) {
    const names = ways.map(({ id }) => id).join(' and ');
    throw cannot(`${names} cannot carry ${context.command}`);
  }
  const rested = able.length > 1 ? able.filter((way) => !isResting(way)) : able;
  const order = [...rested, ...able.filter((way) => !rested.includes(way))];
  const tries = order.map(
    (way): Try<T> =>
      (timeout) =>
        watched(context, way, () => attempt(way, timeout)),
  );
  return tryAll(context, time, tries);
}

/** The refusal of a command that no way out has a place for. */
export function cannot(detail: string): Refusal {
  return new Refusal('unsupported', detail, { reply: Reply.commandNotSupported });
}

function isResting(way: Outbound): boolean {
  return way instanceof Upstream && way.health.resting;
}

/**
 * Tries one after the other until one of them works, or the request is answered with a refusal;
 * each has an equal part of the time that is left.
 *
 * @param time for all together, ms.
 * @throws {Refusal} of all of them; {@link ClientLeft}.
 */
export async function tryAll<T>(
  { cancellation }: CommandContext,
  time: number,
  tries: readonly Try<T>[],
): Promise<T> {
  const until = monotonic() + time;
  const refusals: Refusal[] = [];
  for (const [i, attempt] of tries.entries()) {
    const left = until - monotonic();
    if (left <= 0 && i > 0) break;
    try {
      return await attempt(left / (tries.length - i));
    } catch (error) {
      if (error instanceof ClientLeft || cancellation.cancelled) throw new ClientLeft();
      refusals.push(error instanceof Refusal ? error : unreachable(error));
      if (isFinal(error)) break;
    }
  }
  throw together(refusals);
}

/** Whether nothing else is to be tried: the request is not allowed, or was answered. */
function isFinal(error: unknown): boolean {
  if (error instanceof Refusal) return error.reason !== 'unreachable' || isFinal(error.cause);
  return error instanceof UpstreamError && error.fault === 'refused';
}

/** All refusals as one: the answer is the last one's. */
function together(refusals: readonly Refusal[]): Refusal {
  const last = refusals.at(-1) as Refusal;
  if (refusals.length === 1) return last;
  const { reason, reply, cause } = last;
  const detail = refusals.map(({ message }) => message).join('; ');
  return new Refusal(reason, detail, { cause, ...(reply === undefined ? {} : { reply }) });
}

/** Tries one way, and remembers whether it can be used. */
export async function watched<T>(
  { settings }: CommandContext,
  way: Outbound,
  attempt: () => Promise<T>,
): Promise<T> {
  if (!(way instanceof Upstream)) return attempt();
  const { health, id } = way;
  const works = () => {
    if (health.worked()) settings.warn(`upstream ${id} can be used again`);
  };
  const since = monotonic();
  health.trying();
  try {
    const result = await attempt();
    works();
    return result;
  } catch (error) {
    if (error instanceof UpstreamError) {
      if (error.fault === 'refused') works();
      if (error.fault === 'unusable' && health.failed(since)) settings.warn(messageOf(error));
    }
    throw error;
  }
}
