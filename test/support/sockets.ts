import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { codeOf } from '#core/base/errors.js';
import { confirmEnd } from '#core/transport/eof.js';
import { listenAtEach } from './addresses.js';
import type { Scope } from './scope.js';
import { wine } from './wine.js';

/**
 * A TCP server on loopback that ends with the test.
 *
 * @param host an address, or a name: then at each of its addresses.
 * @returns its port.
 */
export async function serve(
  t: TestContext,
  onConnection: (socket: Socket) => void,
  host = '127.0.0.1',
): Promise<number> {
  const sockets = new Set<Socket>();
  const accept = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
    onConnection(socket);
  };
  const servers = await listenAtEach(host, async (address, port) => {
    const server: Server = createServer({ allowHalfOpen: true }, accept).listen(port, address);
    await once(server, 'listening');
    return server;
  });
  t.after(() => {
    for (const server of servers) server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (servers[0].address() as AddressInfo).port;
}

/** Ports from which no system takes those of outgoing connections, nor of `listen(0)`. */
const OWN_PORTS = { first: 20_000, count: 12_000 };

/** A TCP port of 127.0.0.1 that was free a moment ago, and that no connection takes by chance. */
export async function freePort(t: Scope): Promise<number> {
  for (;;) {
    const port = OWN_PORTS.first + Math.floor(Math.random() * OWN_PORTS.count);
    const server = createServer();
    t.after(() => server.close());
    try {
      await once(server.listen(port, '127.0.0.1'), 'listening');
    } catch (error) {
      if (codeOf(error) === 'EADDRINUSE' || codeOf(error) === 'EACCES') continue;
      throw error;
    }
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

/** Waits until a program listens at a port of 127.0.0.1; at most a minute. */
export async function listening(port: number): Promise<void> {
  for (let i = 0; i < 1200; i++) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch {
      await setTimeout(50);
    } finally {
      socket.destroy();
    }
  }
  throw new Error(`nothing listens at port ${port}`);
}

/** A server that sends back what it gets, and ends when its client does. @returns its port. */
export function echoServer(t: TestContext, host = '127.0.0.1'): Promise<number> {
  return serve(t, (socket) => socket.pipe(socket), host);
}

/** A server that a test speaks for. @returns its port, and its first client. */
export async function peerServer(
  t: TestContext,
  host?: string,
): Promise<{ port: number; peer: Promise<Client> }> {
  let accept: (client: Client) => void;
  const peer = new Promise<Client>((resolve) => {
    accept = resolve;
  });
  const port = await serve(t, (socket) => accept(Client.of(socket)), host);
  return { port, peer };
}

/** A client that speaks in bytes: it sends what a test says and reads exactly as many as asked. */
export class Client {
  readonly socket: Socket;
  /** What has come and was not read yet. */
  #chunks: Buffer[] = [];
  #length = 0;
  #ended = false;
  /** The error that closed it, such as ECONNRESET. */
  error: NodeJS.ErrnoException | undefined;
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    // A reset behind data must not look like an end, nor data behind an end be lost.
    if (socket.connecting) socket.once('connect', () => confirmEnd(socket));
    else confirmEnd(socket);
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#length += chunk.length;
      this.#wake?.();
    });
    const end = () => {
      this.#ended = true;
      this.#wake?.();
    };
    socket.on('error', (error) => {
      this.error = error;
    });
    socket.once('end', end);
    socket.once('close', end);
  }

  /** Speaks for a socket that is connected. */
  static of(socket: Socket): Client {
    return new Client(socket);
  }

  /** @param from the local address; undefined: the system's choice. */
  static async connect(
    t: TestContext,
    port: number,
    host = '127.0.0.1',
    from?: string,
  ): Promise<Client> {
    const local = from === undefined ? {} : { localAddress: from };
    const socket = connect({ port, host, ...local, allowHalfOpen: true });
    t.after(() => socket.destroy());
    const client = new Client(socket);
    await once(socket, 'connect');
    return client;
  }

  /** Connects to a UNIX socket. */
  static async connectPath(t: TestContext, path: string): Promise<Client> {
    const socket = connect({ path, allowHalfOpen: true });
    t.after(() => socket.destroy());
    const client = new Client(socket);
    await once(socket, 'connect');
    return client;
  }

  /** Sends octets: numbers, or text as ASCII. */
  send(...octets: (number | string | Uint8Array)[]): this {
    this.socket.write(bytes(...octets));
    return this;
  }

  /** Reads a number of bytes; rejects if the connection ends before. */
  async read(count: number): Promise<Buffer> {
    while (this.#length < count) {
      if (this.#ended) {
        const got = this.#take().toString('hex');
        throw new Error(`ended after ${got.length / 2} of ${count} bytes: ${got}`);
      }
      await this.#next();
    }
    const all = this.#take();
    const rest = all.subarray(count);
    this.#chunks = [rest];
    this.#length = rest.length;
    return all.subarray(0, count);
  }

  /** Reads to the end of the stream. */
  async readAll(): Promise<Buffer> {
    while (!this.#ended) await this.#next();
    return this.#take();
  }

  #take(): Buffer {
    const [first] = this.#chunks;
    const isOne = first !== undefined && this.#chunks.length === 1;
    const all = isOne ? first : Buffer.concat(this.#chunks, this.#length);
    this.#chunks = [];
    this.#length = 0;
    return all;
  }

  /** Resets the connection; not before the other side reads again, see {@link wine}. */
  async reset(): Promise<void> {
    await setImmediate();
    this.socket.resetAndDestroy();
  }

  /** Waits until the connection is closed, in peace or by an error. */
  closed(): Promise<void> {
    const { socket } = this;
    return new Promise((resolve) => {
      if (socket.closed) resolve();
      else socket.once('close', () => resolve());
      if (wine('reset') === undefined) return;
      // Of a reset there may be an end alone.
      if (socket.readableEnded) socket.destroy();
      else socket.once('end', () => socket.destroy());
    });
  }

  #next(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** Both ends of a connection on loopback: a plain socket, and a client that speaks in bytes. */
export async function connection(t: TestContext): Promise<{ near: Socket; far: Client }> {
  const server = new EventEmitter();
  const port = await serve(t, (socket) => server.emit('accepted', socket.pause()));
  const [[near], far] = await Promise.all([once(server, 'accepted'), Client.connect(t, port)]);
  return { near, far };
}

/** Asserts that a client is reset as soon as it has connected, without a byte. */
export async function assertTurnedAway(
  t: TestContext,
  port: number,
  from?: string,
  host = '127.0.0.1',
): Promise<void> {
  const local = from === undefined ? {} : { localAddress: from };
  const socket = connect({ port, host, ...local });
  t.after(() => socket.destroy());
  await assertReset(socket);
  assert.equal(socket.bytesRead, 0);
}

/** Asserts that a socket is reset, by one who has not read from it. */
export async function assertReset(socket: Socket): Promise<void> {
  socket.resume();
  const ending = once(socket, 'end');
  if (wine('reset') === undefined) await assert.rejects(ending, { code: 'ECONNRESET' });
  // It may be either there.
  else await ending.catch((error: unknown) => assert.equal(codeOf(error), 'ECONNRESET'));
}

/** Octets of numbers, text (as ASCII) and bytes. */
export function bytes(...parts: (number | string | Uint8Array)[]): Buffer {
  return Buffer.concat(
    parts.map((part) =>
      typeof part === 'number' ? Buffer.of(part) : Buffer.from(part as Uint8Array),
    ),
  );
}

/** Two octets in network order. */
export function port16(port: number): Buffer {
  return Buffer.of(port >> 8, port & 0xff);
}
