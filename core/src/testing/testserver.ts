import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { ServerOptions } from '../config/settings.js';
import type { ServerEvent } from '../log/events.js';
import { parseIP } from '../protocol/ip.js';
import { createServer, type Server } from '../server/server.js';
import { confirmEnd } from '../transport/eof.js';

/** How long is waited for an answer or an event, unless it is said, ms. */
const TIME = 5000;

/** How a client of {@link TestServer.connect} comes. */
export interface ConnectOptions {
  /** Name and password (RFC 1929); without them it comes as an anonymous client. */
  readonly user?: string;
  readonly password?: string;
  /** The address that it comes from, such as 127.0.0.2: the system's choice if left out. */
  readonly from?: string;
  /** Whether it may go on sending when the other side has finished: it has to finish by itself. */
  readonly allowHalfOpen?: boolean;
  /** How long it waits for the answer, ms. */
  readonly timeout?: number;
}

/** What a server has answered. */
export interface Connected {
  /**
   * The reply of RFC 1928: 0 for success, 2 not allowed, 4 host unreachable, 5 refused; `login` if
   * name and password were not right, `method` if the server wants another way to log in.
   */
  readonly reply: number | 'login' | 'method';
  /** The connection, whose data is the destination's after success; it ends with the server. */
  readonly socket: Socket;
}

/** Events of a type, be it one of several that look alike. */
type EventOf<T, E = ServerEvent> = E extends { readonly type: infer U }
  ? T extends U
    ? E
    : never
  : never;

/** A server on a free port of 127.0.0.1, as tests of an extension need it. */
export class TestServer {
  readonly server: Server;
  readonly port: number;
  /** All that it has told, in order. */
  readonly events: ServerEvent[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #waiting = new Set<() => void>();

  /** @param port where it listens. */
  private constructor(server: Server, port: number) {
    this.server = server;
    this.port = port;
  }

  /**
   * Starts one.
   *
   * @param options those of a server, such as `extensions` and `settings`.
   * @throws {UserError} as `server.listen()` does.
   */
  static async start(options: ServerOptions = {}): Promise<TestServer> {
    const server = createServer({ listen: ['127.0.0.1:0'], ...options });
    const early: ServerEvent[] = [];
    let told = (event: ServerEvent): unknown => early.push(event);
    server.onEvent((event) => told(event));
    try {
      const [address] = await server.listen();
      const started = new TestServer(server, address?.port ?? 0);
      told = (event) => started.#take(event);
      for (const event of early) started.#take(event);
      return started;
    } catch (error) {
      await server.close();
      throw error;
    }
  }

  #take(event: ServerEvent): void {
    this.events.push(event);
    for (const look of this.#waiting) look();
  }

  /**
   * The first event of a kind, that was or that comes.
   *
   * @param isMeant which one it has to be.
   * @param timeout how long is waited, ms.
   * @throws {Error} if there is none in that time: with all that there was.
   */
  event<T extends ServerEvent['type']>(
    type: T,
    isMeant: (event: EventOf<T>) => boolean = () => true,
    timeout = TIME,
  ): Promise<EventOf<T>> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        settle();
      };
      const look = () => {
        const found = this.events.find(
          (event): event is EventOf<T> => event.type === type && isMeant(event as EventOf<T>),
        );
        if (found !== undefined) end(() => resolve(found));
      };
      const timer = setTimeout(() => {
        const all = this.events.map((event) => JSON.stringify(event)).join('\n');
        end(() =>
          reject(new Error(`no event "${type}" within ${timeout} ms; there were:\n${all}`)),
        );
      }, timeout);
      this.#waiting.add(look);
      look();
    });
  }

  /**
   * Asks for a connection to a destination by SOCKS 5 (RFC 1928).
   *
   * @param host a name, which the server resolves, or an IP address.
   * @throws {Error} if the server ends the connection without an answer, or does not answer in time.
   */
  async connect(host: string, port: number, options: ConnectOptions = {}): Promise<Connected> {
    const { user, password = '', timeout = TIME, from, allowHalfOpen = false } = options;
    const place = { port: this.port, host: '127.0.0.1', noDelay: true, allowHalfOpen };
    const socket = connect(from === undefined ? place : { ...place, localAddress: from });
    this.#sockets.add(socket);
    socket.once('connect', () => confirmEnd(socket));
    socket.once('close', () => this.#sockets.delete(socket));
    // What goes wrong with it is told to who reads.
    socket.on('error', () => {});
    const timer = setTimeout(() => socket.destroy(), timeout);
    try {
      await once(socket, 'connect');
      const method = user === undefined ? 0 : 2;
      socket.write(Uint8Array.of(5, 1, method));
      if ((await read(socket, 2))[1] !== method) return { reply: 'method', socket };
      if (user !== undefined) {
        socket.write(Buffer.concat([Uint8Array.of(1), field(user), field(password)]));
        if ((await read(socket, 2))[1] !== 0) return { reply: 'login', socket };
      }
      socket.write(Buffer.concat([Uint8Array.of(5, 1, 0), destination(host, port)]));
      const [, reply = 1, , type] = await read(socket, 4);
      await read(socket, (type === 4 ? 16 : 4) + 2);
      return { reply, socket };
    } finally {
      clearTimeout(timer);
    }
  }

  /** Stops it and ends its connections; what they transfer is cut. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await this.server.close();
  }
}

/** Starts a server, with an extension or several: `startServer({ extensions: [folder] })`. */
export function startServer(options: ServerOptions = {}): Promise<TestServer> {
  return TestServer.start(options);
}

/** @throws {Error} if the connection ends before. */
async function read(socket: Socket, size: number): Promise<Buffer> {
  for (;;) {
    const octets: Buffer | null = socket.read(size);
    if (octets?.length === size) return octets;
    if (socket.destroyed || socket.readableEnded || octets !== null) {
      throw new Error('the server has ended the connection, or has not answered in time');
    }
    await new Promise<void>((resolve) => {
      const wake = () => {
        for (const name of ['readable', 'end', 'close']) socket.off(name, wake);
        resolve();
      };
      for (const name of ['readable', 'end', 'close']) socket.on(name, wake);
    });
  }
}

/** A text of at most 255 octets, behind its length. */
function field(text: string): Buffer {
  const octets = Buffer.from(text);
  if (octets.length > 255) throw new RangeError(`expected at most 255 octets: "${text}"`);
  return Buffer.concat([Uint8Array.of(octets.length), octets]);
}

function destination(host: string, port: number): Buffer {
  const ip = parseIP(host);
  const address =
    ip === undefined
      ? Buffer.concat([Uint8Array.of(3), field(host)])
      : Buffer.concat([Uint8Array.of(ip.length === 4 ? 1 : 4), ip]);
  return Buffer.concat([address, Uint8Array.of(port >> 8, port & 255)]);
}
