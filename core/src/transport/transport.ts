import type { Address } from '../protocol/address.js';

/**
 * Who has a transport at the moment: told of all that happens to it. All calls come from the event
 * loop, never from within a call to the transport, but for those of `resume()`.
 */
export interface TransportReader {
  /** How many bytes it wants at once, where the transport can read so few; it may change. */
  readonly most?: number | undefined;
  /**
   * Takes bytes.
   *
   * @param chunk valid until the call returns.
   * @param lasting whether it is valid longer: until reading is resumed, if this returns false.
   * @returns false to pause reading.
   */
  onData(chunk: Uint8Array, lasting: boolean): boolean;
  /** The peer has sent its last byte; it may go on reading. */
  onEnd(): void;
  /** All that was written is on its way: told after a `write()` that returned false. */
  onDrain(): void;
  /**
   * The transport is closed, by either side; nothing is told after that. One that both sides have
   * finished closes by itself.
   *
   * @param code the system's, such as `ECONNRESET`, if it failed; undefined if it was closed here.
   */
  onClose(code: string | undefined): void;
}

/**
 * A two-way stream of bytes that each side can finish by itself: a TCP connection, or a layer over
 * one. It is the only stream that sessions and relays know. It is paused at first.
 */
export interface Transport {
  /** The local end; 0.0.0.0:0 once it is gone. */
  readonly local: Address;
  /** The far end, as it was when the transport was made. */
  readonly remote: Address;
  /** Whether the peer has sent its last byte. */
  readonly ended: boolean;
  readonly closed: boolean;
  /** Bytes that were written and are not on their way yet. */
  readonly unwritten: number;
  /**
   * Hands the transport over, in one call: who had it before is told nothing more. What has been
   * put back, that the peer has ended and that the transport is closed reach the new reader, too.
   * Reading goes on with `resume()`, or by itself if it was not paused.
   */
  readTo(reader: TransportReader): void;
  /** Reads no more until `resume()`. */
  pause(): void;
  resume(): void;
  /** Puts bytes back that were read too far: the next thing that is read, before all others. */
  putBack(bytes: Uint8Array): void;
  /**
   * Writes bytes, which must not change while they are unwritten. After `end()` they are lost.
   *
   * @returns whether all that was written so far is on its way; else `onDrain()` tells when.
   */
  write(bytes: Uint8Array): boolean;
  /** Finishes writing, once all that was written is on its way. Reading goes on. */
  end(): void;
  /** Closes at once, in peace: what is unwritten is lost, and the peer sees an end. */
  close(): void;
  /** Closes at once with a reset, where there is such a thing: the peer sees a failure. */
  abort(): void;
  /** Has the system ask whether the peer is still there, when nothing came for a while, s. */
  keepAlive(delay: number): void;
  /**
   * To be called now and then while nothing moves: gives back what a connection at rest does not
   * need, and has the system ask from then on whether the peer is still there.
   */
  rest(): void;
}

/** The address of an end that is gone. */
export const nowhere: Address = { host: '0.0.0.0', port: 0 };

/**
 * The far end of a connection over a UNIX socket, which has no address: who can open the socket is
 * on this machine, and counts as such wherever an address counts.
 */
export const localPeer: Address = { host: '127.0.0.1', port: 0 };

/** How long a connection at rest waits before the system asks whether its peer is there, seconds. */
export const KEEPALIVE = 60;
