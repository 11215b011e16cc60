import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { type EventSink, Log, type LogLevel, type ServerEvent } from 'picosocks5';

/** A log larger than this is put aside, bytes; one old one is kept. */
const MAX_SIZE = 8 * 1024 * 1024;

/** After how many events it is looked how large the log is. */
const LOOK = 256;

/**
 * The log of the desktop: the lines of the headless server, in a file. It and the old one never
 * have much more than twice what one may have.
 */
export class LogFile implements EventSink {
  readonly id = 'log';
  readonly folder: string;
  readonly #maxSize: number;
  readonly #file: string;
  readonly #old: string;
  #level: LogLevel;
  #fd: number;
  #log: Log;
  #left = LOOK;
  /** Logs that are put aside and still have lines to write. */
  readonly #closing = new Set<Promise<void>>();

  /**
   * @param maxSize bytes after which it is put aside.
   * @throws the system's error, if the file cannot be written.
   */
  constructor(folder: string, level: LogLevel, maxSize = MAX_SIZE) {
    this.folder = folder;
    this.#level = level;
    this.#maxSize = maxSize;
    mkdirSync(folder, { recursive: true });
    this.#file = join(folder, 'picosocks5.log');
    this.#old = join(folder, 'picosocks5.old.log');
    const size = statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0;
    if (size > maxSize) renameSync(this.#file, this.#old);
    this.#fd = this.#open();
    this.#log = this.#make();
  }

  setLevel(level: LogLevel): void {
    this.#level = level;
    this.#log.setLevel(level);
  }

  wants(type: ServerEvent['type']): boolean {
    return this.#log.wants(type);
  }

  handle(event: ServerEvent): void {
    if (--this.#left <= 0) this.#look();
    this.#log.handle(event);
  }

  /** Writes a message that is none of a server. */
  write(type: 'warning' | 'error', message: string): void {
    if (this.wants(type)) this.handle({ type, time: Date.now(), message });
  }

  /** Writes what waits. */
  async close(): Promise<void> {
    await Promise.all([...this.#closing, this.#log.close()]);
    closeSync(this.#fd);
  }

  #open(): number {
    return openSync(this.#file, 'a', 0o600);
  }

  #make(): Log {
    return new Log({ loglevel: this.#level }, 'stderr', this.#fd);
  }

  /** Begins a new file if this one is full, or is no longer where its reader looks for it. */
  #look(): void {
    this.#left = LOOK;
    const { size, nlink } = fstatSync(this.#fd);
    if (size <= this.#maxSize && nlink > 0) return;
    try {
      if (nlink > 0) renameSync(this.#file, this.#old);
      const fresh = this.#open();
      this.#putAside();
      this.#fd = fresh;
      this.#log = this.#make();
    } catch {
      // Where no other file can be had, the newest lines are worth more than the oldest.
      ftruncateSync(this.#fd);
    }
  }

  #putAside(): void {
    const fd = this.#fd;
    const closed = this.#log.close().then(() => {
      closeSync(fd);
      this.#closing.delete(closed);
    });
    this.#closing.add(closed);
  }
}
