import { connectThrough, type Outbound, routeOf } from '../../outbound/outbound.js';
import { isName } from '../../protocol/address.js';
import type { Transport } from '../../transport/transport.js';
import { ClientLeft } from '../conversation.js';
import { unreachable } from '../refusal.js';
import type { CommandContext, CommandHandler } from './command.js';

/**
 * CONNECT (RFC 1928 section 4): a connection to the destination, and its bytes both ways. The way
 * out comes first: it says whether names are resolved here.
 */
export const connect: CommandHandler = async (context) => {
  const outbound = route(context);
  const byName = outbound.resolves && isName(context.destination.host);
  const remote = byName
    ? await context.demandName().then(() => reach(context, outbound))
    : await reach(context, outbound, await context.allowedAddresses());
  if (context.cancellation.cancelled) {
    remote.abort();
    throw new ClientLeft();
  }
  return context.relay(remote, remote.local);
};

/** @throws {Refusal} if there is no way out. */
function route(context: CommandContext): Outbound {
  try {
    return routeOf(context.settings.outbounds, context);
  } catch (error) {
    throw unreachable(error);
  }
}

/** @throws {Refusal} if the destination does not answer. */
async function reach(
  context: CommandContext,
  outbound: Outbound,
  addresses?: readonly string[],
): Promise<Transport> {
  const { settings, cancellation } = context;
  try {
    const { connectTimeout } = settings;
    return await connectThrough(outbound, context, addresses, connectTimeout, cancellation);
  } catch (error) {
    throw unreachable(error);
  }
}
