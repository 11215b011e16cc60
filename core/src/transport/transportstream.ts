import { Duplex } from 'node:stream';
import type { Transport, TransportReader } from './transport.js';

/**
 * A transport as a stream of Node's, for what takes nothing else. It is the transport's reader from
 * the beginning, and closes it when it is destroyed.
 */
export class TransportStream extends Duplex implements TransportReader {
  readonly transport: Transport;
  /** Why the transport has failed, as its reader is told. */
  failure: string | undefined;
  #released = false;
  /** Called when what was written is on its way. */
  #onDrained: ((error?: Error) => void) | undefined;

  constructor(transport: Transport) {
    super({ allowHalfOpen: true, autoDestroy: false });
    this.transport = transport;
    transport.readTo(this);
  }

  /** Lets go of the transport, which somebody else reads from then on: it is not closed. */
  release(): void {
    this.#released = true;
    this.transport.pause();
  }

  onData(chunk: Uint8Array): boolean {
    return this.push(Buffer.from(chunk));
  }

  onEnd(): void {
    this.push(null);
  }

  onDrain(): void {
    const drained = this.#onDrained;
    this.#onDrained = undefined;
    drained?.();
  }

  /** What has come before is still read: then comes an end, of which {@link failure} says more. */
  onClose(code: string | undefined): void {
    this.failure = code;
    const drained = this.#onDrained;
    this.#onDrained = undefined;
    drained?.(Object.assign(new Error(`write ${code}`), { code: code ?? 'ECANCELED' }));
    if (this.readableEnded) this.destroy();
    else this.push(null);
  }

  override _read(): void {
    if (!this.#released) this.transport.resume();
  }

  override _write(chunk: Buffer, _: BufferEncoding, written: (error?: Error | null) => void): void {
    if (this.#released || this.transport.write(chunk)) written();
    else this.#onDrained = written;
  }

  override _final(done: (error?: Error | null) => void): void {
    if (!this.#released) this.transport.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.#released) this.transport.close();
    done(error);
  }
}
