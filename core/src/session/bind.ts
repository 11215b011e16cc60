import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { systemMessage } from '../errors.js';
import { acceptFrom, acceptOptions } from '../net/accept.js';
import { addressTowards, ofFamily } from '../net/external.js';
import { listenInRange } from '../net/ports.js';
import { relay } from '../net/relay.js';
import { reset } from '../net/reset.js';
import { remoteAddress } from '../net/socketaddress.js';
import { isUnspecified } from '../protocol/address.js';
import { Reply } from '../protocol/socks5.js';
import { ClientLeft } from './clientstream.js';
import type { CommandContext, CommandHandler } from './command.js';
import { Refusal, unreachable } from './refusal.js';

/**
 * BIND (RFC 1928 section 4): listens at an external address, tells it in a first reply, takes one
 * connection of the peer that the request names, tells its address in a second reply, and relays.
 */
export const bindCommand: CommandHandler = async (context) => {
  const anyPeer = isUnspecified(context.destination);
  const peers = anyPeer ? undefined : await context.allowedAddresses();
  const local = await externalAddress(context, peers?.[0]);
  const server = await listen(context, local).catch((error: unknown) => {
    const detail = `cannot listen: ${systemMessage(error)}`;
    throw new Refusal(Reply.generalFailure, 'unreachable', detail, error);
  });
  let peer: Socket;
  try {
    const bound = server.address() as AddressInfo;
    const advertised = ofFamily(context.settings.advertised, local) ?? local;
    context.reply(Reply.succeeded, { host: advertised, port: bound.port });
    peer = await acceptPeer(server, context, peers);
  } finally {
    server.close();
  }
  const address = remoteAddress(peer);
  context.established({ host: local, port: peer.localPort ?? 0 }, peer);
  context.reply(Reply.succeeded, address);
  const { client, early } = context.release();
  return relay(client, peer, early, context.traffic, context.throttles);
};

/** Where the peer can reach this host: as configured, or by the route towards it. */
async function externalAddress(
  { settings, control }: CommandContext,
  peer: string | undefined,
): Promise<string> {
  const { external } = settings;
  const anyFamily = external.ipv4 ?? external.ipv6;
  const configured = peer === undefined ? anyFamily : ofFamily(external, peer);
  if (configured !== undefined) return configured;
  const { host } = control();
  try {
    return await addressTowards(peer ?? (host.includes(':') ? '2001:db8::1' : '192.0.2.1'));
  } catch (error) {
    if (peer === undefined) return host;
    throw unreachable(error);
  }
}

function listen({ settings }: CommandContext, host: string): Promise<Server> {
  return listenInRange(settings.bindPorts, async (port) => {
    const server = createServer(acceptOptions);
    server.listen({ host, port, backlog: 8, exclusive: true });
    await once(server, 'listening');
    return server;
  });
}

/** Waits for a connection of the peer; others are closed at once. */
function acceptPeer(
  server: Server,
  { settings, cancellation, judge, whenClientEnded }: CommandContext,
  peers: readonly string[] | undefined,
): Promise<Socket> {
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
    const late = () => new Refusal(Reply.ttlExpired, 'unreachable', 'no peer connected in time');
    const timer = setTimeout(() => finish(() => reject(late())), settings.bindTimeout);
    cancellation.on(leave);
    whenClientEnded(leave);
    acceptFrom(server, (socket) => {
      const { host } = remoteAddress(socket);
      const expected = waiting && (peers?.includes(host) ?? true);
      if (expected && judge(host) === undefined) finish(() => resolve(socket));
      else reset(socket.on('error', () => {}));
    });
    server.on('error', () => {});
    if (cancellation.cancelled) leave();
  });
}
