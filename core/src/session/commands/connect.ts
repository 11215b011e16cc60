import { connectThrough, type Outbound } from '../../outbound/outbound.js';
import { type Address, isName } from '../../protocol/address.js';
import type { Transport } from '../../transport/transport.js';
import { ClientLeft } from '../conversation.js';
import { unreachable } from '../refusal.js';
import { nameOf, type Route } from '../routes.js';
import { requestTo, routeFor, sortAddresses, tryAll, tryWays, watched } from '../ways.js';
import type { CommandContext, CommandHandler } from './command.js';

/**
 * CONNECT (RFC 1928 section 4): a connection to the destination, and its bytes both ways. The way
 * out comes first: it says whether names are resolved here.
 */
export const connect: CommandHandler = async (context) => {
  const { remote, via } = await reach(context);
  if (context.cancellation.cancelled) {
    remote.abort();
    throw new ClientLeft();
  }
  context.leavesBy(via);
  return context.relay(remote, remote.local);
};

/** A connection, and what the way out that made it is called; undefined for the direct one. */
interface Reached {
  readonly remote: Transport;
  readonly via: string | undefined;
}

/** @throws {Refusal} if the destination does not answer, or no way leads there. */
function reach(context: CommandContext): Promise<Reached> {
  const { destination, settings } = context;
  return reachBy(context, routeFor(context, context), destination, settings.connectTimeout);
}

/** The usual case: one way out, and no rule that looks at addresses. */
async function reachOnly(
  context: CommandContext,
  way: Outbound,
  destination: Address,
  timeout: number,
): Promise<Reached> {
  let addresses: readonly string[] | undefined;
  if (way.resolves && isName(destination.host)) await context.demandName(destination);
  else addresses = await context.allowedAddresses(destination);
  const { cancellation } = context;
  const request = requestTo(context, destination);
  const { routes } = context.settings;
  const connect = () =>
    connectThrough(routes.whole(way, request), request, addresses, { timeout, cancellation });
  try {
    return { remote: await watched(context, way, connect), via: nameOf(way) };
  } catch (error) {
    throw unreachable(error);
  }
}

function reachBy(
  context: CommandContext,
  route: Route,
  destination: Address,
  time: number,
): Promise<Reached> {
  const [only] = route.ways;
  const isOnly = route.ways.length === 1 && !context.settings.routes.hasNetworks;
  if (only !== undefined && isOnly) return reachOnly(context, only, destination, time);
  const request = requestTo(context, destination);
  const byName = isName(destination.host);
  return tryWays(context, route, time, async (way, timeout) => {
    const { cancellation, settings } = context;
    const through = async (addresses: readonly string[] | undefined, time = timeout) => {
      const whole = settings.routes.whole(way, request);
      const patience = { timeout: time, cancellation };
      return {
        remote: await connectThrough(whole, request, addresses, patience),
        via: nameOf(way),
      };
    };
    if (byName && way.resolves) {
      await context.demandName(destination);
      return through(undefined);
    }
    const addresses = await context.allowedAddresses(destination);
    if (!byName) return through(addresses);
    const { own, others } = sortAddresses(context, route, request, addresses);
    if (others.length === 0) return through(own);
    const elsewhere = others.map(
      ({ address, route: other }) =>
        (part: number) =>
          reachBy(context, other, { host: address, port: destination.port }, part),
    );
    const here = own.length === 0 ? [] : [(part: number) => through(own, part)];
    return tryAll(context, timeout, [...here, ...elsewhere]);
  });
}
