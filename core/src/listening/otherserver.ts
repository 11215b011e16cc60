import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { isIP, Server } from 'node:net';
import { bind } from './bind.js';
import { listenOn } from './boundhandle.js';
import { onLeft } from './handedon.js';
import type { BoundSockets, ListeningAddress } from './listeningsocket.js';

/** Clients that wait to be accepted: what Node asks for by itself. */
const BACKLOG = 511;

/**
 * Has a server that serves no SOCKS clients listen, at a socket that is handed on when another
 * process takes this one's place; then it accepts nobody any more, and who is here is served.
 *
 * @param address a UNIX socket's is `unix:PATH`; a host may be a name, whose first address is meant.
 * @param sockets where listening sockets come from, if they are not bound here.
 * @throws the system's error.
 */
export async function listenForOther(
  server: Server,
  address: ListeningAddress,
  sockets?: BoundSockets,
): Promise<void> {
  const { host } = address;
  const isName = isIP(host) === 0 && address.access === undefined;
  const bound = isName ? { ...address, host: (await lookup(host)).address } : address;
  const handle = await (sockets === undefined ? bind(bound, bound.access) : sockets.take(bound));
  if (sockets !== undefined) server.once('close', () => sockets.release(bound));
  try {
    const listening = once(server, 'listening');
    listenOn(server, handle, BACKLOG);
    await listening;
  } catch (error) {
    sockets?.release(bound);
    throw error;
  }
  // What http makes of it would end connections whose request is on its way.
  const left = onLeft(() => Server.prototype.close.call(server));
  server.once('close', () => left.dispose());
}
