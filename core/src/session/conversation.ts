import type { Cancellation } from '../base/cancellation.js';
import type { Parser } from '../protocol/parser.js';
import type { Transport, TransportReader } from '../transport/transport.js';

/**
 * What a client may send ahead before it is read, bytes; then it has to wait. No message is longer: those
 * of RFC 1961 have up to 64 KiB and a header.
 */
const MAX_AHEAD = 65 * 1024;

const nothing: Uint8Array = new Uint8Array();

/** The client closed or reset its connection. */
export class ClientLeft extends Error {
  override readonly name = 'ClientLeft';

  constructor() {
    super('the client closed its connection');
  }
}

/**
 * Waits for what is asked elsewhere as long as the client does.
 *
 * @throws {ClientLeft} once it is cancelled.
 */
export function unlessLeft<T>(answer: Promise<T>, cancellation: Cancellation): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(new ClientLeft());
    if (cancellation.cancelled) leave();
    cancellation.on(leave);
    answer.then(resolve, reject).finally(() => cancellation.off(leave));
  });
}

interface Pending {
  /** Tries to read with what has come. @returns whether it is done. */
  attempt(): boolean;
  reject(error: unknown): void;
}

/**
 * A client's messages before its data is relayed. Bytes may come one at a time or all at once;
 * what is not part of a message stays for the next, and at last for who takes the transport over.
 */
export class Conversation implements TransportReader {
  readonly transport: Transport;
  #bytes = nothing;
  #pending: Pending | undefined;
  #ended = false;
  #onEnded: (() => void) | undefined;
  readonly #onClosed: () => void;

  /** @param onClosed called when the connection is closed while this has it. */
  constructor(transport: Transport, onClosed: () => void) {
    this.transport = transport;
    this.#onClosed = onClosed;
    transport.readTo(this);
  }

  /** Whether a message of the client is waited for. */
  get waiting(): boolean {
    return this.#pending !== undefined;
  }

  /**
   * Waits for a message.
   *
   * @throws {ProtocolError} if what comes is none, {@link ClientLeft} if the client closes first.
   */
  read<T>(parse: Parser<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#pending = {
        reject,
        attempt: () => {
          const message = parse(this.#bytes);
          if (message === undefined) return false;
          const { length } = message;
          this.#bytes = length === this.#bytes.length ? nothing : this.#bytes.subarray(length);
          resolve(message.value);
          return true;
        },
      };
      this.#advance();
      if (this.#pending !== undefined) this.transport.resume();
    });
  }

  /** Waits for a message as {@link read} does, and leaves it to be read again. */
  peek<T>(parse: Parser<T>): Promise<T> {
    return this.read((bytes) => {
      const message = parse(bytes);
      return message && { value: message.value, length: 0 };
    });
  }

  write(bytes: Uint8Array): void {
    this.transport.write(bytes);
  }

  /** Calls back once the client has sent its last byte, or has left; at once if it has already. */
  whenEnded(callback: () => void): void {
    this.#onEnded = callback;
    if (this.#ended) callback();
  }

  /** Ends the conversation: what came beyond the last message is the first that is read next. */
  release(): Transport {
    this.#onEnded = undefined;
    this.transport.putBack(this.#bytes);
    this.#bytes = nothing;
    return this.transport;
  }

  onData(chunk: Uint8Array): boolean {
    const before = this.#bytes;
    this.#bytes = before === nothing ? Buffer.from(chunk) : Buffer.concat([before, chunk]);
    // Who wipes a password wipes what is kept here: there shall be no other copy of it.
    chunk.fill(0);
    before.fill(0);
    this.#advance();
    return this.#bytes.length < MAX_AHEAD;
  }

  onEnd(): void {
    this.#ended = true;
    this.#advance();
    this.#onEnded?.();
  }

  onDrain(): void {}

  onClose(): void {
    this.onEnd();
    this.#onClosed();
  }

  #advance(): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    try {
      if (!pending.attempt()) {
        if (!this.#ended) return;
        throw new ClientLeft();
      }
    } catch (error) {
      this.#bytes.fill(0);
      pending.reject(error);
    }
    this.#pending = undefined;
  }
}
