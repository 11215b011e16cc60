import type { Address } from '../protocol/address.js';
import { canonicalIP } from '../protocol/ip.js';
import { growBuffer, releaseBuffer, sharedBuffer } from './buffers.js';
import {
  errorName,
  hidesResets,
  type ShutdownRequest,
  type SocketName,
  type TcpBinding,
  type TcpHandle,
  tcp,
  UV_EOF,
  type WriteRequest,
} from './handles.js';
import { KEEPALIVE, nowhere, type Transport, type TransportReader } from './transport.js';

/** What a flow may read before others have their turn, bytes: libuv alone stops after 32 reads. */
const TURN = 256 * 1024;

/** How often a transport gives its buffer back while it rests: each time costs some 50 bytes. */
const MAX_RESTS = 1000;

/**
 * Where a handle has its transport. Not in a WeakMap: a transport refers to its handle, and V8 then
 * keeps both through all collections of young objects.
 */
const TRANSPORT = Symbol('transport');

type Owned = TcpHandle & { [TRANSPORT]: HandleTransport };
type OwnWrite = WriteRequest & { transport: HandleTransport; bytes: Uint8Array };
type OwnShutdown = ShutdownRequest & { transport: HandleTransport };

const binding = tcp as TcpBinding;

/** A write that is over when the call returns leaves its request as it was: the next takes it. */
let spare: WriteRequest | undefined;

function onRead(this: TcpHandle): Uint8Array | undefined {
  return (this as Owned)[TRANSPORT].read(binding.lastRead());
}

function onWritten(this: WriteRequest, status: number): void {
  (this as OwnWrite).transport.written(status);
}

function onShutdown(this: ShutdownRequest): void {
  (this as OwnShutdown).transport.shut();
}

function tellClosed(transport: HandleTransport): void {
  transport.tellClosed();
}

function goOn(transport: HandleTransport): void {
  transport.goOn();
}

/**
 * A TCP connection on its handle, without net.Socket. It reads into a buffer that all share, or
 * into a larger one of its own while it carries much: that grows when a read has filled it, and goes
 * back when one has not filled a quarter of it.
 */
export class HandleTransport implements Transport {
  readonly remote: Address;
  ended = false;
  closed = false;
  readonly #handle: TcpHandle;
  #reader: TransportReader | undefined;
  /** Whether the reader has been told of the end, and of the close. */
  #endTold = false;
  #closeTold = false;
  #putBack: Uint8Array | undefined;
  #buffer = sharedBuffer;
  /** Bytes of the last read; 0: nothing was read since the last `rest()`. */
  #filled = 0;
  /** Whether the reader holds the buffer: it has returned false. */
  #lent = false;
  #paused = true;
  #reading = false;
  #turn = 0;
  /** Whether an end was told that a further read is to confirm. */
  #confirming = false;
  /** Writes that are not over. */
  #writes = 0;
  /** Nothing is written any more. */
  #finished = false;
  /** The system is shutting the connection down: it cannot be reset meanwhile (uv_tcp_close_reset). */
  #shutting = false;
  #shut = false;
  #resetWhenShut = false;
  /** Why nothing can be written any more, while what the peer had sent before is still read. */
  #lost: number | undefined;
  #failure: string | undefined;
  #rests = 0;
  #keptAlive = false;

  /** @param handle connected, and nobody else's. */
  constructor(handle: TcpHandle, remote: Address) {
    this.#handle = handle;
    this.remote = remote;
    (handle as Owned)[TRANSPORT] = this;
    handle.onread = onRead;
    handle.useUserBuffer(sharedBuffer);
  }

  get local(): Address {
    const name: Partial<SocketName> = {};
    if (this.closed || this.#handle.getsockname(name) !== 0) return nowhere;
    return { host: canonicalIP((name as SocketName).address), port: (name as SocketName).port };
  }

  get unwritten(): number {
    return this.closed ? 0 : this.#handle.writeQueueSize;
  }

  readTo(reader: TransportReader): void {
    this.#reader = reader;
    this.#endTold = false;
    this.#closeTold = false;
    if (this.closed) process.nextTick(tellClosed, this);
  }

  pause(): void {
    this.#paused = true;
    this.#stop();
  }

  resume(): void {
    this.#lent = false;
    this.#paused = false;
    const bytes = this.#putBack;
    if (bytes !== undefined) {
      this.#putBack = undefined;
      if (this.#reader?.onData(bytes, true) === false) this.#paused = true;
    }
    if (!this.#paused) this.goOn();
  }

  putBack(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#putBack = this.#putBack === undefined ? bytes : Buffer.concat([bytes, this.#putBack]);
  }

  write(bytes: Uint8Array): boolean {
    if (this.closed || this.#finished) return true;
    const request = spare ?? new binding.WriteWrap();
    spare = undefined;
    const status = this.#handle.writeBuffer(request, bytes);
    if (status !== 0) {
      this.#loseWrites(status);
      return true;
    }
    if (!binding.wasAsync()) {
      spare = request;
      return this.#writes === 0;
    }
    (request as OwnWrite).transport = this;
    (request as OwnWrite).bytes = bytes;
    request.oncomplete = onWritten;
    this.#writes++;
    return false;
  }

  end(): void {
    if (this.#finished || this.closed) return;
    this.#finished = true;
    if (this.#writes === 0) this.#shutdown();
  }

  close(): void {
    if (this.closed) return;
    this.#dispose();
    this.#handle.close();
  }

  abort(): void {
    if (this.closed) return;
    this.#dispose();
    if (this.#shutting) this.#resetWhenShut = true;
    else this.#handle.reset();
  }

  keepAlive(delay: number): void {
    this.#keptAlive = true;
    if (!this.closed) this.#handle.setKeepAlive(true, delay);
  }

  rest(): void {
    const moved = this.#filled > 0;
    this.#filled = 0;
    if (this.closed || moved) return;
    if (!this.#keptAlive) this.keepAlive(KEEPALIVE);
    if (this.#buffer === sharedBuffer || this.#lent || this.#rests === MAX_RESTS) return;
    this.#rests++;
    this.#release();
    this.#handle.useUserBuffer(sharedBuffer);
  }

  /** @internal Takes what the handle has read. @returns the buffer for the next read. */
  read(length: number): Uint8Array | undefined {
    if (length > 0) {
      // What was told before was none: another end is another one to be confirmed.
      this.#confirming = false;
      return this.#take(length);
    }
    if (length === 0 || this.closed) return undefined;
    if (this.#lost !== undefined) this.#fail(this.#lost);
    else if (length !== UV_EOF) this.#fail(length);
    else if (hidesResets && !this.#confirming && this.#handle.readStart() === 0) {
      this.#confirming = true;
    } else {
      this.ended = true;
      this.#reading = false;
      if (!this.#paused) this.goOn();
    }
    return undefined;
  }

  /** @internal A write is over that took a while. */
  written(status: number): void {
    this.#writes--;
    if (this.closed) return;
    if (status !== 0) this.#loseWrites(status);
    else if (this.#writes === 0) {
      if (this.#finished) this.#shutdown();
      this.#reader?.onDrain();
    }
  }

  /** @internal The connection has been shut down. */
  shut(): void {
    this.#shutting = false;
    this.#shut = true;
    if (this.#resetWhenShut) this.#handle.reset();
    else if (this.#endTold) this.close();
  }

  /** @internal */
  tellClosed(): void {
    if (this.#closeTold) return;
    this.#closeTold = true;
    this.#reader?.onClose(this.#failure);
  }

  /** @internal Reads on, if nobody wants it to wait. */
  goOn(): void {
    if (this.closed || this.#paused) return;
    if (!this.ended) this.#start();
    else if (!this.#endTold) {
      this.#endTold = true;
      this.#reader?.onEnd();
      if (this.#shut) this.close();
    }
  }

  #take(length: number): Uint8Array | undefined {
    const buffer = this.#buffer;
    this.#filled = length;
    const lasting = buffer !== sharedBuffer;
    const chunk = length === buffer.length ? buffer : buffer.subarray(0, length);
    const more = this.#tellData(chunk, lasting);
    if (this.closed) return undefined;
    if (!more) {
      this.#paused = true;
      this.#lent = lasting;
    }
    if (this.#paused) {
      this.#stop();
      return undefined;
    }
    this.#turn += length;
    if (this.#turn >= TURN) {
      this.#turn = 0;
      this.#stop();
      setImmediate(goOn, this);
    }
    return this.#nextBuffer(length);
  }

  /** What was put back while reading went on comes before what is read now. */
  #tellData(chunk: Uint8Array, lasting: boolean): boolean {
    const before = this.#putBack;
    if (before === undefined) return this.#reader?.onData(chunk, lasting) ?? false;
    this.#putBack = undefined;
    return this.#reader?.onData(Buffer.concat([before, chunk]), true) ?? false;
  }

  /** The buffer for the next read, if it is another. */
  #nextBuffer(filled: number): Uint8Array | undefined {
    const buffer = this.#buffer;
    const { length } = buffer;
    const most = this.#reader?.most;
    if (most !== undefined) return most < length ? buffer.subarray(0, most) : buffer;
    if (filled === length) this.#buffer = growBuffer(buffer);
    else if (filled < length / 4) this.#release();
    return this.#buffer === buffer ? undefined : this.#buffer;
  }

  /** Gives the buffer back that is this transport's own. */
  #release(): void {
    releaseBuffer(this.#buffer, this.#lent);
    this.#buffer = sharedBuffer;
  }

  #start(): void {
    if (this.#reading) return;
    this.#reading = true;
    const status = this.#handle.readStart();
    if (status !== 0) this.#fail(status);
  }

  #stop(): void {
    if (!this.#reading) return;
    this.#reading = false;
    this.#handle.readStop();
  }

  #shutdown(): void {
    const request = new binding.ShutdownWrap() as OwnShutdown;
    request.transport = this;
    request.oncomplete = onShutdown;
    this.#shutting = this.#handle.shutdown(request) === 0;
  }

  /**
   * A peer that has closed the connection takes nothing any more, but may have said why before: that
   * is read first, if somebody reads. The system tells the failure once, to whoever asks first.
   */
  #loseWrites(status: number): void {
    if (!this.#reading || this.ended) {
      this.#fail(status);
      return;
    }
    this.#finished = true;
    this.#lost ??= status;
  }

  /** The connection has failed: it is gone, and all that was on its way. */
  #fail(status: number): void {
    if (this.closed) return;
    this.#failure = errorName(status);
    this.close();
  }

  #dispose(): void {
    this.closed = true;
    this.#release();
    process.nextTick(tellClosed, this);
  }
}
