import type { Address, Transport, TransportReader } from 'picosocks5';
import { Line, type Link } from './line.js';

/** How long what is on its way when a connection is closed may take, ms. */
const LINGER = 30_000;

/** A connection over a bad network. */
export class Slowed implements Transport, TransportReader {
  readonly remote: Address;
  readonly #inner: Transport;
  readonly #up: Line;
  readonly #down: Line;
  readonly #gone: () => void;
  #reader: TransportReader | undefined;
  #putBack: Uint8Array | undefined;
  #paused = true;
  /** The far side has sent its last byte, and it has come out of the line. */
  #ended = false;
  #endTold = false;
  #finished = false;
  #innerClosed = false;
  #closed = false;
  #closeTold = false;
  #failure: string | undefined;
  /** Of one that was closed before all was on its way. */
  #linger: NodeJS.Timeout | undefined;
  /** Resets it when something comes from the far side. */
  #isDoomed = false;

  /** @param gone told when it is over. */
  constructor(inner: Transport, up: Link, down: Link, gone: (slowed: Slowed) => void) {
    this.#inner = inner;
    this.remote = inner.remote;
    this.#gone = () => gone(this);
    this.#up = new Line(
      up,
      (item) => {
        if (item === 'end') this.#inner.end();
        else if (!this.#inner.write(item)) return false;
        this.#finishLingering();
        return true;
      },
      () => {
        if (!this.#closed) this.#reader?.onDrain();
      },
    );
    this.#down = new Line(
      down,
      (item) => {
        if (item !== 'end') return this.#give(item);
        this.#ended = true;
        if (!this.#paused) this.#tellEnd();
        return true;
      },
      () => this.#inner.resume(),
    );
    this.#down.hold();
    inner.readTo(this);
    inner.resume();
  }

  /** Has it reset as soon as the far side has something to say. */
  doom(): void {
    this.#isDoomed = true;
  }

  /** Ends it as a network does that fails. */
  fail(): void {
    clearTimeout(this.#linger);
    this.#inner.abort();
    this.#over('ECONNRESET');
  }

  get local(): Address {
    return this.#inner.local;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get unwritten(): number {
    return this.#closed ? 0 : this.#up.size + this.#inner.unwritten;
  }

  readTo(reader: TransportReader): void {
    this.#reader = reader;
    this.#endTold = false;
    this.#closeTold = false;
    if (this.#closed) process.nextTick(() => this.#tellClosed());
  }

  pause(): void {
    this.#paused = true;
    this.#down.hold();
  }

  resume(): void {
    this.#paused = false;
    const bytes = this.#putBack;
    if (bytes !== undefined) {
      this.#putBack = undefined;
      if (this.#reader?.onData(bytes, true) === false) {
        this.pause();
        return;
      }
    }
    if (this.#closed) return;
    if (this.#ended) this.#tellEnd();
    else this.#down.release();
    if (this.#down.hasRoom && !this.#paused && !this.#innerClosed) this.#inner.resume();
  }

  putBack(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#putBack = this.#putBack === undefined ? bytes : Buffer.concat([bytes, this.#putBack]);
  }

  write(bytes: Uint8Array): boolean {
    if (this.#closed || this.#finished) return true;
    return this.#up.put(bytes);
  }

  end(): void {
    if (this.#closed || this.#finished) return;
    this.#finished = true;
    this.#up.put('end');
  }

  /** What was written before still gets there, as with a socket. */
  close(): void {
    if (this.#closed) return;
    if (this.#up.isEmpty) this.#inner.close();
    else {
      this.#up.put('end');
      this.#linger = setTimeout(() => this.#inner.close(), LINGER).unref();
      this.#inner.resume();
    }
    this.#over(undefined);
  }

  abort(): void {
    if (this.#closed) return;
    this.#inner.abort();
    this.#over(undefined);
  }

  keepAlive(delay: number): void {
    this.#inner.keepAlive(delay);
  }

  rest(): void {
    this.#inner.rest();
  }

  onData(chunk: Uint8Array): boolean {
    if (this.#closed) return true;
    if (this.#isDoomed) {
      process.nextTick(() => this.fail());
      return false;
    }
    return this.#down.put(chunk);
  }

  onEnd(): void {
    if (this.#closed) return;
    if (this.#isDoomed) process.nextTick(() => this.fail());
    else this.#down.put('end');
  }

  onDrain(): void {
    this.#up.release();
    if (this.#closed) this.#finishLingering();
    else if (this.#up.isEmpty) this.#reader?.onDrain();
  }

  onClose(code: string | undefined): void {
    this.#innerClosed = true;
    clearTimeout(this.#linger);
    this.#up.close();
    // What it has sent before its end is still on the way.
    const isAllTold = this.#down.isEmpty && this.#ended === this.#endTold;
    if (code !== undefined || isAllTold) this.#over(code);
  }

  #give(bytes: Uint8Array): boolean {
    if (this.#paused) {
      this.putBack(Buffer.from(bytes));
      return false;
    }
    const goesOn = this.#reader?.onData(bytes, false) ?? false;
    if (!goesOn) this.#paused = true;
    return goesOn;
  }

  #tellEnd(): void {
    if (this.#endTold) return;
    this.#endTold = true;
    this.#reader?.onEnd();
    if (this.#innerClosed) this.#over(undefined);
  }

  /** Closes it once all that was written before is on its way. */
  #finishLingering(): void {
    if (this.#linger === undefined || !this.#up.isEmpty || this.#inner.unwritten > 0) return;
    this.#inner.close();
  }

  #over(code: string | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#failure = code;
    if (this.#linger === undefined) this.#up.close();
    this.#down.close();
    this.#gone();
    process.nextTick(() => this.#tellClosed());
  }

  #tellClosed(): void {
    if (this.#closeTold) return;
    this.#closeTold = true;
    this.#reader?.onClose(this.#failure);
  }
}
