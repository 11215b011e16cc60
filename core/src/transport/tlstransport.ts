import type { TLSSocket } from 'node:tls';
import { codeOf } from '../base/errors.js';
import type { Address } from '../protocol/address.js';
import { SocketTransport } from './sockettransport.js';
import type { Transport } from './transport.js';
import type { TransportStream } from './transportstream.js';

/** TLS over any transport, by Node's TLSSocket. */
export class TlsTransport extends SocketTransport {
  readonly #socket: TLSSocket;
  readonly #stream: TransportStream;

  /** @param socket secured, over the stream, and nobody else's. */
  constructor(socket: TLSSocket, stream: TransportStream) {
    super(socket, stream.transport.remote);
    this.#socket = socket;
    this.#stream = stream;
    socket.prependListener('end', () => {
      // What is cut off must not look whole.
      if (stream.failure !== undefined) this.fail(stream.failure);
    });
    const fail = (error: unknown) => this.fail(stream.failure ?? codeOf(error) ?? 'EPROTO');
    // Node leaves it to who has a socket to close it, and tells a server's side by the second only.
    socket.on('error', fail).on('_tlsError', fail);
  }

  get #below(): Transport {
    return this.#stream.transport;
  }

  override get local(): Address {
    return this.#below.local;
  }

  override close(): void {
    if (this.closed) return;
    // A peer of TLS takes an end for a failure unless it is told that it is none (RFC 8446 section 6.1).
    if (this.#socket.writableLength === 0) this.#socket.end();
    super.close();
  }

  override abort(): void {
    if (this.closed) return;
    this.#below.abort();
    super.close();
  }

  override keepAlive(delay: number): void {
    this.#below.keepAlive(delay);
  }

  override rest(): void {
    this.#below.rest();
  }
}
