import { once } from 'node:events';
import { connect as connectSocket, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { Certified } from './certificates.js';
import { Client } from './sockets.js';

/** A client over TLS that speaks in bytes, and what it speaks over. */
export interface TlsClient {
  readonly client: Client;
  readonly socket: TLSSocket;
  /** The TCP connection below. */
  readonly tcp: Socket;
}

/**
 * Connects over TLS to a port of 127.0.0.1.
 *
 * @param ca whose certificates are trusted.
 * @param more what else Node's client is told, such as a certificate of its own.
 */
export async function tlsClient(
  t: TestContext,
  port: number,
  ca: Certified,
  more: ConnectionOptions = {},
): Promise<TlsClient> {
  const tcp = connectSocket({ port, host: '127.0.0.1', allowHalfOpen: true });
  tcp.on('error', () => {});
  t.after(() => tcp.destroy());
  await once(tcp, 'connect');
  const socket = connect({ socket: tcp, servername: 'localhost', ca: ca.cert, ...more });
  t.after(() => socket.destroy());
  const client = Client.of(socket);
  await once(socket, 'secureConnect');
  return { client, socket, tcp };
}
