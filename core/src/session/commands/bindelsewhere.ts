import type { CloseReason } from '../../log/events.js';
import {
  type AllowedRequest,
  askThrough,
  type Binding,
  type Outbound,
} from '../../outbound/outbound.js';
import { isName, isUnspecified } from '../../protocol/address.js';
import { Reply } from '../../protocol/socks5.js';
import { ClientLeft } from '../conversation.js';
import { notAllowed, Refusal, unreachable } from '../refusal.js';
import { nameOf } from '../routes.js';
import { requestTo, routeFor, tryWays } from '../ways.js';
import type { CommandContext } from './command.js';

/** Where an upstream listens for a client's peer. */
export interface Elsewhere {
  readonly binding: Binding;
  readonly via: string | undefined;
}

/**
 * Has the way out of a BIND listen, where it is not this server that does.
 *
 * @returns undefined if it is this server.
 * @throws {Refusal}
 */
export async function bindElsewhere(context: CommandContext): Promise<Elsewhere | undefined> {
  const { destination, cancellation, settings } = context;
  const route = routeFor(context, context);
  return tryWays(context, route, settings.connectTimeout, async (way, timeout) => {
    if (way.bind === undefined) return undefined;
    await demandPeer(context);
    const request = requestTo(context, destination);
    const ask = (allowed: AllowedRequest) => (way as Required<Outbound>).bind(allowed);
    const binding = await askThrough(request, { timeout, cancellation }, ask);
    return { binding, via: nameOf(way) };
  });
}

/** @throws {Refusal} if the client may not have the peer that it names. */
async function demandPeer(context: CommandContext): Promise<void> {
  const { destination } = context;
  if (isUnspecified(destination)) return;
  if (isName(destination.host)) await context.demandName();
  else await context.allowedAddresses();
}

/** Tells where the peer is to connect, waits for it, tells who it is, and relays. */
export async function serveElsewhere(
  context: CommandContext,
  { binding, via }: Elsewhere,
): Promise<CloseReason> {
  const { cancellation, settings } = context;
  let late = false;
  const leave = () => binding.close();
  const timer = setTimeout(() => {
    late = true;
    leave();
  }, settings.bindTimeout);
  cancellation.on(leave);
  let left = false;
  context.whenClientEnded(() => {
    left = true;
    leave();
  });
  try {
    context.reply(Reply.succeeded, binding.bound);
    const { transport, peer } = await binding.accept();
    const known = !isName(peer.host) && !isUnspecified(peer);
    const denial = known ? await context.judge(peer.host) : undefined;
    if (denial !== undefined || left || cancellation.cancelled) {
      transport.abort();
      throw denial === undefined ? new ClientLeft() : notAllowed(denial.by);
    }
    context.leavesBy(via);
    return context.relay(transport, peer, transport.local);
  } catch (error) {
    if (left || cancellation.cancelled) throw new ClientLeft();
    if (late) throw noPeer();
    throw error instanceof Refusal ? error : unreachable(error);
  } finally {
    clearTimeout(timer);
    cancellation.off(leave);
  }
}

/** The refusal of a BIND whose peer has not come. */
export function noPeer(): Refusal {
  return new Refusal('unreachable', 'no peer connected in time', { reply: Reply.ttlExpired });
}
