import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { codeOf } from '../base/errors.js';
import type { Address } from '../protocol/address.js';
import { canonicalIP } from '../protocol/ip.js';
import { confirmEnd } from './eof.js';
import type { TcpHandle } from './handles.js';
import { KEEPALIVE, nowhere, type Transport, type TransportReader } from './transport.js';

/**
 * A connection on a net.Socket: for sockets that were made elsewhere, for what is one only in part,
 * such as TLS, and where Node's internals are not as known. It is read by its events.
 */
export class SocketTransport implements Transport {
  readonly remote: Address;
  readonly #socket: Socket;
  #reader: TransportReader | undefined;
  #endTold = false;
  #closeTold = false;
  #putBack: Uint8Array | undefined;
  #paused = true;
  #ended = false;
  #closed = false;
  /** Nothing is written any more. */
  #finished = false;
  /** Whether a write is not over, of which the reader is to be told. */
  #writing = false;
  #resetWhenShut = false;
  #failure: string | undefined;
  #keptAlive = false;

  /** @param socket connected, with `allowHalfOpen`, not read so far, and nobody else's. */
  constructor(socket: Socket, remote: Address = farEnd(socket)) {
    this.#socket = socket;
    this.remote = remote;
    confirmEnd(socket);
    this.#closed = socket.destroyed;
    this.#ended = socket.readableEnded;
    socket
      .on('data', (chunk: Buffer) => this.#take(chunk))
      .on('end', () => this.#onEnd())
      .on('finish', () => this.#onShut())
      .on('error', (error) => {
        this.#failure ??= this.#closed ? undefined : (codeOf(error) ?? 'EIO');
      })
      .on('close', () => this.#dispose())
      .pause();
  }

  get local(): Address {
    const { localAddress: host, localPort: port } = this.#socket;
    return host === undefined || port === undefined ? nowhere : { host: canonicalIP(host), port };
  }

  get ended(): boolean {
    return this.#ended;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get unwritten(): number {
    return this.#closed ? 0 : this.#socket.writableLength;
  }

  readTo(reader: TransportReader): void {
    this.#reader = reader;
    this.#endTold = false;
    this.#closeTold = false;
    if (this.#closed) process.nextTick(() => this.#tellClosed());
  }

  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    const bytes = this.#putBack;
    if (bytes !== undefined) {
      this.#putBack = undefined;
      if (this.#reader?.onData(bytes, true) === false) this.#paused = true;
    }
    if (this.#paused || this.#closed) return;
    if (this.#ended) this.#tellEnd();
    else this.#socket.resume();
  }

  putBack(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#putBack = this.#putBack === undefined ? bytes : Buffer.concat([bytes, this.#putBack]);
  }

  write(bytes: Uint8Array): boolean {
    if (this.#closed || this.#finished) return true;
    this.#socket.write(bytes, () => this.#onWritten());
    if (this.#socket.writableLength === 0) return true;
    this.#writing = true;
    return false;
  }

  end(): void {
    if (this.#finished || this.#closed) return;
    this.#finished = true;
    if (!this.#writing) this.#socket.end();
  }

  close(): void {
    if (this.#closed) return;
    this.#dispose();
    this.#socket.destroy();
  }

  /** Closes what has failed. @param code the system's, or one of what makes the socket. */
  protected fail(code: string): void {
    this.#failure ??= this.#closed ? undefined : code;
    this.close();
  }

  abort(): void {
    if (this.#closed) return;
    this.#dispose();
    const socket = this.#socket;
    // A connection that is just being shut down cannot be reset (uv_tcp_close_reset(3)).
    if (socket.writableEnded && !socket.writableFinished) this.#resetWhenShut = true;
    else reset(socket);
  }

  keepAlive(delay: number): void {
    this.#keptAlive = true;
    // What is no socket, such as a stream of an extension, has nobody to ask.
    if (!this.#closed) this.#socket.setKeepAlive?.(true, delay * 1000);
  }

  rest(): void {
    if (!this.#keptAlive) this.keepAlive(KEEPALIVE);
  }

  #take(chunk: Buffer): void {
    if (this.#closed) return;
    const before = this.#putBack;
    const bytes = before === undefined ? chunk : Buffer.concat([before, chunk]);
    if (this.#paused) {
      this.#putBack = bytes;
      this.#socket.pause();
    } else {
      this.#putBack = undefined;
      if (!(this.#reader?.onData(bytes, true) ?? false)) this.pause();
    }
  }

  #onEnd(): void {
    this.#ended = true;
    if (!this.#paused && !this.#closed) this.#tellEnd();
  }

  #tellEnd(): void {
    if (this.#endTold) return;
    this.#endTold = true;
    this.#reader?.onEnd();
  }

  #onWritten(): void {
    if (!this.#writing || this.#closed || this.#socket.writableLength > 0) return;
    this.#writing = false;
    if (this.#finished) this.#socket.end();
    this.#reader?.onDrain();
  }

  #onShut(): void {
    if (this.#resetWhenShut) reset(this.#socket);
  }

  #dispose(): void {
    if (this.#closed) return;
    this.#closed = true;
    process.nextTick(() => this.#tellClosed());
  }

  #tellClosed(): void {
    if (this.#closeTold) return;
    this.#closeTold = true;
    this.#reader?.onClose(this.#failure);
  }
}

/** A transport over what somebody else made, which is paused for that. */
export function toTransport(stream: Transport | Duplex): Transport {
  return 'readTo' in stream ? stream : new SocketTransport(stream as Socket);
}

function farEnd({ remoteAddress: host, remotePort: port }: Socket): Address {
  return host === undefined || port === undefined ? nowhere : { host: canonicalIP(host), port };
}

/** The handle of a socket, where it has one: of TCP, or of a layer over it that has less. */
function handleOf(socket: Socket): Partial<TcpHandle> | undefined {
  return (socket as { readonly _handle?: Partial<TcpHandle> | null })._handle ?? undefined;
}

/**
 * Resets a connection at once. `resetAndDestroy()` shuts the connection down before it resets it,
 * and if it is destroyed meanwhile libuv refuses the reset: the descriptor then stays open, and
 * `close` never comes. So this asks for the reset by the mark that `destroy()` looks at, which no
 * document names; a Node that does not know it, and a layer over TCP, close the connection.
 */
function reset(socket: Socket): void {
  if (handleOf(socket)?.reset !== undefined) {
    (socket as { resetAndClosing?: boolean }).resetAndClosing = true;
  }
  socket.destroy();
}
