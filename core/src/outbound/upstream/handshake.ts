import type { CancellationToken } from '../../base/cancellation.js';
import type { Parser } from '../../protocol/parser.js';
import type { Transport, TransportReader } from '../../transport/transport.js';
import { DialError } from '../dial.js';

/** What may be read ahead of what is waited for, octets; then it waits in the system. */
const MAX_AHEAD = 64 * 1024;

const nothing: Uint8Array = new Uint8Array();

interface Pending {
  /** Tries to read with what has come. @returns whether it is done. */
  attempt(): boolean;
  reject(error: unknown): void;
}

/**
 * What is said to an upstream, and its answers, before the tunnel begins. Bytes may come one at a
 * time or with what follows. Whoever gives up closes the connection.
 */
export class Handshake implements TransportReader {
  readonly #transport: Transport;
  readonly #cancellation: CancellationToken;
  readonly #cancel = () => this.abort();
  #bytes = nothing;
  #pending: Pending | undefined;
  #ended = false;
  #released = false;

  constructor(transport: Transport, cancellation: CancellationToken) {
    this.#transport = transport;
    this.#cancellation = cancellation;
    transport.readTo(this);
    if (cancellation.cancelled) this.#cancel();
    else cancellation.on(this.#cancel);
  }

  /** What it is said over. */
  get transport(): Transport {
    return this.#transport;
  }

  /** Writes octets, which must not change any more. */
  write(bytes: Uint8Array): void {
    this.#transport.write(bytes);
  }

  /**
   * Waits for an answer.
   *
   * @throws {ProtocolError} if what comes is none; an error with the system's code if the connection
   *   fails, `ECANCELED` once it is given up.
   */
  read<T>(parse: Parser<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#pending = {
        attempt: () => {
          const message = parse(this.#bytes);
          if (message === undefined) return false;
          this.#bytes = this.#bytes.subarray(message.length);
          resolve(message.value);
          return true;
        },
        reject,
      };
      this.#advance();
      if (this.#pending !== undefined) this.#transport.resume();
    });
  }

  /**
   * Ends it: what came beyond the last answer is the first that is read next. Who takes the transport
   * over usually does so at once: it is paused only when something comes before that, since the
   * system is told of each pause.
   */
  release(): Transport {
    this.#cancellation.off(this.#cancel);
    this.#released = true;
    this.#transport.putBack(this.#bytes);
    this.#bytes = nothing;
    return this.#transport;
  }

  /** Closes the connection, and gives up whatever is waited for. */
  abort(): void {
    this.#fail(new DialError('ECANCELED'));
  }

  onData(chunk: Uint8Array): boolean {
    if (this.#released) {
      this.#transport.putBack(Buffer.from(chunk));
      return false;
    }
    this.#bytes =
      this.#bytes === nothing ? Buffer.from(chunk) : Buffer.concat([this.#bytes, chunk]);
    this.#advance();
    return this.#bytes.length < MAX_AHEAD;
  }

  onEnd(): void {
    this.#ended = true;
    this.#advance();
  }

  onDrain(): void {}

  onClose(code: string | undefined): void {
    this.#ended = true;
    if (code === undefined) this.#advance();
    else this.#fail(new DialError(code));
  }

  #advance(): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    try {
      if (!pending.attempt()) {
        if (!this.#ended) return;
        throw new Error('it closed the connection without an answer');
      }
      this.#pending = undefined;
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    const pending = this.#pending;
    this.#pending = undefined;
    this.#cancellation.off(this.#cancel);
    this.#transport.abort();
    pending?.reject(error);
  }
}
