import type { Duplex } from 'node:stream';
import type { Address } from '../../protocol/address.js';
import { toTransport } from '../../transport/sockettransport.js';
import { nowhere, type Transport, type TransportReader } from '../../transport/transport.js';
import type { Owner } from './owner.js';

/** The code that a connection fails with whose extension does. */
const FAILED = 'EIO';

/** A connection that an extension has made, as the server takes it. @throws if it is none. */
export function guardTransport(given: unknown, owner: Owner): GuardedTransport {
  if (typeof given !== 'object' || given === null) {
    throw new Error(`it gave a ${typeof given}, not a connection`);
  }
  const connection = given as Transport | Duplex;
  if (!('readTo' in connection) && typeof connection.on !== 'function') {
    throw new Error('it gave what is neither a stream nor a transport');
  }
  return new GuardedTransport(
    owner.run(() => toTransport(connection)),
    owner,
  );
}

/**
 * A connection of an extension: what its code throws ends this connection alone, and the server's
 * own code, which it calls, does not run in the extension's name.
 */
export class GuardedTransport implements Transport {
  readonly remote: Address;
  readonly #inner: Transport;
  readonly #owner: Owner;
  #reader: TransportReader | undefined;
  #failed = false;

  constructor(inner: Transport, owner: Owner) {
    this.#inner = inner;
    this.#owner = owner;
    this.remote = addressOf(inner.remote);
  }

  get local(): Address {
    return this.#ask(() => addressOf(this.#inner.local), nowhere);
  }

  get ended(): boolean {
    return this.#ask(() => this.#inner.ended === true, true);
  }

  get closed(): boolean {
    return this.#failed || this.#ask(() => this.#inner.closed === true, true);
  }

  get unwritten(): number {
    return this.#ask(() => Number(this.#inner.unwritten) || 0, 0);
  }

  readTo(reader: TransportReader): void {
    this.#reader = reader;
    const { outside } = this.#owner;
    const guarded: TransportReader = {
      get most() {
        return reader.most;
      },
      onData: (chunk, lasting) => outside(() => reader.onData(chunk, lasting)),
      onEnd: () => outside(() => reader.onEnd()),
      onDrain: () => outside(() => reader.onDrain()),
      onClose: (code) => {
        if (!this.#failed) outside(() => reader.onClose(code));
      },
    };
    this.#do(() => this.#inner.readTo(guarded));
  }

  pause(): void {
    this.#do(() => this.#inner.pause());
  }

  resume(): void {
    this.#do(() => this.#inner.resume());
  }

  putBack(bytes: Uint8Array): void {
    this.#do(() => this.#inner.putBack(bytes));
  }

  write(bytes: Uint8Array): boolean {
    return this.#ask(() => this.#inner.write(bytes), true);
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
    this.#ask(action, undefined);
  }

  #ask<T>(action: () => T, otherwise: T): T {
    if (this.#failed) return otherwise;
    try {
      return this.#owner.runEvenIfOff(action);
    } catch (error) {
      this.fail(error);
      return otherwise;
    }
  }

  /** Ends it, since the extension's code fails. */
  fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#owner.failed('a connection that it has made', error);
    process.nextTick(() => this.#reader?.onClose(FAILED));
  }
}

function addressOf(value: unknown): Address {
  const { host, port } = (value ?? {}) as Partial<Record<string, unknown>>;
  return typeof host === 'string' && typeof port === 'number' ? { host, port } : nowhere;
}
