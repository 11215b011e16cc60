import type { Server, Socket } from 'node:net';
import { platform } from 'node:process';
import { canonicalIP } from '../protocol/ip.js';
import { errorName, isTcpHandle, type SocketName, type TcpHandle, tcp } from './handles.js';
import { HandleTransport } from './handletransport.js';
import { SocketTransport } from './sockettransport.js';
import { localPeer, type Transport } from './transport.js';

/** How a server accepts whose connections {@link acceptFrom} hands on. */
export const acceptOptions = {
  allowHalfOpen: true,
  noDelay: true,
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
 * @param failed told of the system's errors, whose `code` is such as `EMFILE`, when one could not be
 *   accepted.
 * @param isUnix whether it is a UNIX socket, whose clients have no address.
 */
export function acceptFrom(
  server: Server,
  accept: (transport: Transport) => void,
  failed: (error: Error) => void = () => {},
  isUnix = false,
): void {
  server.on('connection', (socket: Socket) => {
    socket.on('error', () => {});
    if (isUnix) accept(new SocketTransport(socket, localPeer));
    else if (socket.remoteAddress === undefined) socket.destroy();
    else accept(new SocketTransport(socket));
  });
  const listening = (server as Listening)._handle;
  const usual = listening?.onconnection;
  if (tcp === undefined || !isTcpHandle(listening) || typeof usual !== 'function') return;
  // On Linux what is set on a listening socket holds for those that it accepts: a call less for each.
  const inherited = platform === 'linux' && listening.setNoDelay(true) === 0;
  listening.onconnection = function (this: unknown, status: number, handle?: TcpHandle) {
    if (status !== 0 || handle === undefined) {
      failed(acceptError(status));
      return;
    }
    if (!isKnown(handle)) {
      usual.call(this, status, handle);
      return;
    }
    if (!inherited) handle.setNoDelay(true);
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

function acceptError(status: number): Error {
  const code = errorName(status);
  return Object.assign(new Error(`accept ${code}`), { code });
}
