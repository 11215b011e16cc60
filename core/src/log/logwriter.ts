import { write } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { monotonic } from '../clock.js';
import { codeOf } from '../errors.js';

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
  readonly #fd: number;
  readonly #maxWrite: number;
  #waiting = '';
  #dropped = 0;
  /** When a reader that takes no more is given up, ms. */
  #deadline = Number.POSITIVE_INFINITY;
  /** Settles when nothing waits any more. */
  #writing: Promise<void> | undefined;

  /** @param maxWrite how many bytes of whole lines one write has, unless a line has more. */
  constructor(fd: number, maxWrite = Number.POSITIVE_INFINITY) {
    this.#fd = fd;
    this.#maxWrite = maxWrite;
  }

  /** @param line without its line feed. */
  write(line: string): void {
    if (this.#waiting.length > MAX_WAITING) {
      this.#dropped++;
      return;
    }
    this.#waiting += `${line}\n`;
    this.#writing ??= this.#writeWaiting();
  }

  /** Waits until all is written, before the process ends. */
  async close(): Promise<void> {
    this.#deadline = monotonic() + CLOSE_TIME;
    await this.#writing;
  }

  async #writeWaiting(): Promise<void> {
    while (this.#waiting !== '') {
      await setTimeout(GATHER_TIME);
      await this.#writeLines(Buffer.from(this.#take()));
    }
    this.#writing = undefined;
  }

  #take(): string {
    const lost = this.#dropped > 0 ? `(${this.#dropped} lines of the log were lost)\n` : '';
    const text = this.#waiting + lost;
    this.#waiting = '';
    this.#dropped = 0;
    return text;
  }

  async #writeLines(lines: Buffer): Promise<void> {
    for (let start = 0; start < lines.length; ) {
      const end = this.#endOfWrite(lines, start);
      await this.#writeAll(lines.subarray(start, end));
      start = end;
    }
  }

  /** Where a write that begins at `start` ends: after a whole line. */
  #endOfWrite(lines: Buffer, start: number): number {
    if (lines.length - start <= this.#maxWrite) return lines.length;
    const last = lines.lastIndexOf('\n', start + this.#maxWrite - 1);
    return (last >= start ? last : lines.indexOf('\n', start)) + 1;
  }

  async #writeAll(bytes: Buffer): Promise<void> {
    for (let rest = bytes; rest.length > 0; ) {
      try {
        rest = rest.subarray(await this.#writeSome(rest));
      } catch (error) {
        // If nobody reads the log any more, there is nobody to tell either.
        if (codeOf(error) !== 'EAGAIN' || monotonic() > this.#deadline) return;
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
