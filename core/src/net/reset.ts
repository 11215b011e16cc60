import type { Socket } from 'node:net';

/** What Node keeps of a socket and does not tell; looked at with care. */
interface Internals {
  resetAndClosing?: boolean;
  readonly _handle?: { readonly reset?: unknown } | null;
}

/**
 * Resets a connection at once, so that its other end sees a failure and not an end. One that is
 * just being shut down is closed instead: all of its data is on its way. So is one that is no TCP
 * connection itself, such as TLS.
 *
 * `resetAndDestroy()` shuts the connection down before it resets it, and if it is destroyed
 * meanwhile libuv refuses the reset (uv_tcp_close_reset(3)): the descriptor then stays open, and
 * `close` never comes. So this asks for the reset by the mark that `destroy()` looks at, which no
 * document names; a Node that does not know it would close the connection.
 */
export function reset(socket: Socket): void {
  const internals = socket as unknown as Internals;
  const shutting = socket.writableEnded && !socket.writableFinished;
  const able = typeof internals._handle?.reset === 'function';
  internals.resetAndClosing = able && !shutting;
  socket.destroy();
}
