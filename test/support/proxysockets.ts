import { Socket } from 'node:net';
import type { TestContext } from 'node:test';

/**
 * Watches the sockets of a proxy in this process: all that are read.
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
  const { resume } = Socket.prototype;
  t.mock.method(Socket.prototype, 'resume', function (this: Socket) {
    sockets.add(this);
    return resume.call(this);
  });
  return () => {
    const own = [...sockets].filter(
      ({ localPort, remotePort }) => localPort === proxy || remotePort === destination,
    );
    if (own.length < 2) throw new Error('the sockets of the proxy were not seen');
    return own.reduce((sum, socket) => sum + socket.readableLength + socket.writableLength, 0);
  };
}
