import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createSecureServer, type Http2SecureServer } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Certified } from './certificates.js';
import type { Scope } from './scope.js';

/** What a server does with a query, of which it sends nothing back by itself. */
export type OnQuery = (query: Buffer, send: (message: Uint8Array) => void, on: number) => void;

/** A server of a test, what it was asked, and over how many connections. */
export interface DnsListener {
  readonly port: number;
  readonly queries: readonly Buffer[];
  connections: number;
}

/** Asked by datagrams. `on` is the port that a query comes from. */
export async function udpDns(t: Scope, onQuery: OnQuery, port = 0): Promise<DnsListener> {
  const socket = createSocket('udp4');
  t.after(() => socket.close());
  socket.bind(port, '127.0.0.1');
  await once(socket, 'listening');
  const queries: Buffer[] = [];
  socket.on('message', (query, from) => {
    queries.push(query);
    onQuery(query, (message) => socket.send(message, from.port, from.address), from.port);
  });
  return { port: socket.address().port, queries, connections: 0 };
}

/** What a test makes of a connection. */
export interface OnStream {
  readonly onQuery?: OnQuery;
  /** In place of reading queries. */
  readonly onConnection?: (socket: Socket, on: number) => void;
}

/**
 * Asked over TCP, or TLS if it has a certificate. `on` is which connection a query comes by, from
 * 1. What is sent has its length in front of it.
 */
export async function streamDns(
  t: Scope,
  { onQuery, onConnection }: OnStream,
  certified?: Certified,
): Promise<DnsListener> {
  const queries: Buffer[] = [];
  const listener = { port: 0, queries, connections: 0 };
  const accept = (socket: Socket) => {
    const on = ++listener.connections;
    onConnection?.(socket, on);
    let received = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE()) {
        const query = received.subarray(2, 2 + received.readUInt16BE());
        received = received.subarray(2 + query.length);
        queries.push(query);
        onQuery?.(query, (message) => socket.write(framed(message)), on);
      }
    });
  };
  const server =
    certified === undefined
      ? createServer(accept)
      : createTlsServer({ ...certified, ALPNProtocols: ['dot'] }, accept);
  listener.port = await open(
    t,
    server,
    certified === undefined ? 'connection' : 'secureConnection',
  );
  return listener;
}

/** A message as it goes over a stream. */
export function framed(message: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(message.length >> 8, message.length & 255), message]);
}

/** How a server of the DNS over HTTPS answers. */
export interface HttpReply {
  readonly status?: number;
  readonly type?: string;
  readonly body?: Uint8Array | 'silence' | 'cut';
}

export interface HttpsListener extends DnsListener {
  /** Method, path and version of each request. */
  readonly requests: string[];
  /** Closes all connections, as servers may at any time. */
  closeConnections(): void;
}

/** Asked by HTTPS, over HTTP/2 or else HTTP/1.1. `on` of a query is which request it is. */
export async function httpsDns(
  t: Scope,
  certified: Certified,
  version: 1 | 2,
  answer: (query: Buffer, on: number) => HttpReply,
): Promise<HttpsListener> {
  const queries: Buffer[] = [];
  const requests: string[] = [];
  const sockets = new Set<{ destroy(): void }>();
  const listener = {
    ...{ port: 0, queries, requests, connections: 0 },
    closeConnections: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
  type Handler = Parameters<Http2SecureServer['on']>[1];
  const handle: Handler = async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const query = Buffer.concat(chunks);
    queries.push(query);
    requests.push(`${request.method} ${request.url} ${request.httpVersion}`);
    const { status = 200, type = 'application/dns-message', body } = answer(query, queries.length);
    if (body === 'silence') return;
    response.writeHead(status, { 'content-type': type });
    if (body === 'cut') {
      response.write('x');
      listener.closeConnections();
    } else response.end(body);
  };
  const server =
    version === 2 ? createSecureServer({ ...certified }) : createHttpsServer({ ...certified });
  server.on('request', handle);
  listener.port = await open(t, server, 'secureConnection');
  server.on('secureConnection', (socket) => {
    listener.connections++;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return listener;
}

/** Listens at 127.0.0.1, and ends with the test. @returns its port. */
async function open(t: Scope, server: Server, connected: string): Promise<number> {
  const sockets = new Set<Socket>();
  server.on(connected, (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => {});
  server.on('sessionError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}
