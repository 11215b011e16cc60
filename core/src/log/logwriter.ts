import { closeSync, write } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { monotonic } from '../base/clock.js';
import { codeOf } from '../base/errors.js';

/** What waits at most while whoever reads the log is slow, bytes; more is dropped and counted. */
const MAX_WAITING = 1024 * 1024;

/** How long lines are gathered for one write, ms: a write costs as much as a connection. */
const GATHER_TIME = 20;
/** How long a reader that takes no more is left alone, ms. */
const BUSY_DELAY = 10;
/** How long it may take no more before a process that ends gives up, ms. */
const CLOSE_TIME = 1000;

/**
 * Writes lines to a file descriptor without ever blocking the event loop: many lines in one write,
 * one write at a time.
 */
export class LogWriter {
  #fd: number;
  /** Where lines go from the next write on. */
  #nextFd: number | undefined;
  #waiting = '';
  #dropped = 0;
  /** When a reader that takes no more is given up, ms. */
  #deadline = Number.POSITIVE_INFINITY;
  /** Settles when nothing waits any more. */
  #writing: Promise<void> | undefined;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** @param line one or more lines, without the last line feed. */
  write(line: string): void {
    if (this.#waiting.length > MAX_WAITING) {
      this.#dropped += linesOf(line);
      return;
    }
    this.#waiting += `${line}\n`;
    this.#writing ??= this.#writeWaiting();
  }

  /** Goes on in another file, and closes the present one when nothing is written there any more. */
  moveTo(fd: number): void {
    if (this.#nextFd !== undefined) closeSync(this.#nextFd);
    this.#nextFd = fd;
    if (this.#writing === undefined) this.#move();
  }

  /** Waits until all is written, before the process ends, but not for a reader that takes nothing. */
  async close(): Promise<void> {
    if (this.#writing === undefined) return;
    this.#deadline = monotonic() + CLOSE_TIME;
    const late = new AbortController();
    const { signal } = late;
    await Promise.race([
      this.#writing,
      setTimeout(2 * CLOSE_TIME, undefined, { signal }).catch(() => {}),
    ]);
    late.abort();
  }

  #move(): void {
    if (this.#nextFd === undefined) return;
    closeSync(this.#fd);
    this.#fd = this.#nextFd;
    this.#nextFd = undefined;
  }

  async #writeWaiting(): Promise<void> {
    while (this.#waiting !== '') {
      await setTimeout(GATHER_TIME);
      this.#move();
      await this.#writeAll(Buffer.from(this.#take()));
    }
    this.#writing = undefined;
    this.#move();
  }

  #take(): string {
    const lost = this.#dropped > 0 ? `(${this.#dropped} lines of the log were lost)\n` : '';
    const text = this.#waiting + lost;
    this.#waiting = '';
    this.#dropped = 0;
    return text;
  }

  async #writeAll(bytes: Buffer): Promise<void> {
    for (let rest = bytes; rest.length > 0; ) {
      try {
        rest = rest.subarray(await this.#writeSome(rest));
      } catch (error) {
        if (codeOf(error) !== 'EAGAIN' || monotonic() > this.#deadline) {
          // If nobody reads the log any more, there is nobody to tell; a full disk has an end.
          if (codeOf(error) !== 'EPIPE') this.#dropped += linesOf(rest.toString().trimEnd());
          return;
        }
        await setTimeout(BUSY_DELAY);
      }
    }
  }

  #writeSome(bytes: Buffer): Promise<number> {
    return new Promise((resolve, reject) => {
      write(this.#fd, bytes, (error, written) => {
        if (error === null) resolve(written);
        else reject(error);
      });
    });
  }
}

function linesOf(text: string): number {
  return text.split('\n').length;
}
