import { randomInt } from 'node:crypto';
import type { Socket } from 'node:net';
import type { CancellationToken } from '../../base/cancellation.js';
import {
  type DnsAnswer,
  type DnsQuery,
  encodeQuery,
  MAX_MESSAGE,
  readAnswer,
} from '../../protocol/dns.js';
import { failure } from '../nameentry.js';
import type { DnsQuestion, DnsTransport } from './dnsresolver.js';

/** How long a query waits for its answer, the connection for it included, ms. */
const ANSWER_TIME = 5000;
/** How long a connection on which nothing is asked is kept, ms. */
const IDLE_TIME = 10_000;
/** How many queries may wait on one connection. */
const MAX_WAITING = 1024;
/** How many messages in a row may answer nothing that is asked: late answers are some. */
const MAX_STRAY = 256;
/** On how many connections one after the other a query is asked. */
const MAX_CONNECTIONS = 3;
/** What a message's length takes in front of it (RFC 1035 section 4.2.2), octets. */
const LENGTH = 2;

/** The connection has ended: whoever had asked on it may ask on another. */
class ConnectionEnded extends Error {
  override readonly name = 'ConnectionEnded';
}

interface Waiting {
  readonly query: DnsQuery;
  take(answer: DnsAnswer): void;
  fail(error: unknown): void;
}

/** A connection to a server, on which any number of queries wait for their answers (RFC 7766). */
class Connection {
  readonly #waiting = new Map<number, Waiting>();
  readonly #socket: Socket;
  /** The message that is being received, behind its length. */
  readonly #received = Buffer.alloc(LENGTH + MAX_MESSAGE);
  #filled = 0;
  #strays = 0;
  #idle: NodeJS.Timeout | undefined;
  #ended: unknown;
  /** Whether something has been received on it: then it has worked. */
  worked = false;

  /** @param socket connected, and if it is over TLS, with a server that is who it says. */
  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', (error) => this.end(error));
    const closed = () => this.end(new ConnectionEnded('the server closed the connection'));
    socket.on('close', closed);
    if (socket.destroyed) closed();
    this.#rest();
  }

  get ended(): boolean {
    return this.#ended !== undefined;
  }

  ask({ name, type }: DnsQuestion, cancellation: CancellationToken): Promise<DnsAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined || this.#waiting.size >= MAX_WAITING) {
        reject(this.#ended ?? new Error('too many queries wait'));
        return;
      }
      const query = encodeQuery(this.#newId(), name, type);
      const finish = () => {
        this.#waiting.delete(query.id);
        clearTimeout(timer);
        cancellation.off(cancel);
        if (this.#waiting.size === 0) this.#rest();
      };
      const fail = (error: unknown) => {
        finish();
        reject(error);
      };
      const cancel = () => fail(failure('ECANCELED'));
      const received = this.#socket.bytesRead;
      const timer = setTimeout(() => {
        fail(new Error(`no answer in ${ANSWER_TIME / 1000} s`));
        // The way to the server may be gone without a word.
        if (this.#socket.bytesRead === received)
          this.end(new ConnectionEnded('it does not answer'));
      }, ANSWER_TIME);
      const take = (answer: DnsAnswer) => {
        finish();
        resolve(answer);
      };
      this.#waiting.set(query.id, { query, take, fail });
      cancellation.on(cancel);
      this.#wake();
      const message = Buffer.alloc(LENGTH + query.message.length);
      message.writeUInt16BE(query.message.length);
      message.set(query.message, LENGTH);
      this.#socket.write(message);
    });
  }

  /** Closes it: all that waits fails. */
  end(error: unknown): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    clearTimeout(this.#idle);
    this.#socket.destroy();
    for (const { fail } of [...this.#waiting.values()]) fail(error);
  }

  #newId(): number {
    for (;;) {
      const id = randomInt(0x1_0000);
      if (!this.#waiting.has(id)) return id;
    }
  }

  /** Nothing is asked: it is kept for a while, but keeps no process alive. */
  #rest(): void {
    if (this.ended) return;
    clearTimeout(this.#idle);
    this.#socket.unref();
    const close = () => this.end(new ConnectionEnded('nothing was asked for long'));
    this.#idle = setTimeout(close, IDLE_TIME).unref();
  }

  #wake(): void {
    clearTimeout(this.#idle);
    this.#socket.ref();
  }

  #take(chunk: Buffer): void {
    const buffer = this.#received;
    for (let at = 0; at < chunk.length && !this.ended; ) {
      const size = LENGTH + (this.#filled < LENGTH ? 0 : buffer.readUInt16BE());
      const count = Math.min(size - this.#filled, chunk.length - at);
      chunk.copy(buffer, this.#filled, at, at + count);
      this.#filled += count;
      at += count;
      if (this.#filled < LENGTH || this.#filled < LENGTH + buffer.readUInt16BE()) continue;
      const end = this.#filled;
      this.#filled = 0;
      this.#read(buffer.subarray(LENGTH, end));
    }
  }

  #read(message: Buffer): void {
    const waiting = message.length < LENGTH ? undefined : this.#waiting.get(message.readUInt16BE());
    try {
      const answer = waiting && readAnswer(message, waiting.query);
      if (waiting !== undefined && answer !== undefined) {
        this.#strays = 0;
        this.worked = true;
        waiting.take(answer);
      } else if (++this.#strays >= MAX_STRAY) {
        this.end(new Error('the server answers what nobody has asked'));
      }
    } catch (error) {
      waiting?.fail(error);
    }
  }
}

/** Asks over a connection that is kept as long as there is something to ask, over TLS or not. */
export class StreamTransport implements DnsTransport {
  readonly #connect: (time: number) => Promise<Socket>;
  #connection: Connection | undefined;
  #connecting: Promise<Connection> | undefined;
  #disposed = false;

  /** @param connect connects to the server; it takes no longer than `time`, ms. */
  constructor(connect: (time: number) => Promise<Socket>) {
    this.#connect = connect;
  }

  async ask(question: DnsQuestion, cancellation: CancellationToken): Promise<DnsAnswer> {
    for (let i = 1; ; i++) {
      const connection = await this.#open();
      if (cancellation.cancelled) throw failure('ECANCELED');
      try {
        return await connection.ask(question, cancellation);
      } catch (error) {
        // Servers close connections when they like, also at the moment of a query.
        const again = error instanceof ConnectionEnded && connection.worked && i < MAX_CONNECTIONS;
        if (!again || cancellation.cancelled) throw error;
      }
    }
  }

  dispose(): void {
    this.#disposed = true;
    this.#connection?.end(new Error('the resolver is closed'));
  }

  async #open(): Promise<Connection> {
    if (this.#disposed) throw new Error('the resolver is closed');
    if (this.#connection?.ended === false) return this.#connection;
    this.#connecting ??= this.#openAnother();
    return this.#connecting;
  }

  async #openAnother(): Promise<Connection> {
    try {
      this.#connection = new Connection(await this.#connect(ANSWER_TIME));
      if (this.#disposed) this.dispose();
      return this.#connection;
    } finally {
      this.#connecting = undefined;
    }
  }
}
