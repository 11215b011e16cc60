import { codeOf } from '../base/errors.js';
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
  tcp as tcpBinding,
  UV_EALREADY,
  UV_EOF,
  type WriteRequest,
} from './handles.js';
import type { TlsWrap } from './tlswraps.js';
import { KEEPALIVE, nowhere, type Transport, type TransportReader } from './transport.js';

/** What one record carries at most, octets (RFC 8446 section 5.1). */
const RECORD = 16_384;

/** What Node puts on its way at once, octets: once it is encrypted, ten pieces of 16 KB. */
const AT_ONCE = 9 * RECORD;

/** What a flow may read before others have their turn, bytes. */
const TURN = 256 * 1024;

/** How often a transport gives its buffer back while it rests: each time costs some 50 bytes. */
const MAX_RESTS = 1000;

const TRANSPORT = Symbol('transport');

type Owned<T> = T & { [TRANSPORT]: TlsHandleTransport };
type OwnWrite = WriteRequest & { transport: TlsHandleTransport };
type OwnShutdown = ShutdownRequest & { transport: TlsHandleTransport };

const binding = tcpBinding as TcpBinding;

function onRead(this: TlsWrap): Uint8Array | undefined {
  return (this as Owned<TlsWrap>)[TRANSPORT].read(binding.lastRead());
}

function onError(this: TlsWrap, error: Error): void {
  (this as Owned<TlsWrap>)[TRANSPORT].failed(codeOf(error) ?? 'EPROTO');
}

function onWritten(this: WriteRequest, status: number): void {
  (this as OwnWrite).transport.written(status);
}

function onShutdown(this: ShutdownRequest): void {
  (this as OwnShutdown).transport.shut();
}

function tellClosed(transport: TlsHandleTransport): void {
  transport.tellClosed();
}

function goOn(transport: TlsHandleTransport): void {
  transport.goOn();
}

/**
 * TLS on a TCP handle, without Node's streams. A record is read into a buffer that all share; the
 * full records of a flow that carries much are gathered in a larger one of its own, since each alone
 * would be a write of its own on the other side.
 */
export class TlsHandleTransport implements Transport {
  readonly remote: Address;
  ended = false;
  closed = false;
  readonly #tcp: TcpHandle;
  readonly #tls: TlsWrap;
  #reader: TransportReader | undefined;
  #endTold = false;
  #closeTold = false;
  #putBack: Uint8Array | undefined;
  #paused = true;
  /** Where the next record goes, from the second of these places on; before it are what was told. */
  #buffer = sharedBuffer;
  #from = 0;
  #at = 0;
  /** Whether a turn of the event loop will tell what was gathered, and read on. */
  #turning = false;
  #turn = 0;
  /** Octets read since the last `rest()`. */
  #filled = 0;
  /** A buffer of its own that is not read into: the reader holds it, or has given it back. */
  #aside: Buffer<ArrayBuffer> | undefined;
  #lent = false;
  /** Whether a write is under way: there is one at most, the others wait. */
  #writing = false;
  readonly #waiting: Uint8Array[] = [];
  #unwritten = 0;
  /** Whether the reader is to be told that all is on its way. */
  #owesDrain = false;
  /** Nothing is written any more. */
  #finished = false;
  /** The system is shutting the connection down: it cannot be reset meanwhile (uv_tcp_close_reset). */
  #shutting = false;
  #shut = false;
  /** What is to be done when that is over, or the write that is under way. */
  #afterwards: 'close' | 'reset' | undefined;
  /** Why nothing can be written any more, while what the peer had sent before is still read. */
  #lost: string | undefined;
  /** Why it has failed, to be told behind what has come before. */
  #failing: string | undefined;
  #failure: string | undefined;
  #rests = 0;
  #keptAlive = false;

  /**
   * @param tcp below, and nobody else's.
   * @param tls on it, with its handshake done.
   */
  constructor(tcp: TcpHandle, tls: TlsWrap, remote: Address) {
    this.#tcp = tcp;
    this.#tls = tls;
    this.remote = remote;
    // The handle is what the system knows of: all else has to be reached from it.
    (tcp as Owned<TcpHandle>)[TRANSPORT] = this;
    (tls as Owned<TlsWrap>)[TRANSPORT] = this;
    tls.onread = onRead;
    tls.onerror = onError;
    tls.useUserBuffer(sharedBuffer);
  }

  get local(): Address {
    const name: Partial<SocketName> = {};
    if (this.closed || this.#tcp.getsockname(name) !== 0) return nowhere;
    return { host: canonicalIP((name as SocketName).address), port: (name as SocketName).port };
  }

  get unwritten(): number {
    return this.closed ? 0 : this.#unwritten;
  }

  readTo(reader: TransportReader): void {
    this.#reader = reader;
    this.#endTold = false;
    this.#closeTold = false;
    if (this.closed) process.nextTick(tellClosed, this);
  }

  pause(): void {
    this.#paused = true;
    if (!this.closed) this.#tls.readStop();
  }

  resume(): void {
    this.#lent = false;
    this.#paused = false;
    const bytes = this.#putBack;
    if (bytes !== undefined) {
      this.#putBack = undefined;
      if (this.#reader?.onData(bytes, true) === false) this.#paused = true;
    }
    if (!this.#paused) this.flush();
    if (this.closed || this.#paused) return;
    if (this.#failing !== undefined) this.#fail(this.#failing);
    else if (this.ended) this.#tellEnd();
    else this.#start();
  }

  putBack(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#putBack = this.#putBack === undefined ? bytes : Buffer.concat([bytes, this.#putBack]);
  }

  write(bytes: Uint8Array): boolean {
    if (this.closed || this.#finished || bytes.length === 0) return this.#unwritten === 0;
    if (this.#writing) {
      this.#waiting.push(bytes);
      this.#unwritten += bytes.length;
      this.#owesDrain = true;
      return false;
    }
    if (!this.#encrypt(bytes)) return true;
    if (bytes.length <= AT_ONCE && this.#tcp.writeQueueSize === 0) return true;
    this.#unwritten = bytes.length;
    this.#owesDrain = true;
    return false;
  }

  end(): void {
    if (this.#finished || this.closed) return;
    this.#finished = true;
    if (!this.#writing) this.#shutdown();
  }

  close(): void {
    if (this.closed) return;
    this.#dispose();
    // What is on its way already takes a turn until it is over.
    if (this.#writing && this.#unwritten === 0) this.#afterwards = 'close';
    else this.#closeInPeace();
  }

  abort(): void {
    if (this.closed) return;
    this.#dispose();
    if (this.#shutting) this.#afterwards = 'reset';
    else this.#reset();
  }

  keepAlive(delay: number): void {
    this.#keptAlive = true;
    if (!this.closed) this.#tcp.setKeepAlive(true, delay);
  }

  rest(): void {
    const moved = this.#filled > 0;
    this.#filled = 0;
    if (this.closed || moved) return;
    if (!this.#keptAlive) this.keepAlive(KEEPALIVE);
    const isInUse = this.#lent || this.#from < this.#at;
    if (isInUse || this.#rests === MAX_RESTS) return;
    this.#giveBack();
    if (this.#buffer === sharedBuffer) return;
    this.#rests++;
    releaseBuffer(this.#buffer);
    this.#readInto(sharedBuffer);
    this.#tls.useUserBuffer(sharedBuffer);
  }

  /** @internal Takes what was read. @returns the buffer for the next record. */
  read(length: number): Uint8Array | undefined {
    if (this.closed) return undefined;
    if (length > 0) return this.#take(length);
    if (length === 0) return undefined;
    if (this.#lost !== undefined) this.#failBehindData(this.#lost);
    else if (length === UV_EOF) this.#confirmEnd();
    else this.#failBehindData(errorName(length));
    return undefined;
  }

  /** @internal Something is wrong with the TLS of the peer. @param code OpenSSL's. */
  failed(code: string): void {
    if (!this.closed) this.#failBehindData(code);
  }

  /** @internal A turn of the event loop is over: tells what was gathered, and reads on. */
  goOn(): void {
    this.#turning = false;
    this.#turn = 0;
    this.flush();
    if (!this.closed && !this.#paused && !this.ended) this.#start();
  }

  /** @internal Tells what was gathered. @param reading whether a read goes on meanwhile. */
  flush(reading = false): void {
    const [buffer, from, to] = [this.#buffer, this.#from, this.#at];
    if (this.closed || this.#paused || from === to) return;
    this.#from = to;
    const lasting = buffer !== sharedBuffer;
    const more = this.#tell(buffer.subarray(from, to), lasting);
    if (more || this.closed) return;
    this.pause();
    // Nothing is read before it is resumed, but for what is being read now.
    if (!lasting) return;
    this.#lent = true;
    if (!reading) return;
    this.#aside = buffer;
    this.#readInto(sharedBuffer);
  }

  /** @internal A write is over. */
  written(status: number): void {
    this.#writing = false;
    if (this.#afterwards === 'close') this.#closeInPeace();
    if (this.closed) return;
    if (status !== 0) {
      this.#loseWrites(errorName(status));
      return;
    }
    const next = this.#waiting.length > 1 ? Buffer.concat(this.#waiting) : this.#waiting[0];
    if (next !== undefined) {
      this.#waiting.length = 0;
      this.#unwritten = next.length;
      this.#encrypt(next);
      return;
    }
    this.#unwritten = 0;
    if (this.#finished) this.#shutdown();
    if (!this.#owesDrain) return;
    this.#owesDrain = false;
    this.#reader?.onDrain();
  }

  /** @internal The connection has been shut down. */
  shut(): void {
    this.#shutting = false;
    this.#shut = true;
    if (this.#afterwards === 'reset') this.#reset();
    else if (this.#endTold) this.close();
  }

  /** @internal */
  tellClosed(): void {
    if (this.#closeTold) return;
    this.#closeTold = true;
    this.#reader?.onClose(this.#failure);
  }

  /** Takes a record, or a part of one. @returns where the next one goes. */
  #take(length: number): Uint8Array | undefined {
    this.#filled += length;
    this.#at += length;
    if (this.#paused) this.#hold();
    else this.#gather(length);
    if (this.closed) return undefined;
    if (this.#from < this.#at) return this.#buffer.subarray(this.#at);
    this.#readInto(this.#buffer);
    return this.#buffer;
  }

  /** Tells what was read at once, unless there will be more. */
  #gather(length: number): void {
    const buffer = this.#buffer;
    const isFull = buffer.length - this.#at < RECORD;
    if (buffer === sharedBuffer || isFull || length < RECORD) {
      this.flush(true);
      if (this.closed || this.#paused) return;
      if (length === RECORD && (isFull || buffer === sharedBuffer)) this.#grow();
    }
    this.#turn += length;
    if (this.#turn >= TURN) this.#tls.readStop();
    if (this.#turn >= TURN || this.#from < this.#at) this.#whenTurned();
  }

  #whenTurned(): void {
    if (this.#turning) return;
    this.#turning = true;
    setImmediate(goOn, this);
  }

  /** Reads into a buffer of its own, or into a larger one, with which nobody has anything to do. */
  #grow(): void {
    const aside = this.#aside;
    this.#aside = undefined;
    this.#readInto(growBuffer(aside ?? this.#buffer));
  }

  #readInto(buffer: Buffer<ArrayBuffer>): void {
    this.#buffer = buffer;
    this.#from = 0;
    this.#at = 0;
  }

  /** Keeps what comes though nobody wants it: what was being read when it was paused. */
  #hold(): void {
    const buffer = this.#buffer;
    if (buffer !== sharedBuffer && !this.#lent && buffer.length - this.#at >= RECORD) return;
    const bytes = Buffer.from(buffer.subarray(this.#from, this.#at));
    this.#from = this.#at;
    this.#putBack = this.#putBack === undefined ? bytes : Buffer.concat([this.#putBack, bytes]);
    if (!this.#lent || buffer === sharedBuffer) return;
    this.#aside = buffer;
    this.#readInto(sharedBuffer);
  }

  /** What was put back while reading went on comes before what is read now. */
  #tell(chunk: Uint8Array, lasting: boolean): boolean {
    const before = this.#putBack;
    if (before === undefined) return this.#reader?.onData(chunk, lasting) ?? false;
    this.#putBack = undefined;
    return this.#reader?.onData(Buffer.concat([before, chunk]), true) ?? false;
  }

  /** Gives the buffer back that was put aside. */
  #giveBack(): void {
    if (this.#aside !== undefined) releaseBuffer(this.#aside, this.#lent);
    this.#aside = undefined;
  }

  /** An end is one of TLS, or else one of TCP: where that may be a reset it is asked again. */
  #confirmEnd(): void {
    const status = hidesResets ? this.#tcp.readStart() : UV_EALREADY;
    if (status === UV_EALREADY) this.#end();
    else if (status !== 0) this.#failBehindData('ECONNRESET');
    // The system is asked in the next turn of the event loop, whose answer nobody tells.
    else setImmediate(() => setImmediate(() => this.#endUnlessReset()));
  }

  #endUnlessReset(): void {
    if (this.closed) return;
    // A handle that has failed cannot be read any more (UV_ENOTCONN).
    const status = this.#tcp.readStart();
    const isReset = status !== 0 && status !== UV_EALREADY;
    const code = this.#lost ?? (isReset ? 'ECONNRESET' : undefined);
    if (code === undefined) this.#end();
    else this.#failBehindData(code);
  }

  #end(): void {
    this.ended = true;
    this.#tcp.readStop();
    this.flush();
    if (!this.#paused && !this.closed) this.#tellEnd();
  }

  #tellEnd(): void {
    if (this.#endTold) return;
    this.#endTold = true;
    this.#reader?.onEnd();
    if (this.#shut) this.close();
  }

  #start(): void {
    const status = this.#tls.readStart();
    if (status !== 0 && status !== UV_EALREADY) this.#fail(errorName(status));
  }

  /** @returns whether a write is under way. */
  #encrypt(bytes: Uint8Array): boolean {
    const request = new binding.WriteWrap() as OwnWrite;
    request.transport = this;
    request.oncomplete = onWritten;
    this.#writing = true;
    const status = this.#tls.writeBuffer(request, bytes);
    if (status === 0) return true;
    this.#writing = false;
    this.#fail(errorName(status));
    return false;
  }

  /** What the peer has said before it has closed the connection is read first, if somebody reads. */
  #loseWrites(code: string): void {
    if (this.#paused || this.ended) {
      this.#fail(code);
      return;
    }
    this.#finished = true;
    this.#waiting.length = 0;
    this.#unwritten = 0;
    this.#lost ??= code;
  }

  #shutdown(): void {
    const request = new binding.ShutdownWrap() as OwnShutdown;
    request.transport = this;
    request.oncomplete = onShutdown;
    this.#shutting = this.#tls.shutdown(request) === 0;
  }

  #failBehindData(code: string): void {
    this.#failing = code;
    this.flush();
    const isHeld = this.#from < this.#at || this.#putBack !== undefined;
    if (!this.closed && !(this.#paused && isHeld)) this.#fail(code);
  }

  /** The connection has failed: it is gone, and all that was on its way. */
  #fail(code: string): void {
    if (this.closed) return;
    this.#failure = code;
    this.#dispose();
    this.#tcp.close(() => this.#tls.destroySSL());
  }

  /** Says that this is the end, unless it was said, and closes. */
  #closeInPeace(): void {
    this.#afterwards = undefined;
    if (!this.#shutting && !this.#shut && !this.#writing) this.#shutdown();
    this.#tcp.close(() => this.#tls.destroySSL());
  }

  #reset(): void {
    this.#tcp.reset(() => this.#tls.destroySSL());
  }

  #dispose(): void {
    this.closed = true;
    this.#waiting.length = 0;
    // Node may be reading into the one: nobody else gets it.
    releaseBuffer(this.#buffer, true);
    this.#readInto(sharedBuffer);
    this.#giveBack();
    process.nextTick(tellClosed, this);
  }
}
