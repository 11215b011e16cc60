import { closeSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Log, type LogLevel } from 'picosocks5';

/** A log larger than this is put aside when the app starts, bytes; one old one is kept. */
const MAX_SIZE = 8 * 1024 * 1024;

/** The log of the desktop: the lines of the headless server, in a file. */
export class LogFile {
  readonly folder: string;
  readonly log: Log;
  readonly #fd: number;

  /** @throws the system's error, if the file cannot be written. */
  constructor(folder: string, level: LogLevel) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
    const file = join(folder, 'picosocks5.log');
    const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    if (size > MAX_SIZE) renameSync(file, join(folder, 'picosocks5.old.log'));
    this.#fd = openSync(file, 'a', 0o600);
    this.log = new Log({ loglevel: level }, 'stderr', this.#fd);
  }

  write(type: 'warning' | 'error', message: string): void {
    if (this.log.wants(type)) this.log.handle({ type, time: Date.now(), message });
  }

  async close(): Promise<void> {
    await this.log.close();
    closeSync(this.#fd);
  }
}
