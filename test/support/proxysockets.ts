import type { TestContext } from 'node:test';
import { HandleTransport } from '#core/transport/handletransport.js';
import { SocketTransport } from '#core/transport/sockettransport.js';
import type { Transport } from '#core/transport/transport.js';

/**
 * Watches the transports of a proxy in this process: all that anybody reads.
 *
 * @param proxy the port that it listens at.
 * @param destination the port that it connects to.
 * @returns tells how many bytes wait to be written to these now, those of the system not counted.
 */
export function watchProxySockets(
  t: TestContext,
  proxy: number,
  destination: number,
): () => number {
  const transports = new Set<Transport>();
  for (const { prototype } of [HandleTransport, SocketTransport]) {
    const { readTo } = prototype;
    t.mock.method(prototype, 'readTo', function (this: Transport, reader: never) {
      transports.add(this);
      return readTo.call(this as never, reader);
    });
  }
  return () => {
    const own = [...transports].filter(
      ({ local, remote }) => local.port === proxy || remote.port === destination,
    );
    if (own.length < 2) throw new Error('the connections of the proxy were not seen');
    return own.reduce((sum, { unwritten }) => sum + unwritten, 0);
  };
}
