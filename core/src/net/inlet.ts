import { type OnReadOpts, Socket } from 'node:net';
import { growBuffer, releaseBuffer, sharedBuffer } from './buffers.js';

/**
 * Takes bytes as they are read.
 *
 * @param chunk valid until the call returns; if it is `kept`, until the inlet is resumed.
 * @returns false to pause the inlet.
 */
export type TakeChunk = (chunk: Buffer, kept: boolean) => boolean;

/**
 * Where a socket's bytes come from, for one reader at a time. It is paused at first. What comes
 * nevertheless, before there is a reader, waits.
 */
export interface Inlet {
  /** Hands bytes to a reader from the next `resume()` on. */
  readTo(take: TakeChunk): void;
  pause(): void;
  resume(): void;
  /** To be called when the socket is closed. @param inUse see `releaseBuffer`. */
  release(inUse: boolean): void;
}

/**
 * Reads a socket through net.Socket's `onread`, which allocates nothing: into a buffer that all
 * sockets share, or into a larger one of its own while it carries much. It grows when a read has
 * filled it, and goes back when one has not filled a quarter of it.
 */
export class BufferInlet implements Inlet {
  readonly onread: OnReadOpts;
  #take: TakeChunk | undefined;
  #early: Buffer | undefined;
  #socket: Socket | undefined;
  #buffer = sharedBuffer;
  #filled = sharedBuffer.length / 2;
  #paused = false;

  constructor() {
    this.onread = {
      buffer: () => this.#next(),
      callback: (bytes) => this.#read(bytes),
    };
  }

  /** @param socket made with {@link onread}. */
  attach(socket: Socket): void {
    this.#socket = socket;
    inlets.set(socket, this);
  }

  readTo(take: TakeChunk): void {
    this.#take = take;
  }

  pause(): void {
    this.#paused = true;
    this.#socket?.pause();
  }

  resume(): void {
    const early = this.#early;
    this.#early = undefined;
    this.#paused = early !== undefined && this.#take?.(early, true) === false;
    if (!this.#paused) this.#socket?.resume();
  }

  release(inUse: boolean): void {
    releaseBuffer(this.#buffer, inUse);
    this.#buffer = sharedBuffer;
  }

  #read(bytes: number): boolean {
    const buffer = this.#buffer;
    this.#filled = bytes;
    const chunk = bytes === buffer.length ? buffer : buffer.subarray(0, bytes);
    if (this.#take === undefined) {
      this.#early = Buffer.concat([this.#early ?? Buffer.alloc(0), chunk]);
      this.#paused = true;
    } else if (!this.#take(chunk, buffer !== sharedBuffer)) this.#paused = true;
    return !this.#paused;
  }

  /** The buffer for the next read: asked for at first, and after each read. */
  #next(): Buffer {
    if (!this.#paused) {
      const { length } = this.#buffer;
      if (this.#filled === length) this.#buffer = growBuffer(this.#buffer);
      else if (this.#filled < length / 4) this.release(false);
    }
    return this.#buffer;
  }
}

/** Reads a socket by its `data` events: for sockets that were made elsewhere. */
class StreamInlet implements Inlet {
  readonly #socket: Socket;
  #take: TakeChunk | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.pause();
  }

  readTo(take: TakeChunk): void {
    if (this.#take === undefined) {
      this.#socket.on('data', (chunk: Buffer) => {
        if (this.#take?.(chunk, true) === false) this.#socket.pause();
      });
      this.#socket.pause();
    }
    this.#take = take;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  release(): void {}
}

const inlets = new WeakMap<Socket, Inlet>();

/** The inlet of a socket. */
export function inletOf(socket: Socket): Inlet {
  let inlet = inlets.get(socket);
  if (inlet === undefined) {
    inlet = new StreamInlet(socket);
    inlets.set(socket, inlet);
  }
  return inlet;
}

/** Whether sockets are to be read by their events only: to compare, and should `onread` fail. */
const eventsOnly = process.env['PICOSOCKS5_READ'] === 'events';

/** An inlet for a socket that is to be made with its `onread`; undefined to read by events. */
export function bufferInlet(): BufferInlet | undefined {
  return eventsOnly ? undefined : new BufferInlet();
}

/** What Node keeps of a socket and does not tell; looked at with care. */
interface Internals {
  _handle?: { readonly useUserBuffer?: unknown } | null;
}

/**
 * Makes an accepted socket readable through a {@link BufferInlet}. Node has no public way to it,
 * so this takes the handle of the accepted socket over into a new one; where Node's internals are
 * not as known, the socket stays what it is, and is read by its events.
 *
 * @param accepted paused and not yet read from (`pauseOnConnect`), half-open allowed.
 */
export function adopt(accepted: Socket): Socket {
  const internals = accepted as unknown as Internals;
  const handle = internals._handle;
  const inlet = bufferInlet();
  if (inlet === undefined || typeof handle?.useUserBuffer !== 'function') return accepted;
  internals._handle = null;
  const options = { handle, allowHalfOpen: true, onread: inlet.onread };
  const socket = new Socket(options);
  inlet.attach(socket);
  return socket;
}
