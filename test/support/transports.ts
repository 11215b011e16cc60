import { once } from 'node:events';
import { type AddressInfo, connect as connectSocket, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { acceptFrom, acceptOptions } from '#core/transport/accept.js';
import { tcp } from '#core/transport/handles.js';
import { SocketTransport } from '#core/transport/sockettransport.js';
import type { Transport, TransportReader } from '#core/transport/transport.js';
import { Client } from './sockets.js';

/** The two ways to have a TCP connection as a transport; of the first, why it is not here. */
export const makers: readonly { readonly name: 'handle' | 'socket'; readonly skip?: string }[] = [
  {
    name: 'handle',
    ...(tcp === undefined ? { skip: 'TCP handles are switched off, or not as known' } : {}),
  },
  { name: 'socket' },
];

/** A connection: a transport at this end, a plain client at the other. */
export async function transportPair(
  t: TestContext,
  maker: 'handle' | 'socket',
): Promise<{ transport: Transport; far: Client }> {
  const server = createServer(acceptOptions);
  const accepted = new Promise<Transport>((resolve) => {
    if (maker === 'socket') {
      server.on('connection', (socket: Socket) => resolve(new SocketTransport(socket)));
    } else {
      server.on('listening', () => acceptFrom(server, resolve));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = connectSocket({ port, host: '127.0.0.1', allowHalfOpen: true });
  const far = Client.of(socket);
  const [transport] = await Promise.all([accepted, once(socket, 'connect')]);
  server.close();
  t.after(() => {
    transport.abort();
    socket.destroy();
  });
  return { transport, far };
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
