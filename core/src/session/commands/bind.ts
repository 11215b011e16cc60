import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { type Awaitable, andThen } from '../../base/awaitable.js';
import { systemMessage } from '../../base/errors.js';
import type { CloseReason } from '../../log/events.js';
import { addressTowards, ofFamily } from '../../outbound/external.js';
import { familyOf, onlyFamily, preferred } from '../../outbound/prefer.js';
import { isUnspecified } from '../../protocol/address.js';
import { Reply } from '../../protocol/socks5.js';
import { acceptFrom, acceptOptions } from '../../transport/accept.js';
import { listenInRange } from '../../transport/ports.js';
import type { Transport } from '../../transport/transport.js';
import { ClientLeft } from '../conversation.js';
import { Refusal, unreachable } from '../refusal.js';
import { bindElsewhere, noPeer, serveElsewhere } from './bindelsewhere.js';
import type { CommandContext, CommandHandler } from './command.js';

/**
 * BIND (RFC 1928 section 4): listens at an external address, tells it in a first reply, takes one
 * connection of the peer that the request names, tells its address in a second reply, and relays.
 * Or an upstream listens, as the rules of `--via` say.
 */
export const bind: CommandHandler = async (context) => {
  const elsewhere = await bindElsewhere(context);
  return elsewhere === undefined ? bindHere(context) : serveElsewhere(context, elsewhere);
};

async function bindHere(context: CommandContext): Promise<CloseReason> {
  const anyPeer = isUnspecified(context.destination);
  const peers = anyPeer ? undefined : await context.allowedAddresses();
  const local = await externalAddress(context, peers?.[0]);
  const server = await listen(context, local).catch((cause: unknown) => {
    const detail = `cannot listen: ${systemMessage(cause)}`;
    throw new Refusal('unreachable', detail, { reply: Reply.generalFailure, cause });
  });
  let peer: Transport;
  try {
    const bound = server.address() as AddressInfo;
    const advertised = ofFamily(context.settings.advertised, local) ?? local;
    context.reply(Reply.succeeded, { host: advertised, port: bound.port });
    peer = await acceptPeer(server, context, peers);
  } finally {
    server.close();
  }
  return context.relay(peer, peer.remote, { host: local, port: peer.local.port });
}

/**
 * Where the peer can reach this host: as configured, where its own connections leave from, or by the
 * route towards it.
 */
async function externalAddress(
  { settings, control, from }: CommandContext,
  peer: string | undefined,
): Promise<string> {
  const { external, prefer } = settings;
  const configured =
    peer === undefined
      ? preferred([external.ipv4, external.ipv6].filter(isGiven), prefer)[0]
      : ofFamily(external, peer);
  if (configured !== undefined) return configured;
  const { host } = control;
  const family = onlyFamily(prefer) ?? familyOf(host);
  const towards = peer ?? (family === 'ipv6' ? '2001:db8::1' : '192.0.2.1');
  try {
    return from?.(towards) ?? (await addressTowards(towards));
  } catch (error) {
    if (peer === undefined) return host;
    throw unreachable(error);
  }
}

function isGiven(address: string | undefined): address is string {
  return address !== undefined;
}

function listen({ settings }: CommandContext, host: string): Promise<Server> {
  return listenInRange(settings.bindPorts, async (port) => {
    const server = createServer(acceptOptions);
    server.listen({ host, port, backlog: 8, exclusive: true });
    await once(server, 'listening');
    return server;
  });
}

/** How many connections may wait until those before them have been judged. */
const MAX_JUDGED = 8;

/** Waits for a connection of the peer; others are reset, at once or when they have been judged. */
function acceptPeer(
  server: Server,
  context: CommandContext,
  peers: readonly string[] | undefined,
): Promise<Transport> {
  const { settings, cancellation } = context;
  return new Promise((resolve, reject) => {
    let waiting = true;
    const finish = (settle: () => void) => {
      if (!waiting) return;
      waiting = false;
      clearTimeout(timer);
      cancellation.off(leave);
      settle();
    };
    const leave = () => finish(() => reject(new ClientLeft()));
    const timer = setTimeout(() => finish(() => reject(noPeer())), settings.bindTimeout);
    cancellation.on(leave);
    context.whenClientEnded(leave);
    let judged = 0;
    let last: Awaitable<void>;
    const judge = (peer: Transport): Awaitable<void> => {
      if (!waiting || peer.closed) return peer.abort();
      return andThen(context.judge(peer.remote.host), (denial) => {
        if (waiting && denial === undefined && !peer.closed) finish(() => resolve(peer));
        else peer.abort();
      });
    };
    acceptFrom(server, (peer) => {
      const expected = waiting && (peers?.includes(peer.remote.host) ?? true);
      if (!expected || judged >= MAX_JUDGED) {
        peer.abort();
        return;
      }
      judged++;
      last = andThen(
        andThen(last, () => judge(peer)),
        () => {
          judged--;
        },
      );
    });
    server.on('error', () => {});
    if (cancellation.cancelled) leave();
  });
}
