import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expected, type Part } from './plan.js';
import type { Random } from './random.js';

/** Longest pause of a writer or a slow reader, ms. */
const PAUSE = 40;

/** One end of a connection: sends its part, and compares what comes with the other's. */
export class Peer {
  received = 0;
  sent = 0;
  /** Whether it has reset the connection. */
  reset = false;
  error: Error | undefined;
  readonly closed: Promise<unknown>;
  readonly #socket: Socket;
  readonly #own: Part;
  readonly #other: Part;
  readonly #random: Random;
  /** What a reset is made of. */
  readonly #tcp: Socket;
  readonly #ended: Promise<unknown>;
  #hasEnded = false;

  /**
   * @param socket half-open allowed, nothing of the data read yet.
   * @param tcp the connection below, if it is another.
   */
  constructor(socket: Socket, own: Part, other: Part, random: Random, tcp = socket) {
    this.#socket = socket;
    this.#tcp = tcp;
    this.#own = own;
    this.#other = other;
    this.#random = random;
    socket.on('error', (error) => {
      this.error ??= error;
    });
    this.closed = new Promise((resolve) => socket.once('close', resolve));
    const ended = new Promise((resolve) => {
      socket.once('end', () => {
        this.#hasEnded = true;
        resolve(undefined);
      });
    });
    this.#ended = Promise.race([ended, this.closed]);
    socket.on('data', (chunk: Buffer) => this.#check(chunk));
    socket.resume();
    this.#resetIfDue();
    this.#send().catch((error: Error) => {
      this.error ??= error;
    });
  }

  /** What went wrong, of a connection that nobody reset. */
  fault(): string | undefined {
    if (this.error !== undefined) return this.error.message;
    if (!this.#hasEnded) return `closed without an end after ${this.received} bytes`;
    if (this.received !== this.#other.size) return `${this.received} of ${this.#other.size} bytes`;
    if (this.sent !== this.#own.size) return `sent ${this.sent} of ${this.#own.size} bytes`;
    return undefined;
  }

  #check(chunk: Buffer): void {
    for (let done = 0; done < chunk.length; ) {
      const want = expected(this.#other, this.received, chunk.length - done);
      if (!want.equals(chunk.subarray(done, done + want.length))) {
        this.error = new OtherData(`other data near byte ${this.received}`);
        this.#socket.destroy();
        return;
      }
      this.received += want.length;
      done += want.length;
    }
    if (this.received > this.#other.size) this.error = new OtherData('more data than was sent');
    this.#resetIfDue();
    if (this.#own.slow && this.#random.chance(0.1)) this.#rest();
  }

  async #rest(): Promise<void> {
    this.#socket.pause();
    await sleep(this.#random.below(PAUSE));
    this.#socket.resume();
  }

  async #send(): Promise<void> {
    if (this.#own.waits) await this.#ended;
    const { size, chunk, pauses } = this.#own;
    while (this.sent < size && !this.#socket.destroyed) {
      const length = Math.min(1 + this.#random.below(chunk), size - this.sent);
      const bytes = expected(this.#own, this.sent, length);
      this.sent += bytes.length;
      const more = this.#socket.write(bytes);
      this.#resetIfDue();
      if (!more && !this.#socket.destroyed) {
        await Promise.race([new Promise((go) => this.#socket.once('drain', go)), this.closed]);
      } else if (this.#random.chance(pauses)) await sleep(this.#random.below(PAUSE));
    }
    this.#socket.end();
  }

  #resetIfDue(): void {
    const { resetAfter } = this.#own;
    if (resetAfter === undefined || this.sent + this.received < resetAfter) return;
    if (this.reset || this.#socket.destroyed) return;
    this.reset = true;
    // Node cannot reset what has been shut down, and resets only once all is written.
    if (this.#socket.writableEnded || this.#socket.writableLength > 0) this.#socket.destroy();
    else this.#tcp.resetAndDestroy();
  }
}

/** What came is not what was sent: wrong even where a connection is reset. */
export class OtherData extends Error {}
