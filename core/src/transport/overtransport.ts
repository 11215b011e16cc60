import type { Address } from '../protocol/address.js';
import type { Transport, TransportReader } from './transport.js';

/**
 * What is inside of something that is spoken over another transport, such as an encapsulation: its
 * ends are those of the transport below, and so is the system that is asked whether its peer is there.
 */
export class OverTransport implements Transport {
  readonly #inside: Transport;
  readonly #below: Transport;

  /** @param below closes with it; what is inside reads and writes it. */
  constructor(inside: Transport, below: Transport) {
    this.#inside = inside;
    this.#below = below;
  }

  get local(): Address {
    return this.#below.local;
  }

  get remote(): Address {
    return this.#below.remote;
  }

  get ended(): boolean {
    return this.#inside.ended;
  }

  get closed(): boolean {
    return this.#inside.closed;
  }

  get unwritten(): number {
    return this.#inside.unwritten;
  }

  readTo(reader: TransportReader): void {
    this.#inside.readTo(reader);
  }

  pause(): void {
    this.#inside.pause();
  }

  resume(): void {
    this.#inside.resume();
  }

  putBack(bytes: Uint8Array): void {
    this.#inside.putBack(bytes);
  }

  write(bytes: Uint8Array): boolean {
    return this.#inside.write(bytes);
  }

  end(): void {
    this.#inside.end();
  }

  close(): void {
    const inside = this.#inside;
    // Some say to their peer that it is an end, and no failure, as TLS does.
    if (!inside.closed && inside.unwritten === 0) inside.end();
    inside.close();
    this.#below.close();
  }

  abort(): void {
    this.#below.abort();
    this.#inside.close();
  }

  keepAlive(delay: number): void {
    this.#below.keepAlive(delay);
  }

  rest(): void {
    this.#below.rest();
  }
}
