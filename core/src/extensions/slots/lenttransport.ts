import type { Duplex } from 'node:stream';
import type { Address } from '../../protocol/address.js';
import { nowhere, type Transport, type TransportReader } from '../../transport/transport.js';
import { TransportStream } from '../../transport/transportstream.js';
import { octets } from '../views.js';
import type { Owner } from './owner.js';

/**
 * A client's connection as an extension is given it. Its code reads copies and in its own name: what
 * it throws while it reads ends this connection alone. Once it is taken back, nothing that the
 * extension still has of it leads to the client.
 */
export class LentTransport implements Transport {
  readonly remote: Address;
  readonly #inner: Transport;
  readonly #owner: Owner;
  readonly #onGone: () => void;
  #stream: TransportStream | undefined;
  #isLent = true;

  /** @param onGone called when it is closed while the extension has it. */
  constructor(inner: Transport, owner: Owner, onGone: () => void) {
    this.#inner = inner;
    this.#owner = owner;
    this.#onGone = onGone;
    this.remote = Object.freeze({ ...inner.remote });
  }

  /** The same as a stream of Node's, from the first time on its reader. */
  stream(): Duplex {
    if (this.#stream === undefined) {
      this.#stream = new TransportStream(this);
      // What cannot be written any more ends it; nobody has to listen for that.
      this.#stream.on('error', () => {});
    }
    return this.#stream;
  }

  /** Takes it back: the extension has no connection any more. */
  takeBack(): void {
    this.#isLent = false;
  }

  get local(): Address {
    return this.#isLent ? { ...this.#inner.local } : nowhere;
  }

  get ended(): boolean {
    return !this.#isLent || this.#inner.ended;
  }

  get closed(): boolean {
    return !this.#isLent || this.#inner.closed;
  }

  get unwritten(): number {
    return this.#isLent ? this.#inner.unwritten : 0;
  }

  readTo(reader: TransportReader): void {
    const run = <T>(code: () => T, otherwise: T): T => {
      if (!this.#isLent) return otherwise;
      try {
        return this.#owner.runEvenIfOff(code);
      } catch (error) {
        this.#owner.failed('reading what a client sent', error);
        this.abort();
        return otherwise;
      }
    };
    this.#do(() =>
      this.#inner.readTo({
        get most() {
          return reader.most;
        },
        onData: (chunk) => run(() => reader.onData(octets(chunk), true), false),
        onEnd: () => run(() => reader.onEnd(), undefined),
        onDrain: () => run(() => reader.onDrain(), undefined),
        onClose: (code) => {
          run(() => reader.onClose(code), undefined);
          this.#onGone();
        },
      }),
    );
  }

  pause(): void {
    this.#do(() => this.#inner.pause());
  }

  resume(): void {
    this.#do(() => this.#inner.resume());
  }

  putBack(bytes: Uint8Array): void {
    const copy = octets(bytes);
    this.#do(() => this.#inner.putBack(copy));
  }

  write(bytes: Uint8Array): boolean {
    if (!(bytes instanceof Uint8Array)) throw new TypeError('expected octets to write');
    return this.#isLent ? this.#owner.outside(() => this.#inner.write(bytes)) : true;
  }

  end(): void {
    this.#do(() => this.#inner.end());
  }

  close(): void {
    this.#do(() => this.#inner.close());
  }

  abort(): void {
    this.#do(() => this.#inner.abort());
  }

  keepAlive(delay: number): void {
    this.#do(() => this.#inner.keepAlive(delay));
  }

  rest(): void {
    this.#do(() => this.#inner.rest());
  }

  #do(action: () => void): void {
    if (this.#isLent) this.#owner.outside(action);
  }
}
