import { setImmediate } from 'node:timers/promises';
import type { Awaitable } from 'picosocks5';
import { HEADER, MAX_TOKEN } from './frames.js';
import {
  type Accepted,
  type Credentials,
  GssError,
  type Handle,
  type Library,
  type Unwrapped,
} from './library.js';

/** What is wrapped at once; what is longer, beside the event loop, octets. */
const SHORT = 8 * 1024;
/** How many calls are made at once before others have their turn. */
const AT_ONCE = 32;

/**
 * A security context with a client (RFC 2743 section 1.1.3). Its calls are made one after the other:
 * the library allows no two of them at once.
 */
export class SecurityContext {
  readonly #library: Library;
  #handle: Handle = null;
  /** Calls that are made beside the event loop, or wait for that. */
  #open = 0;
  #last: Promise<unknown> = Promise.resolve();
  /** Calls that were made at once, one after the other. */
  #made = 0;
  #disposed = false;

  constructor(library: Library) {
    this.#library = library;
  }

  /** Takes a token of the client's to establish it. @throws {GssError} */
  accept(credentials: Credentials, token: Uint8Array): Promise<Accepted> {
    demandToken(token);
    return this.#inTurn(async () => {
      const before = this.#handle;
      this.#handle = null;
      const accepted = await this.#library.accept(before, credentials, token);
      this.#handle = accepted.context;
      return accepted;
    });
  }

  /** How many octets fit into a frame. @throws {GssError} */
  limit(isConfidential: boolean): number {
    return this.#library.limit(this.#handle, isConfidential, MAX_TOKEN);
  }

  /**
   * Wraps octets that fit into a frame; they must not change until it is done.
   *
   * @returns the token, with room for a frame's header before it.
   * @throws {GssError}
   */
  wrap(isConfidential: boolean, octets: Uint8Array): Awaitable<Uint8Array> {
    return this.#call(
      octets.length,
      () => this.wrapNow(isConfidential, octets),
      () => this.#library.wrapLater(this.#handle, isConfidential, octets, HEADER),
    );
  }

  /** Takes octets out of a token, which must not change until it is done. @throws {GssError} */
  unwrap(token: Uint8Array): Awaitable<Unwrapped> {
    demandToken(token);
    return this.#call(
      token.length,
      () => this.unwrapNow(token),
      () => this.#library.unwrapLater(this.#handle, token),
    );
  }

  /** As {@link wrap}, at once, while it is not busy. @throws {GssError} */
  wrapNow(isConfidential: boolean, octets: Uint8Array): Uint8Array {
    this.#demand();
    return this.#library.wrap(this.#handle, isConfidential, octets, HEADER);
  }

  /** As {@link unwrap}, at once, while it is not busy. @throws {GssError} */
  unwrapNow(token: Uint8Array): Unwrapped {
    this.#demand();
    return this.#library.unwrap(this.#handle, token);
  }

  /** Whether a call is being made: none can be made at once. */
  get busy(): boolean {
    return this.#open > 0;
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /** Gives it back, once no call is made any more. */
  dispose(): void {
    this.#disposed = true;
    this.#giveBack();
  }

  #call<T>(size: number, now: () => T, later: () => Promise<T>): Awaitable<T> {
    if (this.#open > 0 || size > SHORT) return this.#inTurn(later);
    if (this.#made++ < AT_ONCE) return now();
    return this.#inTurn(async () => {
      await setImmediate();
      this.#made = 0;
      return now();
    });
  }

  async #inTurn<T>(call: () => Promise<T>): Promise<T> {
    this.#open++;
    const made = this.#last.then(() => {
      this.#demand();
      return call();
    });
    this.#last = made.catch(() => {});
    try {
      return await made;
    } finally {
      this.#open--;
      this.#giveBack();
    }
  }

  #demand(): void {
    if (this.#disposed) throw new Error('the connection is over');
  }

  #giveBack(): void {
    if (!this.#disposed || this.#open > 0) return;
    this.#library.deleteContext(this.#handle);
    this.#handle = null;
  }
}

/** Of an empty one the library says too little, or makes an offer of its own. */
function demandToken(token: Uint8Array): void {
  if (token.length === 0) throw new GssError('a token is empty');
}
