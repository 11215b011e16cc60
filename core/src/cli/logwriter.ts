import { write, writeSync } from 'node:fs';

/** What waits at most while whoever reads the log is slow, bytes; more is dropped and counted. */
const MAX_WAITING = 1024 * 1024;

/**
 * Writes lines to a file descriptor without ever blocking the event loop: many lines in one write,
 * one write at a time.
 */
export class LogWriter {
  readonly #fd: number;
  #waiting = '';
  #writing = false;
  #dropped = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** @param line without its line feed. */
  write(line: string): void {
    if (this.#waiting.length > MAX_WAITING) {
      this.#dropped++;
      return;
    }
    const idle = this.#waiting === '' && !this.#writing;
    this.#waiting += `${line}\n`;
    if (idle) setImmediate(() => this.#flush());
  }

  /** Writes what waits before the process ends. */
  close(): void {
    const rest = this.#take();
    try {
      if (rest !== '') writeSync(this.#fd, rest);
    } catch {
      // Nobody reads the log any more; there is nobody to tell either.
    }
  }

  #take(): string {
    const lost = this.#dropped > 0 ? `(${this.#dropped} lines of the log were lost)\n` : '';
    const text = this.#waiting + lost;
    this.#waiting = '';
    this.#dropped = 0;
    return text;
  }

  #flush(): void {
    if (this.#writing || this.#waiting === '') return;
    this.#writing = true;
    this.#writeAll(Buffer.from(this.#take()));
  }

  #writeAll(bytes: Buffer): void {
    write(this.#fd, bytes, (error, written) => {
      const busy = error?.code === 'EAGAIN';
      if (busy) setTimeout(() => this.#writeAll(bytes), 10);
      else if (error === null && written < bytes.length) this.#writeAll(bytes.subarray(written));
      else {
        this.#writing = false;
        this.#flush();
      }
    });
  }
}
