import type { OnReadOpts, Socket } from 'node:net';
import { growBuffer, releaseBuffer, sharedBuffer } from './buffers.js';
import { confirmEnd } from './eof.js';

/**
 * Takes bytes as they are read.
 *
 * @param chunk valid until the call returns; if it is `kept`, until the inlet is resumed.
 * @returns false to pause the inlet.
 */
export type TakeChunk = (chunk: Buffer, kept: boolean) => boolean;

/** What is to be read at once, bytes; it may change. */
export interface ReadLimit {
  readonly step: number;
}

/**
 * Where a socket's bytes come from, for one reader at a time. It is paused at first. What comes
 * nevertheless, before there is a reader, waits.
 */
export interface Inlet {
  /**
   * Hands bytes to a reader from the next `resume()` on.
   *
   * @param limit how many bytes it wants at once, where the inlet can ask for so few.
   */
  readTo(take: TakeChunk, limit?: ReadLimit): void;
  pause(): void;
  resume(): void;
  /** To be called when the socket is closed. @param inUse see `releaseBuffer`. */
  release(inUse: boolean): void;
}

/** What a flow may read before others have their turn, bytes: libuv alone stops after 32 reads. */
const TURN = 256 * 1024;

/**
 * Reads a socket through net.Socket's `onread`, which allocates nothing: into a buffer that all
 * sockets share, or into a larger one of its own while it carries much. It grows when a read has
 * filled it, and goes back when one has not filled a quarter of it.
 */
export class BufferInlet implements Inlet {
  readonly onread: OnReadOpts;
  #take: TakeChunk | undefined;
  #limit: ReadLimit | undefined;
  #early: Buffer | undefined;
  #socket: Socket | undefined;
  #buffer = sharedBuffer;
  #filled = sharedBuffer.length / 2;
  #paused = false;
  #turn = 0;

  constructor() {
    this.onread = {
      buffer: () => this.#next(),
      callback: (bytes) => this.#read(bytes),
    };
  }

  /** @param socket made with {@link onread}. */
  attach(socket: Socket & WithInlet): void {
    this.#socket = socket;
    socket[INLET] = this;
    confirmEnd(socket);
  }

  readTo(take: TakeChunk, limit?: ReadLimit): void {
    this.#take = take;
    this.#limit = limit;
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
    return !this.#paused && !this.#yield(bytes);
  }

  /** @returns whether it goes on only after the others' turn. */
  #yield(bytes: number): boolean {
    this.#turn += bytes;
    if (this.#turn < TURN) return false;
    this.#turn = 0;
    setImmediate(() => {
      if (!this.#paused) this.#socket?.resume();
    });
    return true;
  }

  /** The buffer for the next read: asked for at first, and after each read. */
  #next(): Buffer {
    if (!this.#paused) {
      const { length } = this.#buffer;
      if (this.#filled === length) this.#buffer = growBuffer(this.#buffer);
      else if (this.#filled < length / 4) this.release(false);
    }
    const most = this.#limit?.step ?? Number.POSITIVE_INFINITY;
    return most < this.#buffer.length ? this.#buffer.subarray(0, most) : this.#buffer;
  }
}

/** Reads a socket by its `data` events: for sockets that were made elsewhere. */
class StreamInlet implements Inlet {
  readonly #socket: Socket;
  #take: TakeChunk | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    confirmEnd(socket);
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

/**
 * Where a socket has its inlet. Not in a WeakMap: an inlet refers to its socket, and V8 then keeps
 * both through all collections of young objects, which makes a connection a third dearer.
 */
const INLET = Symbol('inlet');

interface WithInlet {
  [INLET]?: Inlet;
}

/** The inlet of a socket. */
export function inletOf(socket: Socket & WithInlet): Inlet {
  socket[INLET] ??= new StreamInlet(socket);
  return socket[INLET];
}

/** Whether sockets are to be read by their events only: to compare, and should `onread` fail. */
const eventsOnly = process.env['PICOSOCKS5_READ'] === 'events';

/** An inlet for a socket that is to be made with its `onread`; undefined to read by events. */
export function bufferInlet(): BufferInlet | undefined {
  return eventsOnly ? undefined : new BufferInlet();
}
