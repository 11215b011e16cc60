import { type Server, Socket } from 'node:net';
import { bufferInlet, inletOf } from './inlet.js';

/** How sockets are accepted that {@link acceptFrom} hands on. */
export const acceptOptions = {
  allowHalfOpen: true,
  noDelay: true,
  keepAlive: true,
  pauseOnConnect: true,
};

/** What Node keeps of sockets and does not tell; looked at with care. */
interface Handle {
  readonly useUserBuffer?: unknown;
  /** Called by Node for each connection that a listening handle has accepted. */
  onconnection?: unknown;
}

function handleOf(server: Server): Handle | undefined {
  return (server as unknown as { _handle?: Handle | null })._handle ?? undefined;
}

/**
 * Hands on the connections that a server accepts, as sockets that are read through a
 * {@link BufferInlet}. Node has no public way to that, so this takes their handles before Node
 * makes sockets of its own for them; where Node's internals are not as known, sockets are Node's,
 * and are read by their events.
 *
 * @param server listening, made with {@link acceptOptions}.
 */
export function acceptFrom(server: Server, accept: (socket: Socket) => void): void {
  server.on('connection', (socket) => {
    inletOf(socket);
    accept(socket);
  });
  const listening = handleOf(server);
  const usual = listening?.onconnection;
  if (listening === undefined || typeof usual !== 'function') return;
  listening.onconnection = function (this: unknown, error: number, handle?: Handle) {
    const known = typeof handle?.useUserBuffer === 'function';
    const inlet = known ? bufferInlet() : undefined;
    if (inlet === undefined) {
      usual.call(this, error, handle);
      return;
    }
    const options = { handle, allowHalfOpen: true, onread: inlet.onread };
    const socket = new Socket(options);
    inlet.attach(socket);
    accept(socket.setNoDelay(true).setKeepAlive(true));
  };
}
