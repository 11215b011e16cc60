import type { Server, Socket } from 'node:net';
import { platform } from 'node:process';
import { canonicalIP } from '../protocol/ip.js';
import { errorName, isTcpHandle, type SocketName, type TcpHandle, tcp } from './handles.js';
import { HandleTransport } from './handletransport.js';
import { SocketTransport } from './sockettransport.js';
import type { Transport } from './transport.js';

/** How long a connection may rest before the system asks whether its peer is there, seconds. */
export const KEEPALIVE = 60;

/** How a server accepts whose connections {@link acceptFrom} hands on. */
export const acceptOptions = {
  allowHalfOpen: true,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: KEEPALIVE * 1000,
  pauseOnConnect: true,
};

interface Listening {
  readonly _handle?: TcpHandle | null;
}

/**
 * Hands on the connections that a server accepts, before Node makes sockets of them; where its
 * internals are not as known, on the sockets that it makes.
 *
 * @param server listening, made with {@link acceptOptions}.
 * @param accept takes each connection. One that is gone already is not handed on.
 * @param failed told the system's code, such as `EMFILE`, of one that could not be accepted.
 */
export function acceptFrom(
  server: Server,
  accept: (transport: Transport) => void,
  failed: (code: string) => void = () => {},
): void {
  server.on('connection', (socket: Socket) => {
    socket.on('error', () => {});
    if (socket.remoteAddress === undefined) socket.destroy();
    else accept(new SocketTransport(socket));
  });
  const listening = (server as Listening)._handle;
  const usual = listening?.onconnection;
  if (tcp === undefined || !isTcpHandle(listening) || typeof usual !== 'function') return;
  // On Linux what is set on a listening socket holds for those that it accepts: two calls less each.
  const inherited = platform === 'linux' && setUp(listening);
  listening.onconnection = function (this: unknown, status: number, handle?: TcpHandle) {
    if (status !== 0 || handle === undefined) {
      failed(errorName(status));
      return;
    }
    if (!isKnown(handle)) {
      usual.call(this, status, handle);
      return;
    }
    if (!inherited) setUp(handle);
    const name: Partial<SocketName> = {};
    if (handle.getpeername(name) !== 0) {
      handle.close();
      return;
    }
    const { address, port } = name as SocketName;
    accept(new HandleTransport(handle, { host: canonicalIP(address), port }));
  };
}

/** A cheap look at a handle of a kind that was looked at closely before. */
function isKnown(handle: TcpHandle): boolean {
  return typeof handle.useUserBuffer === 'function' && typeof handle.getpeername === 'function';
}

/** @returns whether the system took both. */
export function setUp(handle: TcpHandle): boolean {
  return handle.setNoDelay(true) === 0 && handle.setKeepAlive(true, KEEPALIVE) === 0;
}
