import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect as connectSocket, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { Cancellation } from '#core/base/cancellation.js';
import { acceptFrom, acceptOptions } from '#core/transport/accept.js';
import { tcp } from '#core/transport/handles.js';
import { SocketTransport } from '#core/transport/sockettransport.js';
import { acceptTls } from '#core/transport/tls.js';
import { TICKET_KEYS, TlsCredentials } from '#core/transport/tlscredentials.js';
import type { Transport, TransportReader } from '#core/transport/transport.js';
import { authority, certificate } from './certificates.js';
import { Client } from './sockets.js';

/** A way to have a transport, and why it cannot be had here. */
export interface Maker {
  readonly name: 'handle' | 'socket' | 'handle with TLS' | 'stream with TLS';
  readonly skip?: string;
}

const unlessHandles =
  tcp === undefined ? { skip: 'TCP handles are switched off, or not as known' } : {};

/** The ways to have a TCP connection as a transport. */
export const makers: readonly Maker[] = [{ name: 'handle', ...unlessHandles }, { name: 'socket' }];

/** The ways to have TLS on one. */
export const tlsMakers: readonly Maker[] = [
  { name: 'handle with TLS', ...unlessHandles },
  { name: 'stream with TLS' },
];

const ca = authority();
const { cert, key } = certificate({ names: ['localhost'], by: ca });
const pem = (text: string) => ({ name: 'test', octets: Buffer.from(text) });
const credentials = new TlsCredentials(
  { certificate: pem(cert), key: pem(key) },
  randomBytes(TICKET_KEYS),
);

/** A connection: a transport at this end, a client at the other, over TLS if the transport is. */
export async function transportPair(
  t: TestContext,
  maker: Maker['name'],
): Promise<{ transport: Transport; far: Client }> {
  const overTls = maker === 'handle with TLS' || maker === 'stream with TLS';
  const { transport: below, tcp } = await connection(t, maker.startsWith('handle'));
  if (!overTls) return { transport: below, far: Client.of(tcp) };
  const socket = connectTls({ socket: tcp, servername: 'localhost', ca: ca.cert });
  const [{ transport }] = await Promise.all([
    acceptTls(below, credentials, new Cancellation()),
    once(socket, 'secureConnect'),
  ]);
  t.after(() => {
    transport.abort();
    socket.destroy();
  });
  // A reset is one of TCP.
  socket.resetAndDestroy = () => {
    tcp.resetAndDestroy();
    return socket;
  };
  const far = Client.of(socket);
  tcp.on('error', (error) => {
    far.error = error;
  });
  return { transport, far };
}

/** @param onHandle whether the transport is on a handle, not on a socket. */
async function connection(
  t: TestContext,
  onHandle: boolean,
): Promise<{ transport: Transport; tcp: Socket }> {
  const server = createServer(acceptOptions);
  const accepted = new Promise<Transport>((resolve) => {
    if (onHandle) server.on('listening', () => acceptFrom(server, resolve));
    else server.on('connection', (socket: Socket) => resolve(new SocketTransport(socket)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const tcp = connectSocket({ port, host: '127.0.0.1', allowHalfOpen: true });
  const [transport] = await Promise.all([accepted, once(tcp, 'connect')]);
  server.close();
  t.after(() => {
    transport.abort();
    tcp.destroy();
  });
  return { transport, tcp };
}

/** Reads a transport, and tells what it was told. */
export class Recorder implements TransportReader {
  readonly transport: Transport;
  /** What was told so far, bytes left out: `end`, `drain`, `close CODE`. */
  readonly told: string[] = [];
  bytes = Buffer.alloc(0);
  /** Asked after each read: whether reading goes on. */
  more = (): boolean => true;
  readonly #waiting = new Set<() => void>();

  /** Takes a transport over, and reads it. */
  constructor(transport: Transport) {
    this.transport = transport;
    transport.readTo(this);
  }

  onData(chunk: Uint8Array): boolean {
    this.bytes = Buffer.concat([this.bytes, chunk]);
    this.#wake();
    return this.more();
  }

  onEnd(): void {
    this.#tell('end');
  }

  onDrain(): void {
    this.#tell('drain');
  }

  onClose(code: string | undefined): void {
    this.#tell(`close ${code ?? 'here'}`);
  }

  /** Waits until something has been told. */
  async until(what: RegExp): Promise<string> {
    await this.when(() => this.told.some((one) => what.test(one)));
    return this.told.find((one) => what.test(one)) as string;
  }

  /** Waits until so many bytes have come. */
  async read(count: number): Promise<Buffer> {
    await this.when(() => this.bytes.length >= count);
    return this.bytes;
  }

  async when(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve);
      });
    }
  }

  #tell(what: string): void {
    this.told.push(what);
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}
