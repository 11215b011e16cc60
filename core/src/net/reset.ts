import type { Socket } from 'node:net';

/**
 * Resets a connection at once, so that its other end sees a failure and not an end. One that is
 * just being shut down is closed instead.
 *
 * `resetAndDestroy()` shuts the connection down before it resets it, and if it is destroyed
 * meanwhile libuv refuses the reset (uv_tcp_close_reset(3)): the descriptor then stays open, and
 * `close` never comes. So this asks for the reset by the mark that `destroy()` looks at, which no
 * document names; a Node that does not know it would close the connection.
 */
export function reset(socket: Socket): void {
  const shutting = socket.writableEnded && !socket.writableFinished;
  (socket as { resetAndClosing?: boolean }).resetAndClosing = !shutting;
  socket.destroy();
}
