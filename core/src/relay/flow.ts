import type { Transport, TransportReader } from '../transport/transport.js';
import { Pacer, type Throttle } from './pacer.js';
import type { Traffic } from './tunnel.js';

const nothing: Uint8Array = new Uint8Array();

/** Who understands what comes one way. */
export interface FlowReader {
  /** Takes bytes, and keeps none of them but copies. */
  take(bytes: Uint8Array): void;
  /** Whether no more can be taken at the moment: {@link Flow.proceed} says when it can. */
  isFull(): boolean;
  /** All has been taken that the peer sends. */
  ended(): void;
  /** @param code the system's, if the connection has failed. */
  closed(code: string | undefined): void;
}

/**
 * One way of a connection whose bytes are understood before they are passed on: kept to its rate,
 * and no faster than the other side takes them.
 */
export class Flow implements TransportReader {
  readonly transport: Transport;
  /** Whether the peer has sent its last byte. */
  ended = false;
  #other!: Flow;
  readonly #way: 'up' | 'down';
  readonly #traffic: Traffic;
  readonly #reader: FlowReader;
  readonly #pacer: Pacer | undefined;
  /** Whether the other side has not taken all of what was written to it. */
  #untaken = false;
  #paused = false;
  #stopped = false;

  constructor(
    transport: Transport,
    way: 'up' | 'down',
    reader: FlowReader,
    traffic: Traffic,
    throttle?: Throttle,
  ) {
    this.transport = transport;
    this.#way = way;
    this.#reader = reader;
    this.#traffic = traffic;
    if (throttle === undefined) return;
    const step = (bytes: Uint8Array) => this.#step(bytes);
    this.#pacer = new Pacer(throttle, traffic, step, () => this.#readOn());
  }

  /** Lets both ways of a connection know each other, and begin. */
  static connect(up: Flow, down: Flow): void {
    up.#other = down;
    down.#other = up;
    up.transport.readTo(up);
    down.transport.readTo(down);
  }

  get most(): number | undefined {
    return this.#pacer?.step;
  }

  onData(chunk: Uint8Array, lasting: boolean): boolean {
    if (this.#stopped) return false;
    const bytes = lasting ? chunk : Buffer.from(chunk);
    const more = this.#pacer === undefined ? this.#step(bytes) : this.#pacer.write(bytes);
    this.#paused = !more || this.#stopped;
    return !this.#paused;
  }

  onEnd(): void {
    this.ended = true;
    if (this.#goesOn && !this.#pacer?.waits) this.#reader.ended();
  }

  onDrain(): void {
    this.#other.#taken();
  }

  onClose(code: string | undefined): void {
    if (this.#stopped) return;
    this.#pacer?.stop();
    this.#reader.closed(code);
  }

  /** Writes bytes to the other side, which must not change while it has not taken them. */
  pass(bytes: Uint8Array): void {
    const { transport } = this.#other;
    if (transport.closed) return;
    this.#traffic[this.#way] += bytes.length;
    if (!transport.write(bytes)) this.#untaken = true;
  }

  /** Reads on, if it stood still because its reader was full. */
  proceed(): void {
    if (this.#paused && this.#goesOn && !this.#pacer?.waits) this.#readOn();
  }

  /**
   * Reads no more: the transport is paused, for somebody else to have it.
   *
   * @returns a copy of what was read and not taken.
   */
  stop(): Uint8Array {
    this.#stopped = true;
    this.transport.pause();
    const held = this.#pacer?.release() ?? nothing;
    return held.length === 0 ? nothing : Buffer.from(held);
  }

  get #goesOn(): boolean {
    return !this.#stopped && !this.#untaken && !this.#reader.isFull();
  }

  #step(bytes: Uint8Array): boolean {
    this.#reader.take(bytes);
    return this.#goesOn;
  }

  #taken(): void {
    if (!this.#untaken) return;
    this.#untaken = false;
    this.proceed();
  }

  #readOn(): void {
    if (this.#pacer?.advance() === false || this.#stopped) return;
    this.#paused = false;
    if (this.ended) this.#reader.ended();
    else this.transport.resume();
  }
}
