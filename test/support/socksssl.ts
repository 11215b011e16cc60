import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { TestContext } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { bytes, Client, port16 } from './sockets.js';

/** The client's side of the frames of draft-ietf-aft-socks-ssl-00, over a socket. */
class Frames extends Duplex {
  state = 1;
  /** The STATE of all frames that have come. */
  readonly states: number[] = [];
  readonly #socket: Socket;
  #begun = Buffer.alloc(0);

  constructor(socket: Socket) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#begun = Buffer.concat([this.#begun, chunk]);
      while (this.#begun.length >= 4) {
        const end = 4 + this.#begun.readUInt16BE(2);
        if (this.#begun.length < end) break;
        this.states.push(this.#begun[1] ?? 0);
        if (end > 4) this.push(this.#begun.subarray(4, end));
        this.#begun = this.#begun.subarray(end);
      }
    });
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
  }

  override _read(): void {}

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    let frame: Buffer = Buffer.alloc(0);
    for (let i = 0; i < chunk.length; i += 65535) {
      const data = chunk.subarray(i, i + 65535);
      frame = bytes(frame, 1, this.state, port16(data.length), data);
    }
    this.#socket.write(frame, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(done);
  }
}

/** A client of SOCKS over SSL. */
export class SocksSslClient {
  /** The connection itself. */
  readonly raw: Socket;
  /** Settled once it is closed: the code of its failure, if it has failed. */
  readonly closed: Promise<string | undefined>;
  readonly frames: Frames;
  readonly tls: TLSSocket;
  #inside: Client | undefined;

  private constructor(raw: Socket, options: ConnectionOptions) {
    this.raw = raw;
    this.closed = new Promise((resolve) => {
      let code: string | undefined;
      raw.on('error', (error: NodeJS.ErrnoException) => {
        code = error.code;
      });
      raw.once('close', () => resolve(code));
    });
    this.frames = new Frames(raw);
    this.tls = connect({ ...options, socket: this.frames, servername: 'localhost' });
  }

  /** What is said inside, once it is asked for. */
  get inside(): Client {
    this.#inside ??= Client.of(this.tls as unknown as Socket);
    return this.#inside;
  }

  /**
   * Greets, and begins TLS.
   *
   * @param method METHOD that it offers.
   */
  static async begin(
    t: TestContext,
    port: number,
    method: number,
    options: ConnectionOptions,
  ): Promise<SocksSslClient> {
    const raw = connectTcp({ port, host: '127.0.0.1', allowHalfOpen: true });
    t.after(() => raw.destroy());
    raw.write(bytes(5, 1, method));
    const [answer] = await once(raw, 'data');
    if (answer[1] !== method) throw new Error(`the server chose ${answer[1]}`);
    return new SocksSslClient(raw, options);
  }

  /** As {@link begin}, and waits for TLS. */
  static async connect(
    t: TestContext,
    port: number,
    method: number,
    options: ConnectionOptions,
  ): Promise<SocksSslClient> {
    const client = await SocksSslClient.begin(t, port, method, options);
    await once(client.tls, 'secureConnect');
    client.frames.state = 3;
    return client;
  }
}
