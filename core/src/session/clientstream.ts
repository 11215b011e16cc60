import type { Socket } from 'node:net';
import { type Inlet, inletOf } from '../net/inlet.js';
import type { Parser } from '../protocol/parser.js';

/** What a client may send ahead before it is read, bytes; then its socket waits. */
const MAX_AHEAD = 64 * 1024;

const nothing: Buffer = Buffer.alloc(0);

/** The client closed or reset its connection. */
export class ClientLeft extends Error {
  override readonly name = 'ClientLeft';

  constructor() {
    super('the client closed its connection');
  }
}

interface Reader {
  /** Tries to read with what has come. @returns whether it is done. */
  attempt(): boolean;
  reject(error: Error): void;
}

/**
 * A client's messages before its data is relayed. Bytes may come one at a time or all at once;
 * what is not part of a message stays for the next, and at last for the relay.
 */
export class ClientStream {
  readonly #socket: Socket;
  readonly #inlet: Inlet;
  #bytes = nothing;
  #reader: Reader | undefined;
  #ended = false;
  #onEnded: (() => void) | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#inlet = inletOf(socket);
    this.#inlet.readTo((chunk) => this.#take(chunk));
    const onEnd = () => this.#onEnd();
    socket.on('end', onEnd).on('close', onEnd);
  }

  /**
   * Waits for a message.
   *
   * @throws {ProtocolError} if what comes is none, {@link ClientLeft} if the client closes first.
   */
  read<T>(parse: Parser<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const reader: Reader = {
        reject,
        attempt: () => {
          const message = parse(this.#bytes);
          if (message === undefined) return false;
          this.#bytes =
            message.length === this.#bytes.length ? nothing : this.#bytes.subarray(message.length);
          resolve(message.value);
          return true;
        },
      };
      this.#reader = reader;
      this.#advance();
      if (this.#reader !== undefined) this.#inlet.resume();
    });
  }

  /** Whether a message of the client is waited for. */
  get waiting(): boolean {
    return this.#reader !== undefined;
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Calls back once the client has sent its last byte, or has left; at once if it has already. */
  whenEnded(callback: () => void): void {
    this.#onEnded = callback;
    if (this.#ended) callback();
  }

  /**
   * Ends the conversation of messages. Whoever takes the socket over reads its inlet from the same
   * tick on: it is not paused for that.
   *
   * @returns what came beyond the last message.
   */
  release(): Uint8Array {
    this.#onEnded = undefined;
    return this.#bytes;
  }

  #take(chunk: Buffer): boolean {
    const before = this.#bytes;
    this.#bytes = before === nothing ? Buffer.from(chunk) : Buffer.concat([before, chunk]);
    // Who wipes a password wipes what is kept here: there shall be no other copy of it.
    chunk.fill(0);
    before.fill(0);
    this.#advance();
    return this.#bytes.length < MAX_AHEAD;
  }

  #onEnd(): void {
    this.#ended = true;
    this.#advance();
    this.#onEnded?.();
  }

  #advance(): void {
    const reader = this.#reader;
    if (reader === undefined) return;
    try {
      if (!reader.attempt()) {
        if (!this.#ended) return;
        throw new ClientLeft();
      }
    } catch (error) {
      this.#bytes.fill(0);
      reader.reject(error as Error);
    }
    this.#reader = undefined;
  }
}
