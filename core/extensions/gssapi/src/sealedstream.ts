import { Duplex } from 'node:stream';
import { messageOf, type Transport, type TransportReader } from 'picosocks5';
import type { SecurityContext } from './context.js';
import { endOfFrame, HEADER, MessageType, writeHeader } from './frames.js';
import { GssError } from './library.js';

const nothing: Uint8Array = new Uint8Array();

/** What is read ahead of who reads the stream, octets. */
const HIGH_WATER = 256 * 1024;

/** How all is protected. */
export interface Protection {
  readonly context: SecurityContext;
  /** Whether what is sent is encrypted, and what comes has to be. */
  readonly isConfidential: boolean;
  /** Told why a connection is ended. */
  failed(words: string): void;
}

/**
 * What a client says and is told inside of the frames of RFC 1961 section 5. What is not right, comes
 * twice or is missing ends it.
 */
export class SealedStream extends Duplex implements TransportReader {
  readonly #below: Transport;
  readonly #protection: Protection;
  /** Octets that fit into a frame. */
  readonly #most: number;
  /** What has come and was not taken out of its frames. */
  #sealed = nothing;
  /** The beginning of a frame whose end has not come. */
  #begun = nothing;
  #ended = false;
  #opening = false;
  /** Whether the connection below waits to hear if it is to go on. */
  #taking = false;
  /** Whether whoever reads wants more. */
  #wanted = false;
  #onDrained: (() => void) | undefined;

  /** @param below its own from now on. */
  constructor(below: Transport, protection: Protection) {
    super({
      allowHalfOpen: true,
      autoDestroy: false,
      readableHighWaterMark: HIGH_WATER,
      decodeStrings: true,
    });
    this.#below = below;
    this.#protection = protection;
    this.#most = protection.context.limit(protection.isConfidential);
    below.readTo(this);
  }

  // What the connection below tells.

  onData(chunk: Uint8Array, lasting: boolean): boolean {
    const begun = this.#begun;
    this.#begun = nothing;
    if (begun.length > 0) this.#sealed = Buffer.concat([begun, chunk]);
    else this.#sealed = lasting ? chunk : Buffer.from(chunk);
    this.#taking = true;
    void this.#open();
    this.#taking = false;
    return this.#wanted && !this.#opening && !this.destroyed;
  }

  onEnd(): void {
    this.#ended = true;
    if (!this.#opening) this.#endRead();
  }

  onDrain(): void {
    const drained = this.#onDrained;
    this.#onDrained = undefined;
    drained?.();
  }

  onClose(code: string | undefined): void {
    this.onDrain();
    if (code !== undefined) this.destroy(Object.assign(new Error(`read ${code}`), { code }));
    else if (this.readableEnded) this.destroy();
    else {
      this.once('end', () => this.destroy());
      this.onEnd();
    }
  }

  // What it is asked.

  override _read(): void {
    this.#wanted = true;
    if (!this.#opening) void this.#open();
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    try {
      const sealed = chunk.length <= this.#most ? this.#seal(chunk) : this.#sealAll(chunk);
      if (sealed === true) done();
      else if (sealed === false) this.#onDrained = done;
      else
        sealed.then(
          () => done(),
          (error: unknown) => this.#fail(error),
        );
    } catch (error) {
      this.#fail(error);
    }
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#below.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#sealed = this.#begun = nothing;
    if (error === null) this.#below.close();
    else this.#below.abort();
    done(error);
  }

  /** Sends octets in a frame. @returns whether it is on its way, if that is known at once. */
  #seal(octets: Uint8Array): boolean | Promise<void> {
    const { context, isConfidential } = this.#protection;
    const frame = context.wrap(isConfidential, octets);
    if (!(frame instanceof Promise)) return this.#send(frame as Uint8Array);
    return frame.then((made) => this.#drained(this.#send(made)));
  }

  async #sealAll(octets: Uint8Array): Promise<void> {
    for (let i = 0; i < octets.length && !this.destroyed; i += this.#most) {
      const sealed = this.#seal(octets.subarray(i, i + this.#most));
      await (typeof sealed === 'boolean' ? this.#drained(sealed) : sealed);
    }
  }

  #send(frame: Uint8Array): boolean {
    return this.#below.write(writeHeader(frame, MessageType.data));
  }

  async #drained(isOnItsWay: boolean): Promise<void> {
    if (isOnItsWay || this.destroyed) return;
    await new Promise<void>((resolve) => {
      this.#onDrained = resolve;
    });
  }

  /** Takes what has come out of its frames, as long as somebody wants it. */
  async #open(): Promise<void> {
    if (this.#opening) return;
    this.#opening = true;
    try {
      while (this.#wanted && !this.destroyed) {
        const end = endOfFrame(this.#sealed, MessageType.data);
        if (end === undefined) break;
        const token = this.#sealed.subarray(HEADER, end);
        this.#sealed = this.#sealed.subarray(end);
        const opened = this.#protection.context.unwrap(token);
        const { octets, isConfidential, status } =
          opened instanceof Promise ? await opened : opened;
        if (this.destroyed) return;
        if (status !== 0)
          throw new GssError('a frame came twice, late, or after one that is missing');
        if (this.#protection.isConfidential && !isConfidential) {
          throw new GssError('a frame is not encrypted, as was agreed');
        }
        if (octets.length > 0) {
          this.#wanted = false;
          if (this.push(octets)) this.#wanted = true;
        }
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#opening = false;
    }
    if (!this.#wanted || this.destroyed) return;
    if (this.#sealed.length > 0) this.#begun = Buffer.from(this.#sealed);
    this.#sealed = nothing;
    if (this.#ended) this.#endRead();
    else if (!this.#taking) this.#below.resume();
  }

  #endRead(): void {
    if (this.#sealed.length > 0 && !this.#wanted) return;
    if (this.#begun.length > 0 || this.#sealed.length > 0) {
      this.#fail(new GssError('the connection ended within a frame'));
    } else if (!this.readableEnded) this.push(null);
  }

  #fail(error: unknown): void {
    if (this.destroyed) return;
    const words = messageOf(error);
    this.#protection.failed(words);
    this.destroy(Object.assign(new Error(words), { code: 'EPROTO' }));
  }
}
