import { Duplex } from 'node:stream';
import type { Exchange, Transport, TransportReader } from 'picosocks5';
import {
  encodeFrame,
  HEADER,
  type Header,
  MAX_DATA,
  parseFrame,
  parseHeader,
  State,
} from './frames.js';

const nothing: Uint8Array = new Uint8Array();

/**
 * The stream of TLS that a client's frames carry: by the messages of its login at first, by its
 * connection from then on.
 */
export class FramedStream extends Duplex implements TransportReader {
  /** What is sent belongs to this. */
  state: State = State.handshake;
  /** Told what is wrong with what has come. */
  failed: (error: Error) => void = () => {};
  readonly #exchange: Exchange;
  #below: Transport | undefined;
  #begun = nothing;
  #header: Header | undefined;
  /** Octets of the frame's data that have not come. */
  #left = 0;
  #onDrained: (() => void) | undefined;
  #ended = false;

  constructor(exchange: Exchange) {
    super({ allowHalfOpen: true, autoDestroy: false });
    this.#exchange = exchange;
  }

  /** Takes the messages of a login, until the connection takes over. @throws what is wrong with them. */
  async readMessages(): Promise<void> {
    while (this.#below === undefined && !this.destroyed) {
      const { state, data } = await this.#exchange.read(parseFrame);
      if (data.length > 0) this.push(Buffer.from(data));
      if (state === State.closing) this.#end();
    }
  }

  /** Goes on with the client's connection. @param below paused, its own from now on. */
  continueOn(below: Transport): void {
    this.#below = below;
    below.readTo(this);
    below.resume();
  }

  // What the connection tells.

  onData(chunk: Uint8Array): boolean {
    let more = true;
    let rest = this.#begun.length === 0 ? chunk : Buffer.concat([this.#begun, chunk]);
    this.#begun = nothing;
    try {
      while (rest.length > 0 && !this.destroyed) {
        if (this.#left === 0) {
          const header = parseHeader(rest);
          if (header === undefined) {
            this.#begun = Buffer.from(rest);
            break;
          }
          this.#header = header;
          this.#left = header.length;
          rest = rest.subarray(HEADER);
        }
        const data = rest.subarray(0, this.#left);
        rest = rest.subarray(data.length);
        this.#left -= data.length;
        if (data.length > 0 && !this.#ended) more = this.push(Buffer.from(data));
        if (this.#left === 0 && this.#header?.state === State.closing) this.#end();
      }
    } catch (error) {
      this.failed(error as Error);
      return false;
    }
    return more;
  }

  onEnd(): void {
    if (this.#left > 0 || this.#begun.length > 0) {
      this.failed(new Error('the connection ended within a frame'));
    } else this.#end();
  }

  onDrain(): void {
    const drained = this.#onDrained;
    this.#onDrained = undefined;
    drained?.();
  }

  onClose(code: string | undefined): void {
    this.onDrain();
    if (code === undefined) this.#end();
    else this.failed(Object.assign(new Error(`read ${code}`), { code }));
  }

  // What it is asked.

  override _read(): void {
    this.#below?.resume();
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    let isOnItsWay = true;
    for (let i = 0; i < chunk.length; i += MAX_DATA) {
      isOnItsWay = this.#send(encodeFrame(this.state, chunk.subarray(i, i + MAX_DATA)));
    }
    if (isOnItsWay) done();
    else this.#onDrained = done;
  }

  override _final(done: () => void): void {
    this.#below?.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (error === null) this.#below?.close();
    else this.#below?.abort();
    done(error);
  }

  /** @returns whether it is on its way. */
  #send(frame: Uint8Array): boolean {
    if (this.#below !== undefined) return this.#below.write(frame);
    this.#exchange.write(frame);
    return true;
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.push(null);
  }
}
