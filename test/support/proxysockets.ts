import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import type { TestContext } from 'node:test';

/**
 * Watches the sockets of a proxy in this process, by the channels on which Node.js publishes all
 * sockets that are made.
 *
 * @param proxy the port that it listens at.
 * @param destination the port that it connects to.
 * @returns tells how many bytes wait in these sockets now, those of the system not counted.
 */
export function watchProxySockets(
  t: TestContext,
  proxy: number,
  destination: number,
): () => number {
  const sockets = new Set<Socket>();
  const add = (message: unknown) => {
    sockets.add((message as { socket: Socket }).socket);
  };
  for (const channel of ['net.server.socket', 'net.client.socket']) {
    subscribe(channel, add);
    t.after(() => unsubscribe(channel, add));
  }
  return () => {
    const own = [...sockets].filter(
      ({ localPort, remotePort }) => localPort === proxy || remotePort === destination,
    );
    if (own.length < 2) throw new Error('the sockets of the proxy were not seen');
    return own.reduce((sum, socket) => sum + socket.readableLength + socket.writableLength, 0);
  };
}
