// A client of SOCKS servers on a host of its own, which has the destination as well: it connects as
// the parent says, answers whether it was let in, and holds each connection until it is to leave.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { SocksClient } from 'socks';

/** Whom it visits, and how it logs in. */
export interface Visit {
  readonly proxy: string;
  readonly user: string;
  readonly password: string;
}

const host = process.argv[2] ?? '';
const destination = createServer((socket) => socket.on('error', () => {}).resume());
await once(destination.listen(0, host), 'listening');
const { port } = destination.address() as AddressInfo;
const held = new Set<Socket>();

async function visit({ proxy, user, password }: Visit): Promise<boolean> {
  try {
    const { socket } = await SocksClient.createConnection({
      proxy: { host: proxy, port: 1080, type: 5, userId: user, password },
      command: 'connect',
      destination: { host, port },
      timeout: 5000,
    });
    held.add(socket.on('error', () => {}).on('close', () => held.delete(socket)));
    return true;
  } catch {
    return false;
  }
}

async function leave(): Promise<void> {
  await Promise.all(
    [...held].map((socket) => {
      const closed = once(socket, 'close');
      socket.destroy();
      return closed;
    }),
  );
}

process.on('message', async (said: Visit | 'leave') => {
  if (said === 'leave') await leave();
  process.send?.(said === 'leave' || (await visit(said)));
});
process.send?.('ready');
